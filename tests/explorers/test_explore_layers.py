"""What `explore_layers` sends to the browser, how much of it, and what it refuses."""

import json
import re

import keras
import numpy as np
import pytest
from keras import layers
from odd_layers import odd_layers

from helpers.by_hand import explain
from helpers.datasets import CIFAR10_CLASSES, cat_photograph, shapes
from helpers.explorers import explore_layers
from helpers.explorers import layers as module
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn

CAT = cat_photograph() / 255
SHAPES = shapes(5)[0] / 255


@pytest.fixture(scope="module")
def cnn():
    return trained_cifar10_cnn()


@pytest.fixture(scope="module")
def explorer(cnn):
    images = np.concatenate([CAT[np.newaxis], SHAPES])
    return explore_layers({"untrained": cifar10_cnn(), "trained": cnn}, images)


def ask(explorer, what, model=0, image=0, **question):
    return explorer.answer({"what": what, "model": model, "image": image, **question})


def described(explorer, model=0):
    return {layer["name"]: layer for layer in explorer.about["models"][model]["layers"]}


def odd_cnn():
    """A CNN with the layers that learners put into theirs."""
    start, x = odd_layers()
    x = layers.AveragePooling2D((2, 1), padding="same", name="averaged")(x)
    x = layers.GlobalAveragePooling2D(name="everywhere")(x)
    x = layers.Dropout(0.5, name="dropped")(x)
    x = layers.Dense(5, "softmax", name="classes")(x)
    return keras.Model(start, x, name="odd_cnn")


@pytest.fixture(scope="module")
def odd():
    random = np.random.default_rng(0)
    model, images = odd_cnn(), random.random((2, 17, 14, 3), "float32")
    return model, images, explore_layers(model, images)


# -------------------------------------------------------------------- as text


def test_sentence(cnn, explorer):
    assert repr(explore_layers(cnn, CAT)) == (
        "explore_layers: 8 layers of cifar10_cnn for 1 image. "
        "Run this cell to explore them."
    )
    assert repr(explorer) == (
        "explore_layers: 8 layers of untrained and trained for 6 images. "
        "Run this cell to explore them."
    )


