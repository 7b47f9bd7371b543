"""The functions of Every layer at once, right and wrong as learners write them."""

import time

import keras
import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers.exercises.checking import OPEN, verdict

DEAD = FUNCTIONS["every_layer_at_once.dead_channels"]
WAYS = {
    "loops": """
        def f(values):
            dead = []
            for channel in range(values.shape[-1]):
                is_dead = True
                for value in values[..., channel].flatten():
                    if value != 0:
                        is_dead = False
                if is_dead:
                    dead.append(channel)
            return dead
        """,
    "numpy": """
        def f(values):
            columns = values.reshape(-1, values.shape[-1])
            return np.flatnonzero((columns == 0).all(axis=0))
        """,
    "axes": """
        def f(values):
            axes = tuple(range(values.ndim - 1))
            return np.where(~values.any(axis=axes))[0]
        """,
    "largest": """
        def f(values):
            while values.ndim > 1:
                values = abs(values).max(axis=0)
            return np.argwhere(values == 0)[:, 0]
        """,
    "one line": "f = lambda v: [i for i in range(v.shape[-1]) if (v[..., i] == 0).all()]",
}
WRONG = {
    "np.flatnonzero((values == 0).all(axis=(0, 1, 2)))": "It is right for maps, but not",
    "np.flatnonzero((values == 0).all(axis=0))": "It is right for units, but maps have",
    "np.flatnonzero((values == 0).all())": "It is right for values of shape (2, 3, 4, 6)",
    "(values == 0).all(axis=tuple(range(values.ndim - 1)))": "These are true or false",
    "~values.any(axis=tuple(range(values.ndim - 1)))": "These are true or false",
    "values.any(axis=tuple(range(values.ndim - 1))).nonzero()[0]": "Those are the channels",
    "[c for c in range(values.shape[-1] - 1) if not values[..., c].any()]": "The last ch",
    "[c for c in range(values.shape[-1]) if values[..., c].max() == 0]": "The largest num",
    "[c for c in range(values.shape[-1]) if values[..., c].sum() == 0]": "The numbers of",
    "[c for c in range(values.shape[-1]) if values[..., c].mean() == 0]": "The numbers of",
    "[c for c in range(values.shape[-1]) if 0 in values[..., c]]": "Those are 0 somewhere",
    "[c for c in range(values.shape[-1]) if not values[0, ..., c].any()]": "Those are 0",
    "[c for c in range(values.shape[3]) if not values[:, :, :, c].any()]": "It is right",
    "[c for c in range(values.shape[1]) if not values[:, c].any()]": "Those are rows",
    "[i for i, one in enumerate(values) if not one.any()]": "Those are pictures",
    "np.flatnonzero(abs(values).max(axis=tuple(range(values.ndim - 1))) < 0.1)": "Those "
    "are nearly 0 everywhere",
    "[]": "No channel is found",
}


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(DEAD, written(WAYS[way])) == f"Right. {DEAD.why}"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_function_hears_what_is_wrong(line):
    told = verdict(DEAD, written(f"f = lambda values: {line}"))
    assert told.startswith(f"Not yet. {WRONG[line]}"), told


def test_stub_is_open():
    assert verdict(DEAD, written("def f(values):\n    return ...")) == OPEN


def test_dead_channels_are_none_some_and_all():
    counts = {len(right) for right in DEAD.results(DEAD.right)}
    assert counts >= {0, 1, 2, 5}
    assert {values.ndim for (values,) in DEAD.cases()} == {2, 4}
    assert any((values >= 0).all() and values.any() for (values,) in DEAD.cases())
    assert np.ptp([values.min() for (values,) in DEAD.cases()]) > 0


# --- output_of

