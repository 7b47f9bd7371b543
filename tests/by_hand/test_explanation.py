"""`explain` gives Keras's number, and its arithmetic adds up."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from networks_to_try import (
    CONVOLUTIONS,
    LAYERS_TO_TRY,
    MERGING,
    OTHER_LAYERS_TO_TRY,
    STEPS_LAST,
    TOKENS,
    Doubled,
    branches,
    cases,
    channels_last_and_first,
    embedding,
    every_position,
    keras_activations,
    one_layer,
    pictures,
    randomize,
    spread,
)

from helpers import by_hand
from helpers.by_hand import explain, forward
from helpers.by_hand.explanation import Explanation, Traced
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn


def assert_adds_up(explanation):
    """Follow an explanation from its patch to its value."""
    e = explanation
    assert isinstance(e, Explanation)
    if e.kernel is not None:
        assert e.patch.shape == e.kernel.shape == e.products.shape
        np.testing.assert_array_equal(e.patch * e.kernel, e.products)
        assert e.sum == pytest.approx(e.products.sum(), rel=1e-12, abs=1e-12)
        before = e.sum if e.bias is None else e.sum + e.bias
        assert e.before_activation == pytest.approx(before, rel=1e-12, abs=1e-12)
    if e.activation in ("linear", "relu"):
        value = e.before_activation
        value = max(value, 0) if e.activation == "relu" else value
        assert e.value == pytest.approx(value, rel=1e-12, abs=1e-12)
    if e.steps:
        assert e.steps[-1][1] == pytest.approx(e.value, rel=1e-12, abs=1e-12)
    lengths = {len(column) for column in e.columns.values()}
    assert lengths == {e.patch.size}
    assert "-0.000" not in str(e) and str(e).count("\n") < 60


def assert_explains(model, inputs, positions=None):
    """Explain numbers of every layer, of the first image, and hold each to Keras's."""
    outputs = layer_outputs(model, inputs)
    several = isinstance(inputs, list)
    one = [x[:1] for x in inputs] if several else inputs[:1]
    walk = by_hand.Walk(by_hand.run_once(model, one))
    traced = Traced(walk.names, walk.inputs, walk.calls)
    assert list(traced.outputs) == list(outputs)
    for name, y in outputs.items():
        scale = np.abs(y).max()
        for position in (positions or every_position)(y[:1].shape):
            explanation = traced.explain(name, position)
            assert_adds_up(explanation)
            assert abs(explanation.value - y[position]) <= 1e-5 * scale, explanation


# ------------------------------------------------------------- the course networks
def test_every_position_of_the_dense_network():
    inputs = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, -2, 3]])
    outputs = layer_outputs(dense_network(), inputs)
    for name, y in outputs.items():
        for position in every_position(y.shape):
            explanation = explain(dense_network(), inputs, name, position)
            assert explanation.value == pytest.approx(y[position], abs=1e-5)
            assert_adds_up(explanation)


@pytest.mark.parametrize("network", [cifar10_cnn, trained_cifar10_cnn])
def test_positions_all_over_the_cnn(network):
    assert_explains(network(), pictures(2, 32, 32, 3), spread)


@pytest.mark.slow
def test_every_position_of_the_cnn():
    assert_explains(trained_cifar10_cnn(), pictures(2, 32, 32, 3))


# ------------------------------------------------------------------ every layer kind
def explained(layer, *inputs):
    symbols = [keras.Input(x.shape[1:]) for x in inputs]
    given, inputs = (symbols, [*inputs]) if len(inputs) > 1 else (symbols[0], inputs[0])
    assert_explains(randomize(keras.Model(given, layer(given))), inputs, spread)


@pytest.mark.parametrize("kind, options", cases(LAYERS_TO_TRY), ids=str)
def test_layer(kind, options):
    explained(getattr(layers, kind)(**options), pictures(1, 5, 6, 3))


@pytest.mark.parametrize("kind, case", cases(OTHER_LAYERS_TO_TRY), ids=str)
def test_layer_of_other_inputs(kind, case):
    shape, options = case
    explained(getattr(layers, kind)(**options), pictures(1, *shape))


def test_embedding():
    assert_explains(embedding(), TOKENS)
    explanation = explain(embedding(), TOKENS, "embedding", (1, 2, 0))
    assert explanation.steps == [("= embeddings[1, 0]", explanation.value)]
    assert explanation.receptive_field == (slice(2, 3),)


