"""What a model takes, a batch that fits it, and how pictures have to be prepared."""

import re
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from helpers.datasets import cat_photograph, drawn_digits
from helpers.engine.stand_in import digits_to_learn
from helpers.extraction import layer_outputs
from helpers.networks import digit_network
from helpers.own_inputs import (
    SCALINGS,
    Preparation,
    expected_inputs,
    make_batch,
    try_preparations,
)
from helpers.pictures import read_picture


def stack(shape, *those, dtype=None, **options):
    start = keras.Input(shape, dtype=dtype, **options)
    return keras.Sequential([start, *(those or [layers.Flatten()])])


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def test_inputs_are_told_with_shape_and_dtype():
    assert expected_inputs(stack((None, 4), name="x")) == [
        ("x", (None, None, 4), "float32")
    ]
    x, y = keras.Input((3,), name="a"), keras.Input((1,), name="b", dtype="int32")
    both = keras.Model([x, y], layers.Dense(1)(x) + keras.ops.cast(y, "float32"))
    assert [(one[0], one[2]) for one in expected_inputs(both)] == [
        ("a", "float32"),
        ("b", "int32"),
    ]
    own = Own()
    own(np.zeros((5, 7)))
    assert expected_inputs(own) == [("inputs", (None, 7), "float32")]


def test_a_model_that_does_not_say_what_it_takes_is_told(monkeypatch):
    model = Own()
    model(np.zeros((5, 7)))
    for said in (None, {}, {"input_shape": {"a": (5, 7)}}, {"shapes_dict": {}}):
        monkeypatch.setattr(model, "get_build_config", lambda said=said: said)
        with pytest.raises(ValueError, match="does not say what it takes"):
            make_batch(model, cat_photograph())


