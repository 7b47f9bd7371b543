"""What lesson 07 says holds for its own outputs, and for other pictures."""

import re

import nbformat
import numpy as np
import pytest

from helpers.datasets import drawn_pictures
from helpers.engine.files import NOTEBOOKS
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn
from helpers.probes import probe

LESSON = nbformat.read(NOTEBOOKS / "07_using_layer_outputs.ipynb", as_version=4)
NETWORK = trained_cifar10_cnn()
LAYERS = [layer.name for layer in NETWORK.layers if layer.name != "flatten"]


def shown(words, lesson=LESSON):
    """Return what the one cell with these words prints or shows as text."""
    (cell,) = [c for c in lesson.cells if words in c.source]
    return "\n".join(o.get("text") or o.data["text/plain"] for o in cell.outputs)


def table(words, row):
    """Return the names of a table that a cell prints, and its two columns."""
    rows = re.findall(row, shown(words), re.MULTILINE)
    assert [name for name, *_ in rows] == ["pixels", *LAYERS]
    return np.array([numbers for _, *numbers in rows], float).T


def test_directions_find_more_and_later_layers_more():
    row = r"^(\w+) +(0\.\d\d) +(0\.\d\d)$"
    by_distance, by_direction = table("same label        by distance", row)
    assert (by_direction > by_distance).sum() >= 7  # "in most of the rows"
    for column in (by_distance, by_direction):
        grown = np.diff(column[1:-1])  # from conv2d to dense
        assert (grown >= 0).all() and grown.sum() > 0.15


def test_the_trained_curve_falls_in_the_dense_layers_only():
    row = r"^(\w+) +(0\.\d\d) ± 0\.0[12] (0\.\d\d) ± 0\.0[12]$"
    trained, untrained = table("accuracy              trained    untrained", row)
    last = 1 + LAYERS.index("conv2d_2")
    assert (np.diff(trained[: last + 1]) >= 0).all() and trained[last] > 0.9
    assert (np.diff(trained[last:]) < -0.04).all()  # two standard errors
    assert (np.diff(untrained[last:]) < -0.1).all()
    assert trained[0] == untrained[0] and (trained > untrained + 0.08)[1:].all()
    found = shown("Within two standard errors")
    assert "highest accuracy: conv2d_1, max_pooling2d_1, conv2d_2." in found


def test_neighbours_do_better_than_the_probe_in_dense():
    row = r"^(\w+) +(0\.\d\d) +(0\.\d\d)$"
    _, by_direction = table("same label        by distance", row)
    row = r"^(\w+) +(0\.\d\d) ± 0\.0[12] (0\.\d\d) ± 0\.0[12]$"
    probed, _ = table("accuracy              trained    untrained", row)
    place = 1 + LAYERS.index("dense")
    said = f"than the probe: {by_direction[place]} against {probed[place]}."
    assert any(said in c.source for c in LESSON.cells)


def test_the_probe_on_the_last_layer_repeats_the_network():
    probed, own = map(float, re.findall(r"0\.\d\d", shown("own = (by_layer")))
    assert abs(probed - own) < 2 * np.sqrt(own * (1 - own) / 500) and own > 0.7


def test_the_picture_shown_has_other_neighbours_by_pixels():
    pixels, layer = map(int, re.findall(r"(\d) of 5", shown("which = 839"))[:2])
    assert pixels <= 1 and layer >= 4


def test_with_equal_lengths_the_distance_finds_the_same_neighbours():
    random = np.random.default_rng(0)
    known, new = random.normal(size=(100, 8)), random.normal(size=(30, 8))
    known, new = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (known, new))
    distances = np.linalg.norm(new[:, np.newaxis] - known, axis=2)
    np.testing.assert_array_equal(
        distances.argmin(axis=1), (new @ known.T).argmax(axis=1)
    )


