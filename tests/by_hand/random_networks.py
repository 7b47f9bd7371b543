"""Networks made from a number alone, so the same ones on every machine.

With open sizes, sequences, states, operations and layer classes of one's own.
"""

import random
from collections import Counter
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from layers_of_ones_own import (
    Chain,
    Gate,
    OwnModel,
    Positions,
    Residual,
    Same,
    Scaled,
    Twice,
    Two,
    Whole,
)
from proof import random_weights

from helpers import by_hand

ROWS, BATCH = 6, 2  # BATCH is of the networks with a state
IDS = 7  # an Embedding's numbers are below
# Left out: what jumps (hard_shrink), overflows (exponential), or is wrong (sparsemax).
ACTIVATIONS = sorted(
    {*by_hand.ACTIVATIONS} - {"hard_shrink", "exponential", "sparsemax", "glu"}
)
USUAL = ["linear", "relu", "tanh", "softmax", "gelu"]
REFUSED = ValueError, TypeError, NotImplementedError, UserWarning, tf.errors.OpError

seen = Counter()
refusals = Counter()


class Network:
    """Draws a network step by step: each takes a tensor that is there and adds one.

    Beside each symbolic tensor lies an array: what it is for two rows.
    """

    def __init__(self, random, depth=0, stateful=False):
        self.random, self.depth, self.stateful = random, depth, stateful
        self.tensors, self.used, self.optional = [], set(), set()
        self.values = {}  # {id of a tensor: array}
        self.shareable = []  # (layer, shape of its input)
        self.products = self.refused = 0

    def one_of(self, choices):
        return self.random.choice(choices)

    def integer(self, lowest, highest):
        return self.random.randint(lowest, highest)

    def yes(self, of=2):
        return self.random.randrange(of) == 0

    def shape(self, x):
        """The shape of a row, its open sizes filled in."""
        return tuple(self.values[id(x)].shape[1:])

    def build(self, inputs, steps, name=None):
        """Make a functional model of ``[(InputLayer's tensor, array)]``."""
        self.values = {id(x): y for x, y in inputs}
        inputs = [x for x, _ in inputs]
        for x in inputs:
            self.add(x)
        for x in inputs:
            if x.dtype == "int32":
                zero = {"mask_zero": self.yes(3)}
                self.call(layers.Embedding(IDS, self.integer(2, 4), **zero), x)
        if self.stateful:
            x = self.one_of([x for x in self.tensors if len(x.shape) == 3])
            self.recurrent(x, stateful=True)
        for _ in range(steps):
            # the newest most of the time: a deep network with branches
            back = self.one_of([1, 1, 1, 2, 3])
            self.step(self.tensors[-min(back, len(self.tensors))])
        for x in inputs:  # an input that nothing uses is no input
            if id(x) not in self.used:
                self.layer(x)
        if len(self.shareable) == 0:  # arithmetic alone
            self.layer(self.tensors[-1])
        outputs = [x for x in self.tensors if id(x) not in self.used | self.optional]
        outputs = outputs or self.tensors[-1:]
        if len(outputs) == 1:
            outputs = outputs[0]
        elif self.yes():
            outputs = {f"out_{i}": x for i, x in enumerate(outputs)}
        inputs = inputs if len(inputs) > 1 else inputs[0]
        return keras.Model(inputs, outputs, name=name)

    def add(self, x):
        if "float" in x.dtype:
            self.tensors.append(x)

    def call(self, layer, *args, **kwargs):
        """Call a layer, or a function, on tensors; False if Keras refuses it."""
        there = [x for x in keras.tree.flatten(args) if id(x) in self.values]
        values = keras.tree.map_structure(lambda x: self.values.get(id(x), x), args)
        try:
            outputs = keras.tree.flatten(layer(*args, **kwargs))
            with keras.StatelessScope():
                arrays = keras.tree.flatten(layer(*values, **kwargs))
        except REFUSED as error:
            self.refused += 1
            refusals[f"{type(layer).__name__}: {error}"[:120]] += 1
            return False
        if any(0 in y.shape for y in arrays):
            return False
        self.used.update(map(id, there))
        for i, (x, y) in enumerate(zip(outputs, arrays)):
            self.values[id(x)] = y
            self.add(x)
            if i and self.yes():
                self.optional.add(id(x))  # an output that nothing takes
        return True

    def step(self, x):
        kinds = ["layer"] * 7 + ["merge"] * 2 + ["shared", "arithmetic", "normalized"]
        kinds += ["nested"] * (self.depth < 2) + ["operation"] * 2 + ["own"] * 2
        if len(x.shape) == 3:
            kinds += ["recurrent", "recurrent", "attention", "distributed"]
        if x.shape[-1] is None:
            kinds = ["arithmetic"]
        getattr(self, self.one_of(kinds))(x)

    # ------------------------------------------------------------- one step each

    def layer(self, x):
        layer = self.layer_for(x)
        if not self.call(layer, x):
            layer = layers.Dense(3)
            self.call(layer, x)
        self.shareable.append((layer, x.shape))

    def shared(self, x):
        """Call a layer, or a model, another time."""
        fitting = [layer for layer, shape in self.shareable if shape == x.shape]
        return self.call(self.one_of(fitting), x) if fitting else self.layer(x)

    def inside(self):
        return Network(self.random, self.depth + 1)

    def given(self, *tensors):
        """Inputs for a model in the model, of the same shapes."""
        return [
            (keras.Input(x.shape[1:], dtype=x.dtype), self.values[id(x)])
            for x in tensors
        ]

    def nested(self, x):
        others = [y for y in self.tensors if y is not x]
        if others and self.yes(3):
            both = [x, self.one_of(others)]
            return self.call(self.inside().build(self.given(*both), 2), both)
        if self.yes():
            model = self.inside().build(self.given(x), self.integer(1, 3))
        else:
            model = self.sequential(x)
        if self.call(model, x):
            self.shareable.append((model, x.shape))

    def sequential(self, x):
        model, y = keras.Sequential([keras.Input(x.shape[1:])]), self.values[id(x)]
        for _ in range(self.integer(1, 3)):
            symbol = model.outputs[0] if model.layers else x
            layer = self.simple_layer(tuple(y.shape[1:]), symbol.shape[1:])
            model.add(layer)
            y = layer(y)
        return model

    def merge(self, x):
        def alike(y):
            return y.shape == x.shape and self.shape(y) == self.shape(x)

        same = [y for y in self.tensors if y is not x and alike(y)]
        if not same:
            self.call(self.same_shape(x), x)
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
        elif kind != "Subtract" and self.yes():
            xs.append(self.one_of([x, *same]))
        self.call(getattr(layers, kind)(**axis), xs)

    def arithmetic(self, x):
        function = self.one_of(
            [
                lambda x: -x,
                lambda x: x + 0.5,
                lambda x: 1 - x,
                lambda x: x / 2,
                lambda x: 0.7 * x,
                lambda x: x + x / 3,
            ]
        )
        self.call(function, x)

    def operation(self, x):
        """Functions of ``keras.ops``, which are not known by hand."""
        last = self.shape(x)[-1]
        closed = None not in x.shape[1:]
        functions = [
            ops.relu,
            ops.tanh,
            ops.sigmoid,
            ops.abs,
            ops.softmax,
            lambda x: ops.square(x) / 2,
            lambda x: ops.sqrt(ops.abs(x) + 0.1),
            lambda x: ops.clip(x, -1, 1),
            lambda x: ops.maximum(x, 0.1),
            lambda x: ops.where(x > 0, x, x / 4),
            lambda x: ops.one_hot(ops.argmax(x, axis=-1), last) + 0.1 * x,
            lambda x: ops.concatenate([x, ops.cos(x)], axis=-1),
            lambda x: ops.max(x, axis=-1, keepdims=True),
            lambda x: x[..., :1],
        ]
        if 2 < len(x.shape) < 5:
            functions += [
                lambda x: ops.mean(x, axis=1),
                lambda x: ops.expand_dims(x, 1),
                lambda x: ops.flip(x, axis=1),
                lambda x: ops.stack([x, ops.sin(x)], axis=1),
                lambda x: x[:, 0],
            ]
        if len(x.shape) == 3 and closed:
            functions += [
                lambda x: ops.logsumexp(x, axis=-1),
                lambda x: ops.einsum("btf,bsf->bts", x, x),
                lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
            ]
        functions += [lambda x: ops.split(x, 2, axis=-1)] * (last % 2 == 0) * 3
        self.call(self.one_of(functions), x)

    def normalized(self, x):
        """A normalization of numbers that differ from each other."""
        units = self.integer(3, 5)
        self.call(layers.Dense(units), x)
        if self.yes(3):
            groups = self.one_of([1, 2]) if units == 4 else 1  # of two channels or more
            return self.call(layers.GroupNormalization(groups), self.tensors[-1])
        axis = self.one_of([-1, *range(1, len(x.shape))][:: len(x.shape) - 1])
        if None in x.shape[1:]:
            axis = -1
        options = {"axis": axis, "epsilon": self.one_of([1e-3, 0.1])}
        options["center"] = self.yes()
        self.call(layers.LayerNormalization(**options), self.tensors[-1])

    def own(self, x):
        """A layer, or a model, of a class of one's own."""
        width = x.shape[-1]
        dense = partial(layers.Dense, width, self.activation())
        kinds = [
            lambda: Chain(self.layer_for(x)),
            lambda: Chain(dense(), self.layer_for(x)),
            lambda: Residual(self.same_shape(x), self.same_shape(x)),
            lambda: Residual(dense(), Residual(dense())),
            lambda: Chain(
                Twice(dense()), Residual(Chain(dense()), layers.Dropout(0.2))
            ),
            lambda: Gate(dense(), dense()),
            lambda: Twice(dense()),
            lambda: Two(dense(), dense()),
            lambda: Same(),
            lambda: Scaled(),
            lambda: OwnModel(dense(), layers.Dropout(0.1)),
        ]
        if self.depth < 2:
            inner = self.inside().build(self.given(x), 2)
            if not isinstance(inner.output, dict | list):
                kinds += [lambda: Chain(inner)] * 2
        if len(x.shape) == 3 and None not in x.shape[1:]:
            kinds += [lambda: Positions(layers.Embedding(x.shape[1], width))] * 4
        self.call(self.one_of(kinds)(), x)

    def recurrent(self, x, stateful=False):
        kind = self.one_of([layers.SimpleRNN, layers.GRU, layers.LSTM])
        layer = kind(
            self.integer(2, 4),
            return_sequences=self.yes(),
            return_state=self.yes(),
            go_backwards=self.yes(4),
            stateful=stateful,
        )
        if self.yes(3):
            merge = self.one_of(["concat", "sum", "ave", None])
            layer.go_backwards = False
            layer = layers.Bidirectional(layer, merge)
        self.call(layer, x)

    def attention(self, x):
        others = [y for y in self.tensors if len(y.shape) == 3]
        alike = [y for y in others if y.shape[-1] == x.shape[-1]]
        scores = {"return_attention_scores": self.yes(3)}
        if self.yes(3):
            return self.call(layers.Attention(), [x, self.one_of(alike)], **scores)
        layer = layers.MultiHeadAttention(self.integer(1, 2), self.integer(2, 3))
        self.call(layer, x, self.one_of([x, *others]), **scores)

    def distributed(self, x):
        inner = self.one_of(
            [
                partial(layers.Dense, 3, self.activation()),
                partial(layers.LayerNormalization, epsilon=0.1),
                lambda: keras.Sequential([layers.Dense(3, "relu"), layers.Dense(2)]),
            ]
        )
        self.call(layers.TimeDistributed(inner()), x)

    # ------------------------------------------------------------- layers of all kinds

    def same_shape(self, x):
        shape = x.shape[1:]
        choices = [layers.ReLU, partial(layers.Dense, shape[-1]), layers.LeakyReLU]
        if len(shape) == 3:
            choices.append(partial(layers.Conv2D, shape[-1], 3, padding="same"))
            choices.append(partial(layers.DepthwiseConv2D, 2, padding="same"))
        return self.one_of(choices)()

    def layer_for(self, x):
        return self.simple_layer(self.shape(x), x.shape[1:])

    def simple_layer(self, shape, static):
        """A layer for a shape; with an open size only one that can do with it."""
        closed = None not in static
        choices = [self.elementwise if closed else self.plain, self.same_in_inference]
        choices += [self.shape_changing] * closed
        if len(shape) == 3:
            choices += [self.convolution] * 4 + [self.pool] * 2 + [self.edges]
            choices += [self.enlarging] * (max(shape[:2]) <= 6)
        if len(shape) == 2:
            choices += [self.along_steps] * 6
        return self.one_of([*choices, self.dense])(shape)

    def plain(self, shape):
        kinds = [
            partial(layers.Activation, self.activation()),
            layers.BatchNormalization,
            partial(layers.Rescaling, 0.7, 0.2),
            partial(layers.ReLU, max_value=1.0, negative_slope=0.3),
            partial(layers.LeakyReLU, 0.1),
            layers.Softmax,
        ]
        return self.one_of(kinds)()

    def activation(self):
        return self.one_of([*USUAL, self.one_of(ACTIVATIONS)])

    def dense(self, shape):
        return layers.Dense(self.integer(2, 5), self.activation(), use_bias=self.yes())

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
            "use_bias": self.yes(),
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
            return pooling(keepdims=self.yes())
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
            order = self.random.sample([1, 2, 3], 3)
            kinds += [layers.Flatten, partial(layers.Permute, order)]
        if len(shape) == 1:
            kinds.append(partial(layers.RepeatVector, self.integer(1, 4)))
        return self.one_of(kinds)()