OUTPUT = FUNCTIONS["every_layer_at_once.output_of"]
OUTPUT_WAYS = {
    "sub-model": """
        def f(network, name, pictures):
            sub_model = keras.Model(network.inputs[0], network.get_layer(name).output)
            return sub_model.predict(pictures, verbose=0)
        """,
    "with a bar": """
        def f(network, name, pictures):
            sub_model = keras.Model(network.inputs, network.get_layer(name).output)
            return sub_model.predict(pictures)
        """,
    "called": """
        def f(model, layer, x):
            sub_model = keras.models.Model(model.inputs[0], model.get_layer(layer).output)
            return sub_model(x).numpy()
        """,
    "all layers": """
        def f(network, name, pictures):
            wanted = {layer.name: layer.output for layer in network.layers}
            return keras.Model(network.inputs[0], wanted)(pictures)[name]
        """,
    "first layers": """
        def f(network, name, pictures):
            first = []
            for layer in network.layers:
                first.append(layer)
                if layer.name == name:
                    break
            return keras.Sequential(first).predict(pictures, verbose=0)
        """,
    "loop": """
        def f(network, name, pictures):
            x = pictures
            for layer in network.layers:
                if not isinstance(layer, keras.layers.InputLayer):
                    x = layer(x)
                if layer.name == name:
                    return x
        """,
    "Function": """
        def f(network, name, pictures):
            layer = network.get_layer(name)
            return keras.Function(network.inputs[0], layer.output)(pictures)
        """,
    "one line": """
        f = lambda n, name, x: keras.Model(n.inputs[0], n.get_layer(name).output)(x)
        """,
}
MODEL = "keras.Model(network.inputs[0], network.get_layer(name).output)"
OUTPUT_WRONG = {  # what is returned, and what is said
    "network.predict(pictures, verbose=0)": "That is the output of the whole network",
    "network(pictures)": "That is the output of the whole network",
    f"{MODEL}(pictures[:1])": "That is the output for the first picture only",
    f"{MODEL}(pictures)[0]": "That is the output for the first picture, without",
    f"{MODEL}(pictures / 255)": "The pictures were divided by 255",
    f"{MODEL}(pictures).shape": "That is the shape; return the numbers",
    MODEL.replace("output", "input") + "(pictures)": "That is the input of the layer",
    "network.get_layer(name)(pictures)": "The layer was called on the pictures",
    "network.get_layer(name).kernel": "Those are the layer's weights, its kernel",
    "network.get_layer(name).get_weights()[0]": "Those are the layer's weights",
    "keras.Model(network.inputs[0], network.layers[1].output)(pictures)": "That is the "
    "output of network.layers[1]",
    "keras.Model(network.inputs[0], network.layers[-2].output)(pictures)": "That is the "
    "output of the last layer but one",
    "keras.Model(network.inputs[0], network.get_layer('second').output)(pictures)": "It "
    "is right for network of 4 layers (Conv2D, Conv2D, Flatten, Dense), name = ",
    "keras.Model(network.inputs[0], network.get_layer(name))(pictures)": "It was called "
    "with network of 4 layers",
    f"{MODEL}(pictures, training=True)": "It changes network, which was given to it: is it "
    "trained, called with training=True, or cut?",
    f"{MODEL}.fit(pictures)": "It was called with network of 4 layers (Conv2D, Conv2D, "
    'Flatten, Dense), name = "second" and pictures of shape (2, 6, 6, 3). It stops with',
}
CHANGES = [
    "    if isinstance(network, keras.Sequential): network.pop()",
    "    network.layers[-1].activation = None",
    "    network.trainable = False",
    "    network.set_weights([0 * one for one in network.get_weights()])",
    "    network.compile('sgd', 'mse', run_eagerly=True)\n"
    "    network.fit(pictures, 1 + network.predict(pictures, verbose=0), verbose=0)",
]


def told_on(source, **names):
    return verdict(OUTPUT, written(source, keras=keras, **names))


def lambda_of(line):
    return f"f = lambda network, name, pictures: {line}"


@pytest.mark.parametrize("way", OUTPUT_WAYS)
def test_right_output_passes_in_every_style(way):
    assert told_on(OUTPUT_WAYS[way]) == f"Right. {OUTPUT.why}"


