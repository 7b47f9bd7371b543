"""Lesson "Your own network" with nothing changed but the path of the model's file."""

import keras
import nbformat
import numpy as np
import pytest
from keras import layers
from lesson_files import LESSONS
from nbclient import NotebookClient

from helpers.engine.files import COURSE, NOTEBOOKS

[LESSON] = [path for path in LESSONS if "your_own_network" in path.stem]
PATH = 'folder / "model.keras")  # or the path of your file'
BROUGHT = COURSE.parent / "shared" / "models"  # where they are
REFUSED = {
    "git_lfs_pointer.keras": "is a pointer that Git LFS leaves in place of a file",
    "traffic_attention.keras": "needs BahdanauAttention, which Keras does not have",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*HDF5", "ignore:You are saving a model that"),
]


def stack(shape, *those, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *those])


@keras.saving.register_keras_serializable("own_files")
class Subclassed(keras.Model):
    """A model with a call of its own; the lesson defines it in a cell before."""

    def __init__(self, **options):
        super().__init__(**options)
        self.maps = layers.Conv2D(6, 3, activation="relu")
        self.flat = layers.Flatten()
        self.answer = layers.Dense(3)

    def call(self, x):
        return self.answer(self.flat(self.maps(x)))


def text():
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(["a short text", "another one"])
    return stack(
        (1,), vectorize, layers.Embedding(9, 4), layers.LSTM(3), dtype="string"
    )


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((6, 6, 3), name="b")
    both = layers.Concatenate()([a, layers.Flatten()(layers.Conv2D(5, 3)(b))])
    return keras.Model([a, b], [layers.Dense(2)(both), layers.Dense(1)(both)])


def answers_by_name():
    x = keras.Input((12, 12, 3), name="image")
    y = layers.Flatten()(layers.Conv2D(4, 3)(x))
    return keras.Model({"image": x}, {"b": layers.Dense(4)(y), "c": layers.Dense(2)(y)})


def masked():
    x, mask = keras.Input((6, 2)), keras.Input((6,), dtype="bool", name="mask")
    return keras.Model([x, mask], layers.LSTM(3)(x, mask=mask))


def generator():
    up = layers.Conv2DTranspose(3, 3, strides=2, activation="tanh")
    return stack((100,), layers.Dense(64), layers.Reshape((4, 4, 4)), up)


def autoencoder():
    down = layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D()
    return stack((8, 8, 1), *down, layers.UpSampling2D(), layers.Conv2D(1, 1))


def normalized():
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(3, 2, (9, 12)))
    return stack((12,), layer, layers.Dense(2))


MODELS = {
    "grey": lambda: stack(
        (28, 28, 1), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10, "softmax")
    ),
    "without channels": lambda: stack((28, 28), layers.Flatten(), layers.Dense(10)),
    "colour": lambda: stack(
        (32, 32, 3), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()
    ),
    "any size": lambda: stack(
        (None, None, 3), layers.Conv2D(4, 3), layers.GlobalMaxPooling2D()
    ),
    "columns": lambda: stack((12,), layers.Dense(4, "relu"), layers.Dense(1)),
    "text": text,
    "tokens": lambda: stack((None,), layers.Embedding(20, 4), layers.GRU(3)),
    "sequence": lambda: stack((24, 2), layers.Conv1D(4, 3), layers.LSTM(3)),
    "two inputs": two_inputs,
    "stateful": lambda: keras.Sequential(
        [keras.Input(batch_shape=(2, 5, 3)), layers.LSTM(3, stateful=True)]
    ),
    "subclassed": Subclassed,
    "answers by name": answers_by_name,
    "masked": masked,
    "generator": generator,
    "autoencoder": autoencoder,
    "normalized": normalized,
    "bytes": lambda: stack(
        (9, 9, 3), layers.Rescaling(1 / 255), layers.Conv2D(4, 3), dtype="uint8"
    ),
    "channels first": lambda: stack(
        (3, 16, 16), layers.Permute((2, 3, 1)), layers.Conv2D(4, 3)
    ),
    "volumes": lambda: stack((5, 8, 8, 1), layers.Conv3D(2, 3), layers.Flatten()),
    "pictures in time": lambda: stack(
        (4, 8, 8, 3),
        layers.TimeDistributed(layers.Conv2D(2, 3)),
        layers.TimeDistributed(layers.Flatten()),
        layers.GRU(2),
    ),
    "one batch": lambda: keras.Sequential(
        [keras.Input(batch_shape=(2, 8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten()]
    ),
}


def lesson_with(path, before=""):
    """Run the lesson with another path in its one line; return all that it prints."""
    notebook = nbformat.read(LESSON, as_version=4)
    # what follows is about other networks
    [end] = [i for i, cell in enumerate(notebook.cells) if "## 6. A net" in cell.source]
    del notebook.cells[end:]
    changed = [cell for cell in notebook.cells if PATH in cell.source]
    assert len(changed) == 1
    changed[0].source = before + changed[0].source.replace(PATH, f"{str(path)!r})")
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    ).execute()
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    for one in outputs:
        assert one.get("name") != "stderr", one.text
    shown = [one.get("data", {}).get("text/plain", "") for one in outputs]
    return "\n".join([*(one.get("text", "") for one in outputs), *shown])


@pytest.mark.parametrize("name", MODELS)
def test_the_lesson_runs_on_a_model_of_another_kind(name, tmp_path):
    model, before = MODELS[name](), ""
    if name == "subclassed":
        model(np.zeros((1, 8, 8, 3)))
        place = "sys.path.insert(0, '../tests/lessons')"
        before = f"import sys\n\n{place}\nimport test_own_files\n\n"
    path = tmp_path / "model.keras"
    model.save(path)
    printed = lesson_with(path, before)
    assert "conv_1" not in printed and "layers are equal" in printed
    others = "columns text tokens sequence stateful masked generator normalized".split()
    others += ["volumes", "pictures in time"]
    assert (name in others) != ("your picture, " in printed)


@pytest.mark.skipif(not BROUGHT.is_dir(), reason="the files of others are not here")
@pytest.mark.parametrize(
    "name", sorted(one.name for one in BROUGHT.glob("*.[kh]*")) or ["none"]
)
def test_the_lesson_runs_on_the_files_of_others(name):
    if name in REFUSED:
        with pytest.raises(Exception, match=REFUSED[name]):
            lesson_with(BROUGHT / name)
    else:
        assert "layers are equal" in lesson_with(BROUGHT / name)