class Drawn:
    """A network made from a number, with random weights; and inputs for it."""

    def __init__(self, number):
        keras.utils.clear_session()
        self.random = random.Random(number)
        self.rng = np.random.default_rng(number)
        self.stateful = self.random.randrange(12) == 0
        network = Network(self.random, stateful=self.stateful)
        batch = BATCH if self.stateful else None
        count = network.one_of([1, 1, 2])
        self.shapes, inputs = [], []
        for i in range(count):
            picture = (
                network.integer(3, 7),
                network.integer(3, 7),
                network.integer(1, 3),
            )
            steps = network.integer(3, 6), network.integer(1, 4)
            row = (network.integer(2, 6),)
            shape = network.one_of([picture, picture, picture, steps, steps, row, None])
            if self.stateful and i == 0:
                shape = steps
            ids = shape is None
            shape = shape or steps[:1]
            opened = network.yes(3) and (ids or len(shape) > 1) and not self.stateful
            static = (*(None for _ in shape[:-1]), *shape[-1:]) if opened else shape
            if ids and opened:
                static = (None,)
            self.shapes.append((shape, ids))
            dtype = "int32" if ids else "float32"
            x = keras.Input(static, batch_size=batch, dtype=dtype)
            inputs.append((x, ops.convert_to_tensor(self.one_input(i, 2))))
            seen["open sizes"] += opened
        self.functional = network.build(inputs, network.integer(2, 9), "whole")
        random_weights(self.functional, self.rng)
        self.model = self.functional
        if network.yes(5) and not self.stateful:
            self.model = Whole(self.functional)
            self.model(self.inputs(2))
        seen["refused"] += network.refused

    def one_input(self, i, rows):
        shape, ids = self.shapes[i]
        if not ids:
            return self.rng.normal(size=(rows, *shape)).astype("float32")
        x = self.rng.integers(0, IDS, (rows, *shape), "int32")
        x[:, 0] = self.rng.integers(1, IDS, rows)  # not all of a row is masked
        return x

    def inputs(self, rows):
        xs = [self.one_input(i, rows) for i in range(len(self.shapes))]
        return xs if len(xs) > 1 else xs[0]
