"""`hand_check`: what is equal, what differs, what is not known, and how it is told."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers
from networks_to_try import TOKENS, Doubled, one_layer, pictures, randomize

from helpers import by_hand
from helpers.by_hand import hand_check, relative_difference
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network


@pytest.mark.parametrize("network", ["Sequential", "functional"])
def test_a_layer_that_heeds_a_mask_is_not_known_with_one(network):
    parts = [
        layers.Embedding(6, 3, mask_zero=True, name="embedding"),
        layers.Dropout(0.5, name="drop"),
        layers.GlobalAveragePooling1D(name="mean"),
    ]
    model = keras.Sequential([keras.Input((4,)), *parts])
    if network == "functional":
        x = y = keras.Input((4,))
        for layer in parts:
            y = layer(y)
        model = keras.Model(x, y)
    check = hand_check(model, TOKENS)
    assert check.equal and check.unknown == ["mean"]


def test_hand_check_shows_one_line_a_layer():
    check = hand_check(cifar10_cnn(), pictures(2, 32, 32, 3))
    expected = """\
layer            class         output shape     parameters  difference  verdict
conv2d           Conv2D        (2, 30, 30, 32)         896     < 1e-05  equal
max_pooling2d    MaxPooling2D  (2, 15, 15, 32)           0     < 1e-05  equal
conv2d_1         Conv2D        (2, 13, 13, 64)      18,496     < 1e-05  equal
max_pooling2d_1  MaxPooling2D  (2, 6, 6, 64)             0     < 1e-05  equal
conv2d_2         Conv2D        (2, 4, 4, 64)        36,928     < 1e-05  equal
flatten          Flatten       (2, 1024)                 0     < 1e-05  equal
dense            Dense         (2, 64)              65,600     < 1e-05  equal
dense_1          Dense         (2, 10)                 650     < 1e-05  equal
8 of 8 layers are equal."""
    assert str(check) == repr(check) == expected
    assert check.equal is True
    assert check.differing == check.unknown == []


def test_hand_check_goes_on_behind_what_it_does_not_know():
    keras.utils.clear_session()  # operations are numbered: sin, sin_1
    x = keras.Input((4, 3), name="x")
    y, state = layers.GRU(3, return_state=True, name="gru")(x)
    y = layers.Dense(3, activation="relu", name="before")(keras.ops.sin(y))
    y = Doubled(3, name="own")(y[:, 1:])
    y = layers.Add(name="after")([y, state])
    check = hand_check(keras.Model(x, y, name="model"), pictures(2, 4, 3))
    expected = """\
