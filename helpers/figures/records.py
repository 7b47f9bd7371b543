"""The records that calls on a ``keras.Input`` leave, and the walk back over them."""

from matplotlib.patches import FancyBboxPatch

from .picture import NEGATIVE, POSITIVE, Picture

MOST = 6  # records in a row
TALL, ROW, GAP, EDGE = 0.6, 0.85, 0.4, 0.2  # inches
LETTER = 0.078  # inches, of the widest font that is used


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
        ValueError: there is no walk, or one has no record or more than 6.

    Example:
        >>> x = keras.Input((3,), name="x")
        >>> y = keras.layers.Dense(2, name="scores")(x)
        >>> walk = [tensor._keras_history.operation._inbound_nodes[0] for tensor in (y, x)]
        >>> record_diagram({"y": walk}, [x])
        Each card is a record: a layer, what went in and what came out. Walking back from
        y: scores, then x, which is one of the inputs (blue).
    """
    lengths = [len(records) for records in walks.values()] or [0]
    if not 1 <= min(lengths) <= max(lengths) <= MOST:
        raise ValueError(f"Each walk needs 1 to {MOST} records: these have {lengths}.")
    cards = [card(record) for records in walks.values() for record in records]
    wide = LETTER * max(len(line) for lines in cards for line in lines) + 0.2
    label = LETTER * max(map(len, walks))
    size = (
        EDGE + max(lengths) * (wide + GAP) + label + EDGE,
        (len(walks) - 1) * ROW + TALL + 2 * EDGE,
    )
    picture = Picture(figsize=size)
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    axes.set_axis_off()
    sentences = ["Each card is a record: a layer, what went in and what came out."]
    for row, (name, records) in enumerate(walks.items()):
        middle = size[1] - EDGE - TALL / 2 - row * ROW
        right = size[0] - EDGE - label
        axes.text(right, middle, picture.plain(name), va="center", fontsize=9)
        is_given = any(records[-1].output_tensors[0] is one for one in inputs)
        for record in records:
            look = {"ec": "black"}
            if record is records[-1]:
                look = (
                    {"ec": POSITIVE} if is_given else {"ec": NEGATIVE, "ls": "dashed"}
                )
            draw_card(axes, record, right - GAP, middle, wide, look)
            right -= GAP + wide
        sentences.append(walked(name, records, is_given))
    picture.sentence = " ".join(sentences)
    return picture


def card(record):
    """Return the two lines of a card: the layer's name, and shapes."""
    went_in, came_out = (
        ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        for tensors in (record.input_tensors, record.output_tensors)
    )
    return record.operation.name, f"{went_in} → {came_out}" if went_in else came_out


def draw_card(axes, record, right, middle, wide, look):
    """Draw a record as a card whose right edge is at ``right``, an arrow leading to it."""
    corner = right - wide, middle - TALL / 2
    shape = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch(corner, wide, TALL, shape, fc="white", lw=1.5, **look)
    )
    ends = {"xytext": (right + GAP - 0.04, middle), "xy": (right, middle)}
    axes.annotate(
        "", **ends, arrowprops={"arrowstyle": "-|>", "lw": 1.5, "fc": "black"}
    )
    for text, up, weight in zip(card(record), (0.13, -0.13), ("bold", "normal")):
        axes.text(
            right - wide / 2, middle + up, Picture.plain(text), ha="center", va="center",
            fontsize=9, color=look["ec"], weight=weight,
        )  # fmt: skip


def walked(name, records, is_given):
    """Say over which records a walk goes, and where it ends."""
    *layers, end = [record.operation.name for record in records]
    way = ", ".join([*layers, f"then {end}" if layers else end])
    is_one = (
        "one of the inputs (blue)" if is_given else "not one of them (orange, dashed)"
    )
    return f"Walking back from {name}: {way}, which is {is_one}."
