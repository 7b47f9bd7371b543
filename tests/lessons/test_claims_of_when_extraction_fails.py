"""What lesson 10 says of Keras and its pictures is true."""

import re

import keras
import nbformat
import numpy as np
import pytest

from helpers.datasets import cat_photograph
from helpers.engine.files import NOTEBOOKS
from helpers.extraction import layer_outputs
from helpers.networks import dense_network, trained_cifar10_cnn

LESSON = NOTEBOOKS / "10_when_extraction_fails.ipynb"
VERSION = tuple(map(int, keras.__version__.split(".")[:2]))


def test_each_heading_that_it_links_to_is_on_the_page():
    text = "\n".join(cell.source for cell in nbformat.read(LESSON, as_version=4).cells)
    page = (NOTEBOOKS / "error_messages.md").read_text(encoding="utf-8")
    linked = re.findall(r"\(error_messages\.md#([\w-]+)\)", text)
    assert len(linked) == 3
    assert all(f'id="{anchor}"' in page for anchor in linked)


def test_numbers_leave_no_record_and_the_lists_are_there():
    network = dense_network()
    network.compile("sgd", "mse")
    network.fit(np.eye(3), np.zeros((3, 2)), verbose=0)
    network.predict(np.eye(3), verbose=0)
    network(np.eye(3))
    assert not hasattr(network, "output") and not hasattr(network, "input")
    assert all(len(layer._inbound_nodes) == 1 for layer in network.layers)
    assert len(network.inputs) == len(network.outputs) == 1


def test_a_call_of_a_model_starts_at_a_new_input():
    network = dense_network()
    x = keras.Input((3,))
    network(x)
    assert network.input is x and network.layers[0].input is network.inputs[0]


def test_a_walk_that_ends_elsewhere_makes_no_model_or_none_that_runs():
    """Keras 3.14 refuses to make it, 3.13 to call it."""
    network, x = dense_network(), keras.Input((3,))
    keras.Model(x, network(keras.layers.Rescaling(0.1)(x) - 1))
    if VERSION >= (3, 14):
        with pytest.raises(ValueError, match="is not connected to `inputs`"):
            keras.Model(x, network.layers[0].output)
    else:
        other = keras.Model(x, network.layers[0].output)
        with pytest.raises(KeyError):
            other(np.eye(3))


def test_a_functional_model_has_an_output_from_the_start():
    network = dense_network()
    model = keras.Model(network.inputs[0], network.outputs[0])
    assert model.output is network.outputs[0]


def test_arrays_of_whole_numbers_are_converted_and_not_scaled():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(1)])
    pixels = np.array([[0, 255]], "uint8")
    predicted = network.predict(pixels, verbose=0)
    assert predicted.dtype == "float32" and predicted.tolist() == [[0, 255]]


def test_the_message_of_10_2_fills_its_last_17_lines():
    cells = [cell.source for cell in nbformat.read(LESSON, as_version=4).cells]
    (task,) = [source for source in cells if source.startswith("### Try it 10.2")]
    message = re.search(r"\nValueError: .*(?=\n</pre>)", task, re.DOTALL)[0]
    assert len(message.strip().splitlines()) == 17
    assert "fills the last 17 lines" in "\n".join(cells)


def test_a_subclassed_model_has_neither_list_nor_records_inside():
    class TwoLayers(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = keras.layers.Dense(4), keras.layers.Dense(2)

        def call(self, x):
            return self.last(self.hidden(x))

    model = TwoLayers()
    model(np.eye(3))
    model(keras.Input((3,)))
    assert not hasattr(model, "inputs") and not hasattr(model, "outputs")
    assert not hasattr(model.hidden, "output")
    assert len(layer_outputs(model, np.eye(3))) == 2


def test_preprocess_input_adds_operations_that_are_not_layers():
    x = keras.Input((32, 32, 3))
    y = keras.applications.mobilenet_v2.preprocess_input(x)
    model = keras.Model(x, keras.layers.Flatten()(y))
    assert len(model.operations) > len(model.layers) == 2


def test_raw_pixels_make_a_sure_and_wrong_prediction():
    """The lesson prints 1.0 and 0.699."""
    network, cat = trained_cifar10_cnn(), cat_photograph()[np.newaxis]
    raw, scaled = (network(x).numpy()[0].max() for x in (cat, cat / 255))
    assert raw > 0.9999 and 0.69851 < scaled < 0.69949


def test_reshape_fits_and_puts_almost_every_number_in_a_wrong_place():
    picture = cat_photograph()
    channels_first = picture.transpose(2, 0, 1)
    assert (channels_first.reshape(32, 32, 3) == picture).mean() < 0.01
    assert (channels_first.transpose(1, 2, 0) == picture).all()
