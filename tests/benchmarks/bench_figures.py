"""Time to draw 64 feature maps as a PNG: one mosaic beside the loop of subplots.

    python tests/benchmarks/bench_figures.py

Prints medians and their ratio, measured in turns in one run; fails when the mosaic takes
more than a tenth of the loop's time.
"""

import io
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

from helpers.figures import feature_map_grid

TURNS = 5
LIMIT = 1 / 10


def subplot_loop(maps):
    """Draw the maps as the walkthrough does, in 8 rows of 8."""
    figure = plt.figure(figsize=(10, 10))
    for channel in range(maps.shape[-1]):
        plt.subplot(8, 8, channel + 1)
        plt.imshow(maps[:, :, channel], cmap="gray")
        plt.axis("off")
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    plt.close(figure)


def mosaic(maps):
    """Draw the same maps with the course's helper, as large."""
    feature_map_grid(maps, figsize=(10, 10)).png(dpi=100)


def seconds(draw, maps):
    start = time.perf_counter()
    draw(maps)
    return time.perf_counter() - start


def main():
    maps = np.random.default_rng(0).uniform(0, 1, (30, 30, 64)).astype("float32")
    ways = {"loop of plt.subplot": subplot_loop, "feature_map_grid": mosaic}
    for draw in ways.values():
        draw(maps)  # fonts are read the first time
    times = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, draw in ways.items():
            times[name].append(seconds(draw, maps))
    loop, grid = (statistics.median(values) for values in times.values())
    print("64 maps of 30×30 to PNG, median")
    print(f"  loop of plt.subplot  {loop * 1000:6.0f} ms")
    print(
        f"  feature_map_grid     {grid * 1000:6.0f} ms   {grid / loop:.3f} of the loop"
    )
    return 0 if grid / loop <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