def test_stored_output_is_the_sentence_alone(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    widget = "application/vnd.jupyter.widget-view+json"
    assert {key: value for key, value in data.items() if key != widget} == {
        "text/plain": repr(explorer)
    }


def test_what_is_synced_is_json_and_bytes(explorer):
    state = explorer.get_state()
    assert json.loads(json.dumps(state["about"])) == json.loads(
        json.dumps(explorer.about)
    )
    assert len(state["thumbnails"]) == 6 * 32 * 32 * 3
    first = np.frombuffer(state["thumbnails"], "uint8")[: 32 * 32 * 3]
    assert (first.reshape(32, 32, 3) == cat_photograph()).all()


# ----------------------------------------------------------------- what is sent


@pytest.mark.parametrize("which", [0, 1])
def test_outputs_are_keras_own(explorer, which):
    for image in 0, 3:
        answer, arrays = ask(explorer, "all layers", which, image)
        outputs = layer_outputs(explorer.models[which], explorer.images[[image]])
        expected = [explorer.images[[image]], *outputs.values()]
        assert sorted(answer["sent"]) == list(range(9))
        for place, array in zip(answer["sent"], arrays):
            assert (array.ravel() == expected[place].ravel().astype("float32")).all()
        dead = [np.flatnonzero((y == 0).all((0, 1, 2))) for y in expected[:6]]
        assert answer["dead"][:6] == [list(channels) for channels in dead]


def test_dead_for_all_images(explorer):
    outputs = layer_outputs(explorer.models[1], explorer.images)
    dead = ask(explorer, "dead", 1)[0]["dead"]
    assert dead[0] == []
    for channels, y in zip(dead[1:], outputs.values()):
        zero = (y == 0).all(axis=tuple(range(y.ndim - 1)))
        assert channels == np.flatnonzero(zero).tolist()
    assert any(dead)


def test_the_course_cnn_is_sent_in_less_than_a_megabyte(explorer):
    whole = ask(explorer, "all layers")[1]
    weights = [
        array
        for place, layer in enumerate(explorer.about["models"][0]["layers"])
        if layer["how"] in ("sum", "copy")
        for array in ask(explorer, "weights", layer=place)[1]
    ]
    outputs = layer_outputs(explorer.models[0], CAT[np.newaxis])
    numbers = sum(array.size for array in whole)
    assert numbers == CAT.size + sum(y.size for y in outputs.values())
    numbers_of_weights = sum(array.size for array in weights)
    flattened = outputs["flatten"].size  # where each of them comes from
    assert numbers_of_weights == explorer.models[0].count_params() + flattened
    assert 4 * (numbers + numbers_of_weights) < 1_000_000


def test_the_first_answers_come_with_the_widget(cnn):
    explorer = explore_layers(cnn, CAT)
    numbers, start = np.frombuffer(explorer.numbers, "<f4"), 0
    for question, answer, sizes in explorer.prepared:
        again, arrays = explorer.answer(question)
        assert json.dumps(again) == json.dumps(answer)
        for array, size in zip(arrays, sizes):
            assert (numbers[start : start + size] == array.ravel().astype("<f4")).all()
            start += size
    assert start == numbers.size
    asked = [(q["what"], q.get("layer")) for q, _, _ in explorer.prepared]
    assert asked[0] == ("all layers", None) and asked[-1] == ("dead", None)
    for place, layer in enumerate(explorer.about["models"][0]["layers"]):
        needs_weights = layer["how"] in ("sum", "copy")
        assert (("weights", place) in asked) == needs_weights, layer["name"]


def test_what_comes_with_the_widget_has_a_limit(explorer, monkeypatch):
    assert 0 < len(explorer.numbers) <= module.MOST_AT_ONCE
    images = {q.get("image") for q, _, _ in explorer.prepared}
    assert {0, 1} <= images and 5 not in images
    monkeypatch.setattr(module, "MOST_AT_ONCE", 300_000)
    few = explore_layers(explorer.models[0], CAT)
    assert 200_000 < len(few.numbers) <= 300_000


def test_every_layer_of_the_course_cnn_is_computed_in_the_browser(explorer):
    hows = [layer["how"] for layer in explorer.about["models"][0]["layers"]]
    assert hows == "input sum largest sum largest sum copy sum sum".split()


def test_what_the_browser_cannot_compute_is_explained(odd):
    model, images, explorer = odd
    hows = {name: layer["how"] for name, layer in described(explorer).items()}
    asked = {name for name, how in hows.items() if how == "explain"}
    assert asked == {"normed", "joined"}
    place = list(described(explorer)).index("normed")
    answer, _ = ask(explorer, "explain", image=1, layer=place, position=[2, 3, 4])
    expected = explain(model, images, "normed", (1, 2, 3, 4))
    assert answer["title"] == expected.lines()[0]
    assert answer["below"] == expected.lines()[3]
    assert answer["notes"] == expected.notes
    assert answer["value"] == pytest.approx(expected.value, abs=1e-6)


def test_weights_make_the_numbers_that_keras_gives(odd):
    model, images, explorer = odd
    outputs = layer_outputs(model, images[:1])
    for place, (name, layer) in enumerate(described(explorer).items()):
        if layer["how"] != "sum":
            continue
        _, (kernel, bias) = ask(explorer, "weights", layer=place)
        size, channels = layer["window"]["size"], layer["window"]["channels"]
        assert kernel.shape == (*size, channels, layer["channels"])
        position = 0, *(n // 2 for n in outputs[name].shape[1:])
        numbers = explain(model, images[:1], name, position)
        kernel = kernel[..., position[-1]].astype("float32")
        assert np.allclose(kernel.ravel(), numbers.kernel.ravel())
        assert bias[position[-1]] == pytest.approx(numbers.bias or 0)


@pytest.mark.parametrize("which", ["course", "odd"])
def test_receptive_fields_are_those_of_explain(cnn, odd, which):
    model, images, explorer = odd
    if which == "course":
        model, images, explorer = cnn, CAT[np.newaxis], explore_layers(cnn, CAT)
    random, tried = np.random.default_rng(1), 0
    for place, (name, layer) in enumerate(described(explorer).items()):
        if layer.get("field", "pixel") == "pixel":
            continue
        shape = layer["shape"]
        for _ in range(6):
            *where, channel = (int(random.integers(n)) for n in shape)
            answer, _ = ask(explorer, "fields", layer=place, channel=channel)
            row, column = where or (0, 0)
            found = [answer["rows"][row], answer["columns"][column]]
            field = explain(model, images[:1], name, (0, *where, channel))
            if field.receptive_field is None:  # all of it is padding
                assert None in found, (name, where)
            else:
                expected = [(s.start, s.stop) for s in field.receptive_field[:2]]
                assert found == expected, (name, where, channel)
            tried += 1
    assert tried > 40


def test_fields_behind_a_concatenate_differ_by_channel(odd):
    fields = {name: layer.get("field") for name, layer in described(odd[2]).items()}
    assert fields["grouped"] == "layer"
    assert fields["joined"] == fields["averaged"] == "channel"
    assert fields["dropped"] == "pixel"  # copied: it has the field of its origin


def test_fields_of_what_is_no_picture_any_more_are_told_one_by_one():
    parts = [
        layers.Conv2D(2, 3, name="conv"),
        layers.GlobalAveragePooling2D(name="mean"),
        layers.RepeatVector(3, name="repeated"),
        layers.Dense(2, name="dense"),
    ]
    model = keras.Sequential([keras.Input((6, 6, 2)), *parts])
    explorer = explore_layers(model, np.ones((6, 6, 2)))
    fields = [described(explorer)[layer.name]["field"] for layer in parts]
    assert fields == ["layer", "layer", "pixel", "pixel"]


# ------------------------------------------------------------------- the limit


@pytest.fixture
def small_limit(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 20_000)


def test_no_answer_is_larger_than_the_limit(small_limit, cnn):
    explorer = explore_layers(cnn, CAT)
    assert explorer.about["megabytes"] == 0.02
    for place, layer in enumerate(explorer.about["models"][0]["layers"]):
        questions = [("all layers", {}), ("layer", {}), ("channel", {"channel": 1})]
        if layer["how"] in ("sum", "copy"):
            channel = None if layer.get("whole", True) else 1
            questions.append(("weights", {"channel": channel}))
        for what, more in questions:
            _, arrays = ask(explorer, what, layer=place, **more)
            bias = layer["channels"] if what == "weights" else 0
            assert sum(4 * array.size for array in arrays) <= 20_000 + 4 * bias


def test_of_a_large_layer_come_a_coarse_mosaic_and_one_channel(small_limit, cnn):
    explorer = explore_layers(cnn, CAT)
    layer = described(explorer)["conv2d"]
    maps = layer_outputs(cnn, CAT[np.newaxis])["conv2d"][0]
    answer, (coarse,) = ask(explorer, "layer", layer=1)
    assert answer["step"] == 3
    assert (coarse == maps[::3, ::3]).all()
    low, high = answer["ranges"]  # those of every pixel, not of the pixels sent
    assert np.allclose(low, maps.min(axis=(0, 1)))
    assert np.allclose(high, maps.max(axis=(0, 1)))
    _, (one,) = ask(explorer, "channel", layer=1, channel=7)
    assert (one == maps[:, :, 7]).all()
    assert layer["how"] == "sum"  # its kernel and its input are small enough
    assert described(explorer)["max_pooling2d"]["how"] == "explain"  # its input is not


def test_of_large_kernels_comes_the_chosen_one(small_limit, cnn):
    explorer = explore_layers(cnn, CAT)
    assert described(explorer)["conv2d"]["whole"]
    assert not described(explorer)["dense"]["whole"]
    _, (kernel, bias) = ask(explorer, "weights", layer=7, channel=5)
    assert (kernel[0, 0, :, 0] == cnn.get_layer("dense").kernel.numpy()[:, 5]).all()
    assert bias.shape == (64,)


def test_few_images_are_kept(explorer):
    for image in range(6):
        ask(explorer, "all layers", image=image)
    assert len(explorer.followed) <= 2


# ----------------------------------------------------- models that are not the course's


def test_a_layer_of_ones_own_is_shown_with_the_reason():
    @keras.saving.register_keras_serializable("test")
    class Doubled(layers.Layer):
        def call(self, x):
            return 2 * x

    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            Doubled(name="twice"),
            layers.Conv2D(2, 3, name="conv"),
        ]
    )
    explorer = explore_layers(model, np.ones((4, 4, 1)))
    twice, conv = (described(explorer)[name] for name in ("twice", "conv"))
    assert twice["how"] == "value"
    assert "its class has a call of its own" in twice["why"]
    assert conv["how"] == "sum" and conv["source"] == 1


