"""No model is kept alive, and memory does not grow."""

import gc
import re
import sys
import weakref

import keras
import numpy as np
import pytest
from support import Block, Subclassed, nested_model, run, sequential

from helpers.extraction import LayerReader, layer_outputs
from helpers.networks import dense_network


def own():
    return sequential((6,), Block(6))


def chosen_objects(model, x):
    layer_outputs(model, x, [model.layers[0], model.layers[-1]])


USES = {
    "once": layer_outputs,
    "chosen": chosen_objects,
    "training": lambda model, x: layer_outputs(model, x, training=True),
    "refused": lambda *given: pytest.raises(ValueError, layer_outputs, *given, "no"),
    "predict": lambda model, x: [model.predict(x, verbose=0), layer_outputs(model, x)],
    "many": lambda model, x: layer_outputs(model, x, batch_size=1),
    "reader": lambda model, x: LayerReader(model)(x),
}


@pytest.mark.parametrize("make", [dense_network, nested_model, Subclassed, own])
def test_models_are_freed(make):
    alive = weakref.WeakKeyDictionary()
    for name, use in USES.items():
        model, x = make(), np.ones((10, 3 if make is dense_network else 6))
        model(x)
        use(model, x)
        alive[model] = name
    del model
    keras.utils.clear_session()
    gc.collect()
    assert sorted(alive.values()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.slow
def test_memory_in_the_long_run():
    code = """
        import gc, weakref
        import numpy as np
        import tensorflow as tf
        from helpers.extraction import layer_outputs
        from helpers.networks import cifar10_cnn

        def memory():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096 / 2**20

        def peak():  # `resource` would start with the peak of the parent process
            with open("/proc/self/status") as file:
                return int(file.read().split("VmHWM:")[1].split()[0]) / 2**10

        model, x = cifar10_cnn(), np.ones((4000, 32, 32, 3), "float32")
        plain = tf.function(lambda x: model(x), autograph=False)
        for i in range(0, 3840, 256):
            plain(tf.constant(x[i : i + 256]))
        del plain
        before = peak()
        outputs = layer_outputs(model, x, "conv2d_2")["conv2d_2"]
        print("4,000 images:", peak() - before - outputs.nbytes / 2**20 < 100)
        del outputs

        def use():
            layer_outputs(model, x[:64])
            layer_outputs(model, x[:64], "dense", batch_size=30)
            for i in 1, 2:
                layer_outputs(model, x[:i], "conv2d_2")

        for _ in range(20):
            use()
        objects, used = len(gc.get_objects()), [memory()]
        for _ in range(8):
            for _ in range(25):
                use()
            used.append(memory())
        # The allocator takes a step now and then; what is kept grows every time.
        print("25 calls:", np.diff(used).min() < 1, len(gc.get_objects()) - objects < 50)

        def make_and_use():
            model = cifar10_cnn()
            layer_outputs(model, x[:2])
            return model

        models = [make_and_use() for _ in range(30)]
        alive = weakref.WeakSet([model, *models])
        del model, models
        memory()
        print("freed:", len(alive))
        used = [memory()]
        for _ in range(3):
            for _ in range(15):
                make_and_use()
            used.append(memory())
        print("15 models let go:", np.diff(used).min() < 2)
    """
    printed = re.sub(r".*\r", "", run(code))  # a progress bar, on a slow machine
    assert printed.splitlines() == [
        "4,000 images: True",
        "25 calls: True True",
        "freed: 0",
        "15 models let go: True",
    ]
