"""The records that calls on a ``keras.Input`` leave, and the walk back over them."""

from matplotlib.patches import FancyBboxPatch

from .picture import NEGATIVE, POSITIVE, Picture

MOST = 6  # records in a row
TALL, GAP, LETTER = 0.62, 0.45, 0.085  # inches: of a card, between cards, of a letter


def record_diagram(walks, inputs):
    """Draw walks over records, as ``keras.Model`` goes back from outputs to inputs.

    Each record is a card with the layer, the shapes that went in and those that came out.
    Each walk is a row. It begins at the right and ends at the left, at a ``keras.Input``:
    blue if it is one of ``inputs``, orange and dashed if it is not.

    Arguments:
        walks: dictionary from the name of a KerasTensor to the list of records that lead
            to it, the last record first, that of the ``keras.Input`` last.
        inputs: list of the KerasTensors at which a model is to start.

    Returns:
        `Picture`; its sentence tells each walk, and whether it ends at ``inputs``.

    Raises:
        ValueError: a walk has no record, or more than 6.

    Example:
        >>> scores = keras.layers.Dense(2, name="scores")
        >>> x = keras.Input((3,), name="x")
        >>> y = scores(x)
        >>> walk = [y._keras_history.operation._inbound_nodes[0],
        ...         x._keras_history.operation._inbound_nodes[0]]
        >>> record_diagram({"y": walk}, [x])
        Each card is a record: a layer, what went in and what came out. Walking back from y:
        scores, then x, which is one of the inputs.
    """
    for name, records in walks.items():
        if not 1 <= len(records) <= MOST:
            raise ValueError(
                f"The walk from {name} has {len(records)} records: 1 to {MOST} can be drawn."
            )
    cards = {name: [*map(written, records)] for name, records in walks.items()}
    lines = [line for row in cards.values() for card in row for line in card]
    wide = LETTER * max(map(len, [*lines, *walks, " " * 14])) + 0.15
    across = max(map(len, cards.values())) + 1
    size = across * (wide + GAP) + 0.1, len(walks) * (TALL + 0.3) + 0.2
    picture = Picture(figsize=size)
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    axes.set_axis_off()
    told = []
    for row, (name, records) in enumerate(walks.items()):
        middle = size[1] - 0.1 - (row + 0.5) * (TALL + 0.3)
        is_given = any(records[-1].output_tensors[0] is one for one in inputs)
        ends = POSITIVE if is_given else NEGATIVE
        for place, card in enumerate([("", name), *cards[name]]):
            right = size[0] - 0.25 - place * (wide + GAP)
            colour = ends if place == len(records) else "black"
            line = "dashed" if place == len(records) and not is_given else "solid"
            if place:
                draw_card(axes, right - wide, middle, wide, colour, line)
                start = {"xytext": (right + GAP, middle), "xy": (right, middle)}
                axes.annotate("", **start, arrowprops={"arrowstyle": "-|>", "lw": 1.5})
            for text, up, weight in zip(card, (0.14, -0.14 * bool(place)), WEIGHTS):
                axes.text(
                    right - wide / 2, middle + up, picture.plain(text), ha="center",
                    va="center", fontsize=9, color=colour, weight=weight,
                )  # fmt: skip
        told.append(walked(name, records, is_given))
    picture.sentence = (
        "Each card is a record: a layer, what went in and what came out. "
        + " ".join(told)
    )
    return picture


WEIGHTS = "bold", "normal"


def written(record):
    """Return the two lines of a card: the layer's name, and shapes."""
    went_in, came_out = (
        ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        for tensors in (record.input_tensors, record.output_tensors)
    )
    return record.operation.name, f"{went_in} → {came_out}" if went_in else came_out


def draw_card(axes, left, middle, wide, colour, line):
    """Draw a card with round corners."""
    card = FancyBboxPatch(
        (left, middle - TALL / 2), wide, TALL, "round,pad=0,rounding_size=0.08",
        fc="white", ec=colour, lw=1.5, ls=line,
    )  # fmt: skip
    axes.add_patch(card)


def walked(name, records, is_given):
    """Say over which records a walk goes, and where it ends."""
    *layers, end = [record.operation.name for record in records]
    way = ", ".join([*layers, f"then {end}" if layers else end])
    is_one = "one of the inputs" if is_given else "not one of the inputs"
    return f"Walking back from {name}: {way}, which is {is_one}."