@pytest.mark.parametrize(
    "layer, how",
    [
        (layers.Conv2D(5, 3, activation="softmax"), "sum"),
        (layers.Conv2D(5, 3, activation=layers.Softmax()), "sum"),
        (layers.Dense(5, activation=layers.Softmax(axis=3)), "sum"),
        (layers.Dense(5, activation=layers.Softmax(axis=1)), "explain"),
        (layers.Conv2D(5, 3, activation=layers.Softmax(axis=[1, 2])), "explain"),
        (layers.Conv2D(5, 3, activation=layers.ReLU(max_value=0.2)), "explain"),
        (layers.Conv2D(6, 3, activation="glu"), "explain"),
    ],
    ids=["name", "layer", "last axis", "rows", "rows and columns", "settings", "glu"],
)
def test_the_browser_divides_over_channels_alone(layer, how):
    model = keras.Sequential([keras.Input((6, 6, 2)), layer])
    image = np.random.default_rng(0).random((6, 6, 2))
    explorer = explore_layers(model, image)
    assert described(explorer)[layer.name]["how"] == how
    if how == "explain":
        answer, _ = ask(explorer, "explain", layer=1, position=[1, 2, 1])
        y = layer_outputs(model, image[np.newaxis])[layer.name]
        assert answer["value"] == pytest.approx(y[0, 1, 2, 1], rel=1e-5)


