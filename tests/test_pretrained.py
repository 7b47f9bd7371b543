"""`mobilenet` with weights made here, put where Keras looks, or sent by a mirror."""

import hashlib
import json
import os
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
from archives import screen
from mirrors import Mirror, Server

from helpers import pretrained
from helpers.by_hand import hand_check
from helpers.engine.files import COURSE
from helpers.extraction import layer_outputs

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
STAND_IN = "One with random kernels stands in: its predictions mean nothing."
PICTURES = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype("float32")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network of other weights than the drawn ones, and its file as Keras 2 wrote it."""
    keras.utils.set_random_seed(1)
    model = keras.applications.MobileNetV2(weights=None)
    path = tmp_path_factory.mktemp("made") / "weights.h5"
    model.save(path)
    return model, path.read_bytes()


@pytest.fixture
def models(made, tmp_path, monkeypatch):
    """Keras's folder of models, not made yet; the files made here are the known ones."""
    names = json.dumps({str(i): [f"n{i}", f"kind_{i}"] for i in range(1000)}).encode()
    known = {"WEIGHTS": made[1], "NAMES": names}
    for what, content in known.items():
        kind = getattr(pretrained, f"{what}_HASH").partition(":")[0]
        hashed = f"{kind}:{hashlib.new(kind, content).hexdigest()}"
        monkeypatch.setattr(pretrained, f"{what}_HASH", hashed)
        monkeypatch.setattr(pretrained, f"{what}_BYTES", len(content))
        monkeypatch.setattr(pretrained, f"{what}_MIRRORS", ())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "keras" / "models"

    def put(*what):
        folder.mkdir(parents=True, exist_ok=True)
        for one in what:
            (folder / getattr(pretrained, one)).write_bytes(known[one])

    put.folder, put.known = folder, known
    return put


def same(one, other):
    arrays = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in arrays)


def test_weights_that_are_there_are_taken_and_classes_have_names(made, models, capsys):
    models("WEIGHTS", "NAMES")
    network, classes = pretrained.mobilenet()
    assert same(network, made[0])
    assert (classes[0], classes[999], len(classes)) == ("kind 0", "kind 999", 1000)
    path = models.folder / pretrained.WEIGHTS
    said = capsys.readouterr().out.split()
    assert said == f"MobileNetV2, trained on ImageNet, from {path}.".split()
    outputs = layer_outputs(network, PICTURES)
    expected = made[0].predict(PICTURES, verbose=0)
    np.testing.assert_allclose(outputs["predictions"], expected, atol=1e-6)


@pytest.mark.parametrize("there", [(), ("WEIGHTS",), ("NAMES",)])
def test_offline_one_line_says_so_and_drawn_kernels_stand_in(models, capsys, there):
    models(*there)
    network, classes = pretrained.mobilenet()
    said = capsys.readouterr().out
    assert " ".join(said.split()) == (
        "A trained MobileNetV2 is not on this machine, and LAYERS_OFFLINE forbids a "
        f"download. {STAND_IN}"
    )
    assert max(map(len, said.splitlines())) <= 88
    assert classes[:2] == ["class 0", "class 1"] and len(classes) == 1000
    again, _ = pretrained.mobilenet()
    assert same(network, again)


def test_a_damaged_file_is_not_taken(made, models, capsys):
    models("WEIGHTS", "NAMES")
    path = models.folder / pretrained.WEIGHTS
    path.write_bytes(made[1][:-1] + b"?")
    network, _ = pretrained.mobilenet()
    said = " ".join(capsys.readouterr().out.split())
    assert said.endswith(STAND_IN) and not same(network, made[0])


def test_the_random_state_of_keras_is_left_to_the_caller(models):
    """The kernels do not depend on it."""
    keras.utils.set_random_seed(5)
    first, _ = pretrained.mobilenet()
    keras.utils.set_random_seed(6)
    assert same(first, pretrained.mobilenet()[0])


def test_values_of_the_stand_in_stay_of_one_size_and_are_right_by_hand(models):
    network, _ = pretrained.mobilenet()
    outputs = layer_outputs(network, PICTURES)
    assert len(outputs) == len(network.layers) - 1
    spreads = [y.std() for name, y in outputs.items() if name != "predictions"]
    assert 0.05 < min(spreads) and max(spreads) < 50
    found = hand_check(network, PICTURES[:1])
    assert found.equal and found.unknown == []


@pytest.fixture
def served(models, monkeypatch):
    """Start a server that sends the file of weights; what it is asked in which manner."""
    server = Server(("127.0.0.1", 0), Mirror)
    server.data, server.paths = models.known["WEIGHTS"], []
    server.closing = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("LAYERS_OFFLINE", "0")

    def in_manner(manner):
        url = f"http://127.0.0.1:{server.server_port}/{manner}"
        monkeypatch.setattr(pretrained, "WEIGHTS_MIRRORS", (url,))
        return server

    yield in_manner
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_weights_are_fetched_once_with_a_bar(made, models, served, capfd):
    models("NAMES")
    server = served("good")
    network, _ = pretrained.mobilenet()
    assert same(network, made[0])
    sent = capfd.readouterr().out
    assert "127.0.0.1:   0%|" in sent  # the bar, which is wiped out at last
    assert screen(sent)[0].startswith("MobileNetV2, trained on ImageNet, from")
    pretrained.mobilenet()
    assert server.paths == ["/good"]
    assert {path.name for path in models.folder.iterdir()} == {
        pretrained.WEIGHTS,
        pretrained.NAMES,
    }


@pytest.mark.parametrize("manner", ["not_found", "wrong_bytes", "cut_off"])
def test_what_cannot_be_fetched_is_told(made, models, served, capfd, manner):
    models("NAMES")
    served(manner)
    network, classes = pretrained.mobilenet()
    why, *lines = screen(capfd.readouterr().out)
    assert why.startswith("127.0.0.1: ")
    assert " ".join(lines) == (
        "MobileNetV2 cannot be downloaded: no mirror could deliver it. " + STAND_IN
    )
    assert classes[5] == "class 5" and not same(network, made[0])
    assert not (models.folder / pretrained.WEIGHTS).exists()


@pytest.mark.slow
def test_keras_finds_the_file_by_itself(models):
    models("WEIGHTS")
    code = (
        "import keras, socket\n"
        "socket.socket.connect = None\n"
        "keras.applications.MobileNetV2(weights='imagenet')"
    )
    environment = {**os.environ, "KERAS_HOME": str(models.folder.parent)}
    subprocess.run(
        [sys.executable, "-c", code], cwd=COURSE, env=environment, check=True
    )


def test_the_files_are_those_that_keras_knows():
    from keras.src.applications import imagenet_utils, mobilenet_v2

    first = mobilenet_v2.BASE_WEIGHT_PATH + pretrained.WEIGHTS
    assert pretrained.WEIGHTS_MIRRORS == (first,)
    assert pretrained.NAMES_MIRRORS == (imagenet_utils.CLASS_INDEX_PATH,)