SHAPES = {  # of an input: the shape of the batch, and words about it
    (48, 64, 3): ((1, 48, 64, 3), "your picture, 48 rows and 64 columns"),
    (28, 28, 1): ((1, 28, 28, 1), "your picture"),
    (28, 28): ((1, 28, 28), "your picture"),
    (3, 20, 30): ((1, 3, 20, 30), "your picture, 20 rows and 30 columns"),
    (None, None, 3): ((1, 64, 64, 3), "your picture"),
    (12,): ((1, 12), "12 numbers taken at random"),
    (24, 2): ((1, 24, 2), "24 × 2 numbers"),
    (8, 8, 16): ((1, 8, 8, 16), "8 × 8 × 16 numbers"),
    (4, 8, 8, 3): ((1, 4, 8, 8, 3), "numbers"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_batch_fits_the_model(shape, capsys):
    model = stack(shape, layers.Identity())
    batch = make_batch(model, cat_photograph())
    expected, words = SHAPES[shape]
    assert batch.shape == expected and words in capsys.readouterr().out
    assert layer_outputs(model, batch)


def test_a_picture_comes_as_it_is(capsys):
    picture = read_picture(cat_photograph(), size=(20, 30))
    last = make_batch(stack((20, 30, 3)), cat_photograph())
    first = make_batch(stack((3, 20, 30)), cat_photograph())
    np.testing.assert_array_equal(last[0], picture)
    np.testing.assert_array_equal(first[0].transpose(1, 2, 0), picture)


def test_whole_numbers_stay_below_what_an_embedding_has(capsys):
    model = stack((None,), layers.Embedding(5, 2))
    batch = make_batch(model, cat_photograph())
    assert batch.max() < 5 and batch.dtype.kind == "i" and batch.shape == (1, 12)
    assert "whole numbers below 5 stand in" in capsys.readouterr().out
    assert make_batch(stack((4,), dtype="int64"), None).dtype == "int64"


def test_a_picture_of_whole_numbers_is_a_picture(capsys):
    for shape, dtype in (((20, 30, 3), "uint8"), ((28, 28), "int32")):
        model = stack(shape, layers.Rescaling(1 / 255), dtype=dtype)
        batch = make_batch(model, cat_photograph())
        assert batch.dtype == dtype and batch.max() > 100
        assert "your picture" in capsys.readouterr().out
        assert layer_outputs(model, batch)
    words = stack((12, 12), layers.Embedding(5, 2), dtype="int32")
    assert make_batch(words, cat_photograph()).max() < 5
    assert "whole numbers below 5" in capsys.readouterr().out


def test_true_and_false_stand_in(capsys):
    model = stack((5,), layers.Rescaling(1.0), dtype="bool")
    assert make_batch(model, None).dtype == bool
    assert "5 times True or False stand in" in capsys.readouterr().out


def test_a_model_that_is_not_built_is_told():
    with pytest.raises(ValueError, match="is not built. Call it once on a batch"):
        make_batch(keras.Sequential([layers.Dense(2)]), cat_photograph())


def test_a_text_stands_in_and_a_fixed_batch_size_is_kept(capsys):
    words = layers.TextVectorization()
    words.adapt(["a b"])
    batch = make_batch(stack((1,), words, dtype="string"), None)
    assert batch.tolist() == [["a short text"]]
    fixed = keras.Sequential([keras.Input(batch_shape=(3, 2)), layers.Dense(1)])
    assert make_batch(fixed, None).shape == (3, 2)


# --- always the same class? -----------------------------------------------------------


def test_the_digits_end_at_the_right_preparation():
    pictures, labels = drawn_digits()
    found = try_preparations(digit_network(), pictures, labels)
    assert found.best == Preparation("{} / 255", inverted=True)
    right = {str(one): share for one, (_, share, _) in found.tried.items()}
    assert right["(255 - x) / 255"] >= 0.88 and right["x / 255"] <= 0.15
    predicted = {str(one): count for one, (_, _, count) in found.tried.items()}
    assert predicted["x / 255"] <= 4 and predicted["(255 - x) / 255"] == 10
    assert repr(found).splitlines()[0].endswith("  right  classes predicted")
    assert "Best is (255 - x) / 255: " in repr(found)


def trained(images, labels, shape):
    """Train a small CNN for some seconds, as people do."""
    keras.utils.set_random_seed(0)
    model = stack(
        shape,
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images, labels, epochs=6, batch_size=32, verbose=0)
    return model


WAYS = [
    Preparation("{} / 255", inverted=True),
    Preparation("{} / 127.5 - 1", inverted=True),
    Preparation("{} / 255"),
    Preparation("{} / 127.5 - 1"),
    Preparation("{} / 255", inverted=True, swapped=True),
]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_trained_network_ends_at_what_it_was_trained_with(way):
    images, labels = digits_to_learn()  # white on black
    x = images.astype("float32")
    x = x if way.inverted else 255 - x
    x = x.swapaxes(1, 2) if way.swapped else x
    model = trained(SCALINGS[way.scaling](x), labels, (28, 28, 1))
    found = try_preparations(model, *drawn_digits())
    assert found.best == way
    assert found.tried[way][1] >= 0.8


def rows(x):
    return x[..., 0]


def flat(x):
    return x.reshape(len(x), -1)


def coloured_32(x):
    return np.asarray(keras.ops.image.resize(x.repeat(3, axis=-1), (32, 32)))


def convolutions(*last, activation="softmax"):
    maps = layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D()
    return [*last, *maps, *dense(32, activation=activation)]


def dense(units, activation="softmax"):
    hidden = layers.Dense(units, activation="relu")
    return [layers.Flatten(), hidden, layers.Dense(10, activation)]


INVERTED = Preparation("{} / 255", inverted=True)
OTHERS = {  # its input, its layers, how its digits were prepared, and the way wanted
    "logits": ((28, 28, 1), convolutions(activation=None), None, INVERTED),
    "sigmoids": ((28, 28, 1), convolutions(activation="sigmoid"), None, INVERTED),
    "dense": ((28, 28), dense(128), rows, INVERTED),
    "pixels in a row": ((784,), dense(128)[1:], flat, INVERTED),
    "colour": ((32, 32, 3), convolutions(), coloured_32, INVERTED),
    "scales by itself": (
        (32, 32, 3),
        convolutions(layers.Rescaling(255), layers.Rescaling(1 / 127.5, offset=-1)),
        coloured_32,
        INVERTED,
    ),
    "normalization": (
        (28, 28, 1),
        convolutions(layers.BatchNormalization()),
        lambda x: 255 * x,
        Preparation(inverted=True),
    ),
    "mean and deviation": (
        (32, 32, 3),
        convolutions(),
        lambda x: SCALINGS[list(SCALINGS)[-1]](255 * coloured_32(x)),
        Preparation(list(SCALINGS)[-1], inverted=True),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_networks_of_other_kinds_end_at_what_they_were_trained_with(name):
    images, labels = digits_to_learn()
    shape, those, prepared, way = OTHERS[name]
    x = images[..., np.newaxis].reshape(-1, 28, 28, 1).astype("float32") / 255
    keras.utils.set_random_seed(0)
    model = keras.models.clone_model(stack(shape, *those))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=name == "logits")
    if name == "sigmoids":
        loss, labels = "binary_crossentropy", keras.utils.to_categorical(labels)
    model.compile("adam", loss)
    model.fit(prepared(x) if prepared else x, labels, epochs=10, verbose=0)
    found = try_preparations(model, *drawn_digits())
    assert replace(found.best, fit="crop") == way  # these digits fit in any form
    assert "Guessing" not in repr(found)


def test_where_nothing_fits_it_is_said():
    pictures, labels = drawn_digits()
    wrong = try_preparations(digit_network(), pictures, (np.asarray(labels) + 3) % 10)
    assert "Guessing may be right as often" in repr(wrong)
    few = try_preparations(digit_network(), pictures[:2], labels[:2])
    assert "pass more pictures" in repr(few)
    right = try_preparations(digit_network(), pictures, labels)
    assert "Guessing" not in repr(right)
    broken = digit_network()
    broken.set_weights([w * np.nan for w in broken.get_weights()])
    assert "Guessing" in repr(try_preparations(broken, pictures, labels))


@pytest.mark.filterwarnings("ignore:Every pixel")
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("shape", [(20, 30, 3), (3, 20, 30), (20, 30, 1)])
def test_pictures_that_are_not_square_are_tried_in_all_ways(shape, dtype):
    model = stack(shape, layers.Flatten(), layers.Dense(2, "softmax"), dtype=dtype)
    found = try_preparations(model, [cat_photograph()] * 2, [0, 1])
    batch = found.prepare(cat_photograph())
    assert batch.shape == (1, *shape) and batch.dtype == dtype
    assert any(one.swapped for one in found.tried)


def test_each_picture_is_read_once_for_each_form(monkeypatch):
    calls = []

    def read(*words, **options):
        calls.append(words)
        return read_picture(*words, **options)

    monkeypatch.setattr("helpers.own_inputs.read_picture", read)
    pictures, labels = drawn_digits()
    try_preparations(digit_network(), pictures, labels)
    assert len(calls) <= 4 * len(pictures)


def test_of_several_outputs_one_has_to_be_chosen():
    x = keras.Input((8, 8, 3))
    y = layers.Flatten()(x)
    model = keras.Model(x, {"box": layers.Dense(4)(y), "what": layers.Dense(2)(y)})
    with pytest.raises(ValueError, match="has 2 outputs") as caught:
        try_preparations(model, [cat_photograph()], [0])
    line = re.search(r"keras\.Model\(.*\)", str(caught.value))[0]
    one = eval(line, {"keras": keras, "model": model})  # as it says
    assert try_preparations(one, [cat_photograph()], [0]).tried


def coloured():
    """Pictures of ten colours, wider than high, and a network that tells them apart."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (10, 3))
    pictures = np.broadcast_to(colours[:, None, None], (10, 8, 16, 3)).astype("uint8")
    return pictures, np.arange(10), colours


@pytest.mark.filterwarnings("ignore:Every pixel")
@pytest.mark.parametrize("bgr", [False, True])
@pytest.mark.parametrize("scaling", list(SCALINGS)[1:])
def test_the_order_of_colours_and_the_mean_are_found(bgr, scaling):
    pictures, labels, colours = coloured()
    wanted = SCALINGS[scaling](colours[:, ::-1].astype("float64") if bgr else colours)
    model = stack(
        (4, 4, 3), layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax")
    )
    scale = 30 / np.square(wanted).mean()  # the nearest of the ten colours
    bias = -scale * np.square(wanted).sum(axis=1) / 2
    model.layers[-1].set_weights([scale * wanted.T, bias])
    found = try_preparations(model, pictures, labels)
    assert found.tried[found.best][1] == 1
    assert (found.best.scaling, found.best.bgr) == (scaling, bgr)


def test_the_form_is_found():
    """A bar at the left edge, which a square cut from the middle does not show."""
    pictures = np.zeros((4, 20, 60, 3), "uint8")
    pictures[::2, :, :12] = 255
    pictures[1::2, :, 48:] = 255
    kernel = np.zeros((10, 10, 2))
    kernel[:, :3, 0] = kernel[:, 7:, 1] = 1
    model = stack((10, 10, 1), layers.Flatten(), layers.Dense(2, "softmax"))
    model.layers[-1].set_weights([kernel.reshape(100, 2), np.zeros(2)])
    found = try_preparations(model, pictures, [0, 1, 0, 1])
    assert found.best.fit in ("stretch", "pad") and found.tried[found.best][1] == 1


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 28), (28, 28, 3), (3, 28, 28)])
def test_a_preparation_is_the_code_that_it_shows(shape):
    source = cat_photograph()
    for scaling in SCALINGS if 3 in shape else list(SCALINGS)[:3]:
        for inverted in (False, True):
            for change in ({}, {"bgr": True}, {"swapped": True}, {"fit": "stretch"}):
                way = Preparation(scaling, inverted, **change)
                text = re.sub(r", fit='(\w+)'$", "", str(way))
                x = read_picture(source, 28, fit=way.fit).astype("float32")
                x = eval(text, {"x": x})
                if 1 in shape or len(shape) == 2:
                    x = x.mean(axis=-1, keepdims=1 in shape)
                x = x.transpose(2, 0, 1) if shape[0] == 3 else x
                np.testing.assert_allclose(way(source, (None, *shape)), x, atol=1e-4)


def test_prepare_makes_a_batch():
    model, (pictures, labels) = digit_network(), drawn_digits()
    found = try_preparations(model, pictures, labels)
    batch = found.prepare(pictures[3])
    assert batch.shape == (1, 28, 28, 1) and batch.dtype == "float32"
    assert layer_outputs(model, batch)["dense"].argmax() == 3


@pytest.mark.filterwarnings("ignore:Every pixel")
@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_one_score_is_that_of_the_second_class(activation):
    pictures = np.zeros((4, 8, 8), "uint8")
    pictures[1::2, 2:, 2:] = 250
    model = stack((8, 8), layers.Flatten(), layers.Dense(1, activation))
    model.layers[-1].set_weights([np.full((64, 1), 0.2), np.array([-4.0])])
    found = try_preparations(model, list(pictures), [0, 1, 0, 1])
    assert found.tried[found.best][1] == 1 and not found.best.inverted


def test_what_cannot_be_measured_is_told():
    model = digit_network()
    for pictures, labels, words in (
        ([], [], "There are no pictures yet"),
        (drawn_digits()[0][:3], [1, 2], "one whole number for each of the 3"),
        (drawn_digits()[0][:2], [1.0, 2.0], "one whole number"),
        (drawn_digits()[0][:2], [1, 10], "from 0 to 9"),
        (drawn_digits()[0][:2], [-1, 1], "from 0 to 9"),
    ):
        with pytest.raises(ValueError, match=words):
            try_preparations(model, pictures, labels)
    with pytest.raises(ValueError, match="does not take pictures"):
        try_preparations(stack((12,)), [cat_photograph()], [0])
    with pytest.raises(ValueError, match="a score for each class"):
        try_preparations(stack((8, 8, 1), layers.Conv2D(2, 3)), [cat_photograph()], [0])
