"""Networks of `keras.applications`: layers and operations as Keras's own idiom has them."""

import keras
import numpy as np
import pytest

from helpers.extraction import layer_outputs

pytestmark = pytest.mark.slow

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype("float32")


def network(name, **options):
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(64, 64, 3), **options)


def assert_close(outputs, expected):
    assert list(outputs) == list(expected)
    for name, array in expected.items():
        array = np.asarray(array)
        scale = np.abs(array).max()
        assert 0 < scale < np.inf, name
        assert np.abs(outputs[name] - array).max() <= 1e-5 * scale, name


def idiom(model, pictures):
    first, *others = model.operations
    assert isinstance(first, keras.layers.InputLayer)
    named = {one.name: one.output for one in others}
    assert len(named) == len(others)
    return keras.Model(model.input, named)(pictures)


@pytest.mark.parametrize(
    "name, operations",  # how many are written without a layer, such as x * y
    [
        ("MobileNetV2", 0),
        ("ResNet50", 0),
        ("EfficientNetB0", 0),
        ("DenseNet121", 0),
        ("MobileNetV3Small", 18),
    ],
)
def test_every_layer(name, operations):
    keras.utils.set_random_seed(0)
    model = network(name, classes=10)
    outputs = layer_outputs(model, PICTURES)
    assert len(outputs) == len(model.layers) - 1 + operations  # all but the InputLayer
    assert_close(outputs, idiom(model, PICTURES))
    one = model.layers[len(model.layers) // 2].name
    np.testing.assert_allclose(
        layer_outputs(model, PICTURES, one)[one], outputs[one], rtol=1e-4, atol=1e-6
    )


def test_every_layer_of_a_network_inside_another():
    keras.utils.set_random_seed(0)
    inner = network("MobileNetV2", include_top=False, pooling="avg")
    model = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaled"),
            inner,
            keras.layers.Dense(3, name="head"),
        ]
    )
    outputs = layer_outputs(model, PICTURES)
    rescaled = PICTURES / 127.5 - 1
    expected = {
        "rescaled": rescaled,
        **{f"{inner.name}/{name}": x for name, x in idiom(inner, rescaled).items()},
        inner.name: inner(rescaled),
        "head": model(PICTURES),
    }
    assert_close(outputs, expected)
