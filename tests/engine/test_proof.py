"""Proofs of whole networks, of `keras.applications` and of keras_hub; proofs can fail.

``LAYERS_PROOF=all`` proves every entry of every network, otherwise a sample.
``pytest -rP`` prints how many entries were proved.
"""

import os
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from proof import Spy, path_of, prove, settle

from helpers.engine import recording, replacing
from helpers.extraction import layer_outputs

ALL = os.environ.get("LAYERS_PROOF") == "all"
ROWS = 49 if ALL else 13

# ------------------------------------------------------------- a proof can fail


def small():
    """A network whose layers have outputs of one shape, one of them called twice."""
    x = keras.Input((4,))
    first = keras.layers.Dense(4, "tanh", name="first")(x)
    shared = keras.layers.Dense(4, "tanh", name="shared")
    y = keras.ops.sin(shared(shared(first)))
    y = keras.layers.Dense(4, "tanh", name="last")(y + first)
    model = keras.Model(x, keras.layers.Dense(2, name="answer")(y))
    settle(model, np.random.default_rng(0), None)
    return model, np.random.default_rng(1).normal(size=(9, 4))


@pytest.mark.parametrize("alone", [False, True])
def test_right_records(alone):
    model, x = small()
    proof = prove(model, x, alone=alone)
    assert proof.entries == 7 and proof.stayed == [] and proof.another > 1e-3


def earlier(output, before):
    return before


def shifted(output, before):
    return output + 1e-3


def of_another_row(output, before):
    return tf.roll(output, 1, axis=0)


def of_another_unit(output, before):
    return tf.roll(output, 1, axis=1)


def before_activation(output, before):
    return tf.atanh(output)


@pytest.mark.parametrize("name", ["first", "shared", "shared:1", "last"])
@pytest.mark.parametrize(
    "wrong", [earlier, shifted, of_another_row, of_another_unit, before_activation]
)
@pytest.mark.parametrize("alone", [False, True])
def test_wrong_records(monkeypatch, name, wrong, alone):
    add, before = recording.Recorder.add, []

    def add_wrong(recorder, call):
        before.append(call.output)
        if call.name == name:
            call.output = wrong(*before[:-3:-1])
        add(recorder, call)

    model, x = small()
    monkeypatch.setattr(recording.Recorder, "add", add_wrong)
    with pytest.raises(AssertionError, match=f"{name}: with its record"):
        prove(model, x, alone=alone)
    others = {"first", "shared", "shared:1", "last"} - {name}
    assert prove(model, x, sorted(others), alone=alone).entries == 3


@pytest.mark.parametrize("pair", [("first", "last"), ("shared", "shared:1")])
def test_exchanged_names(monkeypatch, pair):
    add, other = recording.Recorder.add, dict([pair, pair[::-1]])

    def add_wrong(recorder, call):
        if call.name in other:
            call.name = other[call.name]
            call.path, call.keys = path_of(call.name), [call.name]
        add(recorder, call)

    monkeypatch.setattr(recording.Recorder, "add", add_wrong)
    with pytest.raises(AssertionError, match="is off by"):
        prove(*small())


def test_what_is_not_put_in(monkeypatch):
    monkeypatch.setattr(
        replacing.Replacing, "replace", lambda self, call, output: output
    )
    monkeypatch.setattr(replacing.Replacing, "unused", lambda self: None)
    with pytest.raises(AssertionError, match="with noise it is off by"):
        prove(*small())


def test_what_keras_does_not_call():
    model, x = small()
    with pytest.raises(AssertionError, match="Keras calls no {'other'}"):
        Spy(model, {"other": lambda y: y}).run(x)


def test_what_nothing_depends_on():
    x = keras.Input((5, 3))
    y, h, c = keras.layers.LSTM(4, return_state=True, name="lstm")(x)
    off = keras.layers.Dense(4, name="off")(h)
    model = keras.Model(x, keras.layers.ReLU(name="relu")(y) + 0 * off)
    inputs = np.random.default_rng(1).normal(size=(9, 5, 3))
    proof = prove(model, inputs)
    assert proof.stayed == ["lstm/1", "lstm/2", "off"]
    assert proof.entries == 7  # with lstm/0, relu, 0 * off, and the sum


