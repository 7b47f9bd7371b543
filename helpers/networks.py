"""The two networks of the course, and the second one with trained weights.

Every layer has a name of its own, so ``model.get_layer("conv2d_2")`` finds it in
whatever order models were made before. Kernels are drawn so that the numbers
are the same on every machine and with every version of Keras.
"""

import io
import json

import keras
import numpy as np
import tensorflow as tf
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

from .engine.files import DATA, trained_weights
from .engine.stand_in import digits_to_learn


def seeded_glorot_uniform(shape, dtype=None):
    """Sample a kernel with ``tf.random``, evenly within the Glorot limit.

    Keras made its kernels this way up to version 2.9 (TensorFlow 2.9), so that
    ``tf.random.set_seed(0)`` decided them. The initializers of later versions, Keras 2.10
    and Keras 3 included, ignore that seed; this function does not.

    Arguments:
        shape: kernel shape; the last two axes are the input and output units. Axes
            before them (a convolution's rows and columns) count in both fans.
        dtype: dtype of the kernel, float32 by default.

    Returns:
        Tensor of that shape with values in ``[-limit, limit)``, where
        ``limit = sqrt(6 / (fan_in + fan_out))``.

    Example:
        >>> tf.random.set_seed(0)
        >>> seeded_glorot_uniform((3, 4))[0, 0].numpy()
        np.float32(-0.3851872)

    Source: Glorot and Bengio, 2010, "Understanding the difficulty of training deep
    feedforward neural networks", equation 16.
    """
    area = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
    with tf.device("CPU:0"):  # another device may generate other numbers
        return tf.random.uniform(shape, -limit, limit, dtype or "float32")


def dense_network():
    """Build the Dense network of the first walkthrough: 3 inputs, 4 ReLU, 2 softmax.

    Untrained and uncompiled. Sets TensorFlow's global random seed to 0, as the
    walkthrough does, so the two kernels have the same values on every call.

    Returns:
        ``keras.Sequential`` with layers ``hidden`` and ``output``; it maps
        ``(rows, 3)`` to ``(rows, 2)``, float32.

    Example:
        >>> dense_network().get_layer("hidden").kernel.numpy()[0].round(3)
        array([-0.385, -0.543,  0.066,  0.113], dtype=float32)
    """
    tf.random.set_seed(0)
    draw = seeded_glorot_uniform
    stack = [
        keras.Input((3,), name="inputs"),
        Dense(4, "relu", kernel_initializer=draw, name="hidden"),
        Dense(2, "softmax", kernel_initializer=draw, name="output"),
    ]
    return keras.Sequential(stack, name="dense_network")


def dense_answer_key():
    """Return the numbers that the first walkthrough prints for `dense_network`.

    Returns:
        Dictionary of float64 arrays: ``kernel`` ``(3, 4)`` of the hidden layer,
        ``hidden`` ``(3, 4)`` and ``output`` ``(3, 2)``, the outputs of both layers for
        the rows ``[1, 0, 0]``, ``[0, 1, 0]`` and ``[0, 0, 1]``.

    Example:
        >>> dense_answer_key()["output"][0]
        array([0.45516008, 0.5448399 ])

    Source: codetorial.net, "get_output_of_neuron_layers".
    """
    text = (DATA / "dense_answer_key.json").read_text(encoding="utf-8")
    return {name: np.array(rows) for name, rows in json.loads(text).items()}


def cifar10_cnn(seed=0):
    """Build the CNN of the second walkthrough for 32×32 colour pictures, untrained.

    The layer names are the ones Keras gives by itself in a fresh session, written
    down here so that they do not go on counting with the second model.

    Arguments:
        seed: integer that decides the kernels. Only this model's kernels: the
            random state of Keras, NumPy and Python is left alone.

    Returns:
        ``keras.Sequential``; it maps ``(images, 32, 32, 3)`` to ``(images, 10)``,
        float32, and holds 122,570 weights.

    Example:
        >>> cifar10_cnn().get_layer("conv2d_2").output.shape
        (None, 4, 4, 64)
    """
    seeds = iter(range(5 * seed, 5 * seed + 5))

    def kernel():
        return {"kernel_initializer": keras.initializers.GlorotUniform(next(seeds))}

    stack = [
        keras.Input((32, 32, 3), name="images"),
        Conv2D(32, 3, activation="relu", name="conv2d", **kernel()),
        MaxPooling2D(2, name="max_pooling2d"),
        Conv2D(64, 3, activation="relu", name="conv2d_1", **kernel()),
        MaxPooling2D(2, name="max_pooling2d_1"),
        Conv2D(64, 3, activation="relu", name="conv2d_2", **kernel()),
        Flatten(name="flatten"),
        Dense(64, activation="relu", name="dense", **kernel()),
        Dense(10, activation="softmax", name="dense_1", **kernel()),
    ]
    return keras.Sequential(stack, name="cifar10_cnn")


def trained_cifar10_cnn(optimizer="sgd"):
    """Build the CNN of the second walkthrough with weights trained on CIFAR-10.

    It expects pixels divided by 255. ``data/README.md`` says how it was trained and
    how often it is right.

    Arguments:
        optimizer: ``"sgd"``; or ``"adam"`` for the same network as Adam trained it, in
            which nearly half of the channels of ``conv2d_2`` are dead.

    Returns:
        `cifar10_cnn` with the weights of ``data/cifar10_cnn.weights.npz``, or of
        ``data/cifar10_cnn_adam.weights.npz``.

    Raises:
        FileNotFoundError: the file of weights is not in the course's ``data`` folder.
        ValueError: there are no weights of this optimizer, or the file is not the one
            that the course ships.

    Example:
        >>> trained_cifar10_cnn().get_layer("conv2d").kernel.shape
        TensorShape([3, 3, 3, 32])
    """
    arrays = np.load(io.BytesIO(trained_weights(optimizer)), allow_pickle=False)
    model = cifar10_cnn()
    for layer in model.layers:
        layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
    return model


def digit_network():
    """Build a CNN that reads printed digits: white on black, pixels divided by 255.

    Its two convolutions stay as they were drawn. Only the last layer has learned, in one
    step: least squares, with a small penalty on large weights, on 1,200 drawn digits.

    Returns:
        ``keras.Sequential``; it maps ``(images, 28, 28, 1)`` to ``(images, 10)``, the
        probabilities of the digits 0 to 9, float32.

    Example:
        >>> digit_network().output_shape
        (None, 10)
    """
    draw = [keras.initializers.GlorotUniform(seed) for seed in (0, 1)]
    stack = [
        keras.Input((28, 28, 1), name="digits"),
        Conv2D(16, 5, activation="relu", kernel_initializer=draw[0], name="conv2d"),
        MaxPooling2D(2, name="max_pooling2d"),
        Conv2D(32, 3, activation="relu", kernel_initializer=draw[1], name="conv2d_1"),
        MaxPooling2D(2, name="max_pooling2d_1"),
        Flatten(name="flatten"),
        Dense(10, activation="softmax", name="dense"),
    ]
    pictures, labels = digits_to_learn()
    features = keras.Sequential(stack[:-1])(pictures / 255).numpy().astype("float64")
    wanted = np.where(np.eye(10)[labels], 5, -5)
    square = features.T @ features + np.eye(features.shape[1])
    kernel = np.linalg.solve(square, features.T @ wanted)
    model = keras.Sequential(stack, name="digit_network")
    model.get_layer("dense").set_weights([kernel, np.zeros(10)])
    return model