@pytest.mark.skipif(keras.__version__ < "3.13", reason="it cannot build the model")
def test_a_model_inside_that_does_nothing():
    x = keras.Input((4, 4, 2))
    inner = keras.Model(x, x, name="inner")
    model = keras.Sequential([keras.Input((4, 4, 2)), inner, layers.Conv2D(2, 3)])
    explorer = explore_layers(model, np.ones((4, 4, 2)))
    assert described(explorer)["inner"]["how"] == "explain"


def test_layers_of_steps_are_computed_from_the_picture_of_one_column():
    steps = [
        layers.Conv1D(4, 3, 2, "causal", activation="relu", name="conv"),
        layers.MaxPooling1D(2, name="pool"),
        layers.UpSampling1D(2, name="up"),
        layers.GlobalAveragePooling1D(name="mean"),
    ]
    model = keras.Sequential([keras.Input((9, 2)), *steps])
    x = np.random.default_rng(0).random((1, 9, 2), "float32")
    explorer = explore_layers(model, x)
    about, outputs = described(explorer), layer_outputs(model, x)
    hows = [about[layer.name]["how"] for layer in steps]
    assert hows == ["sum", "largest", "copy", "average"]
    window = about["conv"]["window"]
    assert [window[key] for key in ("size", "strides", "before")] == [
        [3, 1],
        [2, 1],
        [2, 0],
    ]
    _, (kernel, _) = ask(explorer, "weights", layer=1)
    assert kernel.shape == (3, 1, 2, 4)
    answer, _ = ask(explorer, "explain", layer=1, position=[0, 0, 3])
    assert answer["value"] == pytest.approx(outputs["conv"][0, 0, 3], rel=1e-5)
    assert "padding" in answer["notes"][0]


def test_models_inside_models():
    inner = keras.Sequential(
        [keras.Input((6, 6, 2)), layers.Conv2D(3, 3, name="conv")], name="inner"
    )
    model = keras.Sequential(
        [keras.Input((6, 6, 2)), inner, layers.Flatten(name="flat")], name="outer"
    )
    explorer = explore_layers(model, np.ones((6, 6, 2)))
    assert list(described(explorer))[1:] == ["inner/conv", "inner", "flat"]
    assert described(explorer)["inner"]["how"] == "sum"
    assert described(explorer)["flat"]["source"] == 1
    assert ask(explorer, "weights", layer=2)[1][0].shape == (3, 3, 2, 3)


