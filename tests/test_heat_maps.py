"""Gradients and heat maps of any layer, against Keras's own way and against formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import floats, functional, images, one_line, same, sequential

from helpers.by_hand import explain
from helpers.datasets import cat_photograph
from helpers.engine.middles import middles
from helpers.extraction import layer_outputs
from helpers.heat_maps import grad_cam, layer_gradients, on_pixels
from helpers.networks import trained_cifar10_cnn


def by_cutting(maps, scores_of, classes, mean=True):
    """Grad-CAM on a model cut in two: ``scores_of`` is the back, without softmax."""
    maps = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        picked = tf.gather(scores_of(maps), classes, axis=1, batch_dims=1)
    slopes = tape.gradient(picked, maps).numpy()
    weights = slopes.mean(axis=(1, 2), keepdims=True) if mean else slopes
    return np.maximum(0, (maps.numpy() * weights).sum(axis=-1)), slopes


def conv_dense(end="softmax", units=3):
    """Two convolutions and a Dense layer; what is behind ``maps``, without the end."""
    model = sequential(
        (10, 10, 3),
        layers.Conv2D(4, 3, activation="relu", name="conv"),
        layers.Conv2D(5, 3, activation="relu", name="maps"),
        layers.Flatten(name="flat"),
        layers.Dense(units, activation=end, name="kinds"),
    )
    kernel, bias = np.abs(floats(180, units)) - 0.5, floats(units)
    model.get_layer("kinds").set_weights([kernel, bias])
    return model, lambda maps: tf.reshape(maps, (len(maps), -1)) @ kernel + bias


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("batch_size", [2, 32])
@pytest.mark.parametrize("frozen", [True, False])
def test_heat_is_that_of_a_model_cut_in_two(mean, batch_size, frozen):
    model, back = conv_dense()
    model.trainable, x = not frozen, images(5, 10, 10)
    maps = layer_outputs(model, x, "maps")["maps"]
    for classes in (2, [0, 1, 2, 1, 0], None):
        each = (
            np.argmax(model(x), 1) if classes is None else np.broadcast_to(classes, 5)
        )
        heat, slopes = by_cutting(maps, back, each, mean)
        options = {"classes": classes, "batch_size": batch_size}
        same(grad_cam(model, x, "maps", mean=mean, **options), heat)
        same(layer_gradients(model, x, "maps", **options)["maps"], slopes)
        assert heat.any()


ENDS = {
    "softmax": lambda y: layers.Softmax()(y),
    "an activation layer": lambda y: layers.Activation("softmax")(y),
    "an operation": lambda y: ops.softmax(y),
    "a function": lambda y: keras.activations.softmax(y),
    "nothing": lambda y: y,
    "sigmoids": lambda y: layers.Activation("sigmoid")(y),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_score_is_taken_before_the_last_activation(end):
    inner, back = conv_dense(None)
    model, x = functional((10, 10, 3), lambda x: end(inner(x))), images(3, 10, 10)
    maps = layer_outputs(model, x, f"{inner.name}/maps")[f"{inner.name}/maps"]
    heat, _ = by_cutting(maps, back, [1, 1, 1])
    same(grad_cam(model, x, f"{inner.name}/maps", classes=1), heat)


def test_one_unit_with_a_sigmoid():
    model, back = conv_dense("sigmoid", 1)
    x = images(3, 10, 10)
    maps = layer_outputs(model, x, "maps")["maps"]
    same(grad_cam(model, x, "maps"), by_cutting(maps, back, [0, 0, 0])[0])


class Own(keras.Model):
    """A model with a ``call`` of its own, operations between."""

    def __init__(self):
        super().__init__(name="own")
        self.inner, self.back = conv_dense()

    def call(self, x):
        return self.inner(tf.sqrt(x) * 2)


def nested():
    inner, back = conv_dense()
    return functional((10, 10, 3), lambda x: inner(ops.sqrt(x) * 2)), inner, back


@pytest.mark.parametrize("kind", ["functional", "subclassed", "twice inside"])
def test_a_network_within_a_network_with_operations_between(kind):
    if kind == "subclassed":
        model = Own()
        model(images(1, 10, 10))
        inner, back = model.inner, model.back
    else:
        model, inner, back = nested()
    name = f"{inner.name}/maps"
    if kind == "twice inside":
        outer, middle = functional((10, 10, 3), lambda x: model(x * 1)), model
        name, model = f"{middle.name}/{name}", outer
    x = images(4, 10, 10)
    maps = layer_outputs(inner, np.sqrt(x) * 2, "maps")["maps"]
    heat, _ = by_cutting(maps, back, [2, 0, 1, 1])
    same(grad_cam(model, x, name, classes=[2, 0, 1, 1]), heat)
    same(grad_cam(model, x, classes=[2, 0, 1, 1]), heat)  # the last layer with maps


def test_a_base_of_keras_with_operations_before_and_two_outputs():
    base = keras.applications.MobileNetV2((32, 32, 3), weights=None, include_top=False)
    kinds, age = layers.Dense(4, "softmax", name="kinds"), layers.Dense(1, name="age")
    x = keras.Input((32, 32, 3))
    y = layers.GlobalAveragePooling2D()(base(x / 127.5 - 1))
    model, photos = keras.Model(x, [kinds(y), age(y)]), 255 * images(2)
    last = base.layers[-1].name
    maps = base(photos / 127.5 - 1)
    assert maps.shape == (2, 1, 1, 1280)
    slopes = kinds.kernel.numpy()[:, 3]
    found = layer_gradients(model, photos, f"{base.name}/{last}", 3, "kinds")
    same(found[f"{base.name}/{last}"][0, 0, 0], slopes)
    same(
        grad_cam(model, photos, f"{base.name}/{last}", 3, "kinds")[:, 0, 0],
        np.maximum(0, maps[:, 0, 0] @ slopes[:, None])[:, 0],
    )
    assert grad_cam(model, photos, output="age").shape == (
        2,
        3,
        3,
    )  # while it is padded
    for output in (None, "ages"):
        with pytest.raises(
            ValueError, match="'kinds' and 'age'.*output='kinds'"
        ) as said:
            grad_cam(model, photos, output=output)
        assert one_line(said)


def test_outputs_in_a_dict_are_named_by_their_keys():
    inner, back = conv_dense()
    x = keras.Input((10, 10, 3))
    y = inner(x)
    model, photos = keras.Model(x, {"kind": y, "again": y * 1}), images(2, 10, 10)
    maps = layer_outputs(inner, photos, "maps")["maps"]
    heat = grad_cam(model, photos, classes=1, output="kind")
    same(heat, by_cutting(maps, back, [1, 1])[0])


def test_a_shared_layer_has_a_heat_map_for_each_call():
    conv = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")
    flat, dense = layers.Flatten(), layers.Dense(2, name="dense")
    model, x = (
        functional((6, 6, 3), lambda x: dense(flat(conv(conv(x))))),
        images(2, 6, 6),
    )
    first = conv(x)
    for name, maps, back in (
        ("conv", first, lambda y: dense(flat(conv(y)))),
        ("conv:1", conv(first), lambda y: dense(flat(y))),
    ):
        same(grad_cam(model, x, name, 1), by_cutting(maps, back, [1, 1])[0])


def test_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, _ = conv_dense()
    finally:
        keras.config.set_dtype_policy("float32")
    twin, _ = conv_dense()
    twin.set_weights(model.get_weights())
    x = images(2, 10, 10)
    heat = grad_cam(model, x, "maps", 0)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, grad_cam(twin, x, "maps", 0), atol=2e-2)


def test_sequences_have_heat_over_their_steps():
    keras.utils.set_random_seed(0)  # with other weights all may be 0
    model = sequential(
        (12, 3),
        layers.Conv1D(4, 3, activation="relu", name="conv"),
        layers.Flatten(),
        layers.Dense(2, "softmax"),
    )
    heat = grad_cam(model, floats(3, 12, 3), "conv", 1)
    assert heat.shape == (3, 10) and (heat >= 0).all() and heat.any()
    assert on_pixels(model, floats(3, 12, 3), heat, "conv").shape == (3, 12)


def test_gradients_of_all_layers_and_the_model_stays():
    model, _ = conv_dense()
    before, x = model.get_weights(), images(2, 10, 10)
    found, outputs = layer_gradients(model, x), layer_outputs(model, x)
    assert list(found) == ["conv", "maps", "flat"]  # the score is before the last
    assert all(found[name].shape == outputs[name].shape for name in found)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def branches():
    def run(x):
        y = layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv")(x)
        z = layers.DepthwiseConv2D(3, padding="same", name="each")(y * 2)
        both = layers.Concatenate(name="both")([y, z])
        pooled = layers.GlobalAveragePooling2D(name="pool")(layers.Add()([both, both]))
        return layers.Dense(3, activation="softmax", name="kinds")(pooled)

    return functional((5, 5, 2), run, dtype="float64")


def recurrent():
    return sequential(
        (5, 5, 2),
        layers.Reshape((25, 2), name="steps"),
        layers.GRU(4, return_sequences=True, name="gru"),
        layers.Bidirectional(layers.LSTM(3, name="lstm"), name="both"),
        layers.Dense(3, activation="softmax", name="kinds"),
    )


def within():
    inner = branches()
    return functional((5, 5, 2), lambda x: inner(ops.sin(x) + 1), dtype="float64")


def of_one_own():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(3, 2, activation="tanh", name="conv")
            self.dense = layers.Dense(3, activation="softmax", name="kinds")

        def call(self, x):
            return self.dense(tf.reduce_sum(tf.square(self.conv(x)), axis=(1, 2)))

    model = Mine()
    model(np.zeros((1, 5, 5, 2)))
    return model


@pytest.mark.parametrize("make", [branches, recurrent, within, of_one_own])
def test_a_gradient_is_what_moving_a_number_does(make):
    """The other way round: a number is moved by `replace`, and the score read."""
    keras.config.set_dtype_policy("float64")
    try:
        model = make()
    finally:
        keras.config.set_dtype_policy("float32")
    x, random, tiny = (
        images(2, 5, 5, 2).astype("float64"),
        np.random.default_rng(0),
        1e-5,
    )
    found = layer_gradients(model, x, classes=1)
    last = [*layer_outputs(model, x)][-1]
    kinds = next(name for name in layer_outputs(model, x) if name.endswith("kinds"))
    assert len(found) >= 1 and kinds not in found and last not in found

    def score(name, place, by):
        def moved(y):
            y = y.copy()
            y[place] += by
            return y

        options = {"replace": {name: moved}, "before_activation": True}
        return layer_outputs(model, x, kinds, **options)[kinds][:, 1].sum()

    for name, slopes in found.items():
        for _ in range(3):
            place = tuple(random.integers(0, size) for size in slopes.shape)
            slope = (score(name, place, tiny) - score(name, place, -tiny)) / (2 * tiny)
            assert np.isclose(slopes[place], slope, atol=1e-5), name


def test_a_layer_is_named_in_every_way():
    model, _ = conv_dense()
    x = images(2, 10, 10)
    heat = grad_cam(model, x, "maps", 1)
    for one in (model.get_layer("maps"), 1, ["maps"], None):
        same(grad_cam(model, x, one, 1), heat)
    assert list(layer_gradients(model, x, layers.Conv2D)) == ["conv", "maps"]


REFUSED = {
    "no such layer": ({"layer": "mops"}, "has no layer 'mops'. Did you mean 'maps'"),
    "no maps": ({"layer": "kinds"}, "kinds is not a layer with maps"),
    "several": ({"layer": layers.Conv2D}, "means conv, maps. Name one"),
    "no class": ({"classes": 3}, "There is no class 3: kinds has 0 to 2"),
    "a negative class": ({"classes": -1}, "There is no class -1"),
    "classes of others": ({"classes": [1, 2, 0]}, "one for each of 2 inputs"),
    "a word": ({"classes": "cat"}, "classes must be the number of a class"),
    "no output": ({"output": "age"}, "output='age' is none of them"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_is_said_in_a_sentence(kind):
    options, words = REFUSED[kind]
    with pytest.raises(ValueError) as said:
        grad_cam(conv_dense()[0], images(2, 10, 10), **options)
    assert words in str(said.value) and one_line(said)


def test_other_models_and_inputs_are_refused():
    model, _ = conv_dense()
    stream = (images(2, 10, 10) for _ in range(2))
    with pytest.raises(ValueError, match="inputs are batches. Pass arrays"):
        grad_cam(model, stream)
    with pytest.raises(ValueError, match="has no layer with maps"):
        grad_cam(sequential((4,), layers.Dense(2)), floats(2, 4))
    segments = functional((6, 6, 3), layers.Conv2D(2, 3, name="conv"))
    with pytest.raises(ValueError, match=r"conv outputs shape \(1, 4, 4, 2\)"):
        grad_cam(segments, images(1, 6, 6))
    with pytest.raises(TypeError, match="must be a keras.Model"):
        layer_gradients("model", floats(2, 4))
    side = functional(
        (4,), lambda x: [layers.Dense(2, name="a")(x), layers.Dense(3, name="b")(x)]
    )
    with pytest.raises(ValueError, match="No gradient leads from the score to b"):
        layer_gradients(side, floats(2, 4), "b", output="a")


# Where the fields are -----------------------------------------------------------------


STACKS = {
    "valid": lambda: [layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Conv2D(2, 3)],
    "same": lambda: [layers.Conv2D(2, 5, padding="same"), layers.Conv2D(2, 3)],
    "strides": lambda: [layers.Conv2D(2, 3, strides=2), layers.Conv2D(2, 2, strides=3)],
    "same strides": lambda: [
        layers.Conv2D(2, 3, strides=2, padding="same"),
        layers.AveragePooling2D(3, strides=2, padding="same"),
    ],
    "dilated": lambda: [layers.Conv2D(2, 3, dilation_rate=(2, 3)), layers.Conv2D(1, 3)],
    "oblong": lambda: [layers.Conv2D(2, (3, 5), strides=(1, 2))],
    "depthwise": lambda: [layers.DepthwiseConv2D(3), layers.SeparableConv2D(2, 3)],
    "padded": lambda: [layers.ZeroPadding2D(((0, 1), (2, 0))), layers.Conv2D(2, 3, 2)],
    "cropped": lambda: [layers.Cropping2D(((3, 1), (0, 2))), layers.Conv2D(2, 3)],
    "enlarged": lambda: [layers.AveragePooling2D(4), layers.UpSampling2D(4)],
    "between": lambda: [
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.5),
        layers.MaxPooling2D(3),
    ],
}


def weights_of_one(model):
    for weight in model.trainable_weights:
        weight.assign(np.ones(weight.shape))


def seen_middle(model, x, place):
    """The middle of the pixels that a place depends on: their gradient is not 0."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(model(x)[0, place[0], place[1]])
    slopes = tape.gradient(y, x)[0].numpy().any(axis=-1)
    return [
        np.flatnonzero(slopes.any(axis=1 - axis))[[0, -1]].mean() for axis in (0, 1)
    ]


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_middles_are_those_of_the_pixels_that_count(stack):
    model = sequential((41, 43, 1), *stack())
    weights_of_one(model)
    x = 0.1 + images(1, 41, 43, 1)
    for layer in model.layers:  # of a maximum one pixel counts: all are to be equal
        if isinstance(layer, layers.MaxPooling2D):
            averages = layers.AveragePooling2D(layer.pool_size, name=layer.name)
            model = sequential(
                (41, 43, 1), *[averages if y is layer else y for y in model.layers]
            )
    rows, columns = middles(model, x, model.layers[-1].name)
    place = len(rows) // 2, len(columns) // 2
    expected = seen_middle(model, x, place)
    if isinstance(model.layers[-1], layers.UpSampling2D):  # four places see one patch
        expected = [(i // 4) * 4 + 1.5 + (i % 4 - 1.5) for i in place]
    assert [rows[place[0]], columns[place[1]]] == expected


def test_middles_through_models_inside_branches_and_own_layers():
    class Halved(keras.Layer):
        def call(self, x):
            return tf.nn.avg_pool2d(x, 2, 2, "VALID")

    inner = sequential((20, 20, 3), layers.Conv2D(3, 3, name="deep"))
    conv = layers.Conv2D(3, 1, name="one")
    model = functional(
        (42, 42, 3), lambda x: conv(inner(Halved()(x / 2)[:, 1:, 1:])) * 2
    )
    found = middles(model, images(1, 42, 42), f"{inner.name}/deep")
    even = (np.arange(18) + 1 + 0.5) * 21 / 20 - 0.5  # a cut: places lie evenly
    same(found[0], (even + 0.5) * 2 - 0.5)
    branches = functional(
        (9, 9, 3),
        lambda x: layers.Add(name="sum")(
            [layers.Conv2D(3, 3, padding="same")(x), layers.Conv2D(3, 1)(x)]
        ),
    )
    same(middles(branches, images(1, 9, 9), "sum")[0], np.arange(9.0))
    turned = functional(
        (8, 6, 3),
        lambda x: layers.Conv1D(2, 3, name="conv")(layers.Reshape((48, 3))(x)),
    )
    heat = np.ones((1, 46))
    with pytest.raises(ValueError, match="conv has its places no longer in the rows"):
        on_pixels(turned, images(1, 8, 6), heat, "conv")


def test_middles_of_the_network_are_those_that_explain_tells():
    network, photo = trained_cifar10_cnn(), cat_photograph()[np.newaxis] / 255
    rows, columns = middles(network, photo, "conv2d_2")
    for i in range(4):
        field = explain(network, photo, "conv2d_2", (0, i, 3 - i, 0)).receptive_field
        found = [(part.start + part.stop - 1) / 2 for part in field]
        assert [rows[i], columns[3 - i]] == found


def test_heat_lies_in_the_middle_of_what_a_place_looks_at():
    network, photos = trained_cifar10_cnn(), images(2)
    heat = floats(2, 4, 4)
    found = on_pixels(network, photos, heat, "conv2d_2")
    same(found, np.pad(np.kron(heat, np.ones((1, 4, 4))), ((0, 0), (7, 9), (7, 9))))
    whole = on_pixels(network, photos, np.ones((2, 13, 13)), "conv2d_1")
    assert whole.shape == (2, 32, 32)
    with pytest.raises(ValueError, match="conv2d_2 has maps of .4, 4. places"):
        on_pixels(network, photos, np.ones((2, 8, 8)), "conv2d_2")


def test_a_map_of_one_place_covers_the_picture():
    model = sequential((4, 4, 1), layers.Conv2D(1, 4, name="conv"), layers.Flatten())
    found = on_pixels(model, images(1, 4, 4, 1), np.full((1, 1, 1), 7.0), "conv")
    same(found, np.full((1, 4, 4), 7.0))
