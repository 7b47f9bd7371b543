"""A whole network by functions of ``my_layers.py``, whatever stands in that file."""

from pathlib import Path

import numpy as np
import pytest

from helpers.by_hand import forward
from helpers.exercises import OwnLayers
from helpers.exercises.keep import FILE, LAYERS
from helpers.extraction import layer_outputs
from helpers.networks import dense_network

X = np.eye(3)
NETWORK = dense_network()
OUTPUTS = layer_outputs(NETWORK, X)
DENSE = "def dense(x, kernel, bias):\n    return x @ kernel + bias\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def compared(source=None):
    """Run the network by hand with what a file holds; return what is shown, and the end."""
    if source is not None:
        Path(FILE).write_text(source)
    own, x = OwnLayers(OUTPUTS), X

    def by_hand(layer, x):
        sums = own.dense(x, *layer.get_weights())
        return own.softmax(sums) if layer.name == "output" else np.maximum(0, sums)

    for layer in NETWORK.layers:
        x = own.compare(layer.name, by_hand, layer, x)
    assert np.allclose(x, OUTPUTS["output"], atol=1e-6)  # the last layer goes on, too
    return " ".join(repr(own).split())


def test_the_course_stands_in_where_there_is_no_file():
    own = OwnLayers({})
    assert repr(own).count("the course's") == len(LAYERS)
    assert repr(own).endswith("There is no my_layers.py in this folder.")
    assert np.allclose(own.feature_map(np.eye(4), np.ones((3, 3))), [[3, 2], [2, 3]])
    shown = compared()
    assert "output dense (the course's), softmax (the course's) < 1e-05 equal" in shown
    assert shown.endswith("2 of 2 layers are equal.")


def test_functions_of_the_file_are_used_and_named():
    shown = compared(DENSE)
    assert "hidden dense (yours) < 1e-05 equal" in shown
    assert "output dense (yours), softmax (the course's) < 1e-05 equal" in shown
    assert shown.endswith("2 of 2 layers are equal, 2 of them by functions of yours.")


def test_a_list_of_lists_and_what_is_printed_do_no_harm(capsys):
    source = "def dense(x, k, b):\n    print(x)\n    return (x @ k + b).tolist()\n"
    assert "2 of 2 layers are equal" in compared(source)
    assert capsys.readouterr().out == ""


def test_the_file_is_read_anew():
    assert "2 of them" in compared(DENSE)
    assert "hidden dense (yours) 1.0e+00 differs" in compared(
        DENSE.replace("+ bias", "- 9")
    )
    assert "2 of them" in compared(DENSE)


@pytest.mark.parametrize(
    ("change", "difference", "said"),
    [
        ("+ bias - 9", "1.0e+00", "check says of dense: Not yet. It was called with"),
        ("@ 0", "", "hidden stops with ValueError (matmul: Input operand 1 does not"),
        (
            "+ bais",
            "",
            "check says of dense: Not yet. It was called with x of shape (2, 3), kernel of "
            "shape (3, 4) and bias of shape (4,). It stops with NameError (name 'bais' is "
            "not defined) in line 2, `return x @ kernel + bais`.",
        ),
        ("+ bias[:, None]", "", "hidden stops with ValueError (operands could not be"),
        (
            "[:, :2]",
            "",
            "hidden stops with ValueError (shape (3, 2) in place of (3, 4)).",
        ),
        ("and None", "", "hidden stops with ValueError (The "),
        ("* float('nan')", "nan", "check says of dense: Not yet. "),
    ],
)
def test_a_wrong_function_is_told_with_its_layer(change, difference, said):
    shown = compared(DENSE.replace("+ bias", change))
    found = f"{difference} differs" if difference else "stops"
    assert f"hidden dense (yours) {found}" in shown
    assert said in shown
    assert shown.count("check says of dense: Not yet.") == 1


def test_the_next_layer_is_not_blamed():
    source = "def dense(x, k, b):\n    return x @ k + b - 9 * (x.shape[1] == 3)\n"
    shown = compared(source)
    assert "hidden dense (yours) 1.0e+00 differs" in shown
    assert "output dense (yours), softmax (the course's) < 1e-05 equal" in shown
    assert shown.endswith("1 of 2 layers are equal, 1 of them by functions of yours.")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def dense(x:\n", "my_layers.py cannot be run: SyntaxError ("),
        ("x = 1\ny = z\n", "NameError (name 'z' is not defined) in line 2."),
        ("raise SystemExit(3)", "SystemExit (3) in line 1."),
        ("import no_such_thing\n", "ModuleNotFoundError ("),
        ("def f():\n    f()\nf()", "RecursionError ("),
        ("\0", "my_layers.py cannot be run: "),
    ],
)
def test_a_file_that_cannot_be_run_is_told_and_the_course_stands_in(source, said):
    Path(FILE).write_text(f"{source}\n{DENSE}")
    shown = " ".join(repr(OwnLayers(OUTPUTS)).split())
    assert said in shown and shown.count("the course's") == len(LAYERS)
    assert "2 of 2 layers are equal." in compared()


def test_what_is_no_function_is_the_courses():
    Path(FILE).write_text("dense = 3\n")
    assert repr(OwnLayers({})).count("the course's") == len(LAYERS)


def test_a_learner_who_stops_the_cell_stops_it():
    def stop(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        OwnLayers(OUTPUTS).compare("hidden", stop, X)


def test_a_layer_compared_again_has_one_line():
    own = OwnLayers(OUTPUTS)
    assert (own.compare("hidden", lambda: 0) == OUTPUTS["hidden"]).all()
    own.compare("hidden", lambda: forward(NETWORK, X)["hidden"])
    assert repr(own).count("hidden") == 1 and "1 of 1 layers are equal." in repr(own)


def test_a_layer_may_have_the_name_of_a_function():
    Path(FILE).write_text(DENSE.replace("bias\n", "nothing\n"))
    own = OwnLayers({"dense": np.zeros((1, 2))})
    own.compare("dense", own.dense, np.ones((1, 3)), np.ones((3, 2)), np.ones(2))
    assert "dense stops with NameError" in repr(own)
    assert "check says of dense: Not yet." in repr(own)