def test_grey_pictures_without_channels():
    model = keras.Sequential(
        [
            keras.Input((8, 6), name="grey"),
            layers.Reshape((8, 6, 1), name="with_channel"),
            layers.Conv2D(2, 3, name="conv"),
        ]
    )
    explorer = explore_layers(model, np.eye(8, 6))
    assert [layer["field"] for layer in list(described(explorer).values())[1:]] == [
        "pixel",
        "pixel",
    ]
    answer, _ = ask(explorer, "explain", layer=2, position=[1, 1, 0])
    # through a Reshape the receptive field is told, but it is not a part of a picture
    assert answer["notes"][-1].startswith("Receptive field")
    assert "1 image" in repr(explore_layers(model, np.ones((1, 8, 6))))


def test_the_callers_images_stay_as_they_are(cnn):
    images = np.array(cat_photograph())
    before = images.copy()
    ask(explore_layers(cnn, images), "all layers")
    assert (images == before).all() and images.dtype == "uint8"


def test_further_training_is_noticed():
    model = cifar10_cnn()
    explorer = explore_layers({"mine": model}, CAT)
    model.get_layer("conv2d_1").bias.assign(np.full(64, 0.5))
    with pytest.raises(
        RuntimeError, match="weights of mine have changed .* Run it again"
    ):
        ask(explorer, "all layers")


@pytest.mark.parametrize(
    "change",
    [
        lambda kernel: kernel[..., ::-1],  # the same numbers, other filters
        lambda kernel: -kernel,
        lambda kernel: np.where(kernel == kernel[0, 0, 0, 0], np.nan, kernel),
    ],
    ids=["filters swapped", "signs flipped", "one NaN"],
)
def test_changes_that_keep_the_sum_or_the_sizes_are_noticed(change):
    model = keras.Sequential([keras.Input((5, 5, 1)), layers.Conv2D(2, 3, name="conv")])
    explorer = explore_layers(model, np.ones((5, 5, 1)))
    kernel = model.get_layer("conv").kernel
    kernel.assign(change(kernel.numpy()))
    with pytest.raises(RuntimeError, match="weights of .* have changed"):
        ask(explorer, "all layers")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_model_whose_training_diverged_can_be_asked():
    model = keras.Sequential([keras.Input((5, 5, 1)), layers.Conv2D(2, 3, name="conv")])
    model.get_layer("conv").kernel.assign(np.full((3, 3, 1, 2), np.nan))
    explorer = explore_layers(model, np.ones((5, 5, 1)))
    _, (_, maps) = ask(explorer, "all layers")
    assert np.isnan(maps).all()


def test_an_error_reaches_the_browser_as_a_sentence(explorer):
    sent = []
    explorer.send = lambda content, buffers=None: sent.append(content)
    try:
        question = {
            "what": "channel",
            "model": 0,
            "image": 99,
            "layer": 1,
            "channel": 0,
        }
        explorer._reply(explorer, {"number": 1, "question": question}, None)
    finally:
        del explorer.send
    assert sent[0]["number"] == 1 and sent[0]["answer"]["error"]


# ------------------------------------------------------------------------ bad input


def refused(error, *sentences):
    return pytest.raises(error, match=".*".join(map(re.escape, sentences)))


def test_images_that_do_not_fit(cnn):
    with refused(ValueError, "images has shape (32, 32)", "(None, 32, 32, 3)"):
        explore_layers(cnn, CAT[..., 0])
    with refused(ValueError, "images has shape (1, 3, 32, 32)", "channels come first"):
        explore_layers(cnn, CAT.transpose(2, 0, 1)[np.newaxis])
    with refused(TypeError, "images is text"):
        explore_layers(cnn, [["a"]])
    with refused(TypeError, "images is a list of 2", "give all one shape"):
        explore_layers(cnn, [[1, 2], [3]])
    with refused(ValueError, "up to 100 images", "got 101", "images[:100]"):
        explore_layers(cnn, np.zeros((101, 32, 32, 3)))