def test_a_number_for_each_image():
    x = keras.Input((4,))
    y = layers.Dropout(0.5, name="drop")(keras.ops.max(x, axis=-1))
    model, images = keras.Model(x, y), np.arange(8.0).reshape(2, 4)
    explanation = explain(model, images, "drop", (1,))
    assert explanation.value == 7 and explanation.receptive_field == (slice(0, 4),)
    text = [line.split() for line in str(explanation).splitlines()[1:4]]
    assert text == [["x"], ["7.000"], ["=", "value", "7.000"]]


def test_an_activation_layer_inside_another_layer():
    inside = layers.Dense(3, activation=layers.ReLU(max_value=0.5), name="dense")
    text = str(explain(randomize(one_layer(inside, 4)), np.eye(4), "dense", (1, 2)))
    assert "= ReLU(" in text


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "layer",
    [
        lambda p: layers.Conv2D(4, 3, padding=p, activation="relu"),
        lambda p: layers.Conv2D(4, (1, 4), strides=(2, 3), padding=p, use_bias=False),
        lambda p: layers.Conv2D(4, 2, dilation_rate=(2, 3), groups=2, padding=p),
        lambda p: layers.Conv2D(2, 3, padding=p, activation="softmax"),
        lambda p: layers.DepthwiseConv2D(3, padding=p, depth_multiplier=2),
        lambda p: layers.DepthwiseConv2D(2, strides=2, padding=p, activation="tanh"),
        lambda p: layers.SeparableConv2D(3, 3, depth_multiplier=2, padding=p),
        lambda p: layers.MaxPooling2D((2, 3), padding=p),
        lambda p: layers.MaxPooling2D(3, strides=1, padding=p),
        lambda p: layers.AveragePooling2D((3, 2), strides=2, padding=p),
    ],
)
def test_windows(layer, padding):
    explained(layer(padding), pictures(1, 7, 8, 4))


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv1D(4, 3, padding="same", activation="relu"),
        layers.Conv1D(4, 4, strides=3, use_bias=False),
        layers.Conv1D(4, 2, dilation_rate=3, groups=2, padding="causal"),
        layers.Conv1D(2, 3, strides=2, padding="causal", activation="softmax"),
        layers.MaxPooling1D(3, 2, "same"),
        layers.AveragePooling1D(2),
    ],
)
def test_windows_of_steps(layer):
    explained(layer, pictures(1, 9, 4))


@pytest.mark.parametrize("kind", MERGING)
def test_merging(kind):
    xs = [pictures(1, 3, 4, 2, seed=i) for i in range(2 if kind == "Subtract" else 3)]
    explained(getattr(layers, kind)(), *xs)


def test_merging_broadcasts():
    explained(layers.Multiply(), pictures(1, 3, 4, 2), pictures(1, 1, 1, 2))
    explained(layers.Add(), pictures(1, 3, 4, 2), pictures(1, 4, 2))


@pytest.mark.parametrize("name", keras_activations())
def test_activation(name):
    explained(layers.Activation(name), np.linspace(-4, 4, 12).reshape(1, 12))
    explained(layers.Dense(4, name), pictures(1, 5))


def test_a_layer_as_activation():
    explained(layers.Dense(4, layers.LeakyReLU(0.3)), pictures(1, 5))
    explained(layers.Dense(4, layers.Softmax()), pictures(1, 5))


