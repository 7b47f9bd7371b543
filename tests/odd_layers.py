"""The beginning of networks whose layers are those that the course's have not.

Notebooks of the browser's tests hold this file as text.
"""

import keras
from keras import layers


def odd_layers():
    """Return an input, and what eight layers make of it."""
    keras.utils.set_random_seed(3)
    x = start = keras.Input((17, 14, 3), name="pixels")
    x = layers.ZeroPadding2D(((1, 2), (0, 1)), name="zeros")(x)
    x = layers.Conv2D(8, (3, 2), 2, "same", activation="gelu", name="strided")(x)
    x = layers.BatchNormalization(name="normed")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(x)
    x = layers.Conv2D(
        12, 3, padding="same", dilation_rate=2, groups=4, use_bias=False, name="grouped"
    )(x)
    a = layers.SeparableConv2D(6, 3, padding="same", activation="tanh", name="apart")(x)
    b = layers.MaxPooling2D(3, 1, "same", name="pooled")(x)
    x = layers.Concatenate(name="joined")([a, b])
    return start, x
