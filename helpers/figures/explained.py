"""The arithmetic of one number, as `explain` takes it apart, as a picture."""

import numpy as np

from .number_sheet import (
    GAP,
    LINE,
    MARGIN,
    Sheet,
    draw_products,
    draw_steps,
    from_to,
    in_words,
    length,
    written,
)

CHANNELS, TERMS = 4, 8  # all are drawn up to so many; of more the largest
WINDOW = 7  # rows or columns whose numbers can be read
TOP = 0.4  # inches above the first line


def explain_figure(explanation, names=None):
    """Show the arithmetic of one number as a picture: patch, kernel, products and sums.

    A convolution is drawn channel by channel, each with the sum of its products; of
    more than 4 channels the 4 whose sums are largest in size. Of a Dense layer each line
    is one product; of more than 8 inputs the 8 with the largest. What is not drawn is
    added up in one line. Blue is above 0, orange below 0, white 0.

    Arguments:
        explanation: what `explain` returns, for a layer that adds up products.
        names: list of names for the channels, or inputs, that the layer gets, such as
            ``["red", "green", "blue"]``; by default their numbers.

    Returns:
        `Picture`; its sentence has the parts of the sum and the steps to the value.

    Raises:
        TypeError: not an explanation.
        ValueError: a layer without a kernel, a kernel of more than 7 rows or columns or
            of three dimensions, or too few names.

    Example:
        >>> from helpers.by_hand import explain
        >>> explain_figure(explain(dense_network(), np.eye(3), "hidden", (0, 3)))
        hidden[0, 3] = 0.113 (Dense): input 0 gives 0.113, input 1 gives 0.000, input 2
        gives 0.000; sum of 3 products 0.113, + bias 0.000, = relu(0.113) 0.113. Blue is
        above 0, orange below 0, white 0.
    """
    arrays, places = parts_of(explanation)
    *others, kind = places
    names = check_names(names, kind, places[kind][0, 0])
    each = arrays["products"].sum(axis=(0, 1))
    single = arrays["products"].shape[:2] == (1, 1)  # product, so no sum beside it
    order = np.arange(len(each))
    if len(each) > (most := TERMS if single else CHANNELS):
        # rounded, so that equal ones keep their order on every machine
        order = np.argsort(-np.abs(each).round(9), kind="stable")[:most]
    steps = explanation.steps
    if rest := len(each) - len(order):
        steps = [(f"{rest} other {kind}s", each.sum() - each[order].sum()), *steps]
    numbers = written([*each[order], *(x for _, x in steps)])
    steps = [(text, x) for (text, _), x in zip(steps, numbers[len(order) :])]

    drawn = {name: array[:, :, order] for name, array in arrays.items()}
    likes = drawn.values()
    sheet = Sheet(*likes)
    title = explanation.lines()[0]
    sheet.write(MARGIN, TOP - LINE, title)
    left = MARGIN + max(length(names[i]) for i in order) + 0.1
    beside = 0 if single else GAP + max(map(length, numbers))
    low, gap = 0.75, 0 if single else GAP / 2
    for line, i in enumerate(order):
        top = low + gap * (line > 0)
        parts = {name: array[:, :, line] for name, array in drawn.items()}
        right, low = draw_products(sheet, left, top, parts, likes, titles=line == 0)
        sheet.write(MARGIN, (top + low) / 2, names[i])
        if not single:
            sheet.write(right + beside, (top + low) / 2, numbers[line], "right")
            if line == 0:
                sheet.write(right + beside, top - LINE / 2, "sum", "right")
    draw_steps(sheet, MARGIN, low + LINE, steps, right + beside)
    told = in_words((f"{names[i]} gives", x) for i, x in zip(order, numbers))
    where = [from_to(x, places[x].min(), np.ptp(places[x]) + 1) for x in others]
    head = ", ".join([title, *([" and ".join(where)] if where else [])])
    return sheet.finish(f"{head}: {told}; {in_words(steps)}.", drawn)


def parts_of(explanation):
    """Return patch, kernel and products, and the names of their axes with the places.

    The arrays have the axes (rows, columns, channels); those that are missing have one
    place. Inputs of a Dense layer are channels.
    """
    from ..by_hand.explanation import Explanation

    if not isinstance(explanation, Explanation):
        raise TypeError(
            "explain_figure draws what explain returns, not a "
            f"{type(explanation).__name__}. "
            "Write explain_figure(explain(model, images, layer, position))."
        )
    kind = f"{explanation.layer} is a {explanation.layer_class} layer"
    if explanation.kernel is None:
        raise ValueError(
            f"{kind} and adds up no products, so there is no kernel to draw. "
            "print(explanation) shows its arithmetic."
        )
    *window, count = explanation.kernel.shape
    if len(window) > 2 or max(window, default=1) > WINDOW:
        raise ValueError(
            f"{kind} with a window of {' × '.join(map(str, window))}; of at most {WINDOW} "
            f"rows and {WINDOW} columns the numbers can be read. print(explanation) shows "
            "its arithmetic."
        )
    shape = (*window, 1, 1)[:2] + (count,)
    *axes, heading, _, _ = explanation.columns
    arrays = {"kernel": explanation.kernel, "products": explanation.products}
    arrays = {heading: explanation.patch} | arrays
    places = {name: explanation.columns[name].reshape(shape) for name in axes}
    return {name: array.reshape(shape) for name, array in arrays.items()}, places


def check_names(names, kind, numbers):
    """Return a name for each channel or input, by default its number."""
    if names is None:
        return [f"{kind} {number}" for number in numbers]
    if isinstance(names, str) or len(names) <= max(numbers):
        raise ValueError(
            f"names={names!r}: write a list of at least {max(numbers) + 1}, one for each "
            f'{kind}, such as ["red", "green", "blue"] for colours.'
        )
    return [str(names[number]) for number in numbers]
