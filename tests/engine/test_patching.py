"""Keras and other threads are left alone, also by patches and errors on the way."""

import threading
from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from support import (
    FEW,
    MANY,
    Makes,
    assert_equal,
    floats,
    idiom,
    images,
    same,
    sequential,
    unchanged,
    variables_of,
)

from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network


@contextmanager
def somebody_s_patch(cls=keras.Layer):
    before, calls = cls.__call__, []

    def patch(layer, *args, **kwargs):
        calls.append(layer)
        return before(layer, *args, **kwargs)

    cls.__call__ = patch
    try:
        yield calls
        assert cls.__call__ is patch
    finally:
        cls.__call__ = before


@pytest.mark.parametrize("cls", [keras.Layer, keras.Operation])
@pytest.mark.parametrize("options", [FEW, MANY], ids=["few", "many"])
def test_somebody_s_patch_is_called_and_kept(cls, options):
    model, x = sequential((6,), layers.Dense(2, name="dense")), floats(10, 6)
    for _ in range(2):
        with somebody_s_patch(cls) as calls:
            layer_outputs(model, x, **options)
        assert model.layers[0] in calls
        del calls[:]
        same(layer_outputs(model, x, **options)["dense"], model(x))
        assert not calls


def test_a_patch_that_comes_and_goes_within_a_call():
    def patching(x):
        with somebody_s_patch() as calls:
            y = inner(x)
        assert calls == [inner]
        return y

    inner = layers.Dense(2, name="inner")
    inner.build((None, 6))
    layer = Makes(patching, name="own")
    layer.inner = inner
    model, x = sequential((6,), layer), floats(3, 6)
    found = layer_outputs(model, x)
    same(found["own/inner"], inner(x))
    same(found["own"], model(x))


def test_a_patch_made_within_a_call():
    before = keras.Layer.__call__

    def patching(x):
        here = keras.Layer.__call__
        if here is before or model.built:
            keras.Layer.__call__ = lambda *args, **kwargs: here(*args, **kwargs)
        return x * 2

    model = sequential((6,), Makes(patching, name="own"))
    try:
        keras.Layer.__call__ = before
        layer_outputs(model, floats(3, 6))
        layer_outputs(model, floats(3, 6))
    finally:
        keras.Layer.__call__ = before


def test_threads_do_not_see_each_other():
    shared = sequential((6,), layers.Dense(4, name="a"), layers.Dense(2, name="b"))
    own = [sequential((6,), layers.Dense(3, name="c")) for _ in range(2)]
    x, wrong = floats(4, 6), []
    start = threading.Barrier(4)

    def work(model, outside):
        start.wait()
        for _ in range(15):
            try:
                if outside:
                    same(np.asarray(model(x)), expected[id(model)])
                    continue
                found = layer_outputs(model, x)
                assert list(found) == [one.name for one in model.layers]
                same(found[model.layers[-1].name], expected[id(model)])
            except BaseException as error:
                wrong.append(error)

    expected = {id(model): np.asarray(model(x)) for model in [shared, *own]}
    jobs = [(shared, False), (shared, True), (own[0], False), (own[1], False)]
    with somebody_s_patch() as calls:
        threads = [threading.Thread(target=work, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong and set(own[0].layers) <= set(calls)


class Fails(keras.Layer):
    """Raises at its n-th call, counted once it is told to."""

    def __init__(self, error, at=None, **options):
        super().__init__(**options)
        self.error, self.at, self.seen = error, at, 0

    def call(self, x):
        if self.at is not None:
            self.seen += 1
            if self.seen > self.at:
                raise self.error
        return x


FAILURES = [
    ValueError("a\nb"),
    AssertionError(),
    KeyError("k"),
    tf.errors.AbortedError(None, None, "gone"),
    KeyboardInterrupt(),
    RecursionError("deep"),
]


@pytest.mark.parametrize("at", [0, 1, 6], ids=["at once", "in the probe", "later"])
@pytest.mark.parametrize("error", FAILURES, ids=lambda x: type(x).__name__)
def test_an_error_leaves_nothing_behind(error, at):
    policy = keras.DTypePolicy("mixed_float16")
    fails = Fails(error, name="fails", dtype=policy)
    model = sequential((6,), layers.Dense(3, dtype=policy), fails, layers.Dropout(0.5))
    before, activation = keras.Layer.__call__, model.layers[0].activation
    state, x = variables_of(model)[:2], floats(7, 6)
    fails.at = at
    with pytest.raises((ValueError, KeyboardInterrupt)) as caught:
        layer_outputs(model, x, training=True, before_activation=True, **MANY)
    assert len(str(caught.value).splitlines()) <= 1
    if caught.type is ValueError:
        assert "fails" in str(caught.value)
    assert keras.Layer.__call__ is before
    assert model.layers[0].activation is activation
    assert not tf.config.functions_run_eagerly()
    get = keras.src.backend.common.global_state.get_global_attribute
    assert get("current_call_ctx") is None
    assert get("autocast_scope") is None and get("stateless_scope") is None
    unchanged(state, model, 2)
    fails.at = None
    same(layer_outputs(model, x)[model.layers[-1].name], np.asarray(model(x), "f4"))


@pytest.mark.parametrize("size", [None, 1])
def test_keras_compiles_what_it_wants_to_compile(size):
    """Only code of one's own runs line by line; Keras compiles some convolutions."""
    seen = {}

    def note(name):
        return lambda x: [x, seen.setdefault(name, tf.config.functions_run_eagerly())][
            0
        ]

    class Watched(layers.Conv2D):
        def convolution_op(self, x, kernel):  # called by Keras's own `call`
            seen["in Keras"] = tf.config.functions_run_eagerly()
            return super().convolution_op(x, kernel)

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = Watched(4, 3, groups=2, name="conv")
            self.dense = layers.Dense(2, activation=note("activation"), name="dense")

        @tf.function
        def call(self, x):
            return self.dense(note("own")(self.conv(x)))

    model, x = Own(), floats(12, 6, 6, 4)
    model.conv.build(x.shape)  # built within a tf.function, it would be a wrong one
    y = model(x)
    seen.clear()
    outputs = layer_outputs(model, x, batch_size=size)
    assert seen == {"in Keras": False, "own": True, "activation": True}
    assert not tf.config.functions_run_eagerly()
    same(outputs["dense"], y)
    expected = layers.Conv2D(4, 3, groups=2)
    expected.build(x.shape)
    expected.set_weights(model.conv.get_weights())
    same(outputs["conv"], expected(x))


def test_an_error_in_the_model_leaves_keras_as_it_was():
    class Fails(keras.Model):
        def call(self, x):
            raise RuntimeError("broken")

    model, call = Fails(), keras.Layer.__call__
    model.built = True
    with pytest.raises(ValueError, match="broken"):
        layer_outputs(model, np.eye(3))
    assert keras.Layer.__call__ is call
    assert len(layer_outputs(dense_network(), np.eye(3))) == 2


def test_two_threads_at_once():
    models = [cifar10_cnn(seed) for seed in range(4)]
    x, results, stop = images(2), {}, threading.Event()

    def call_another_model():
        other = dense_network()
        while not stop.is_set():
            other(np.eye(3))

    def extract(i):
        results[i] = layer_outputs(models[i], x)

    caller = threading.Thread(target=call_another_model)
    caller.start()
    threads = [threading.Thread(target=extract, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    caller.join()
    for i, model in enumerate(models):
        assert_equal(results[i], idiom(model, x))