def test_spy_sees_what_the_record_holds():
    model, x = small()
    spy = Spy(model)
    spy.run(x)
    record = layer_outputs(model, x)
    assert {*record, model.name} == set(spy.outputs)
    for name, y in record.items():
        np.testing.assert_array_equal(y, spy.outputs[name])


# ------------------------------------------------------------ keras.applications

APPLICATIONS = sorted(
    name
    for name, make in vars(keras.applications).items()
    if name[0].isupper() and callable(make)
)
SAMPLE = "ConvNeXtTiny EfficientNetV2B0 MobileNetV3Small ResNet50V2 VGG16".split()


def application(name, rng):
    """A network with random weights that keep its numbers of one size, and pictures."""
    for side in (32, 71, 75):  # the smallest that some network takes
        try:
            model = getattr(keras.applications, name)(
                weights=None, input_shape=(side, side, 3), classes=5
            )
            break
        except ValueError as error:
            assert "Input size must be at least" in str(error), error
    pictures = rng.uniform(0, 255, (ROWS, side, side, 3)).astype("float32")
    settle(model, rng, pictures)
    return model, pictures


def test_every_network_is_known():
    assert len(APPLICATIONS) >= 40 and set(SAMPLE) < set(APPLICATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS if ALL else SAMPLE)
def test_applications(name):
    rng = np.random.default_rng(APPLICATIONS.index(name))
    model, pictures = application(name, rng)
    names = list(layer_outputs(model, pictures[:1]))
    assert {one.name for one in model.operations[1:]} <= set(names)
    start = time.perf_counter()
    if not ALL:
        names = rng.choice(names, min(len(names), 60), replace=False)
    proof = prove(model, pictures, names, rng)
    print(f"{name}: {proof}; {time.perf_counter() - start:.0f} s")
    assert proof.entries == len(names) and not proof.stayed


# ---------------------------------------------------------------------- keras_hub


def bert(hub):
    model = hub.models.BertBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=9,
    )
    return model, {
        "token_ids": tokens(7),
        "segment_ids": tokens(7) % 2,
        "padding_mask": until(7),
    }


def gpt2(hub):
    model = hub.models.GPT2Backbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=9,
    )
    return model, {"token_ids": tokens(7), "padding_mask": until(7)}


def gemma(hub):
    model = hub.models.GemmaBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_query_heads=2,
        num_key_value_heads=1,
        hidden_dim=8,
        intermediate_dim=12,
        head_dim=4,
    )
    return model, {"token_ids": tokens(7), "padding_mask": until(7)}


def vit(hub):
    model = hub.models.ViTBackbone(
        image_shape=(16, 16, 3),
        patch_size=4,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=12,
    )
    return model, pictures(16)


def resnet(hub):
    model = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[2, 2],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(32, 32, 3),
    )
    return model, pictures(32)


def tokens(steps):
    return np.random.default_rng(1).integers(1, 50, (ROWS, steps))


def until(steps):
    """A padding mask: some rows are shorter."""
    return np.arange(steps) < np.random.default_rng(2).integers(3, steps + 1, (ROWS, 1))


def pictures(side):
    return np.random.default_rng(3).normal(size=(ROWS, side, side, 3))


@pytest.mark.slow
@pytest.mark.parametrize("make", [bert, gpt2, gemma, vit, resnet])
def test_keras_hub(make):
    hub = pytest.importorskip("keras_hub")
    model, inputs = make(hub)
    rng = np.random.default_rng(0)
    settle(model, rng, inputs)
    start = time.perf_counter()
    proof = prove(model, inputs, rng=rng)
    print(f"{model.name}: {proof}; {time.perf_counter() - start:.0f} s")
    assert proof.stayed == []
