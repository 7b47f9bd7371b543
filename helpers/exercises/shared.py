"""What the exercises of several lessons compute, each once."""

from functools import cache

import numpy as np

from .. import by_hand
from ..datasets import cat_photograph
from ..extraction import layer_outputs
from ..networks import cifar10_cnn, dense_network, trained_cifar10_cnn
from ..statistics import dead_channels


@cache
def dense_weights():
    """Return kernel and bias of both layers of the Dense network."""
    return dense_network().get_weights()


def hidden_sums(row):
    """Return the hidden layer's sums, before ReLU, for one row."""
    kernel, bias = dense_weights()[:2]
    return row @ kernel + bias


def hidden_outputs(row):
    """Return the hidden layer's outputs, after ReLU, for one row."""
    return by_hand.relu(hidden_sums(row))


def predictions(row):
    """Return what the whole network outputs for one row."""
    return by_hand.softmax(output_sums(hidden_outputs(row)))


def output_sums(hidden):
    """Return the output layer's sums, before softmax, for one row of hidden outputs."""
    kernel, bias = dense_weights()[2:]
    return hidden @ kernel + bias


def network(trained=True):
    """Return the CIFAR-10 network, trained or not."""
    return trained_cifar10_cnn() if trained else cifar10_cnn()


def dead_in(outputs, layer="conv2d_2"):
    """Return the numbers of a layer's channels that are zero everywhere, as a set."""
    return set(dead_channels(outputs[layer]).tolist())


@cache
def cat_outputs(trained=True, raw=False):
    """Return every layer's output for the cat photograph."""
    image = cat_photograph()[np.newaxis]
    return layer_outputs(network(trained), image if raw else image / 255)