@pytest.mark.parametrize(
    "layer",
    [
        layers.MaxPooling2D(2, data_format="channels_first"),
        layers.GlobalAveragePooling2D(data_format="channels_first"),
        layers.GlobalMaxPooling2D(keepdims=True, data_format="channels_first"),
        layers.Flatten(data_format="channels_first"),
        layers.UpSampling2D(2, "channels_first", "bilinear"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_channels_first(layer):
    explained(layer, pictures(1, 4, 5, 6))


@pytest.mark.parametrize("layer", STEPS_LAST, ids=lambda layer: type(layer).__name__)
def test_steps_with_channels_first(layer):
    explained(layer, pictures(1, 4, 8))


def explain_alone(model, x, position):
    """Explain a number of the layer ``conv`` without a run: Keras refuses it on a CPU."""
    layer, image = model.get_layer("conv"), x[position[0] :][:1].astype("float64")
    y = {"conv": by_hand.compute(layer, image)}
    calls = [by_hand.Computed("conv", layer, image, y, y)]
    return Traced(["x"], [image], calls).explain("conv", position)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_with_channels_first(kind):
    last, first, x = channels_last_and_first(kind)
    y = forward(last, x)["conv"]
    for image, *place, channel in spread(y.shape):
        expected = explain_alone(last, x, (image, *place, channel))
        channels_first = np.moveaxis(x, -1, 1)
        found = explain_alone(first, channels_first, (image, channel, *place))
        assert found.value == pytest.approx(expected.value, rel=1e-12)
        without_field = (
            -1 if y.ndim == 3 else None
        )  # of steps it names the channels too
        assert (
            str(found).split("\n")[1:without_field]
            == str(expected).split("\n")[1:without_field]
        )
        if y.ndim == 3:
            assert found.receptive_field == expected.receptive_field[::-1]
        else:
            assert found.receptive_field == (slice(None), *expected.receptive_field)


def test_nested_shared_and_branched():
    assert_explains(
        branches(), [pictures(2, 6, 6, 4, seed=i) for i in range(2)], spread
    )


# ------------------------------------------------------------------------- its looks
def test_text_of_a_convolution():
    kernel = np.array([[[1, 0.5]], [[-1, 2]]]).reshape(2, 1, 2, 1)
    layer = layers.Conv2D(1, (2, 1), activation="relu", name="conv")
    model = one_layer(layer, 3, 3, 2)
    layer.set_weights([kernel, np.array([-0.25])])
    image = np.arange(18.0).reshape(1, 3, 3, 2) / 10
    expected = """\
conv[0, 1, 2, 0] = 3.100 (Conv2D)
row  column  channel  patch  kernel  product
  1       2        0  1.000   1.000    1.000
  1       2        1  1.100   0.500    0.550
  2       2        0  1.600  -1.000   -1.600
  2       2        1  1.700   2.000    3.400
sum of 4 products                      3.350
+ bias                                -0.250
= relu(3.100)                          3.100
Receptive field: rows 1 to 2, column 2 of the picture."""
    assert str(explain(model, image, "conv", (0, 1, 2, 0))) == expected


def test_text_of_one_value_in_steps():
    layer = layers.BatchNormalization(name="norm", epsilon=0.01)
    model = one_layer(layer, 2)
    layer.set_weights([np.array(w) for w in ([1, 2], [0, 0.5], [1, 1], [1, 0.24])])
    expected = """\
norm[1, 1] = 8.500 (BatchNormalization)
input                        x
    1                    3.000
- mean                   1.000
/ sqrt(variance + 0.01)  0.500
* gamma                  2.000
+ beta                   0.500
= value                  8.500
Receptive field: input 1."""
    assert str(explain(model, [[0, 0], [0, 3]], "norm", (1, 1))) == expected


def test_text_of_a_branch_names_where_the_values_come_from():
    x = keras.Input((2,), name="x")
    y = layers.Rescaling(1 / 255, name="small")(x)
    model = keras.Model(x, layers.Add(name="sum")([x, y]))
    expected = """\
sum[0, 1] = 512.000 (Add)
from         x
x      510.000
small    2.000
sum of 2  512.000
Receptive field: input 1."""
    explanation = explain(model, [[0, 510]], "sum", (0, 1))
    assert str(explanation).split() == expected.split()
    steps = explain(model, [[0, 510]], "small", (0, 1)).steps
    assert steps == [("* scale 0.003922", pytest.approx(1 / 255)), ("= value", 2.0)]


def test_many_terms_are_folded_to_the_largest():
    layer = layers.Dense(1, name="dense", use_bias=False)
    model = one_layer(layer, 100)
    kernel = np.ones((100, 1))
    kernel[[7, 90]] = [[5], [-9]]
    layer.set_weights([kernel])
    text = str(explain(model, np.ones((1, 100)), "dense", (0, 0))).splitlines()
    first = [int(line.split()[0]) for line in text[2:14]]
    assert first == [90, 7, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10]  # equal ones in their order
    assert text[14].split() == ["88", "smaller", "ones", "88.000"]
    assert text[15].split() == ["sum", "of", "100", "products", "94.000"]


def test_folded_maximum_shows_the_largest():
    x = np.arange(64.0).reshape(1, 8, 8, 1) - 100
    model = one_layer(layers.GlobalMaxPooling2D(name="max"), 8, 8, 1)
    text = str(explain(model, x, "max", (0, 0))).splitlines()
    assert text[2].split() == ["7", "7", "0", "-37.000"]
    assert text[-3].split() == ["52", "smaller", "ones"]
    assert text[-2].split() == ["largest", "of", "64", "-37.000"]


def test_table_of_a_notebook_says_the_same_without_colours():
    model, x = cifar10_cnn(), pictures(1, 32, 32, 3)
    for name, y in layer_outputs(model, x).items():
        explanation = explain(model, x, name, (0,) * y.ndim)
        table, text = explanation._repr_html_(), str(explanation)
        cells = keras_free_text(table)
        assert "".join(cells.split()) == "".join(text.split())
        assert "color" not in table and "background" not in table
        assert table.count("<tr>") == table.count("</tr>") > 2


def keras_free_text(table):
    import html
    import re

    return html.unescape(re.sub(r"<[^>]+>", " ", table))


def test_names_in_the_table_are_escaped():
    model = one_layer(layers.Dense(1, name="a<b>"), 2)
    assert "a&lt;b&gt;[0, 0]" in explain(model, [[1, 2]], "a<b>", (0, 0))._repr_html_()


def test_widest_line_of_the_course_networks():
    model, x = cifar10_cnn(), pictures(1, 32, 32, 3)
    for name, y in layer_outputs(model, x).items():
        text = str(explain(model, x, name, (0,) * y.ndim))
        assert max(map(len, text.splitlines())) <= 88


# ------------------------------------------------------------------ what is asked for
def test_the_image_is_the_one_asked_for():
    model, x = cifar10_cnn(), pictures(3, 32, 32, 3)
    expected = layer_outputs(model, x)["dense_1"]
    for image in (0, 1, 2, -1):
        explanation = explain(model, x, "dense_1", (image, -1))
        assert explanation.value == pytest.approx(expected[image, 9], abs=1e-6)
        assert explanation.position == (image % 3, 9)


def test_a_layer_may_be_given_itself_and_positions_may_be_numpys():
    model = dense_network()
    position = np.unravel_index(5, (3, 2))
    by_layer = explain(model, np.eye(3), model.get_layer("output"), position)
    assert str(by_layer) == str(explain(model, np.eye(3), "output", (2, 1)))


def test_a_model_inside_is_explained_by_its_last_layer():
    explanation = explain(
        branches(), [pictures(1, 6, 6, 4)] * 2, "inner:1", (0, 1, 1, 1)
    )
    assert explanation.layer_class == "Sequential"
    assert "Computed by inner:1/norm (BatchNormalization)." in str(explanation)


@pytest.mark.parametrize(
    "arithmetic", [lambda x: -x, lambda x: 1 - x, lambda x: x / 3 + x, lambda x: x * x]
)
def test_a_model_inside_that_ends_in_arithmetic(arithmetic):
    a, b = keras.Input((3, 2)), keras.Input((3, 2))
    inner = keras.Model(b, arithmetic(b), name="inner")
    model = keras.Model(a, layers.Dense(2, name="dense")(inner(a)))
    assert_explains(model, pictures(1, 3, 2))


def behind_an_unknown_layer():
    x = keras.Input((3,))
    y = layers.Dense(2, "relu", name="after")(Doubled(4, name="own")(x))
    return randomize(keras.Model(x, y, name="model"))


def test_numbers_behind_an_unknown_layer_are_explained_from_keras_output():
    model, x = behind_an_unknown_layer(), pictures(2, 3)
    expected = layer_outputs(model, x)["after"]
    for position in every_position(expected.shape):
        explanation = explain(model, x, "after", position)
        assert explanation.value == pytest.approx(expected[position], abs=1e-6)
        assert explanation.receptive_field == (slice(0, 3),)


@pytest.mark.parametrize(
    "layer, position, error, words",
    [
        ("conv2", (0, 0, 0, 0), ValueError, "no layer 'conv2'.*'conv2d'"),
        ("own", (0, 0), ValueError, "no layer 'own'"),
        ("conv2d", (0, 30, 0, 0), IndexError, r"\(2, 30, 30, 32\).*\(1, 15, 15, 16\)"),
        ("conv2d", (2, 0, 0, 0), IndexError, r"\(2, 0, 0, 0\) is no position"),
        ("conv2d", (4, 7, 2), IndexError, "one integer for each axis"),
        ("dense", 3, IndexError, r"shape \(2, 64\), and 3 is no position"),
        ("dense", (0, 1.5), IndexError, r"such as \(1, 32\)"),
        ("dense", "ab", IndexError, "ab is no position"),
        ("dense", None, IndexError, "None is no position"),
    ],
)
def test_wrong_names_and_positions(layer, position, error, words):
    with pytest.raises(error, match=words):
        explain(cifar10_cnn(), pictures(2, 32, 32, 3), layer, position)


def test_an_unknown_layer_is_not_explained():
    with pytest.raises(ValueError, match=r"'own' \(Doubled\) is not known by hand"):
        explain(behind_an_unknown_layer(), pictures(1, 3), "own", (0, 0))


@pytest.mark.parametrize(("inputs", "shown"), [(36, 36), (37, 12)])
def test_36_products_are_shown_whole_and_of_more_the_12_largest(inputs, shown):
    model = randomize(one_layer(layers.Dense(1, name="dense"), inputs))
    text = str(explain(model, pictures(1, inputs), "dense", (0, 0)))
    assert len(re.findall(r"(?m)^ *\d+( +-?\d+\.\d+){3}$", text)) == shown
    assert ("25 smaller ones" in text) is (shown == 12)