def test_models_that_do_not_fit(cnn):
    with refused(ValueError, "takes inputs of shape (3,)", "explore_dense"):
        explore_layers(dense_network(), np.eye(3))
    with refused(TypeError, "keras.Model"):
        explore_layers("cifar10_cnn", CAT)
    with refused(ValueError, "not built"):
        explore_layers(keras.Sequential([layers.Conv2D(2, 3)]), CAT)
    with refused(ValueError, "dict of models is empty"):
        explore_layers({}, CAT)
    a, b = keras.Input((4, 4, 1), name="a"), keras.Input((4, 4, 1), name="b")
    two = keras.Model([a, b], layers.Add()([a, b]), name="two")
    with refused(ValueError, "follows one input", "a, b"):
        explore_layers(two, [CAT, CAT])


def test_models_to_switch_between_are_alike(cnn):
    other = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(2, 3)])
    with refused(ValueError, "long has 8 and short has 1"):
        explore_layers({"long": cnn, "short": other}, CAT)
    wide = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(32, 3), layers.Flatten()]
    )
    narrow = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(31, 3), layers.Flatten()]
    )
    with refused(ValueError, "Conv2D (30, 30, 32), and in narrow", "(30, 30, 31)"):
        explore_layers({"wide": wide, "narrow": narrow}, CAT)


def test_classes_are_as_many_as_units(cnn):
    assert explore_layers(cnn, CAT, CIFAR10_CLASSES).about["classes"][3] == "cat"
    with refused(ValueError, "classes has 2 names", "dense_1 has 10 units"):
        explore_layers(cnn, CAT, ["cat", "dog"])


# ------------------------------------------- models and layers of somebody else's own


class Residual(keras.Layer):
    """A layer of one's own: what it adds up leaves no trace."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")

    def call(self, x):
        return x + self.conv(x)


class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.block = Residual(name="block")
        self.pool = layers.MaxPooling2D(2, name="pool")
        self.mean = layers.GlobalAveragePooling2D(name="mean")

    def call(self, x):
        return self.mean(self.pool(self.block(x)))


@pytest.fixture(scope="module")
def own():
    model, images = Own(), np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    model(images)
    return model, images, explore_layers(model, images)


def test_a_subclassed_model_is_explored_like_others(own):
    model, images, explorer = own
    outputs = layer_outputs(model, images[:1])
    about = described(explorer)
    assert list(about)[1:] == list(outputs) == ["block/conv", "block", "pool", "mean"]
    answer, arrays = ask(explorer, "all layers")
    expected = [images[:1], *outputs.values()]
    assert sorted(answer["sent"]) == list(range(5))
    for place, array in zip(answer["sent"], arrays):
        np.testing.assert_array_equal(array.ravel(), expected[place].ravel())
    assert about["block/conv"]["how"] == "sum" and about["pool"]["how"] == "largest"
    assert about["block"]["how"] == "value"
    assert "its class has a call of its own" in about["block"]["why"]
    place = list(about).index("block/conv")
    answer, _ = ask(explorer, "explain", layer=place, position=[4, 5, 1])
    assert answer["value"] == pytest.approx(outputs["block/conv"][0, 4, 5, 1], abs=1e-5)
    assert answer["field"] == [(3, 6), (4, 7)]


def test_behind_arithmetic_without_a_layer_all_may_be_seen(own):
    model, images, explorer = own
    place = list(described(explorer)).index("pool")
    answer, _ = ask(explorer, "explain", layer=place, position=[1, 1, 0])
    assert answer["field"] == [(0, 8), (0, 8)]
    found = explain(model, images, "mean", (1, 2))
    assert found.value == pytest.approx(layer_outputs(model, images)["mean"][1, 2])


def test_pictures_for_a_model_that_says_nothing_of_shapes(own):
    model, images, _ = own
    assert explore_layers(model, images[0]).about["images"] == 1
    with pytest.raises(ValueError, match=r"takes \(images, rows, columns, channels\)"):
        explore_layers(model, images[0, 0])
