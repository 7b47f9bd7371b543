"""Time to draw 64 feature maps as a PNG: one mosaic beside the loop of subplots.

    python tests/benchmarks/bench_figures.py

Prints medians and their ratios, measured in turns in one run; fails when the mosaic takes
more than a tenth of the loop's time, or a sixth of that of a loop without ticks.
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

TURNS = 7
SIZE = 8, 8  # inches: each map an inch wide
LIMITS = {"loop of plt.subplot": 1 / 10, "the same, axis off": 1 / 6}


def subplot_loop(maps, ticks=True):
    """Draw the maps as most answers do, in 8 rows of 8."""
    figure = plt.figure(figsize=SIZE)
    for channel in range(maps.shape[-1]):
        plt.subplot(8, 8, channel + 1)
        plt.imshow(maps[:, :, channel], cmap="gray")
        if not ticks:
            plt.axis("off")
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    plt.close(figure)


def loop_without_ticks(maps):
    """Draw the maps as the walkthrough does."""
    subplot_loop(maps, ticks=False)


def mosaic(maps):
    """Draw the same maps with the course's helper, as large."""
    feature_map_grid(maps, figsize=SIZE).png(dpi=100)


def seconds(draw, maps):
    start = time.perf_counter()
    draw(maps)
    return time.perf_counter() - start


def main():
    maps = np.random.default_rng(0).uniform(0, 1, (30, 30, 64)).astype("float32")
    loops = dict(zip(LIMITS, (subplot_loop, loop_without_ticks)))
    ways = {**loops, "feature_map_grid": mosaic}
    for draw in ways.values():
        draw(maps)  # fonts are read the first time
    times = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, draw in ways.items():
            times[name].append(seconds(draw, maps))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print("64 maps of 30×30 to PNG, median")
    for name, median in medians.items():
        print(f"  {name:<20} {median * 1000:6.0f} ms")
    slow = 0
    for name, limit in LIMITS.items():
        ratio = medians["feature_map_grid"] / medians[name]
        slow += ratio > limit
        print(f"feature_map_grid takes {ratio:.3f} of {name}, limit {limit:.3f}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
