"""What lessons 03 and 07 say of the drawn pictures is what their stored outputs show."""

import re

import nbformat
import numpy as np

from helpers.engine.files import NOTEBOOKS


def outputs_of(lesson, words):
    """Return what the one cell with these words prints or shows as text."""
    notebook = nbformat.read(NOTEBOOKS / lesson, as_version=4)
    (cell,) = [c for c in notebook.cells if words in c.source]
    return "\n".join(o.get("text") or o.data["text/plain"] for o in cell.outputs)


def table(words):
    """Return ``{name: [number, number]}`` of a table that lesson 07 prints."""
    printed = outputs_of("07_using_layer_outputs.ipynb", words)
    rows = re.findall(r"^(\w+) +(0\.\d\d) +(0\.\d\d)$", printed, re.MULTILINE)
    return {name: [float(one), float(two)] for name, one, two in rows}


def test_directions_find_more_and_later_layers_more():
    shares = table('print("same label        by distance  by direction")')
    assert list(shares)[0] == "pixels" and list(shares)[-1] == "dense"
    by_distance, by_direction = np.transpose(list(shares.values()))
    assert (by_direction > by_distance).all()
    for column in (by_distance, by_direction):
        assert (np.diff(column) > -0.01).all() and column[-1] > column[0] + 0.15


def test_the_upper_curve_climbs_and_falls_in_the_dense_layers():
    accuracies = table('print("accuracy         trained  untrained")')
    names = list(accuracies)
    trained, untrained = np.transpose(list(accuracies.values()))
    last = names.index("conv2d_2")
    assert (np.diff(trained[: last + 1]) > -0.01).all() and trained[last] > 0.9
    assert (np.diff(trained[last:]) < -0.02).all()
    assert (np.diff(untrained[last:]) < -0.1).all()
    assert trained[0] == untrained[0] and (trained > untrained + 0.05)[1:].all()


def test_the_probe_on_the_last_layer_repeats_the_network():
    printed = outputs_of("07_using_layer_outputs.ipynb", "own = (spaces")
    probe, own = map(float, re.findall(r"0\.\d\d", printed))
    assert abs(probe - own) < 0.04 and own > 0.7


def test_the_picture_shown_has_other_neighbours_by_pixels():
    printed = outputs_of("07_using_layer_outputs.ipynb", "which, two = ")
    pixels, layer = map(int, re.findall(r"(\d) of 5", printed)[:2])
    assert pixels <= 1 and layer >= 4


def test_the_network_names_most_of_the_pictures_that_lesson_03_shows():
    printed = outputs_of("03_cifar10_feature_maps.ipynb", "eight = x_test[:8]")
    assert int(re.search(r"right about (\d) of 8\.", printed)[1]) in (6, 7)
