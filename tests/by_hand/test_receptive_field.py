"""What a number is said to depend on is what it depends on."""

import keras
import numpy as np
import pytest
from keras import layers
from networks_to_try import chain, pictures, randomize, spread

from helpers.by_hand import explain, forward
from helpers.networks import cifar10_cnn


@pytest.mark.parametrize(
    "layer, position, rows, columns",
    [
        ("conv2d", (0, 4, 7, 2), (4, 7), (7, 10)),
        ("max_pooling2d", (0, 1, 0, 0), (2, 6), (0, 4)),
        ("conv2d_2", (0, 0, 3, 0), (0, 18), (12, 30)),
        ("flatten", (0, 3 * 64), (0, 18), (12, 30)),
        ("dense_1", (0, 9), (0, 30), (0, 30)),  # pools cut the last two off
    ],
)
def test_receptive_field_in_the_cnn(layer, position, rows, columns):
    x = pictures(1, 32, 32, 3)
    explanation = explain(cifar10_cnn(), x, layer, position)
    assert explanation.receptive_field == (slice(*rows), slice(*columns))
    words = f"rows {rows[0]} to {rows[1] - 1}, columns {columns[0]} to {columns[1] - 1}"
    assert f"Receptive field: {words} of the picture." in str(explanation)


@pytest.mark.parametrize(
    "model",
    [
        chain(layers.Conv2D(2, 3, padding="same"), layers.AveragePooling2D(2)),
        chain(layers.Conv2D(2, 3, strides=2, padding="same"), layers.Conv2D(2, 2)),
        chain(layers.Conv2D(2, 3, dilation_rate=2), layers.DepthwiseConv2D(2)),
        chain(layers.ZeroPadding2D(2), layers.Conv2D(2, 4), layers.Cropping2D(1)),
        chain(layers.UpSampling2D(2), layers.Conv2D(2, 2), layers.Permute((2, 1, 3))),
        chain(layers.Conv2D(1, 2), layers.UpSampling2D(3, interpolation="bilinear")),
        chain(
            layers.SeparableConv2D(2, (3, 2)),
            layers.Flatten(),
            layers.Reshape((10, 20)),
        ),
        chain(layers.AveragePooling2D(3, 1, "same"), layers.GlobalAveragePooling2D()),
    ],
)
def test_receptive_field_is_exact(model):
    """Ones at single pixels change the number if, and only if, they lie in the field."""
    nothing = np.zeros((1, 12, 11, 2))
    singles = np.zeros((12, 11, 12, 11, 2))
    for row, column in np.ndindex(12, 11):
        singles[row, column, row, column] = 1
    singles = singles.reshape(-1, 12, 11, 2)
    without, changed = forward(model, nothing), forward(model, singles)
    name = model.layers[-1].name
    for position in spread(without[name].shape, 20):
        change = changed[name][(slice(None), *position[1:])] - without[name][position]
        expected = np.abs(change.reshape(12, 11)) > 1e-12
        field = explain(model, nothing, name, position).receptive_field
        found = np.zeros((12, 11), bool)
        found[field] = True
        # between two enlarged or dilated pixels there may be some that are not seen
        rows, columns = np.flatnonzero(expected.any(1)), np.flatnonzero(expected.any(0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        assert field == box


def chain_of_steps(*steps):
    return randomize(keras.Sequential([keras.Input((14, 2)), *steps]))


@pytest.mark.parametrize(
    "model",
    [
        chain_of_steps(layers.Conv1D(2, 3, padding="same"), layers.AveragePooling1D(2)),
        chain_of_steps(layers.Conv1D(2, 3, padding="causal"), layers.Conv1D(2, 2)),
        chain_of_steps(layers.Conv1D(2, 2, dilation_rate=3, padding="causal")),
        chain_of_steps(layers.ZeroPadding1D(2), layers.Conv1D(2, 2, 2)),
        chain_of_steps(layers.UpSampling1D(3), layers.Cropping1D((4, 1))),
        chain_of_steps(layers.Conv1D(2, 5), layers.GlobalAveragePooling1D()),
        chain_of_steps(layers.Conv1D(2, 3), layers.Flatten(), layers.RepeatVector(3)),
    ],
)
def test_receptive_field_of_steps_is_exact(model):
    nothing, singles = np.zeros((1, 14, 2)), np.eye(28).reshape(28, 14, 2)
    without, changed = forward(model, nothing), forward(model, singles)
    name = model.layers[-1].name
    for position in spread(without[name].shape, 20):
        change = changed[name][(slice(None), *position[1:])] - without[name][position]
        steps = np.flatnonzero(np.abs(change.reshape(14, 2)).max(axis=1) > 1e-12)
        field = explain(model, nothing, name, position).receptive_field
        if len(steps):
            assert field[0] == slice(steps[0], steps[-1] + 1)
        else:  # all of it is padding
            assert field is None


@pytest.mark.parametrize("padding", ["same", "causal"])
def test_a_dilated_window_that_hangs_over_sees_what_is_inside(padding):
    model = chain_of_steps(layers.Conv1D(1, 2, dilation_rate=5, padding=padding))
    name, shape = model.layers[-1].name, model.output_shape
    for step in range(shape[1]):
        field = explain(model, pictures(1, 14, 2), name, (0, step, 0)).receptive_field
        before = 2 if padding == "same" else 5
        seen = [i for i in (step - before, step - before + 5) if 0 <= i < 14]
        assert field[0] == slice(seen[0], seen[-1] + 1)


def test_receptive_field_of_branches_is_what_both_see():
    x = keras.Input((9, 9, 1))
    left = layers.Conv2D(1, (5, 1), padding="same")(x)
    right = layers.Conv2D(1, (1, 3), padding="same")(x)
    model = keras.Model(x, layers.Concatenate(name="both")([left, right]))
    added = keras.Model(x, layers.Add(name="sum")([left, right]))
    image = pictures(1, 9, 9, 1)
    first = explain(model, image, "both", (0, 4, 4, 0)).receptive_field
    second = explain(model, image, "both", (0, 4, 4, 1)).receptive_field
    both = explain(added, image, "sum", (0, 4, 4, 0)).receptive_field
    assert first == (slice(2, 7), slice(4, 5))
    assert second == (slice(4, 5), slice(3, 6))
    assert both == (slice(2, 7), slice(3, 6))


@pytest.mark.parametrize(
    "layer, rows, columns",
    [
        (layers.LayerNormalization(axis=1), (0, 12), (4, 5)),
        (layers.Softmax(axis=2), (3, 4), (0, 11)),
        (layers.LayerNormalization(axis=[1, 2]), (0, 12), (0, 11)),
        (layers.BatchNormalization(axis=1), (3, 4), (4, 5)),
        (layers.GroupNormalization(2), (0, 12), (0, 11)),
        (layers.GroupNormalization(3, axis=1), (0, 4), (0, 11)),
        (layers.Activation("softmax"), (3, 4), (4, 5)),
    ],
)
def test_receptive_field_of_what_goes_over_an_axis(layer, rows, columns):
    model = chain(layer)
    explanation = explain(model, pictures(1, 12, 11, 2), layer.name, (0, 3, 4, 1))
    assert explanation.receptive_field == (slice(*rows), slice(*columns))


@pytest.mark.parametrize("kind", ["softmax", "glu", "log_softmax"])
def test_an_activation_over_the_channels_sees_all_branches(kind):
    x = keras.Input((9, 9, 1))
    wide = layers.Conv2D(1, (5, 1), padding="same")(x)
    both = layers.Concatenate()([layers.Conv2D(1, (1, 3), padding="same")(x), wide])
    model = keras.Model(x, layers.Activation(kind, name="over")(both))
    explanation = explain(model, pictures(1, 9, 9, 1), "over", (0, 4, 4, 0))
    assert explanation.receptive_field == (slice(2, 7), slice(3, 6))


def test_a_layer_that_changes_nothing_is_no_dead_end():
    x = keras.Input((9, 9, 1), name="x")
    y = layers.Dropout(0.5, name="drop")(layers.Conv2D(1, 3, name="conv")(x))
    z = layers.Conv2D(1, 3, name="again")(layers.Activation("linear", name="same")(y))
    model = keras.Model(x, [z, layers.Add(name="sum")([y, y])])
    explanation = explain(model, pictures(1, 9, 9, 1), "again", (0, 2, 3, 0))
    assert explanation.receptive_field == (slice(2, 7), slice(3, 8))
    explanation = explain(model, pictures(1, 9, 9, 1), "sum", (0, 0, 0, 0))
    assert explanation.columns["from"].tolist() == ["drop", "drop"]


def test_receptive_field_of_several_inputs():
    a, b = keras.Input((4, 4, 1), name="a"), keras.Input((3,), name="b")
    y = layers.Dense(2, name="dense")(b)
    z = layers.Concatenate(name="all")([layers.Flatten(name="flat")(a), y])
    model, inputs = keras.Model([a, b], z), [pictures(1, 4, 4, 1), pictures(1, 3)]
    of_a = explain(model, inputs, "all", (0, 5))
    assert of_a.receptive_field == {"a": (slice(1, 2), slice(1, 2)), "b": None}
    of_b = explain(model, inputs, "all", (0, 17))
    assert of_b.receptive_field == {"a": None, "b": (slice(0, 3),)}
    assert "Receptive field: inputs 0 to 2 of b." in str(of_b)
    assert "Receptive field: nothing of a." in str(of_b)


def test_padding_is_said_to_be_padding():
    model = chain(layers.Conv2D(1, 3, padding="same", name="conv"))
    explanation = explain(model, pictures(1, 12, 11, 2), "conv", (0, 0, 10, 0))
    assert explanation.receptive_field == (slice(0, 2), slice(9, 11))
    assert explanation.patch[0].any() == explanation.patch[:, 2].any() == False  # noqa: E712
    assert "What is outside rows 0 to 11, columns 0 to 10 is padding" in str(
        explanation
    )
    model = chain(layers.ZeroPadding2D(1, name="edge"))
    explanation = explain(model, pictures(1, 12, 11, 2), "edge", (0, 0, 3, 0))
    assert (explanation.value, explanation.receptive_field) == (0, None)
    assert "padding" in str(explanation) and "nothing of the input" in str(explanation)
