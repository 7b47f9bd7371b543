"""Networks of Keras 2, small ones: what its layers can be asked for, and be linked in."""

import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras import Model, Sequential, constraints, initializers, layers

PICTURE, SEQUENCE, ROW = (12, 12, 4), (7, 3), (6,)
RANDOM = 20  # random networks


def adapted():
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(1).normal(3, 2, (50, 6)).astype("float32"))
    return layer


# --- one layer after the other: the shape of the input, and the layers -----------------

STACKS = {
    "Dense": lambda: (ROW, layers.Dense(4, "relu"), layers.Dense(3, "softmax")),
    "Conv2D": lambda: (
        PICTURE,
        layers.Conv2D(4, 3, groups=2),
        layers.BatchNormalization(),
        layers.ReLU(6.0, negative_slope=0.1, threshold=0.2),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.Flatten(),
        layers.Dense(2),
    ),
    "other convolutions": lambda: (
        PICTURE,
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(5, 3, dilation_rate=2),
        layers.Conv2DTranspose(2, 4, strides=3, padding="same", output_padding=1),
    ),
    "Conv1D": lambda: (
        SEQUENCE,
        layers.Conv1D(4, 2, padding="causal"),
        layers.SeparableConv1D(4, 2),
        layers.Conv1DTranspose(3, 3),
        layers.DepthwiseConv1D(2),
        layers.AveragePooling1D(),
        layers.GlobalAveragePooling1D(),
    ),
    "Conv3D": lambda: (
        (6, 6, 6, 1),
        layers.Conv3D(2, 2),
        layers.MaxPooling3D(),
        layers.Conv3DTranspose(2, 2),
        layers.GlobalMaxPooling3D(),
    ),
    "LSTM": lambda: (
        SEQUENCE,
        layers.LSTM(4, return_sequences=True, recurrent_activation="hard_sigmoid"),
        layers.LSTM(3, go_backwards=True),
    ),
    "GRU": lambda: (
        SEQUENCE,
        layers.GRU(3, return_sequences=True),
        layers.GRU(3, reset_after=False),
    ),
    "Bidirectional": lambda: (
        SEQUENCE,
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="sum"),
        layers.TimeDistributed(layers.Dense(2)),
    ),
    "Bidirectional, backwards first": lambda: (
        SEQUENCE,
        layers.Bidirectional(layers.LSTM(3, go_backwards=True)),
    ),
    "cells": lambda: (
        SEQUENCE,
        layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True),
        layers.SimpleRNN(2),
    ),
    "ConvLSTM2D": lambda: ((3, 8, 8, 1), layers.ConvLSTM2D(2, 3)),
    "Embedding": lambda: (
        (None,),
        layers.Embedding(10, 4, mask_zero=True),
        layers.LSTM(3),
    ),
    "Masking": lambda: (
        SEQUENCE,
        layers.Masking(),
        layers.Dropout(0.2),
        layers.TimeDistributed(layers.Dense(3)),
        layers.GlobalAveragePooling1D(),
    ),
    "a mask that Rescaling ends": lambda: (
        SEQUENCE,
        layers.Masking(),
        layers.Rescaling(2.0, 1.0),
        layers.LSTM(3),
    ),
    "a mask that Normalization ends": lambda: (
        SEQUENCE,
        layers.Masking(),
        layers.Normalization(mean=1.0, variance=2.0),
        layers.LSTM(3),
    ),
    "preprocessing": lambda: (
        PICTURE,
        layers.Rescaling(1 / 127.5, -1),
        layers.Resizing(10, 9),
        layers.CenterCrop(8, 8),
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomContrast(0.2),
        layers.Conv2D(2, 3),
    ),
    "RandomCrop": lambda: (PICTURE, layers.RandomCrop(8, 5, seed=3)),
    "Normalization": lambda: (ROW, adapted(), layers.Dense(2)),
    "activations": lambda: (
        ROW,
        layers.Dense(3, "gelu"),
        layers.LeakyReLU(0.2),
        layers.PReLU(),
        layers.ELU(0.5),
        layers.Dense(3, "hard_sigmoid"),
        layers.Dense(3, tf.nn.relu),
        layers.Dense(3, layers.LeakyReLU(0.1)),
        layers.Softmax(),
        layers.Activation("swish"),
        layers.Activation("exponential"),
    ),
    "shapes": lambda: (
        PICTURE,
        layers.ZeroPadding2D(((1, 0), (0, 1))),
        layers.Cropping2D(1),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Permute((2, 1, 3)),
        layers.Reshape((-1, 4)),
    ),
    "normalizations": lambda: (
        PICTURE,
        layers.GroupNormalization(2),
        layers.UnitNormalization(),
        layers.LayerNormalization(axis=[1, 2]),
        layers.BatchNormalization(axis=1, scale=False),
    ),
    "SyncBatchNormalization": lambda: (
        ROW,
        layers.BatchNormalization(synchronized=True),
    ),
    "noise and rules": lambda: (
        ROW,
        layers.RepeatVector(4),
        layers.GaussianNoise(0.1),
        layers.SpatialDropout1D(0.2),
        layers.AlphaDropout(0.1),
        layers.Dense(
            3,
            kernel_initializer=initializers.Orthogonal(2.0),
            kernel_regularizer="l2",
            kernel_constraint=constraints.MaxNorm(2.0),
        ),
    ),
    "EinsumDense": lambda: (
        SEQUENCE,
        layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d"),
    ),
    "mixed_float16": lambda: (
        ROW,
        layers.Dense(4, dtype=tf_keras.mixed_precision.Policy("mixed_float16")),
        layers.Dense(3, dtype="float32"),
    ),
    "names with a slash": lambda: (
        PICTURE,
        layers.Conv2D(2, 1, name="conv1/conv"),
        layers.BatchNormalization(name="conv1/bn"),
    ),
    "weights in every second layer": lambda: (
        ROW,
        Sequential([layers.GaussianNoise(0.1)]),
        Sequential([layers.Dense(6)]),
        layers.LayerNormalization(center=False, scale=False),
        layers.LayerNormalization(),
        Sequential([layers.Dropout(0.1)]),
        Sequential([layers.Dense(6), layers.Dense(3)]),
        layers.LayerNormalization(),
    ),
}

