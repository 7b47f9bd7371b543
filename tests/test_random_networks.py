"""Random networks: three ways to the output of every layer give the same numbers.

200 networks, the same ones on every machine. ``LAYERS_EXAMPLES=2000`` makes more of
them, and ``pytest -rP`` prints how many layers of each kind they had.
"""

import os
from collections import Counter
from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from helpers import by_hand
from helpers.extraction import layer_outputs

layers = keras.layers
IMAGES = 6
EXAMPLES = int(os.environ.get("LAYERS_EXAMPLES", 200))
# Left out: what jumps (hard_shrink), overflows (exponential), or is wrong (sparsemax).
ACTIVATIONS = sorted(
    {*by_hand.ACTIVATIONS} - {"hard_shrink", "exponential", "sparsemax", "glu"}
)
USUAL = ["linear", "relu", "tanh", "softmax", "gelu"]


class Network:
    """Draws a network step by step: each takes a tensor that is there and adds one."""

    def __init__(self, draw, depth=0):
        self.draw, self.depth = draw, depth
        self.tensors, self.used = [], set()
        self.shareable = []  # (layer, shape of its input)
        self.products = 0

    def one_of(self, choices):
        return self.draw(st.sampled_from(choices))

    def integer(self, lowest, highest):
        return self.draw(st.integers(lowest, highest))

    def build(self, shapes, steps):
        inputs = [keras.Input(shape) for shape in shapes]
        self.tensors = list(inputs)
        for _ in range(steps):
            # the newest most of the time: a deep network with branches
            back = self.one_of([1, 1, 1, 2, 3])
            self.step(self.tensors[-min(back, len(self.tensors))])
        for x in inputs:  # an input that nothing uses is no input
            if id(x) not in self.used:
                self.layer(x)
        if len(self.shareable) == 0:  # arithmetic alone
            self.layer(self.tensors[-1])
        outputs = [x for x in self.tensors if id(x) not in self.used]
        if len(outputs) == 1:
            outputs = outputs[0]
        elif self.draw(st.booleans()):
            outputs = {f"out_{i}": x for i, x in enumerate(outputs)}
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs)

    def call(self, layer, x):
        self.used.update(id(one) for one in (x if isinstance(x, list) else [x]))
        self.tensors += keras.tree.flatten(layer(x))

    def step(self, x):
        kinds = ["layer"] * 6 + ["merge"] * 2 + ["shared", "arithmetic", "normalized"]
        kinds += ["nested"] * (self.depth < 2)
        getattr(self, self.one_of(kinds))(x)

    # ------------------------------------------------------------- one step each

    def layer(self, x):
        layer = self.simple_layer(x.shape[1:])
        self.shareable.append((layer, x.shape))
        self.call(layer, x)

    def shared(self, x):
        """Call a layer, or a model, another time."""
        fitting = [layer for layer, shape in self.shareable if shape == x.shape]
        return self.call(self.one_of(fitting), x) if fitting else self.layer(x)

    def nested(self, x):
        inside = Network(self.draw, self.depth + 1)
        others = [y for y in self.tensors if y is not x]
        if others and self.one_of([False, False, True]):
            both = [x, self.one_of(others)]
            return self.call(inside.build([y.shape[1:] for y in both], 2), both)
        if self.draw(st.booleans()):
            model = inside.build([x.shape[1:]], self.integer(1, 3))
        else:
            model, shape = keras.Sequential([keras.Input(x.shape[1:])]), x.shape
            for _ in range(self.integer(1, 3)):
                model.add(self.simple_layer(shape[1:]))
                shape = model.output_shape
        self.shareable.append((model, x.shape))
        self.call(model, x)

    def merge(self, x):
        same = [y for y in self.tensors if y.shape == x.shape and y is not x]
        if not same:
            self.call(self.same_shape(x.shape[1:]), x)
            same = [self.tensors[-1]]
        xs = [x, self.one_of(same)]
        kinds = ["Add", "Average", "Maximum", "Minimum", "Subtract", "Concatenate"]
        if self.products < 2:
            kinds.append("Multiply")
        kind = self.one_of(kinds)
        self.products += kind == "Multiply"
        axis = {}
        if kind == "Concatenate":
            axis = {"axis": self.one_of([-1, *range(1, len(x.shape))])}
        elif kind != "Subtract" and self.draw(st.booleans()):
            xs.append(self.one_of([x, *same]))
        self.call(getattr(layers, kind)(**axis), xs)

    def arithmetic(self, x):
        self.used.add(id(x))
        self.tensors.append(
            self.one_of([-x, x + 0.5, 1 - x, x / 2, 0.7 * x, x + x / 3])
        )

    def normalized(self, x):
        """A normalization of numbers that differ from each other."""
        units = self.integer(3, 5)
        self.call(layers.Dense(units), x)
        if self.one_of([False, False, True]):
            groups = self.one_of([1, 2]) if units == 4 else 1  # of two channels or more
            return self.call(layers.GroupNormalization(groups), self.tensors[-1])
        axis = self.one_of([-1, *range(1, len(x.shape))][:: len(x.shape) - 1])
        options = {"axis": axis, "epsilon": self.one_of([1e-3, 0.1])}
        options["center"] = self.draw(st.booleans())
        self.call(layers.LayerNormalization(**options), self.tensors[-1])

    # ------------------------------------------------------------- layers of all kinds

    def same_shape(self, shape):
        choices = [layers.ReLU, partial(layers.Dense, shape[-1]), layers.LeakyReLU]
        if len(shape) == 3:
            choices.append(partial(layers.Conv2D, shape[-1], 3, padding="same"))
            choices.append(partial(layers.DepthwiseConv2D, 2, padding="same"))
        return self.one_of(choices)()

    def simple_layer(self, shape):
        choices = [self.elementwise, self.same_in_inference, self.shape_changing]
        if len(shape) == 3:
            choices += [self.convolution] * 4 + [self.pool] * 2 + [self.edges]
            choices += [self.enlarging] * (max(shape[:2]) <= 6)
        if len(shape) == 2:
            choices += [self.along_steps] * 6
        return self.one_of([*choices, self.dense])(shape)

    def activation(self):
        return self.one_of([*USUAL, self.one_of(ACTIVATIONS)])

    def dense(self, shape):
        return layers.Dense(
            self.integer(2, 5), self.activation(), use_bias=self.draw(st.booleans())
        )

    def elementwise(self, shape):
        kinds = [
            partial(layers.Activation, self.activation()),
            layers.BatchNormalization,
            partial(layers.BatchNormalization, axis=1, scale=False),
            partial(layers.Rescaling, 0.7, 0.2),
            partial(layers.ReLU, max_value=1.0, negative_slope=0.3),
            partial(layers.LeakyReLU, 0.1),
            layers.PReLU,
            partial(layers.ELU, 0.5),
            partial(layers.Softmax, self.one_of([-1, 1])),
        ]
        return self.one_of(kinds)()

    def same_in_inference(self, shape):
        kinds = ["Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout"]
        kinds += [f"SpatialDropout{len(shape) - 1}D"] * (len(shape) in (2, 3))
        return getattr(layers, self.one_of(kinds))(0.3)

    def window(self, shape, longest):
        return tuple(self.integer(1, min(longest, n)) for n in shape[:2])

    def convolution(self, shape):
        size = self.window(shape, 3)
        options = {
            "activation": self.activation(),
            "use_bias": self.draw(st.booleans()),
            "padding": self.one_of(["valid", "same"]),
        }
        fits = all((k - 1) * 2 < n for k, n in zip(size, shape))
        moves = ["plain", "strides"] + ["dilation_rate"] * fits
        move = self.one_of(moves)
        if move != "plain":
            options[move] = 2
        kind = self.one_of(["Conv2D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
        if kind == "DepthwiseConv2D":
            multiplier = self.one_of([1, 1, 2]) if shape[2] <= 4 else 1
            return layers.DepthwiseConv2D(size, depth_multiplier=multiplier, **options)
        filters = self.integer(2, 5)
        if kind == "SeparableConv2D":
            return layers.SeparableConv2D(filters, size, **options)
        divisors = [n for n in range(1, shape[2] + 1) if shape[2] % n == 0]
        groups = self.one_of([1, 1, 1, 1, self.one_of(divisors)])
        return layers.Conv2D(filters * groups, size, groups=groups, **options)

    def along_steps(self, shape):
        steps, _ = shape
        size, strides = self.integer(1, min(steps, 3)), self.one_of([1, 2])
        padding = self.one_of(["valid", "same"])
        causal = {"padding": self.one_of([padding, "causal"])}
        move = {"strides": strides}
        if (size - 1) * 2 < steps:
            move = self.one_of([move, {"dilation_rate": strides}])
        conv = partial(layers.Conv1D, self.integer(2, 5), size, **causal, **move)
        kinds = [
            *[partial(conv, activation=self.activation())] * 4,
            partial(layers.MaxPooling1D, size, strides, padding),
            partial(layers.AveragePooling1D, size, strides, padding),
            layers.GlobalMaxPooling1D,
            layers.GlobalAveragePooling1D,
            partial(layers.ZeroPadding1D, (self.integer(0, 1), self.integer(0, 1))),
        ]
        kinds += [partial(layers.Cropping1D, self.integer(0, 1))] * (steps > 3)
        kinds += [partial(layers.UpSampling1D, self.integer(1, 3))] * (steps <= 6)
        return self.one_of(kinds)()

    def pool(self, shape):
        kind = self.one_of(["Max", "Max", "Average", "GlobalMax", "GlobalAverage"])
        pooling = getattr(layers, f"{kind}Pooling2D")
        if kind.startswith("Global"):
            return pooling(keepdims=self.draw(st.booleans()))
        strides = self.one_of([None, 1, 2])
        padding = self.one_of(["valid", "same"])
        return pooling(self.window(shape, 3), strides, padding)

    def edges(self, shape):
        kinds = ["ZeroPadding2D"] + ["Cropping2D"] * (min(shape[:2]) > 3)
        amount = [[self.integer(0, 1) for _ in range(2)] for _ in range(2)]
        return getattr(layers, self.one_of(kinds))(amount)

    def enlarging(self, shape):
        size = self.integer(1, 2), self.integer(1, 3)
        how = self.one_of(["nearest", "bilinear"])
        return layers.UpSampling2D(size, interpolation=how)

    def shape_changing(self, shape):
        size = int(np.prod(shape))
        side = next(n for n in (3, 2, 1) if size % n == 0)
        kinds = [partial(layers.Reshape, (side, 1, size // side))]
        if len(shape) == 3:
            order = self.draw(st.permutations([1, 2, 3]))
            kinds += [layers.Flatten, partial(layers.Permute, order)]
        if len(shape) == 1:
            kinds.append(partial(layers.RepeatVector, self.integer(1, 4)))
        return self.one_of(kinds)()


def random_network(draw):
    """A network with random weights, and inputs for it."""
    network = Network(draw)
    count = network.one_of([1, 1, 2])
    shapes = []
    for _ in range(count):
        picture = tuple(network.integer(3, 7) for _ in range(2))
        picture += (network.integer(1, 3),)
        steps = network.integer(3, 9), network.integer(1, 4)
        row = (network.integer(2, 6),)
        shapes.append(network.one_of([picture, picture, picture, steps, row]))
    model = network.build(shapes, network.integer(2, 9))
    random = np.random.default_rng(network.integer(0, 2**32 - 1))
    for weight in model.weights:
        inputs = max(np.prod(weight.shape[:-1]), 1)
        values = random.normal(size=weight.shape) / np.sqrt(inputs)
        if weight.name in ("gamma", "moving_variance"):
            values = random.uniform(0.5, 1.5, weight.shape)
        elif len(weight.shape) == 1:
            values = random.uniform(-0.5, 0.5, weight.shape)
        if "float" in weight.dtype:  # not the seeds of Dropout
            weight.assign(values)
    xs = [random.normal(size=(IMAGES, *shape)).astype("float32") for shape in shapes]
    return model, xs if count > 1 else xs[0]


def keras_idiom(model, inputs):
    """The outputs of the layers that Keras itself can give: called once, not nested."""
    outputs = {
        layer.name: layer.output
        for layer in model.layers
        if len(layer._inbound_nodes) == 1
        and not isinstance(layer, (keras.Model, layers.InputLayer))
    }
    structure = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    found = keras.Model(structure, outputs)(inputs) if outputs else {}
    return {name: np.asarray(y) for name, y in found.items()}


def largest(structure):
    return max(np.abs(x).max() for x in by_hand.flat(structure))


def digits_are_left(calls):
    """Whether no layer cancels nearly all of what goes into it.

    Of a difference a hundred times smaller than its terms, float32 keeps five digits,
    and everything behind it is no more exact than that.
    """
    for call in calls:
        into = [x for x in by_hand.flat(call.inputs) if isinstance(x, np.ndarray)]
        if 0 < largest(call.output) < 0.02 * largest(into):
            return False
    return True


seen = Counter()


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def compare(data):
    model, inputs = random_network(data.draw)
    calls = by_hand.Walk(by_hand.run_once(model, inputs)).calls
    calls = [call for call in calls if not call.container]
    assume(digits_are_left(calls))
    outputs = layer_outputs(model, inputs)
    computed = by_hand.forward(model, inputs)
    assert list(outputs) == list(computed)
    for name, y in keras_idiom(model, inputs).items():
        assert by_hand.relative_difference(outputs[name], y) <= 1e-5, name
        assert by_hand.relative_difference(computed[name], y) <= 1e-5, name
    for name, y in outputs.items():
        assert y.shape == computed[name].shape, name
        assert by_hand.relative_difference(computed[name], y) <= 1e-5, name
    explain_one(model, inputs, outputs, data.draw)
    seen["networks"] += 1
    for call in calls:
        seen[type(call.layer).__name__] += 1
        seen["calls of a shared layer"] += ":" in call.name.rpartition("/")[2]
        seen["layers two models deep"] += call.name.count("/") > 1


def explain_one(model, inputs, outputs, draw):
    """Explain one number; what it is said not to depend on is then changed."""
    name = list(outputs)[draw(st.integers(0, len(outputs) - 1))]
    y = outputs[name]
    position = np.unravel_index(draw(st.integers(0, y.size - 1)), y.shape)
    explanation = by_hand.explain(model, inputs, name, position)
    assert abs(explanation.value - y[position]) <= 1e-5 * np.abs(y).max(), explanation
    slices = explanation.receptive_field
    slices = list(slices.values()) if isinstance(slices, dict) else [slices]
    changed = []
    for x, part in zip(inputs if isinstance(inputs, list) else [inputs], slices):
        other = np.full_like(x, 7.5)
        if part is not None:
            other[(slice(None), *part)] = x[(slice(None), *part)]
        changed.append(other)
    changed = changed if isinstance(inputs, list) else changed[0]
    again = by_hand.forward(model, changed)[name][position]
    assert abs(again - explanation.value) <= 1e-9 * np.abs(y).max(), explanation


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
def test_three_ways_agree_on_random_networks():
    seen.clear()
    compare()
    for kind, count in seen.most_common():
        print(f"{count:7,} {kind}")
    needed = set(by_hand.KINDS) - {
        "Normalization",
        "Identity",
        "ActivityRegularization",
        "Embedding",
        "SpatialDropout3D",
    }
    missing = {kind for kind in needed - set(seen) if not kind.startswith("Random")}
    assert len(missing) <= (3 if EXAMPLES >= 200 else len(needed)), missing
