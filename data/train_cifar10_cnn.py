"""Train the course's CNN on CIFAR-10 and write its weights beside this file.

    python data/train_cifar10_cnn.py [--optimizer sgd] [--epochs 60] [--folder data]

Needs CIFAR-10 (see the course's README; without it, it stops and writes nothing) and
about 20 minutes on two cores.
One line per epoch goes to the screen and to a log beside the weights.

The network is the second walkthrough's, unchanged. What is added is how it is fed:
pixels / 255, each training picture flipped left to right half of the time and
shifted by up to 3 pixels. The learning rate falls along a cosine. With ``adam`` it begins
at 0.002; with ``sgd`` it first rises to 0.03, and gradients longer than 1 are cut.
"""

import argparse
import hashlib
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np
import tensorflow as tf

from helpers.datasets import load_cifar10
from helpers.networks import cifar10_cnn

HERE = Path(__file__).resolve().parent
BATCH = 128
SHIFT = 3
WARM_UP, RATE = 800, 0.03  # steps, and the learning rate at their end


def augment(images):
    """Flip half of the pictures; shift each batch's pictures by up to 3 pixels."""
    count = tf.shape(images)[0]
    flip = tf.random.uniform((count, 1, 1, 1)) < 0.5
    images = tf.where(flip, images[:, :, ::-1], images)
    padded = tf.pad(images, [(0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)], "REFLECT")
    offsets = tf.random.uniform((count, 2), 0, 2 * SHIFT + 1, tf.int32)
    rows = offsets[:, :1] + tf.range(32)
    columns = offsets[:, 1:] + tf.range(32)
    padded = tf.gather(padded, rows, axis=1, batch_dims=1)
    return tf.gather(padded, columns, axis=2, batch_dims=1)


def make_optimizer(name, steps):
    """Return one of the two optimizers, with a learning rate for each step."""
    if name == "adam":
        return keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(2e-3, steps)
        )
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - WARM_UP, warmup_target=RATE, warmup_steps=WARM_UP
    )
    return keras.optimizers.SGD(
        rate, momentum=0.9, nesterov=True, weight_decay=5e-4, clipnorm=1.0
    )


def count_dead(model, images):
    """Count the channels of each convolution that are 0 for all pictures."""
    layers = [layer for layer in model.layers if layer.name.startswith("conv")]
    reader = keras.Model(model.inputs[0], [layer.output for layer in layers])
    lives = [np.zeros(layer.filters, bool) for layer in layers]
    for start in range(0, len(images), 1000):
        for alive, maps in zip(lives, reader(images[start : start + 1000])):
            alive |= (maps.numpy() > 0).any(axis=(0, 1, 2))
    return [int((~alive).sum()) for alive in lives]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--folder", type=Path, default=HERE)
    options = parser.parse_args()
    name = "cifar10_cnn" + ("_adam" if options.optimizer == "adam" else "")
    out = options.folder / f"{name}.weights.npz"

    keras.utils.set_random_seed(0)
    cifar10 = load_cifar10()
    if cifar10.is_stand_in:
        sys.exit("Nothing was trained: this needs CIFAR-10 itself, see the README.")
    (x_train, y_train), (x_test, y_test) = cifar10
    y_train = keras.utils.to_categorical(y_train)
    y_test = keras.utils.to_categorical(y_test)
    x_test = x_test.astype("float32") / 255

    training = (
        tf.data.Dataset.from_tensor_slices((x_train, y_train))
        .shuffle(len(x_train), seed=0)
        .batch(BATCH, drop_remainder=True)
        .map(lambda x, y: (augment(tf.cast(x, tf.float32) / 255), y))
        .prefetch(2)
    )
    model = cifar10_cnn()
    steps = options.epochs * (len(x_train) // BATCH)
    model.compile(
        optimizer=make_optimizer(options.optimizer, steps),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )

    log = (options.folder / f"{name}.log").open("w", encoding="utf-8")

    def say(line):
        print(line, flush=True)
        print(line, file=log, flush=True)

    say(
        f"tensorflow {tf.__version__}, keras {keras.__version__}, "
        f"numpy {np.__version__}, python {platform.python_version()}; "
        f"{len(x_train)} training and "
        f"{len(x_test)} test pictures; seed 0, batch {BATCH}, {options.epochs} epochs"
    )
    start = time.time()

    def report(epoch, logs):
        test_loss, test_accuracy = model.evaluate(x_test, y_test, 500, verbose=0)
        say(
            f"epoch {epoch + 1:3d}  training loss {logs['loss']:.3f} accuracy "
            f"{logs['accuracy']:.4f}  test loss {test_loss:.3f} accuracy "
            f"{test_accuracy:.4f}  {time.time() - start:5.0f} s  "
            f"dead {count_dead(model, x_test)}"
        )

    model.fit(
        training,
        epochs=options.epochs,
        shuffle=False,  # the tf.data pipeline shuffles
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
    )
    arrays = {
        f"{layer.name}/{weight.name}": weight.numpy()
        for layer in model.layers
        for weight in layer.weights
    }
    np.savez(out, **arrays)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    say(f"{out.name}: {out.stat().st_size} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    main()