# --- functional models: from inputs to outputs ----------------------------------------


def shared(a, b):
    dense = layers.Dense(6, "relu")
    both = [dense(a), dense(dense(b))]
    merges = [layers.Add(), layers.Multiply(), layers.Subtract(), layers.Average()]
    merged = [merge(both) for merge in (*merges, layers.Maximum(), layers.Dot(1))]
    joined = layers.Concatenate()(merged)
    return [layers.Dense(2)(joined), both[0]]


def nested(a, b):
    inner = tf_keras.Input((6,))
    model = Model(inner, [layers.Dense(6)(inner), layers.Dense(3)(inner)])
    one = Model(inner, layers.Dense(6)(inner))
    stack = Sequential([Sequential([one, layers.Dense(6)]), layers.Dense(6)])
    first, second = model(a)
    return [layers.Add()([first, model(b)[0]]), second, stack(first)]


def several_of_each(a, b):
    """Dense layers in an order that is none of their names."""
    denses = [layers.Dense(6, "tanh") for _ in range(5)]
    for dense in (denses[3], denses[1], denses[4]):
        a = dense(a)
    return layers.Concatenate()([denses[0](a), denses[2](b)])


def frozen(a, b):
    part = Sequential([layers.BatchNormalization(input_shape=(6,)), layers.Dense(6)])
    part.trainable = False
    return part(a / 127.5 - 1.0, training=False) + b


def functions(a, b):
    """Functions of TensorFlow that Keras 3 has layers for."""
    first = [a + b, a - b, a * b, 2.0 * a, 1.0 - a, b / 3.0, b + 1.0, -a]
    second = [tf.nn.relu(a), tf.sigmoid(a), tf.nn.leaky_relu(a, 0.3), tf.identity(b)]
    third = [tf_keras.activations.swish(a), tf_keras.activations.softmax(b)]
    third += [tf_keras.activations.gelu(a), tf.maximum(a, b), tf.stop_gradient(a)]
    return tf.concat([layers.Dense(2)(x) for x in first + second + third], -1)


def attention(a, b):
    a, b = (layers.Reshape((3, 2))(x) for x in (a, b))
    heads = layers.MultiHeadAttention(2, 3, dropout=0.1)
    x = layers.LayerNormalization()(layers.Add()([a, heads(a, b)]))
    x = heads(query=x, value=b, key=a)
    x = layers.Attention(use_scale=True)([x, b])
    return layers.AdditiveAttention()([x, b])


def named_outputs(a, b):
    return {"sum": layers.Dense(2)(a), "other": layers.Dense(3)(b)}


FUNCTIONAL = {
    one.__name__: one
    for one in (shared, nested, several_of_each, frozen, functions, attention)
}
FUNCTIONAL |= {"named outputs": named_outputs}


# --- the same from words with a mask ----------------------------------------------------


def embedded(words, mask_zero=True):
    return layers.Embedding(10, 4, mask_zero=mask_zero)(words)


def states(words):
    return layers.LSTM(3, return_state=True)(embedded(words))[1:]


def encoder_and_decoder(a, b):
    decoder = layers.LSTM(3, return_sequences=True)
    return decoder(embedded(b), initial_state=states(a))


def states_of_both_directions(a, b):
    read = layers.Bidirectional(layers.GRU(3, return_state=True))(embedded(a))
    write = layers.Bidirectional(layers.GRU(3, return_sequences=True))
    return write(embedded(b), initial_state=read[1:])


def merged_masks(a, b):
    merges = [layers.Add(), layers.Multiply(), layers.Subtract(), layers.Average()]
    merges += [layers.Maximum(), layers.Minimum(), layers.Concatenate()]
    both = [embedded(a), embedded(b)]
    return [layers.GRU(2)(merge(both)) for merge in merges]


def products_of_masked(a, b):
    both = [embedded(a), embedded(b)]
    return [merge(both) for merge in (layers.Multiply(), layers.Maximum())]