def test_the_folded_equation_gives_the_same_weights():
    (cell,) = [c for c in LESSON.cells if "```python" in c.source]
    outputs = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, -1.0]])
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    names = {"np": np, "outputs": outputs, "targets": targets}
    exec(cell.source.split("```python\n")[1].split("```")[0], names)
    weights = np.linalg.solve(outputs.T @ outputs + np.eye(2), outputs.T @ targets)
    np.testing.assert_allclose(names["weights"], weights)
    assert (outputs**2).sum(axis=1).mean() == 3.5 and 28_800**2 * 8 // 10**8 == 66


def accuracy(outputs, labels):
    """Return on which share of the pictures from 750 on a probe is right."""
    found = probe(outputs[:750], labels[:750]).classes(outputs[750:])
    return (found == labels[750:]).mean()


@pytest.mark.slow
def test_one_penalty_suits_every_layer():
    """No other is better by more than a standard error."""
    images, labels = drawn_pictures(1250, part="test")
    images, labels = images / np.float32(255), labels[:, 0]
    spaces = {"pixels": images, **layer_outputs(NETWORK, images, LAYERS)}
    for outputs in spaces.values():
        found = []
        for penalty in (1, 0.01, 0.1, 10, 100):
            fitted = probe(outputs[:750], labels[:750], penalty)
            found.append((fitted.classes(outputs[750:]) == labels[750:]).mean())
        assert found[0] > max(found) - 0.02


def nearest(outputs, lengths):
    """Return the known picture nearest to each new one, by direction or by distance."""
    flat = outputs.reshape(len(outputs), -1)
    if not lengths:
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    new, known = flat[750:], flat[:750]
    return ((known**2).sum(axis=1) - 2 * new @ known.T).argmin(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_lesson_holds_for_other_pictures(seed):
    images, labels = drawn_pictures(1250, seed=seed, part="test")
    images, labels = images / np.float32(255), labels[:, 0]
    by_layer = {"pixels": images}
    by_layer.update(layer_outputs(NETWORK, images, LAYERS, batch_size=1250))

    more = 0
    for outputs in by_layer.values():
        found = [nearest(outputs, lengths) for lengths in (False, True)]
        direction, distance = [(labels[x] == labels[750:]).mean() for x in found]
        more += direction > distance
    assert more >= 5

    trained = {name: accuracy(outputs, labels) for name, outputs in by_layer.items()}
    assert trained["conv2d_2"] > trained["dense"] > trained["dense_1"]
    close = nearest(by_layer["dense"], lengths=False)
    assert (labels[close] == labels[750:]).mean() > trained["dense"] + 0.01
    own = (by_layer["dense_1"].argmax(axis=1) == labels)[750:].mean()
    assert abs(trained["dense_1"] - own) < 0.04

    shuffled = np.random.default_rng(seed).permutation(labels[:750])
    for name, low, high in (("conv2d", 0.99, 1), ("dense", 0.2, 0.5)):
        fitted = probe(by_layer[name][:750], shuffled, penalty=0.01)
        assert low <= (fitted.classes(by_layer[name][:750]) == shuffled).mean() <= high
        assert (fitted.classes(by_layer[name][750:]) == labels[750:]).mean() < 0.16

    start = layer_outputs(cifar10_cnn(seed), images, ["conv2d", "max_pooling2d_1"])
    assert accuracy(start["max_pooling2d_1"], labels) > trained["pixels"] + 0.05
    fitted = probe(start["conv2d"][:750], shuffled, penalty=0.01)
    assert (fitted.classes(start["conv2d"][:750]) == shuffled).mean() > 0.94


def test_the_network_names_most_of_the_pictures_that_lesson_03_shows():
    lesson = nbformat.read(NOTEBOOKS / "03_cifar10_feature_maps.ipynb", as_version=4)
    printed = shown("eight = x_test[:8]", lesson)
    assert int(re.search(r"right about (\d) of 8\.", printed)[1]) in (6, 7)
