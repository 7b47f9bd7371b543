"""`explain_error` names the entry of each message of the page, and of no other."""

import ast
import importlib
import json
import re
import subprocess
import sys
import traceback

import keras
import numpy as np
import page_runs
import pytest
import tensorflow as tf

from helpers.engine.error_page import address, entries, find, message_of, pattern
from helpers.engine.files import COURSE
from helpers.errors import essence, explain_error

# The page's lines with other names, classes, sizes and shapes
OTHER = {
    '"hidden"': '"encoder_7"',
    '"probabilities"': '"two_classes"',
    '"conv"': '"stem"',
    '"classes"': '"scores"',
    '"base"': '"backbone"',
    "Own": "Transformer",
    "Double": "Twice",
    "Look": "Peek",
    "Cut": "Squash",
    "Signed": "Turned",
    "(32, 32, 3)": "(40, 40, 3)",
    "(2, 32, 32, 3)": "(2, 40, 40, 3)",
    "Dense(4": "Dense(6",
    "Input((3,)": "Input((5,)",
    "keras.Input((4,)), keras": "keras.Input((6,)), keras",
    "[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]": "[[1.0, 0, 0, 2, 3], [0, 1.0, 0, 0, 5]]",
    "(28, 28, 1)": "(20, 20, 1)",
    "Embedding(10": "Embedding(9",
}


def other(source):
    """Return lines of the page for a model with other names and shapes."""
    for old, new in OTHER.items():
        source = source.replace(old, new)
    return source


def coloured(error):
    """Return the traceback that a notebook shows, with its colours."""
    from IPython.core.ultratb import FormattedTB

    try:
        formatter = FormattedTB(mode="Context", theme_name="linux")
    except Exception:  # IPython 7 and 8, where that argument has another name
        formatter = FormattedTB(mode="Context", color_scheme="Linux")
    return formatter.text(type(error), error, error.__traceback__)


def forms(error):
    """Yield what a person may give of an error: itself, its last line, all of it."""
    kind, message = type(error).__name__, str(error)
    yield error
    yield f"{kind}: {message}"
    if isinstance(error, Warning):
        yield f"/home/ada/lesson.py:12: {kind}: {message}\n  warnings.warn(message)"
    else:
        yield coloured(error)
        yield "".join(traceback.format_exception(error))
    if not isinstance(error, KeyError):
        yield " ".join(essence(message).split())


CASES = page_runs.cases()


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page_runs.write_files(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=page_runs.name)
def test_names_the_heading_whatever_the_model_is(case):
    one, _, lines = case
    claimed = page_runs.claimed(one)
    here = [*claimed, *one.said("Keras 3.13 and before")]
    for error in page_runs.outcome(lines, other) if claimed else []:
        for form in forms(error):
            message = message_of(form)
            found = find(message)
            assert found and found.message in (one.message, *here), message


# The messages that a review of the course found in public threads: at least one of each
ASKED = """
The layer sequential_3 has never been called and thus has no defined input.
The layer sequential has never been called and thus has no defined output.. Did you mean
A KerasTensor cannot be used as input to a TensorFlow function. A KerasTensor is a
A KerasTensor is symbolic: it's a placeholder for a shape an a dtype. It doesn't have any \
actual numerical value. You cannot convert it to a NumPy array.
'Conv2D' object has no attribute 'output_shape'
'Conv2D' object has no attribute 'input_shape'
'InputLayer' object has no attribute 'inbound_nodes'
'BatchNormalization' object has no attribute 'get_output_at'
module 'keras.backend' has no attribute 'function'
module 'keras.api.backend' has no attribute 'function'
module 'keras.backend' has no attribute 'learning_phase'
module 'keras._tf_keras.keras.backend' has no attribute 'eval'
module 'keras.backend' has no attribute 'gradients'
module 'keras.backend' has no attribute 'int_shape'
module 'keras.backend' has no attribute 'get_session'
The structure of `inputs` doesn't match the expected structure.
Graph disconnected: cannot obtain value for tensor KerasTensor(type_spec=TensorSpec(shape=(\
None, 224, 224, 3), dtype=tf.float32, name='input_1')) at layer "block1_conv1".
`inputs` not connected to `outputs`
Output with path `1` is not connected to `inputs`
KeyError: "Exception encountered when calling Functional.call().\\n\\n\\x1b[1m1399028\
\\x1b[0m\\n\\nArguments received by Functional.call():\\n  • inputs=tf.Tensor"
list indices must be integers or slices, not tuple
'NoneType' object is not subscriptable
'NoneType' object has no attribute 'numpy'
Only instances of `keras.Layer` can be added to a Sequential model. Received: \
<tensorflow_hub.keras_layer.KerasLayer object at 0x7fa> (of type <class '…'>)
Layer 'dense' expected 1 input(s). Received 2 instead.
Layer "dense" expects 1 input(s), but it received 2 input tensors. Inputs received: [
Unknown layer: 'TFOpLambda'. Please ensure you are using a `keras.utils.custom_object_scope`
Only input tensors may be passed as positional arguments. The following argument value \
should be passed as a keyword argument: <GRU name=gru, built=False>
Unrecognized data type: x=[[0.1, 0.2]] (of type <class 'list'>)
No such layer: conv2d_12. Existing layers are: ['conv2d', 'conv2d_1'].
'KerasTensor' object is not callable
Iterating over a symbolic KerasTensor is not supported.
A symbolic KerasTensor cannot be used as a boolean.
"""