layer     class    output shape  parameters  difference  verdict
gru/0     GRU      (2, 3)                72              unknown
gru/1     GRU      (2, 3)                72              unknown
sin       Sin      (2, 3)                 0              unknown
before    Dense    (2, 3)                12     < 1e-05  equal from Keras's input
get_item  GetItem  (2, 2)                 0              unknown
own       Doubled  (2, 3)                 9              unknown
after     Add      (2, 3)                 0     < 1e-05  equal from Keras's input
2 of 7 layers are equal, 5 not known by hand."""
    assert str(check) == expected
    assert check.equal and not check.differing
    assert check.unknown == ["gru/0", "gru/1", "sin", "get_item", "own"]


@pytest.mark.parametrize("as_dict", [False, True])
def test_hand_check_goes_on_behind_a_layer_of_several_parts(as_dict):
    class Parts(layers.Layer):
        def __init__(self):
            super().__init__(name="parts")
            self.one, self.two = (
                layers.Dense(3, name="one"),
                layers.Dense(3, name="two"),
            )

        def build(self, shape):
            self.one.build(shape)
            self.two.build(shape)

        def call(self, x):
            y = [self.two(x), self.one(x)]
            return {"one": y[1], "two": y[0]} if as_dict else y

    x = keras.Input((4,))
    y = Parts()(x)
    first, second = [y["two"], y["one"]] if as_dict else y
    y = layers.Subtract(name="difference")([first, second])
    check = hand_check(randomize(keras.Model(x, y)), pictures(5, 4))
    names = ["parts/two", "parts/one"]  # as they are called
    names += ["parts/one:1", "parts/two:1"] if as_dict else ["parts/0", "parts/1"]
    assert [row[0] for row in check.rows] == [*names, "difference"]
    assert {row[-1] for row in check.rows} == {"equal"}


def test_hand_check_tells_a_wrong_layer_and_how_wrong_it_is(monkeypatch):
    def half(layer, x):
        return by_hand.dense(x, layer.kernel) / 2

    wrong = dataclasses.replace(by_hand.KINDS["Dense"], function=half)
    monkeypatch.setitem(by_hand.KINDS, "Dense", wrong)
    model = one_layer(layers.Dense(2, use_bias=False, name="dense"), 3)
    check = hand_check(model, np.eye(3))
    assert not check.equal and check.differing == ["dense"]
    header, line, summary = str(check).splitlines()
    assert line.split() == ["dense", "Dense", "(3,", "2)", "6", "5.0e-01", "differs"]
    assert summary == "0 of 1 layers are equal, 1 differ."


def test_hand_check_allows_for_half_precision_and_takes_a_tolerance():
    policy = keras.DTypePolicy("mixed_float16")
    model = one_layer(layers.Dense(8, dtype=policy, name="dense"), 32)
    assert "< 1e-02  equal" in str(hand_check(model, pictures(4, 32)))
    assert hand_check(model, pictures(4, 32), tolerance=1e-5).differing == ["dense"]


@pytest.mark.filterwarnings("ignore:.*NaN or infinity")
def test_infinity_and_nan_are_equal_to_themselves():
    x = np.array([[np.nan, 1, 2], [np.inf, 0, 0], [1, 2, 3]], "float32")
    assert "2 of 2 layers are equal." in str(hand_check(dense_network(), x))


def test_relative_difference():
    assert relative_difference([1, 2], [1, 2]) == 0
    assert relative_difference([0, 0], [0, 0]) == 0
    assert relative_difference([1, 4], [1, 3]) == 0.25
    assert relative_difference([np.nan, np.inf, 1], [np.nan, np.inf, 2]) == 0.5
    assert not relative_difference([np.nan], [1]) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50"])
def test_hand_check_knows_every_layer_of_known_networks(name):
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(64, 64, 3), classes=10
    )
    *_, summary = str(hand_check(randomize(model), pictures(2, 64, 64, 3))).splitlines()
    count = len(model.layers) - 1  # the InputLayer is not checked
    assert summary == f"{count} of {count} layers are equal."


@pytest.mark.parametrize(
    ("layer", "setting"),
    [
        (layers.Conv2D(3, 2), "use_bias"),
        (layers.DepthwiseConv2D(2), "use_bias"),
        (layers.SeparableConv2D(3, 2), "use_bias"),
        (layers.Dense(3), "use_bias"),
        (layers.BatchNormalization(), "scale"),
        (layers.BatchNormalization(), "center"),
        (layers.GroupNormalization(1), "scale"),
        (layers.LayerNormalization(), "scale"),
        (layers.LayerNormalization(), "center"),
        (layers.GroupNormalization(1), "center"),
    ],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)
def test_a_setting_that_is_switched_off_afterwards(layer, setting):
    """As Keras does: some kinds heed it, some have looked at it once."""
    model, x = randomize(one_layer(layer, 4, 5, 2)), pictures(2, 4, 5, 2)
    setattr(layer, setting, False)
    assert hand_check(model, x).equal
    position = (1, 1, 1, 1)
    (y,) = layer_outputs(model, x).values()
    value = by_hand.explain(model, x, layer.name, position).value
    assert value == pytest.approx(y[position], abs=1e-5)
