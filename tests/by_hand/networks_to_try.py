"""Layers, and small networks of them, that by_hand is tried on; and where to look."""

import keras
import numpy as np
from keras import layers


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def randomize(model, seed=0):
    """Give every weight a value that is neither 0 nor 1, variances a positive one."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        fan_in = max(np.prod(weight.shape[:-1]), 1)
        values = random.normal(size=weight.shape) / np.sqrt(fan_in)
        if weight.name in ("gamma", "moving_variance", "variance"):
            values = random.uniform(0.5, 1.5, weight.shape)
        elif len(weight.shape) == 1:
            values = random.uniform(-0.5, 0.5, weight.shape)
        if "float" in weight.dtype:
            weight.assign(values)
    return model


def one_layer(layer, *shape, **options):
    x = keras.Input(shape)
    return keras.Model(x, layer(x, **options), name="model")


class Doubled(layers.Dense):
    def call(self, x):
        return 2 * super().call(x)


LAYERS_TO_TRY = {
    "GlobalAveragePooling2D": [{}, {"keepdims": True}],
    "GlobalMaxPooling2D": [{}, {"keepdims": True}],
    "BatchNormalization": [{}, {"scale": False}, {"center": False}, {"axis": 1}],
    "LayerNormalization": [
        {},
        {"axis": (1, 3)},
        {"axis": [2, 3], "epsilon": 0.1},
        {"scale": False},
        {"center": False},
    ],
    "GroupNormalization": [
        {"groups": 3},
        {"groups": 1, "epsilon": 0.1},
        {"groups": 2, "axis": 2, "scale": False},
        {"groups": -1, "center": False},
    ],
    "Normalization": [{}, {"axis": (1, 3)}, {"mean": 2.0, "variance": 3.0}],
    "Rescaling": [{"scale": 0.3, "offset": -1}, {"scale": [1.0, 2.0, 3.0]}],
    "Flatten": [{}],
    "Reshape": [{"target_shape": (-1,)}, {"target_shape": (3, -1, 2)}],
    "Permute": [{"dims": (3, 1, 2)}],
    "ZeroPadding2D": [{}, {"padding": (0, 2)}, {"padding": ((1, 0), (2, 3))}],
    "Cropping2D": [{"cropping": ((1, 0), (2, 1))}],
    "UpSampling2D": [
        {},
        {"size": (1, 3)},
        {"interpolation": "bilinear"},
        {"size": (3, 4), "interpolation": "bilinear"},
    ],
    "Dense": [{"units": 4}, {"units": 4, "use_bias": False, "activation": "elu"}],
    "ReLU": [
        {},
        {"max_value": 0.5},
        {"negative_slope": 0.1},
        {"threshold": 0.3},
        {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.5},
    ],
    "LeakyReLU": [{}, {"negative_slope": 0.1}],
    "PReLU": [{}, {"shared_axes": [1, 2]}],
    "ELU": [{}, {"alpha": 0.5}],
    "Softmax": [{}, {"axis": 1}, {"axis": [1, 2]}],
    "Dropout": [{"rate": 0.5}],
    "SpatialDropout2D": [{"rate": 0.5}],
    "AlphaDropout": [{"rate": 0.5}],
    "GaussianDropout": [{"rate": 0.5}],
    "GaussianNoise": [{"stddev": 0.5}],
    "ActivityRegularization": [{}],
    "Identity": [{}],
    "RandomBrightness": [{"factor": 0.5}],
    "RandomContrast": [{"factor": 0.5}],
    "RandomFlip": [{}],
    "RandomRotation": [{"factor": 0.5}],
    "RandomTranslation": [{"height_factor": 0.5, "width_factor": 0.5}],
    "RandomZoom": [{"height_factor": 0.5}],
}


# Layers that take other inputs than pictures: (shape of the inputs, options).
OTHER_LAYERS_TO_TRY = {
    "GlobalAveragePooling1D": [((5, 3), {}), ((5, 3), {"keepdims": True})],
    "GlobalMaxPooling1D": [((5, 3), {}), ((5, 3), {"keepdims": True})],
    "ZeroPadding1D": [((5, 3), {}), ((5, 3), {"padding": (0, 2)})],
    "Cropping1D": [((5, 3), {}), ((5, 3), {"cropping": (2, 0)})],
    "UpSampling1D": [((5, 3), {}), ((5, 3), {"size": 3})],
    "RepeatVector": [((4,), {"n": 3})],
    "SpatialDropout1D": [((5, 3), {"rate": 0.5})],
    "SpatialDropout3D": [((2, 3, 4, 2), {"rate": 0.5})],
    "GroupNormalization": [((6,), {"groups": 2}), ((5, 4), {"groups": 2})],
    "LayerNormalization": [((5, 4), {}), ((5, 4), {"axis": 1})],
    "Dense": [((5, 4), {"units": 3}), ((2, 3, 4, 2), {"units": 3})],
}


def cases(table):
    return [(kind, case) for kind, several in table.items() for case in several]


TOKENS = np.array([[0, 3, 2, 3], [5, 4, 1, 0]])


def embedding():
    return randomize(one_layer(layers.Embedding(6, 3, name="embedding"), 4))


MERGING = "Add Subtract Multiply Average Maximum Minimum Concatenate".split()


def keras_activations():
    """The names that a Keras layer takes for its activation, without arguments."""
    names = {name for name in dir(keras.activations) if name[0] != "_"}
    names -= {"get", "serialize", "deserialize"}
    names -= {"threshold"}  # it has no defaults
    return sorted(names - {"sparsemax"})  # Keras's does not add up to 1


STEPS_LAST = [
    layers.MaxPooling1D(2, data_format="channels_first"),
    layers.AveragePooling1D(3, 2, "same", data_format="channels_first"),
    layers.GlobalAveragePooling1D(data_format="channels_first"),
    layers.GlobalMaxPooling1D(keepdims=True, data_format="channels_first"),
    layers.ZeroPadding1D((1, 2), data_format="channels_first"),
]


CONVOLUTIONS = {
    "Conv1D": {"filters": 4, "kernel_size": 3},
    "causal Conv1D": {"filters": 4, "kernel_size": 2, "padding": "causal"},
    "Conv2D": {"filters": 4},
    "grouped Conv2D": {"filters": 6, "groups": 2},
    "DepthwiseConv2D": {"depth_multiplier": 2},
    "SeparableConv2D": {"filters": 4, "depth_multiplier": 2},
}


def channels_last_and_first(kind):
    """Two models with the same weights, one for each order of the axes."""
    layer, options = getattr(layers, kind.split()[-1]), CONVOLUTIONS[kind]
    options = {"kernel_size": (3, 2), "padding": "same", "name": "conv"} | options
    shape = (6, 4) if "1D" in kind else (6, 7, 4)
    last = randomize(one_layer(layer(**options), *shape))
    first = layer(**options, data_format="channels_first")
    first = one_layer(first, shape[-1], *shape[:-1])
    first.set_weights(last.get_weights())
    return last, first, pictures(2, *shape)


def branches():
    """A model with nearly everything a graph can do."""
    inner = keras.Sequential(
        [
            keras.Input((6, 6, 4)),
            layers.Conv2D(4, 3, padding="same", name="conv"),
            layers.BatchNormalization(name="norm"),
        ],
        name="inner",
    )
    x = keras.Input((6, 6, 4))
    fork = keras.Model(
        x, {"b": inner(x), "a": layers.ReLU(name="relu")(x)}, name="fork"
    )
    left, right = (
        keras.Input((6, 6, 4), name="left"),
        keras.Input((6, 6, 4), name="right"),
    )
    shared = layers.DepthwiseConv2D(3, padding="same", name="shared")
    x, y = inner(shared(left)), inner(shared(right))
    z = fork(x + 2 * y - x / 3)
    z = layers.Concatenate(name="join")([z["a"], -z["b"], x * y])
    z = layers.GlobalAveragePooling2D(name="mean")(z)
    scores = layers.Dense(3, activation="softmax", name="scores")(z)
    return randomize(keras.Model([left, right], [scores, z], name="branches"))


def chain(*steps):
    """A model of linear layers, so that every pixel seen does change the output."""
    return randomize(keras.Sequential([keras.Input((12, 11, 2)), *steps]))


def every_position(shape):
    return [tuple(position) for position in np.argwhere(np.ones(shape))]


def spread(shape, count=25):
    """Corners, edges and the inside: every so many positions, the last one with them."""
    every = np.prod(shape) // count + 1
    flat = [*range(0, np.prod(shape), every | 1), np.prod(shape) - 1]
    return [tuple(int(i) for i in np.unravel_index(i, shape)) for i in flat]
