"""`explore_dense` sends the model's own numbers, and refuses what it cannot draw."""

import keras
import numpy as np
import pytest

from helpers.explorers import explore_dense
from helpers.explorers.dense import ACTIVATIONS, MOST_ROWS, MOST_WEIGHTS
from helpers.networks import cifar10_cnn, dense_network

layers = keras.layers
ROWS = np.eye(3, dtype="float32")


def sequential(*parts, features=3, name="model"):
    return keras.Sequential([keras.Input((features,)), *parts], name=name)


def sent(widget):
    """Read what the browser is given: the weights of all layers, and the rows."""
    weights = np.frombuffer(widget.weights, "<f4")
    return weights, np.frombuffer(widget.rows, "<f4").reshape(
        -1, widget.network["features"]
    )


def test_weights_and_rows_travel_bit_for_bit():
    model = dense_network()
    widget = explore_dense(model, ROWS)
    weights, rows = sent(widget)
    expected = np.concatenate([x.ravel() for x in model.get_weights()])
    assert weights.tobytes() == expected.tobytes()
    assert rows.tobytes() == ROWS.tobytes()


def test_layers_are_described_in_order():
    widget = explore_dense(dense_network(), ROWS)
    found = [
        (layer["name"], layer["units"], layer["activation"], layer["bias"])
        for layer in widget.network["layers"]
    ]
    assert found == [("hidden", 4, "relu", True), ("output", 2, "softmax", True)]


def test_output_in_a_notebook_is_one_stable_sentence():
    first, second = (explore_dense(dense_network(), ROWS) for _ in range(2))
    assert repr(first) == repr(second)
    bundle, _ = first._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert bundle["text/plain"] == repr(first) == first.sentence
    assert repr(first).startswith("explore_dense: 2 layers of dense_network for 3 rows")
    assert first._ipython_display_ is None


def test_one_layer_and_one_row_are_counted_in_the_singular():
    said = repr(explore_dense(sequential(layers.Dense(1)), ROWS[:1]))
    assert "1 layer of model for 1 row of inputs" in said


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_activation_goes_by_its_name_in_keras(name):
    for layer in layers.Dense(2, activation=name), layers.Activation(name):
        widget = explore_dense(sequential(layers.Dense(4), layer), ROWS)
        assert widget.network["layers"][-1]["activation"] == name


@pytest.mark.parametrize(
    "layer, name, settings",
    [
        (
            layers.ReLU(max_value=6, negative_slope=0.1, threshold=1),
            "relu",
            {"max_value": 6, "negative_slope": 0.1, "threshold": 1},
        ),
        (layers.ReLU(), "relu", {"negative_slope": 0, "threshold": 0}),
        (layers.LeakyReLU(0.25), "leaky_relu", {"negative_slope": 0.25}),
        (layers.ELU(alpha=0.5), "elu", {"alpha": 0.5}),
        (layers.Softmax(), "softmax", {}),
    ],
)
def test_activation_layers_keep_their_settings(layer, name, settings):
    as_layer = explore_dense(sequential(layers.Dense(2), layer), ROWS)
    inside = explore_dense(sequential(layers.Dense(2, activation=layer)), ROWS)
    for widget in as_layer, inside:
        found = widget.network["layers"][-1]
        assert (found["activation"], found["settings"]) == (name, settings)


def test_layers_of_training_are_left_out_and_named():
    model = sequential(
        layers.Dense(4),
        layers.Dropout(0.5, name="drop"),
        layers.GaussianNoise(0.1, name="noise"),
        layers.Dense(2, use_bias=False),
    )
    widget = explore_dense(model, ROWS)
    assert widget.network["skipped"] == ["drop", "noise"]
    assert [layer["units"] for layer in widget.network["layers"]] == [4, 2]
    assert [layer["bias"] for layer in widget.network["layers"]] == [True, False]


def test_functional_and_nested_models_are_chains_too():
    x = keras.Input((3,))
    inner = sequential(layers.Dense(5, name="a"), features=4, name="inner")
    y = layers.Dense(2, name="last")(inner(layers.Dense(4, name="first")(x)))
    widget = explore_dense(keras.Model(x, y), ROWS)
    names = [layer["name"] for layer in widget.network["layers"]]
    assert names == ["first", "inner/a", "last"]


