"""What goes into activations, and the layers that are left as they were."""

import threading

import keras
import numpy as np
import pytest
from keras import layers, ops
from support import (
    MANY,
    floats,
    functional,
    same,
    sequential,
)

from helpers.extraction import LayerReader, layer_outputs


class Own(keras.Layer):
    """A layer of one's own with an activation."""

    def __init__(self, activation, times=1, **options):
        super().__init__(**options)
        self.activation = keras.activations.get(activation)
        self.dense, self.times = layers.Dense(3, name="dense", activation="relu"), times

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        y = self.dense(x)
        for _ in range(self.times):
            y = self.activation(y - 1)
        return y


def linear(layer):
    """A copy of a layer without its activation, with the same weights."""
    config = {**layer.get_config(), "activation": None}
    copy = type(layer).from_config(config)

    def run(x):
        copy(x)
        copy.set_weights(layer.get_weights())
        return copy(x)

    return run


WITH_ACTIVATION = {
    "Dense": (lambda: layers.Dense(3, activation="relu"), (5,)),
    "softmax": (lambda: layers.Dense(3, activation="softmax"), (4, 5)),
    "EinsumDense": (
        lambda: layers.EinsumDense("ab,bc->ac", 3, activation="tanh"),
        (5,),
    ),
    "Conv1D": (lambda: layers.Conv1D(2, 3, activation="selu"), (6, 2)),
    "Conv2D": (lambda: layers.Conv2D(2, 3, activation="gelu"), (6, 6, 2)),
    "Conv3D": (lambda: layers.Conv3D(2, 2, activation="elu"), (4, 4, 4, 1)),
    "depthwise": (lambda: layers.DepthwiseConv2D(2, activation="relu"), (4, 4, 2)),
    "separable": (lambda: layers.SeparableConv1D(2, 2, activation="relu"), (4, 2)),
    "transposed": (lambda: layers.Conv2DTranspose(2, 2, activation="relu"), (4, 4, 2)),
    "a layer": (lambda: layers.Dense(3, activation=layers.LeakyReLU(0.3)), (5,)),
    "a function": (lambda: layers.Dense(3, activation=ops.square), (5,)),
    "half": (lambda: layers.Dense(3, activation="relu", dtype="mixed_float16"), (5,)),
    "none": (lambda: layers.Dense(3), (5,)),
}


@pytest.mark.parametrize("rows", [3, 9])
@pytest.mark.parametrize("make, shape", WITH_ACTIVATION.values(), ids=WITH_ACTIVATION)
def test_before_the_activation(make, shape, rows):
    layer = make()
    model, x = sequential(shape, layer), floats(rows, *shape)
    activation = layer.activation
    found = layer_outputs(model, x, before_activation=True, **MANY)[layer.name]
    expected = np.asarray(linear(layer)(x), "float32")
    if layer.compute_dtype == "float16":
        np.testing.assert_allclose(found, expected, atol=1e-2)
    else:
        same(found, expected)
    assert layer.activation is activation
    assert "activation" in vars(layer)
    same(layer_outputs(model, x)[layer.name], np.asarray(model(x), "float32"))


ACTIVATIONS = [
    layers.Activation("tanh"),
    layers.ReLU(max_value=0.5),
    layers.LeakyReLU(),
    layers.PReLU(),
    layers.ELU(),
    layers.Softmax(),
]


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=lambda x: type(x).__name__)
def test_before_an_activation_layer(layer):
    model = sequential((5,), layers.Dense(3, name="dense"), layer)
    x = floats(4, 5)
    outputs = layer_outputs(model, x, before_activation=True)
    same(outputs[layer.name], model.layers[0](x))
    same(layer_outputs(model, x)[layer.name], model(x))


def test_before_the_activation_of_a_layer_of_one_s_own():
    layer = Own("tanh", name="own")
    model, x = sequential((5,), layer), floats(4, 5)
    outputs = layer_outputs(model, x, before_activation=True)
    y = np.asarray(layer.dense(x))
    same(outputs["own"], y - 1)
    same(np.maximum(outputs["own/dense"], 0), y)
    assert outputs["own/dense"].min() < 0


def test_several_activations_have_no_number_before():
    x = floats(4, 5)
    model = sequential((5,), Own("tanh", times=2, name="own"), layers.Dense(2))
    with pytest.warns(UserWarning, match="own is left out.*applies its activation 2"):
        outputs = layer_outputs(model, x, before_activation=True)
    assert list(outputs) == ["own/dense", model.layers[-1].name]
    with pytest.raises(ValueError, match="own cannot be told") as caught:
        layer_outputs(model, x, "own", before_activation=True)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("rows", [2, 4])
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(2, name="rnn"),
        lambda: layers.GRU(2, name="rnn"),
        lambda: layers.Bidirectional(layers.SimpleRNN(2), name="rnn"),
        lambda: layers.RNN(layers.LSTMCell(2), name="rnn"),
    ],
)
def test_recurrent_layers_have_no_number_before(make, rows):
    model, x = functional((3, 2), lambda x: layers.Dense(2)(make()(x))), floats(9, 3, 2)
    x = x[:rows]
    with pytest.warns(UserWarning, match="rnn is left out: rnn is recurrent"):
        outputs = layer_outputs(model, x, before_activation=True, **MANY)
    assert list(outputs) == [model.layers[-1].name]
    with pytest.raises(ValueError, match="rnn cannot be told: rnn is recurrent"):
        layer_outputs(model, x, "rnn", before_activation=True, **MANY)


def test_an_error_leaves_the_activation():
    def fails(x):
        raise RuntimeError("no")

    layer = layers.Dense(2, name="dense")
    model = sequential((3,), layer)
    layer.activation = fails
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            layer_outputs(model, floats(2, 3), before_activation=True)
    assert layer.activation is fails


def test_a_reader_before_the_activation_leaves_it():
    model, x = sequential((5,), layers.Dense(3, activation="relu")), floats(4, 5)
    layer = model.layers[0]
    activation = layer.activation
    found = LayerReader(model, before_activation=True)(x)[layer.name]
    same(found, linear(layer)(x))
    assert layer.activation is activation


def test_two_threads_before_one_activation():
    inside, both, over = threading.Event(), threading.Event(), threading.Event()

    def activation(x):
        if threading.current_thread().name == "first":
            inside.set()
            both.wait(0.2)
        if threading.current_thread().name == "second":
            both.set()
            over.wait(0.2)
        return x * 1

    model, x = sequential((3,), layers.Dense(2, activation=activation)), floats(2, 3)

    def first():
        layer_outputs(model, x, before_activation=True)
        over.set()

    def second():
        inside.wait(5)
        layer_outputs(model, x, before_activation=True)

    threads = [threading.Thread(target=f, name=f.__name__) for f in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model.layers[0].activation is activation
