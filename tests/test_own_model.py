"""A model file of one's own: loaded without running code, or refused in a sentence."""

import json
import os
import pickle
import zipfile

import ipywidgets
import keras
import numpy as np
import pytest
from keras import layers

from helpers.extraction import layer_outputs
from helpers.networks import seeded_glorot_uniform
from helpers.own_model import load_own_model
from helpers.pictures import uploaded

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*__array__ implementation", "ignore:You are saving a model that has not"
)


def square(x):
    return x * x


@keras.saving.register_keras_serializable(package="Mine")
def blank(shape, dtype=None):
    return keras.ops.zeros(shape, dtype)


class Blank(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return blank(shape, dtype)


@keras.saving.register_keras_serializable(package="Mine")
class MyBlank(Blank):
    pass


class Decay(keras.regularizers.Regularizer):
    def __call__(self, kernel):
        return keras.ops.sum(kernel**2)

    def get_config(self):
        return {}


class Twice(layers.Layer):
    def call(self, x):
        return 2 * x


@keras.saving.register_keras_serializable(package="Mine")
class Thrice(layers.Layer):
    def call(self, x):
        return 3 * x


def small(*more):
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="dense"), *more])


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a model and returns the file's path."""

    def save(model, name="model.keras"):
        model.save(tmp_path / name)
        return tmp_path / name

    return save


