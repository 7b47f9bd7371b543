"""Draw the picture of the README from the course's own figures.

    python data/draw_promise.py

Writes ``promise.png`` beside this file: a photograph, 16 feature maps of the first and of
the third convolution, and the three most probable classes.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from matplotlib import colormaps

from helpers import environment
from helpers.datasets import CIFAR10_CLASSES, cat_photograph
from helpers.extraction import layer_outputs
from helpers.figures import Picture, own_scale, paint, tile
from helpers.networks import trained_cifar10_cnn


def main():
    environment.set_up()
    image = cat_photograph()
    outputs = layer_outputs(trained_cifar10_cnn(), image[np.newaxis] / 255)
    picture = Picture(figsize=(11, 3), layout="constrained")
    photograph, early, late, decision = picture.subplots(1, 4)
    photograph.imshow(image)
    photograph.set_title("32 × 32 pixels")
    for axes, name in ((early, "conv2d"), (late, "conv2d_2")):
        maps = outputs[name][0, :, :, :16]
        mosaic = paint(tile(own_scale(maps), 4)[0], colormaps["gray"])
        axes.imshow(mosaic, interpolation="nearest")
        axes.set_title(f"{name}: 16 of {outputs[name].shape[-1]} maps")
    for axes in (photograph, early, late):
        axes.set_axis_off()
    probabilities = outputs["dense_1"][0]
    best = probabilities.argsort()[-3:]
    bars = decision.barh([CIFAR10_CLASSES[i] for i in best], probabilities[best])
    decision.bar_label(bars, fmt="%.2f", padding=3)
    decision.set_title("what it answers")
    decision.set_xlim(0, 1.25)
    decision.set_xticks([])
    decision.spines[["top", "right", "bottom"]].set_visible(False)
    decision.set_box_aspect(1)
    path = Path(__file__).with_name("promise.png")
    path.write_bytes(picture.png(150))


if __name__ == "__main__":
    main()