def words_and_places(a, b):
    """One of the two has a mask."""
    return layers.LSTM(3)(layers.Add()([embedded(a), embedded(b, False)]))


def functions_end_masks(a, b):
    x, y = embedded(a), embedded(b)
    changed = [x + y, x * 2.0, tf.nn.relu(x), tf.concat([x, y], -1), tf.maximum(x, y)]
    return [layers.LSTM(2)(one) for one in changed]


def masked_attention(a, b):
    x, y = embedded(a), embedded(b)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, y)])
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))


def masked_scores(a, b):
    both = [embedded(a), embedded(b)]
    read = layers.Concatenate()([layers.Attention()(both), both[0]])
    return [layers.GlobalAveragePooling1D()(read), layers.AdditiveAttention()(both)]


MASKED = {
    one.__name__: one
    for one in (
        encoder_and_decoder,
        states_of_both_directions,
        merged_masks,
        products_of_masked,
        words_and_places,
        functions_end_masks,
        masked_attention,
        masked_scores,
    )
}

# --- what is refused, with a part of the sentence --------------------------------------

REFUSED = {
    "a function": (lambda a, b: tf.reduce_mean(a, -1), r"tf\.math\.reduce_mean"),
    "a slice": (lambda a, b: a[:, :2], r"tf\.__operators__\.getitem"),
    "a function of gelu's other kind": (
        lambda a, b: tf.nn.gelu(a, approximate=True),
        r"tf\.nn\.gelu",
    ),
    "Lambda": (lambda a, b: layers.Lambda(lambda x: 2 * x)(a), "Lambda"),
    "ThresholdedReLU": (
        lambda a, b: layers.ThresholdedReLU(0.3)(a),
        "Keras 3 no longer has ThresholdedReLU",
    ),
    "LocallyConnected1D": (
        lambda a, b: layers.LocallyConnected1D(2, 2)(layers.Reshape((3, 2))(a)),
        "Keras 3 no longer has LocallyConnected1D",
    ),
}


# --- random networks --------------------------------------------------------------------


def random_network(seed, depth=0):
    """Layers, sums and models in models, in any order; every tensor has 6 numbers."""
    random = np.random.default_rng([seed, depth])
    names = (f"{depth}_{number}" for number in random.permutation(1000))
    given = tf_keras.Input((6,))
    tensors = [given]
    for _ in range(random.integers(4, 12)):
        x, y = (tensors[i] for i in random.integers(len(tensors), size=2))
        kind = random.integers(8)
        if kind < 4:
            x = layers.Dense(6, "tanh", name=f"dense_{next(names)}")(x)
        elif kind == 4:
            x = layers.Add(name=f"add_{next(names)}")([x, y])
        elif kind == 5 and depth < 2:
            x = random_network(seed + len(tensors), depth + 1)(x)
        elif kind == 6:
            stack = [layers.Dense(6, "tanh") for _ in range(random.integers(1, 3))]
            x = Sequential(stack, name=f"stack_{next(names)}")(x)
        else:
            x = x + y
        tensors.append(x)
    last = layers.Concatenate(name=f"join_{next(names)}")(tensors[-3:])
    last = layers.Dense(6, name=f"last_{next(names)}")(last)
    return Model(given, last, name=f"model_{next(names)}")


# --- all of them ------------------------------------------------------------------------


def stack(name):
    shape, *stacked = STACKS[name]()
    kind = "int32" if name == "Embedding" else None
    return Sequential([tf_keras.Input(shape, dtype=kind), *stacked])


def of_two(function, shape=ROW, dtype=None):
    inputs = [tf_keras.Input(shape, dtype=dtype) for _ in range(2)]
    return Model(inputs, function(*inputs))


NETWORKS = {name: (stack, name) for name in STACKS}
NETWORKS |= {name: (of_two, one) for name, one in FUNCTIONAL.items()}
NETWORKS |= {name: (of_two, one, (7,), "int32") for name, one in MASKED.items()}
NETWORKS |= {f"random {seed}": (random_network, seed) for seed in range(RANDOM)}


def network(name):
    """Return a network of Keras 2; all its weights and those of its layers are random."""
    tf_keras.backend.clear_session()
    make, *given = NETWORKS[name]
    return with_random_weights(make(*given))


def with_random_weights(model):
    random = np.random.default_rng(2)
    for weight in model.weights:
        adapted = weight.name in ("mean:0", "variance:0")
        if weight.dtype.is_floating and not adapted:
            values = random.normal(0, 0.5, weight.shape)
            weight.assign(abs(values) + 0.5 if "variance" in weight.name else values)
    return model


def inputs_of(model):
    """Return inputs; those of words, and of sequences, end in what is masked."""
    random, inputs = np.random.default_rng(3), []
    for tensor in model.inputs:
        shape = [5 if size is None else size for size in tensor.shape]
        if tensor.dtype == "int32":
            x = random.integers(1, 10, shape).astype("int32")
            x[0, -1 - len(inputs) :] = 0
        else:
            x = random.normal(size=shape).astype("float32")
            x[0, -1] = 0
        inputs.append(x)
    return inputs if len(inputs) > 1 else inputs[0]