def edited(path, replace, leave_out=()):
    """Write a `.keras` file anew, some bytes of its parts replaced."""
    other = path.with_name("edited.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            for before, after in replace.items():
                content = content.replace(before, after)
            if part not in leave_out:
                new.writestr(part, content)
    return other


def with_layer(path, change):
    """Write a `.keras` file anew, with other entries for its Dense layer."""
    with zipfile.ZipFile(path) as file:
        before = file.read("config.json")
    config = json.loads(before)
    config["config"]["layers"][1].update(change)
    return edited(path, {before: json.dumps(config).encode()})


def refused(source, kind=ValueError, **options):
    """Return the sentence with which a file is refused."""
    with pytest.raises(kind) as caught:
        load_own_model(source, **options)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 600 and "\n" not in message
    return message


@pytest.mark.parametrize("form", [str, lambda path: path])
def test_model_comes_back_with_the_same_outputs_and_uncompiled(saved, form):
    model = small()
    model.compile("adam", "mse")
    loaded = load_own_model(form(saved(model)))
    assert not loaded.compiled
    given, back = layer_outputs(model, np.eye(3)), layer_outputs(loaded, np.eye(3))
    assert list(given) == list(back)
    np.testing.assert_array_equal(given["dense"], back["dense"])


def test_upload_in_the_forms_of_ipywidgets_7_and_8(saved):
    content = saved(small()).read_bytes()
    value_8 = ({"name": "mine.keras", "content": memoryview(content)},)
    value_7 = {"mine.keras": {"metadata": {"name": "mine.keras"}, "content": content}}
    for value in value_7, value_8:
        assert load_own_model(value).built
    upload = ipywidgets.FileUpload()
    assert "No file was chosen yet" in refused(upload)
    major = int(ipywidgets.__version__.split(".")[0])
    upload.set_trait("value", value_7 if major < 8 else full(value_8))
    assert uploaded(upload) == ("mine.keras", content)
    assert load_own_model(upload).built


def full(value):
    """Add to an upload of ipywidgets 8 what its FileUpload demands."""
    import datetime

    now = datetime.datetime.now(datetime.timezone.utc)
    return tuple(
        {"type": "", "size": len(file["content"]), "last_modified": now, **file}
        for file in value
    )


def test_lambda_with_code_is_refused_and_the_code_does_not_run(saved, monkeypatch):
    def leave_trace(x):
        return (__import__("os").environ.update(IT_RAN="yes"), x)[1]

    leave_trace.__name__ = "<lambda>"
    path = saved(keras.Sequential([keras.Input((3,)), layers.Lambda(leave_trace)]))
    assert os.environ["IT_RAN"] == "yes"  # building the model ran it
    monkeypatch.delenv("IT_RAN")
    message = refused(path)
    assert "Lambda" in message and "Safe mode refuses it" in message
    assert "IT_RAN" not in os.environ
    hidden = edited(path, {b'"__lambda__"': b'"\\u005f_lambda__"'})
    assert "Safe mode refuses it" in refused(hidden)
    assert "IT_RAN" not in os.environ


def test_lambda_of_a_function_of_keras_is_loaded(saved):
    model = small(layers.Lambda(keras.ops.relu))
    assert load_own_model(saved(model)).built


def dense(**options):
    return layers.Dense(2, name="part", **options)


PARTS = {  # what Keras does not have: the layer that is made with it
    Twice: Twice,
    Thrice: Thrice,
    square: lambda: layers.Activation(square),
    seeded_glorot_uniform: lambda: dense(kernel_initializer=seeded_glorot_uniform),
    blank: lambda: dense(kernel_initializer=blank),
    Blank: lambda: dense(kernel_initializer=Blank()),
    MyBlank: lambda: dense(bias_initializer=MyBlank()),
    Decay: lambda: dense(kernel_regularizer=Decay()),
}


@pytest.mark.parametrize("custom", PARTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("inside", [False, True], ids=["plain", "nested"])
def test_what_is_unknown_is_named_with_the_line_that_mends_it(saved, custom, inside):
    model = small(PARTS[custom](), layers.Dense(1, name="last"))
    path = saved(keras.Sequential([keras.Input((3,)), model]) if inside else model)
    known = keras.saving.get_custom_objects()
    held = known.pop(f"Mine>{custom.__name__}", None)
    try:
        message = refused(path)
        assert f"needs {custom.__name__}, which Keras does not have" in message
        line = message.split("pass ")[1].rstrip(".")
        options = eval(f"dict({line})", {custom.__name__: custom})
        assert load_own_model(path, **options).built
    finally:
        if held:
            known[f"Mine>{custom.__name__}"] = held


def test_unknown_model_class_is_named(saved):
    class Subclassed(keras.Model):
        def call(self, x):
            return x

    model = Subclassed()
    model(np.eye(3))
    assert "needs Subclassed, which Keras" in refused(saved(model))


def test_file_of_another_version_names_both(saved):
    version = keras.__version__.encode()
    change = {b'"units": 2': b'"units": 2, "brand_new": 3', version: b"9.8.0"}
    path = edited(saved(small()), change)
    message = refused(path)
    assert f"was saved by Keras 9.8.0, and this is {keras.__version__}" in message
    assert "Unrecognized keyword arguments passed to Dense: {'brand_new': 3}" in message
    again = small()
    again.load_weights(path)  # as it says


def test_a_layer_of_a_later_keras_is_told_with_the_version(saved):
    later = {b'"class_name": "Dense"': b'"class_name": "Attention4D"'}
    assert "is damaged, or Keras" in refused(edited(saved(small()), later))
    later[keras.__version__.encode()] = b"9.8.0"
    message = refused(edited(saved(small()), later))
    assert "was saved by Keras 9.8.0" in message and "Attention4D" in message


def test_version_is_not_blamed_for_what_it_has_not_done(saved):
    other = {keras.__version__.encode(): b"9.8.0"}
    missing = edited(saved(small()), {**other, b'"units": 2': b'"unit": 2'})
    for message in (
        refused(missing),
        refused(edited(saved(small(Twice())), other)),
        refused(edited(saved(small()), other, leave_out=["model.weights.h5"])),
    ):
        assert "9.8.0" not in message


def test_file_of_another_version_that_loads_is_loaded(saved):
    path = edited(saved(small()), {keras.__version__.encode(): b"9.8.0"})
    assert load_own_model(path).built


@pytest.mark.parametrize("version", [3, None, [], {"a": 1}, 10**30, "9\n" * 999, True])
def test_version_that_is_none_does_no_harm(saved, version):
    path = saved(small())
    written = json.dumps(version).encode()
    change = {f'"{keras.__version__}"'.encode(): written}
    assert load_own_model(edited(path, change)).built
    message = refused(edited(path, {**change, b'"units": 2': b'"unit": 2'}))
    assert "Keras says: Dense.__init__() missing" in message


HARMFUL = """exec eval compile __import__ open system popen Popen run check_output rmtree
loads get_file load_model import_module run_path os.system subprocess.Popen""".split()
HARMFUL += [
    '__import__("os").system("id")',
    "A\nB",
    "A" * 3000,
    "a b",
    "1",
    "",
    "lambda: 0",
    "__mine__",
]


@pytest.mark.parametrize("one", HARMFUL)
@pytest.mark.parametrize("form", ["class", "package", "function", "initializer"])
def test_no_file_gets_the_advice_to_be_given_what_could_do_harm(saved, one, form):
    """The line that mends a file is typed by whoever reads it: it must never run code."""
    part = {"module": None, "class_name": one, "config": {}, "registered_name": one}
    package = {**part, "module": "mine", "registered_name": f"Mine>{one}"}
    function = {**part, "class_name": "function", "config": one, "module": "builtins"}
    changes = {
        "class": part,
        "package": package,
        "function": {"config": {"units": 2, "activation": function}},
        "initializer": {"config": {"units": 2, "kernel_initializer": part}},
    }
    message = refused(with_layer(saved(small()), changes[form]))
    assert "pass custom_objects={" not in message
    assert not one or "with it, such a file could do harm" in message


def test_module_of_python_itself_does_no_layer_either(saved):
    for module in ("subprocess", "multiprocessing.pool", "ctypes", "http.server"):
        part = {"module": module, "class_name": "Mine", "registered_name": "Mine"}
        path = with_layer(saved(small()), part)
        assert "could do harm" in refused(path)
    mine = {"module": "my_layers", "class_name": "Mine", "registered_name": "Mine"}
    path = with_layer(saved(small()), mine)
    assert "then pass custom_objects={'Mine': Mine}" in refused(path)


def test_unbuilt_model_is_refused(saved):
    message = refused(saved(keras.Sequential([layers.Dense(2)])))
    assert "not built" in message and "keras.Input(shape)" in message


def test_damaged_files_are_refused(saved, tmp_path):
    path = saved(small())
    half = tmp_path / "half.keras"
    half.write_bytes(path.read_bytes()[:2000])
    assert "is cut short or damaged. Download or copy it again" in refused(half)
    assert "incomplete" in refused(edited(path, {}, leave_out=["config.json"]))
    said = refused(edited(path, {}, leave_out=["model.weights.h5"]))
    assert "is damaged, or Keras cannot open it. Keras says: " in said
    said = refused(edited(path, {b'"units": 2': b'"units": 5'}))
    assert "Keras says: Dense dense: " in said and "shape" in said.lower()
    assert "is damaged" in refused(edited(path, {b'"Dense"': b'"Den'}))


class Trap:
    """A pickle of it runs code when it is opened."""

    def __reduce__(self):
        return pytest.fail, ("the pickle was opened",)


@pytest.mark.parametrize("name", ["model.pkl", "model.keras", "model.joblib"])
def test_pickle_is_never_opened(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Trap()))
    assert "It is never opened here" in refused(tmp_path / name)


def test_zip_with_a_pickle_in_it_is_a_pickle(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as file:
        file.writestr("net/data.pkl", pickle.dumps(Trap()))
    assert "It is never opened here" in refused(tmp_path / "net.pt")


def test_what_is_no_file_is_said(saved):
    with pytest.raises(FileNotFoundError, match="There is no file nowhere.keras"):
        load_own_model("nowhere.keras")
    with pytest.raises(TypeError, match="a model already"):
        load_own_model(small())
    message = refused("https://example.org/model.keras")
    assert "is an address. Fetch the file first" in message
    path = saved(small(Twice()))
    for wrong in (Twice, [Twice], (Twice,), {"Twice": "Twice"}):
        message = refused(path, TypeError, custom_objects=wrong)
        assert message.startswith("custom_objects is a dict of names")
        if wrong != {"Twice": "Twice"}:
            assert "custom_objects={'Twice': Twice}" in message