@pytest.mark.parametrize("line", ASKED.strip().splitlines())
def test_knows_what_is_asked_most(line):
    assert find(message_of(line)), line


# --- what it prints -------------------------------------------------------------------


def test_prints_heading_fixed_lines_and_address(capsys):
    explain_error("AttributeError: 'Conv3D' object has no attribute 'input_shape'")
    out = capsys.readouterr().out
    assert out.startswith(
        "'…' object has no attribute 'input_shape'\n\nWrite:\n    model"
    )
    (place,) = re.findall(r"^More: (\S+)$", out, re.M)
    assert place == address("-object-has-no-attribute-input_shape")


def test_lines_fit_a_projector(capsys):
    for one in entries():
        explain_error(one.message)
        *lines, place = capsys.readouterr().out.splitlines()
        assert place == f"More: {address(one.anchor)}"
        assert max(map(len, lines)) <= 92 and len(lines) <= 40
        assert all(
            case.write.splitlines()[-1] in "\n".join(lines) for case in one.cases
        )


def test_published_address_is_the_web_page(monkeypatch):
    from helpers.engine import error_page

    text = error_page.page().replace("OWNER/NAME", "ada/layers")
    monkeypatch.setattr(error_page, "page", lambda: text)
    place = "https://github.com/ada/layers/tree/v1.0.0/notebooks/error_messages.md#x"
    assert error_page.address("x") == place