def test_the_model_and_the_callers_rows_are_left_alone():
    model, rows = dense_network(), ROWS.copy()
    before = [x.copy() for x in model.get_weights()]
    explore_dense(model, rows)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert np.array_equal(rows, ROWS)


def test_only_the_first_rows_are_sent():
    rows = np.random.default_rng(0).random((MOST_ROWS + 1, 3))
    widget = explore_dense(dense_network(), rows)
    assert widget.network["rows"] == MOST_ROWS + 1
    assert np.array_equal(sent(widget)[1], rows[:MOST_ROWS].astype("float32"))


COLUMNS, CLASSES = ["bill", "mass", "depth"], ("Adelie", "Gentoo")


def normalized(*parts, axis=-1):
    layer = layers.Normalization(axis=axis, name="standardize")
    layer.adapt(np.random.default_rng(0).normal(5, 2, (40, 3)))
    return sequential(layer, *parts)


def test_names_stand_at_all_layers_whose_units_they_name():
    model = normalized(
        layers.ReLU(),
        layers.Dense(4, name="hidden"),
        layers.Dense(2, name="species"),
        layers.Dropout(0.5),
        layers.Softmax(),
    )
    network = explore_dense(model, ROWS, columns=COLUMNS, classes=CLASSES).network
    assert network["columns"] == COLUMNS
    names = [layer["names"] for layer in network["layers"]]
    assert names == [COLUMNS, COLUMNS, None, list(CLASSES), list(CLASSES)]
    bare = explore_dense(model, ROWS).network
    assert {str(layer["names"]) for layer in bare["layers"]} == {"None"}
    assert bare["columns"] is None


def test_names_may_be_an_array_and_numbers():
    network = explore_dense(dense_network(), ROWS, np.array([7, 8, 9])).network
    assert network["columns"] == ["7", "8", "9"]