@pytest.mark.parametrize("line", OUTPUT_WRONG)
def test_wrong_output_hears_what_is_wrong(line):
    told = told_on(lambda_of(line))
    assert told.startswith(f"Not yet. {OUTPUT_WRONG[line]}"), told


def test_a_plan_and_a_model_hold_no_numbers():
    told = told_on(lambda_of("network.get_layer(name).output"))
    assert told.endswith("This holds no numbers yet: call the model on data."), told
    told = told_on(lambda_of(MODEL))
    assert told.endswith("This is a model; call it on data."), told


def test_a_loop_that_calls_an_input_layer_is_right_for_the_others():
    told = told_on(
        """
        def f(network, name, pictures):
            for layer in network.layers:
                pictures = layer(pictures)
                if layer.name == name:
                    return pictures
        """
    )
    assert told.startswith(
        "Not yet. It is right for network of 4 layers (Conv2D, Conv2D, Flatten, Dense), "
        'name = "second" and pictures of shape (2, 6, 6, 3), but not for network of 7 '
        "layers (InputLayer, "
    )
    assert "in line 3, `pictures = layer(pictures)`." in told


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("end", ["return network(pictures)", "raise ValueError"])
def test_a_network_that_was_changed_is_told_and_is_whole_again(change, end):
    before = weights()
    told = told_on(f"def f(network, name, pictures):\n{change}\n    {end}")
    said = (
        "It changes network, which" if "return" in end else "It stops with ValueError"
    )
    assert said in told, told
    assert len(weights()) == len(before) and all(map(np.array_equal, weights(), before))
    assert told_on(OUTPUT_WAYS["loop"]) == f"Right. {OUTPUT.why}"


def weights():
    """Return the weights of all networks that functions are tried on."""
    return [weight for case in OUTPUT.cases() for weight in case[0].get_weights()]


def test_what_the_course_has_for_it_is_no_answer():
    source = "from helpers.extraction import layer_outputs\n"
    told = told_on(source + lambda_of("layer_outputs(network, pictures, name)[name]"))
    assert told == (
        "Not yet. It calls the course's own layer_outputs: this is the part to write "
        "yourself, with Keras."
    )


def test_the_network_of_the_notebook_is_no_argument():
    network = OUTPUT.cases()[0][0]
    source = OUTPUT_WAYS["sub-model"].replace("f(network,", "f(model,")
    told = told_on(source, network=network)
    assert told.endswith(
        "It reads network, a model of the notebook; is an argument meant?"
    )


def test_bars_of_progress_are_not_shown_as_printed():
    told = told_on("def f(network, name, pictures): return network.predict(pictures)")
    assert (
        told.startswith("Not yet. That is the output of the whole")
        and "prints" not in told
    )
    source = (
        "def f(network, name, pictures): print(name); return network.predict(pictures)"
    )
    assert told_on(source).endswith('What it prints is not shown; it begins "second".')


def test_output_stub_is_open_and_predict_takes_little_time():
    source = "def f(network, name, pictures):\n    return ..."
    assert told_on(source) == OPEN
    began = time.monotonic()
    told_on(OUTPUT_WAYS["with a bar"])
    assert time.monotonic() - began < 10


def test_networks_are_of_both_kinds_and_act_otherwise_in_training():
    networks = [case[0] for case in OUTPUT.cases()]
    assert {type(one).__name__ for one in networks} == {"Sequential", "Functional"}
    layers = {type(layer).__name__ for one in networks for layer in one.layers}
    assert layers >= {"InputLayer", "Conv2D", "Dense", "Dropout", "BatchNormalization"}
    places = {[la.name for la in n.layers].index(name) for n, name, _ in OUTPUT.cases()}
    assert len(places) >= 3
    assert len({len(pictures) for _, _, pictures in OUTPUT.cases()}) >= 3
