"""The arithmetic of Keras layers in NumPy, a few lines each.

The functions follow NumPy's dtypes: float32 in, float32 out. Those of pictures take x
of shape ``(images, rows, columns, channels)``, pictures or feature maps, and raise a
ValueError for an x of fewer or more axes, as well as for what they list themselves.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def dense(x, kernel, bias=None):
    """Multiply each row by the kernel and add the bias.

    One output is ``x[0] * kernel[0, unit] + x[1] * kernel[1, unit] + … + bias[unit]``.

    Arguments:
        x: inputs, shape ``(rows, inputs)``; axes before the last are kept as they are.
        kernel: weights, shape ``(inputs, units)``.
        bias: shape ``(units,)``, or None.

    Returns:
        Array of shape ``(rows, units)``.

    Raises:
        ValueError: the last axis of x and the first of kernel differ.

    Example:
        >>> dense(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
        array([[11.5]])
    """
    x, kernel = np.asarray(x), np.asarray(kernel)
    if x.ndim == 0 or kernel.ndim != 2 or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense multiplies x of shape (rows, inputs) by a kernel of shape "
            f"(inputs, units); x has shape {x.shape}, the kernel {kernel.shape}."
        )
    return add_bias(x @ kernel, bias)


def conv2d(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1):
    """Slide the kernel over pictures; multiply, sum and add the bias at every place.

    One output is the sum of ``patch * kernel[:, :, :, filter]`` plus ``bias[filter]``,
    where the patch is the part of the picture under the kernel.

    Arguments:
        kernel: shape ``(kernel rows, kernel columns, channels, filters)``; with
            groups, as many channels as one group has.
        bias: shape ``(filters,)``, or None.
        strides: step of the kernel, an integer or ``(rows, columns)``.
        padding: ``"valid"``, or ``"same"`` to put zeros around the picture.
        dilation_rate: distance of the kernel's values on the picture, an integer or
            ``(rows, columns)``.
        groups: number of groups of channels; each has filters of its own.

    Returns:
        Feature maps, shape ``(images, rows, columns, filters)``.

    Raises:
        ValueError: a kernel of other axes, or channels that do not match.

    Example:
        >>> picture = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> conv2d(picture, np.ones((2, 2, 1, 1)))[0, :, :, 0]
        array([[ 8., 12.],
               [20., 24.]])
    """
    x, kernel = pictures("conv2d", x), kernel4d("conv2d", kernel)
    channels, filters = x.shape[3], kernel.shape[3]
    if channels != kernel.shape[2] * groups or filters % groups:
        raise ValueError(
            f"conv2d with groups={groups}: x has {channels} channels, but a kernel of "
            f"shape {kernel.shape} needs {kernel.shape[2] * groups} channels and a "
            f"number of filters that {groups} divides."
        )
    patches = windows(x, kernel.shape[:2], strides, padding, dilation_rate)
    # axes of patches: images, rows, columns, channels, kernel rows, kernel columns
    parts = zip(np.split(patches, groups, axis=3), np.split(kernel, groups, axis=3))
    maps = [
        np.tensordot(group, filters_of_group, axes=([4, 5, 3], [0, 1, 2]))
        for group, filters_of_group in parts
    ]
    return add_bias(np.concatenate(maps, axis=-1), bias)


def conv1d(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1):
    """Slide the kernel along steps, a picture of one row; else it is as `conv2d`.

    Arguments:
        x: shape ``(rows, steps, channels)``.
        kernel: shape ``(kernel steps, channels, filters)``.
        strides, dilation_rate: an integer, or a tuple of one.
        padding: ``"valid"``, ``"same"``, or ``"causal"``: all zeros before the steps.

    Returns:
        Array of shape ``(rows, steps, filters)``.

    Example:
        >>> conv1d(np.arange(4.0).reshape(1, 4, 1), np.ones((2, 1, 1)))[0, :, 0]
        array([1., 3., 5.])
    """
    moves = along_a_row(strides), padding, along_a_row(dilation_rate)
    kernel = np.asarray(kernel)[np.newaxis]
    return conv2d(one_row("conv1d", x), kernel, bias, *moves, groups)[:, 0]


def depthwise_conv2d(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1):
    """Convolve every channel alone, with kernels of its own; else it is as `conv2d`.

    One output is the sum of ``patch[:, :, channel] * kernel[:, :, channel, i]``; it is
    feature map ``channel * multiplier + i``.

    Arguments:
        kernel: shape ``(kernel rows, kernel columns, channels, multiplier)``.
        bias: shape ``(channels * multiplier,)``, or None.

    Returns:
        Feature maps, shape ``(images, rows, columns, channels * multiplier)``.

    Example:
        >>> picture = np.arange(8.0).reshape(1, 2, 2, 2)
        >>> depthwise_conv2d(picture, np.ones((2, 2, 2, 1)))
        array([[[[12., 16.]]]])
    """
    x, kernel = pictures("depthwise_conv2d", x), kernel4d("depthwise_conv2d", kernel)
    if x.shape[3] != kernel.shape[2]:
        raise ValueError(
            f"depthwise_conv2d: x has {x.shape[3]} channels, the kernel of shape "
            f"{kernel.shape} is for {kernel.shape[2]}."
        )
    patches = windows(x, kernel.shape[:2], strides, padding, dilation_rate)
    maps = np.einsum("nrcdij,ijdm->nrcdm", patches, kernel)
    return add_bias(maps.reshape(*maps.shape[:3], -1), bias)


def separable_conv2d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    bias=None,
    strides=1,
    padding="valid",
    dilation_rate=1,
):
    """Convolve every channel alone, then mix the channels pixel by pixel.

    The settings are those of the depthwise kernel; else it is as `conv2d`.

    Arguments:
        depthwise_kernel: shape ``(kernel rows, kernel columns, channels, multiplier)``.
        pointwise_kernel: shape ``(1, 1, channels * multiplier, filters)``.

    Example:
        >>> picture = np.arange(8.0).reshape(1, 2, 2, 2)
        >>> separable_conv2d(picture, np.ones((2, 2, 2, 1)), np.ones((1, 1, 2, 1)))
        array([[[[28.]]]])
    """
    x = depthwise_conv2d(x, depthwise_kernel, None, strides, padding, dilation_rate)
    return conv2d(x, pointwise_kernel, bias)


def max_pool2d(x, pool_size=2, strides=None, padding="valid"):
    """Keep the largest value of every window, channel by channel.

    Arguments:
        pool_size: size of the window, an integer or ``(rows, columns)``.
        strides: step of the window; as long as the window when None.
        padding: ``"valid"``, or ``"same"`` to let windows hang over the edge.

    Returns:
        Array of shape ``(images, rows, columns, channels)``.

    Raises:
        ValueError: x is smaller than the window.

    Example:
        >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]])
    """
    x = pictures("max_pool2d", x)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    strides = pool_size if strides is None else strides
    return windows(x, pool_size, strides, padding, fill=lowest).max(axis=(4, 5))


def average_pool2d(x, pool_size=2, strides=None, padding="valid"):
    """Average every window, channel by channel; else it is as `max_pool2d`.

    What is outside the picture does not count in the average.

    Example:
        >>> average_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]])
    """
    x = pictures("average_pool2d", x)
    strides = pool_size if strides is None else strides
    inside = windows(np.ones_like(x[:1, :, :, :1]), pool_size, strides, padding)
    total = windows(x, pool_size, strides, padding).sum(axis=(4, 5))
    return total / inside.sum(axis=(4, 5))


def max_pool1d(x, pool_size=2, strides=None, padding="valid"):
    """Keep the largest value of every window of steps; as `max_pool2d` with one row.

    Example:
        >>> max_pool1d(np.arange(4.0).reshape(1, 4, 1))[0, :, 0]
        array([1., 3.])
    """
    size, strides = along_a_row(pool_size), strides and along_a_row(strides)
    return max_pool2d(one_row("max_pool1d", x), size, strides, padding)[:, 0]


def average_pool1d(x, pool_size=2, strides=None, padding="valid"):
    """Average every window of steps; as `average_pool2d` with one row.

    Example:
        >>> average_pool1d(np.arange(4.0).reshape(1, 4, 1))[0, :, 0]
        array([0.5, 2.5])
    """
    size, strides = along_a_row(pool_size), strides and along_a_row(strides)
    return average_pool2d(one_row("average_pool1d", x), size, strides, padding)[:, 0]


def global_average_pool2d(x, keepdims=False):
    """Average each feature map: one number per image and channel.

    The result has the shape ``(images, channels)``; with ``keepdims`` rows and columns
    stay as axes of length 1.

    Example:
        >>> global_average_pool2d(np.arange(8.0).reshape(1, 2, 2, 2))
        array([[3., 4.]])
    """
    return pictures("global_average_pool2d", x).mean(axis=(1, 2), keepdims=keepdims)


def global_max_pool2d(x, keepdims=False):
    """Take the largest value of each feature map; else as `global_average_pool2d`.

    Example:
        >>> global_max_pool2d(np.arange(8.0).reshape(1, 2, 2, 2))
        array([[6., 7.]])
    """
    return pictures("global_max_pool2d", x).max(axis=(1, 2), keepdims=keepdims)


def batch_normalization(
    x, mean, variance, gamma=None, beta=None, epsilon=1e-3, axis=-1
):
    """Shift and scale each channel by the mean and variance seen in training.

    Computes ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``.

    Arguments:
        x: array of any shape; the result has the same.
        mean, variance: the moving averages of training, shape ``(channels,)``.
        gamma, beta: learned factor and shift, shape ``(channels,)``, or None.
        epsilon: small number that keeps the division from failing.
        axis: the axis of the channels.

    Example:
        >>> batch_normalization(np.array([[5.0]]), [1.0], [4.0], epsilon=0)
        array([[2.]])
    """
    x = np.asarray(x)
    mean, variance = along(x, axis, mean), along(x, axis, variance)
    y = (x - mean) / np.sqrt(variance + epsilon)
    y = y if gamma is None else y * along(x, axis, gamma)
    return y if beta is None else y + along(x, axis, beta)


def layer_normalization(x, gamma=None, beta=None, epsilon=1e-3, axis=-1):
    """Shift and scale the values of each image by their own mean and variance.

    Computes as `batch_normalization` does, with mean and variance of x along ``axis``.

    Arguments:
        x, epsilon: as in `batch_normalization`.
        gamma, beta: learned factor and shift, of the length of ``axis``, or None.
        axis: the axis, or the axes, whose values are taken together.

    Example:
        >>> layer_normalization(np.array([[1.0, 3.0]]), epsilon=0)
        array([[-1.,  1.]])
    """
    x = np.asarray(x)
    axes = tuple(np.atleast_1d(axis))
    y = x - x.mean(axes, keepdims=True)
    y = y / np.sqrt(x.var(axes, keepdims=True) + epsilon)
    y = y if gamma is None else y * along(x, axis, gamma)
    return y if beta is None else y + along(x, axis, beta)


def group_normalization(x, groups, gamma=None, beta=None, epsilon=1e-3, axis=-1):
    """Shift and scale each group of channels of an image by its mean and variance.

    Arguments:
        groups: number of groups into which the channels are split.
        x, gamma, beta, epsilon, axis: as in `batch_normalization`.

    Example:
        >>> group_normalization(np.array([[1.0, 3.0, 7.0, 7.0]]), 2, epsilon=0.1**9)
        array([[-1.,  1.,  0.,  0.]])
    """
    x = np.asarray(x)
    y = [
        layer_normalization(part, epsilon=epsilon, axis=tuple(range(1, x.ndim)))
        for part in np.split(x, groups, axis)
    ]
    y = np.concatenate(y, axis)
    y = y if gamma is None else y * along(x, axis, gamma)
    return y if beta is None else y + along(x, axis, beta)


def flatten(x):
    """Write all values of an image in one row, last axis fastest: ``(images, values)``.

    Raises:
        ValueError: x is a single number.

    Example:
        >>> flatten(np.arange(4).reshape(1, 2, 2, 1))
        array([[0, 1, 2, 3]])
    """
    x = np.asarray(x)
    if x.ndim == 0:
        raise ValueError("flatten keeps the first axis of x, but x is a single number.")
    return x.reshape(len(x), -1)


def reshape(x, target_shape):
    """Give the values of each image a new shape; their order stays.

    ``(images, …)`` becomes ``(images, *target_shape)``, where a -1 stands for what is
    left over.

    Example:
        >>> reshape(np.arange(6).reshape(1, 6), (2, -1)).shape
        (1, 2, 3)
    """
    return np.reshape(x, (len(x), *target_shape))


def zero_padding2d(x, padding=1):
    """Put rows and columns of zeros around pictures.

    ``padding``: an integer, ``(rows, columns)``, or ``((top, bottom), (left, right))``.

    Example:
        >>> zero_padding2d(np.ones((1, 1, 1, 1)))[0, :, :, 0]
        array([[0., 0., 0.],
               [0., 1., 0.],
               [0., 0., 0.]])
    """
    x, (rows, columns) = pictures("zero_padding2d", x), pair(padding)
    return np.pad(x, ((0, 0), pair(rows), pair(columns), (0, 0)))


def cropping2d(x, cropping):
    """Cut rows and columns off, ``((top, bottom), (left, right))``, of pictures.

    Example:
        >>> cropping2d(np.arange(9).reshape(1, 3, 3, 1), ((1, 1), (0, 2)))
        array([[[[3]]]])
    """
    x = pictures("cropping2d", x)
    (top, bottom), (left, right) = cropping
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def up_sampling2d(x, size=2, interpolation="nearest"):
    """Make pictures larger by repeating rows and columns, or by blending them.

    Arguments:
        size: factor, an integer or ``(rows, columns)``.
        interpolation: ``"nearest"`` repeats, ``"bilinear"`` blends the neighbours.

    Returns:
        Array of shape ``(images, rows * factor, columns * factor, channels)``.

    Raises:
        ValueError: another interpolation.

    Example:
        >>> up_sampling2d(np.array([1.0, 3.0]).reshape(1, 1, 2, 1), (1, 2)).ravel()
        array([1., 1., 3., 3.])
    """
    x = pictures("up_sampling2d", x)
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(
            f'up_sampling2d knows interpolation "nearest" and "bilinear", '
            f"not {interpolation!r}."
        )
    for axis, factor in zip((1, 2), pair(size)):
        if interpolation == "nearest":
            x = np.repeat(x, factor, axis)
        else:
            # a new pixel's centre, measured in old pixels and kept inside the picture
            centre = (np.arange(x.shape[axis] * factor) + 0.5) / factor - 0.5
            centre = np.clip(centre, 0, x.shape[axis] - 1)
            below = np.floor(centre).astype(int)
            above = np.minimum(below + 1, x.shape[axis] - 1)
            first, second = x.take(below, axis), x.take(above, axis)
            share = along(first, axis, centre - below).astype(x.dtype)
            x = first * (1 - share) + second * share
    return x


def rescaling(x, scale, offset=0.0):
    """Multiply x, of any shape, by ``scale`` and add ``offset``: one, or one a channel.

    Example:
        >>> rescaling(np.array([0, 255]), 1 / 255)
        array([0., 1.])
    """
    return np.asarray(x) * scale + offset


# ---------------------------------------- small parts the layers are made of


def windows(x, size, strides=1, padding="valid", dilation_rate=1, fill=0):
    """Cut pictures into the patches that a kernel or a pooling window sees.

    Arguments:
        size, strides, dilation_rate: of the window, integers or ``(rows, columns)``.
        padding: ``"valid"``, or ``"same"``: then the window stands at
            ``ceil(length / stride)`` places and ``fill`` surrounds the picture.

    Returns:
        Array of shape ``(images, rows, columns, channels, window rows, window
        columns)``: rows and columns count the places of the window.

    Raises:
        ValueError: unknown padding, or pictures smaller than the window.

    Example:
        >>> windows(np.arange(9).reshape(1, 3, 3, 1), 2)[0, 1, 1, 0]
        array([[4, 5],
               [7, 8]])
    """
    size, strides, dilation_rate = pair(size), pair(strides), pair(dilation_rate)
    both_axes = zip(x.shape[1:3], size, strides, dilation_rate)
    edges = [edge(*options, padding) for options in both_axes]
    x = np.pad(x, ((0, 0), *edges, (0, 0)), constant_values=fill)
    spans = [(n - 1) * d + 1 for n, d in zip(size, dilation_rate)]
    if x.shape[1] < spans[0] or x.shape[2] < spans[1]:
        raise ValueError(
            f"A window of {spans[0]}×{spans[1]} does not fit into pictures of "
            f"{x.shape[1]}×{x.shape[2]}."
        )
    x = sliding_window_view(x, spans, axis=(1, 2))
    x = x[:, :: strides[0], :: strides[1]]
    return x[..., :: dilation_rate[0], :: dilation_rate[1]]


def edge(length, size, stride, dilation_rate, padding):
    """Count the values that padding puts before and after an axis of a picture.

    ``"causal"`` puts all of it before; with ``"same"`` an odd one out goes to the end,
    as in TensorFlow.

    Example:
        >>> edge(32, 3, 1, 1, "same"), edge(32, 3, 2, 1, "same")
        ((1, 1), (0, 1))
    """
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return (size - 1) * dilation_rate, 0
    if padding != "same":
        raise ValueError(f'padding is "valid" or "same", not {padding!r}.')
    places = -(-length // stride)
    total = max((places - 1) * stride + (size - 1) * dilation_rate + 1 - length, 0)
    return total // 2, total - total // 2


def pair(value):
    """Read an integer as the same for rows and columns."""
    return (value, value) if isinstance(value, int | np.integer) else tuple(value)


def along(x, axis, values):
    """Shape ``values`` so that they lie along ``axis`` of x and broadcast elsewhere."""
    axes = [i % x.ndim for i in np.atleast_1d(axis)]
    return np.reshape(values, [n if i in axes else 1 for i, n in enumerate(x.shape)])


def add_bias(x, bias):
    """Add one bias per channel, or nothing when there is none."""
    if bias is None:
        return x
    if np.shape(bias) != x.shape[-1:]:
        raise ValueError(
            f"One bias per output is needed, shape {x.shape[-1:]}; the bias has shape "
            f"{np.shape(bias)}."
        )
    return x + bias


def checked(function, name, axes, x, hints=None):
    """Return x as an array, or say which axes it must have."""
    x = np.asarray(x)
    if x.ndim != axes.count(",") + 1:
        raise ValueError(
            f"{function} needs {name} of shape ({axes}), not of shape {x.shape}."
            f"{(hints or {}).get(x.ndim, '')}"
        )
    return x


def pictures(function, x):
    hints = {
        3: " For one picture write x[np.newaxis]; for pictures of one channel write "
        "x[..., np.newaxis].",
        2: " For one picture of one channel write x[np.newaxis, ..., np.newaxis].",
    }
    return checked(function, "x", "images, rows, columns, channels", x, hints)


def one_row(function, x):
    """Return steps as pictures of one row."""
    return checked(function, "x", "rows, steps, channels", x)[:, np.newaxis]


def kernel4d(function, kernel):
    axes = "kernel rows, kernel columns, channels, filters"
    return checked(function, "a kernel", axes, kernel)


def along_a_row(value):
    """Read what is meant along steps for pictures of one row: 1 along the rows."""
    return 1, int(np.squeeze(value))