@pytest.mark.parametrize(
    "names, error, words",
    [
        (
            {"columns": "abc"},
            TypeError,
            "columns is one text; write a list of 3 names.",
        ),
        ({"classes": "ab"}, TypeError, "classes is one text; write a list of 2 names."),
        (
            {"columns": ["a", "b"]},
            ValueError,
            "columns has 2 names, but the model takes 3 numbers for each row.",
        ),
        (
            {"classes": ["a"]},
            ValueError,
            "classes has 1 name, but the model puts out 2 numbers for each row.",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(names, error, words):
    with pytest.raises(error) as caught:
        explore_dense(dense_network(), ROWS, **names)
    assert str(caught.value) == words


@pytest.mark.parametrize("axis", [-1, None])
def test_mean_and_deviation_of_a_normalization_are_sent_for_each_unit(axis):
    model = normalized(layers.Dense(1, use_bias=False), axis=axis)
    widget = explore_dense(model, ROWS)
    assert widget.network["layers"][0]["standardizes"]
    mean, deviation, kernel = sent(widget)[0].reshape(3, 3)
    expected = model.predict(ROWS, verbose=0)
    np.testing.assert_allclose(
        (ROWS - mean) / deviation @ kernel[:, np.newaxis], expected, atol=1e-6
    )
    late = sequential(layers.Dense(2), layers.Normalization(mean=1, variance=4))
    assert sent(explore_dense(late, ROWS))[0][-4:].tolist() == [1, 1, 2, 2]


def test_a_column_without_spread_divides_by_what_keras_does():
    constant = layers.Normalization(mean=[1, 2, 3], variance=[0, 1, 4])
    weights = sent(explore_dense(sequential(constant, layers.Dense(1)), ROWS))[0]
    assert weights[3] == np.float32(1e-7)


def test_ranges_are_those_of_all_rows():
    rows = np.random.default_rng(0).random((MOST_ROWS + 50, 3)).astype("float32")
    rows[-1] = [9, -9, 0.5]
    ranges = np.array(explore_dense(dense_network(), rows).network["ranges"])
    assert np.array_equal(ranges, np.stack([rows.min(axis=0), rows.max(axis=0)], 1))


def test_an_inverted_normalization_is_refused():
    model = sequential(
        layers.Normalization(mean=0, variance=1, invert=True), layers.Dense(1)
    )
    with pytest.raises(ValueError, match="cannot draw it.* invert"):
        explore_dense(model, ROWS)


def two_inputs():
    x, y = keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, y], layers.Dense(1)(layers.Add()([x, y])))


def branches():
    x = keras.Input((3,))
    y = layers.Dense(3)(x)
    return keras.Model(x, layers.Dense(1)(layers.Add()([x, y])))


def two_roads():
    x = keras.Input((3,))
    layers.Dense(3, name="unused")(x)
    y, z = layers.Dense(3, name="y")(x), layers.Dense(3, name="z")(x)
    return keras.Model(x, [y, z])


class Own(keras.layers.Dense):
    def call(self, x):
        return 2 * super().call(x)


@pytest.mark.parametrize(
    "model, error, words",
    [
        (lambda: "model", TypeError, "must be a keras.Model"),
        (lambda: keras.Sequential([layers.Dense(2)]), ValueError, "not built"),
        (cifar10_cnn, ValueError, "there is explore_layers"),
        (two_inputs, ValueError, "2 inputs and 1 outputs"),
        (two_roads, ValueError, "1 inputs and 2 outputs"),
        (branches, ValueError, "'add"),
        (lambda: sequential(layers.BatchNormalization()), ValueError, "It knows Dense"),
        (lambda: sequential(Own(2, name="own")), ValueError, "'own' is a Own"),
        (
            lambda: sequential(layers.Dense(2, "mish")),
            ValueError,
            "mish. It knows linear",
        ),
        (
            lambda: sequential(layers.Dense(2, lambda x: x * 2)),
            ValueError,
            "of your own. It knows linear",
        ),
        (lambda: sequential(layers.Softmax(axis=0)), ValueError, "mixes the rows"),
        (
            lambda: sequential(layers.Dense(2, layers.Softmax(axis=0))),
            ValueError,
            "mixes the rows",
        ),
        (lambda: sequential(layers.PReLU()), ValueError, "PReLU. It knows linear"),
        (lambda: sequential(layers.Flatten()), ValueError, "'flatten"),
        (lambda: sequential(layers.ReLU()), ValueError, "no Dense layer"),
        (
            lambda: sequential(layers.Dense(MOST_WEIGHTS // 4 + 1)),
            ValueError,
            f"at most {MOST_WEIGHTS:,}",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(model, error, words):
    with pytest.raises(error) as caught:
        explore_dense(model(), ROWS)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "rows, error, words",
    [
        (ROWS[0], ValueError, "Write inputs[np.newaxis]"),
        (np.zeros((2, 4)), ValueError, "(None, 3)"),
        (np.zeros((0, 3)), ValueError, "empty"),
        ([["a", "b", "c"]], TypeError, "text"),
        ([[1, np.nan, 0]], ValueError, "NaN or infinity"),
        ([[1, 1e39, 0]], ValueError, "NaN or infinity"),
    ],
)
def test_wrong_rows_are_refused_in_words(rows, error, words):
    with pytest.raises(error) as caught:
        explore_dense(dense_network(), rows)
    assert words in str(caught.value)


def test_an_unknown_name_of_the_module_is_an_attribute_error():
    from helpers import explorers

    with pytest.raises(AttributeError, match="no attribute 'explore_nothing'"):
        _ = explorers.explore_nothing


def test_a_subclassed_chain_is_drawn_and_arithmetic_in_between_is_refused():
    class Own(keras.Model):
        def __init__(self, between=lambda x: x):
            super().__init__(name="own")
            self.first, self.last = layers.Dense(3, "relu"), layers.Dense(2)
            self.between = between

        def call(self, x):
            return self.last(self.between(self.first(x)))

    model, rows = Own(), np.eye(4)
    model(rows)
    about = explore_dense(model, rows).network
    assert [layer["units"] for layer in about["layers"]] == [3, 2]
    with pytest.raises(ValueError, match=r"takes rows of numbers, \(rows, features\)"):
        explore_dense(model, np.ones((2, 3, 4)))
    model = Own(lambda x: 2 * x)
    model(rows)
    with pytest.raises(ValueError, match="chain of layers. .* leave no trace"):
        explore_dense(model, rows)