IN_A_NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("from helpers.errors import explain_error; explain_error()")
shell.run_cell("raise ValueError('No such layer: a. Existing layers are: [1]')")
shell.run_cell("explain_error()")
"""


def test_without_an_argument_it_takes_the_error_shown_last():
    words = [sys.executable, "-c", IN_A_NOTEBOOK]
    done = subprocess.run(
        words, cwd=COURSE, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    before, after = (
        done.stdout.split("ValueError")[0],
        done.stdout.split("\n\nCase")[0],
    )
    assert before.startswith("No error was shown yet.")
    assert after.endswith("No such layer: …. Existing layers are: …")


@pytest.mark.parametrize("thing", [3, ValueError, ["text"], b"text"])
def test_what_is_no_error_is_refused(thing):
    with pytest.raises(TypeError, match="takes an exception or the text"):
        explain_error(thing)


# --- what it does not know ------------------------------------------------------------

UNRELATED = """
np.zeros(3)[5]
np.zeros(3) + np.zeros(4)
np.zeros((2, 3)) @ np.zeros((2, 3))
np.array([1, 2]).reshape(3, 3)
np.concatenate([np.zeros((2, 2)), np.zeros(3)])
np.stack([np.zeros(2), np.zeros(3)])
np.array(["a"]).astype(float)
np.linalg.inv(np.zeros((2, 2)))
np.load("nothing.npy")
np.zeros(2).nothing
np.random.default_rng(0).choice(3, 5, replace=False)
np.argmax([])
np.zeros(-1)
np.dtype("float33")
np.zeros((2, 2))["a"]
np.transpose(np.zeros((2, 2)), (0, 1, 2))
{}["name"]
{"a": 1}["b"]
{}[0]
[1, 2][5]
[1, 2]["a":]
int("seven")
1 / 0
len(5)
None + 1
"a" + 1
undefined_name
import_module("no_such_module")
import_module("numpy").no_such_name
open("no_such_file.txt")
ast.parse("x = = 1")
ast.parse("def f(:")
ast.parse("  x = 1\ny = 2")
ast.parse("print 'a'")
(lambda x: x)()
(lambda x: x)(1, 2)
dict([1, 2])
next(iter([]))
"text".no_such_method()
"text"()
json.loads("{")
b"\xff".decode("utf-8")
keras.optimizers.get("addam")
keras.losses.get("mean_square")
keras.activations.get("rellu")
keras.initializers.get("glorot")
keras.metrics.get("acc_uracy")
keras.layers.Dense()
keras.layers.LSTM()
keras.layers.Dropout(1.5)
keras.layers.Conv2D(0, 3)
keras.layers.Conv2D(8, 3, padding="some")
keras.layers.Reshape((5,))(keras.ops.zeros((1, 3)))
keras.utils.to_categorical([5], 3)
keras.datasets.nothing
keras.optimizers.Adam(lr=0.1)
keras.ops.add(keras.ops.zeros((2, 3)), keras.ops.zeros((2, 4)))
tf.constant([1.0]) + tf.constant([1])
tf.zeros((2, 3)) + tf.zeros((2, 4))
tf.reshape(tf.zeros(3), (2, 2))
tf.io.read_file("no_such_file.png")
tf.image.decode_png(b"no picture")
raised(KeyError("['age'] not in index"))
raised(KeyError("age"))
raised(ValueError("Length of values (3) does not match length of index (4)"))
raised(ValueError("Input X contains NaN."))
raised(ValueError("Found array with dim 4. PCA expected <= 2."))
raised(RuntimeError("CUDA error: out of memory"))
raised(MemoryError("Unable to allocate 6.60 GiB for an array"))
raised(IndexError("single positional indexer is out-of-bounds"))
raised(AttributeError("'DataFrame' object has no attribute 'append'"))
raised(AttributeError("module 'numpy' has no attribute 'float'"))
raised(ModuleNotFoundError("No module named 'sklearn'"))
raised(ImportError("cannot import name 'soft_unicode' from 'markupsafe'"))
raised(UnicodeDecodeError("utf-8", b"a", 0, 1, "invalid start byte"))
raised(TypeError("'int' object is not subscriptable"))
raised(TypeError("'NoneType' object is not callable"))
raised(KeyboardInterrupt())
""".strip().splitlines()


def raised(error):
    raise error


NAMES = {"ast": ast, "json": json, "keras": keras, "np": np, "tf": tf, "raised": raised}
NAMES["import_module"] = importlib.import_module


@pytest.mark.parametrize("line", UNRELATED)
def test_says_that_it_does_not_know(line, capsys):
    with pytest.raises(BaseException) as caught:
        eval(line, {**NAMES})
    error = caught.value
    known = {one.message for one in entries()}
    for form in (error, f"{caught.typename}: {error}", coloured(error)):
        explain_error(form)
        first, *lines, last = capsys.readouterr().out.splitlines()
        assert first.startswith("This message is not on the page"), line
        joined = " ".join("\n".join(lines).split())
        assert sum(" ".join(message.split()) in joined for message in known) >= 3
        assert last == "All messages: notebooks/error_messages.md"


def test_there_are_many_unrelated_ones():
    assert len(set(UNRELATED)) >= 50


def test_of_two_errors_the_last_one_counts():
    try:
        try:
            raise ValueError("No such layer: a. Existing layers are: []")
        except ValueError:
            raise RuntimeError("Nothing is found.") from None
    except RuntimeError as error:
        error.__suppress_context__ = False
        text = "".join(traceback.format_exception(error))
    assert "No such layer" in text and find(message_of(text)) is None


def test_code_in_a_traceback_is_no_message():
    text = (
        "Traceback (most recent call last):\n  File 'a.py', line 3, in f\n"
        '    raise ValueError("No such layer: a. Existing layers are: b")\n'
        "OSError: the disk is full\n"
    )
    assert find(message_of(text)) is None
    assert pattern("'…' object").search("'Dense' object")
