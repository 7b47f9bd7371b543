"""Tables and lines of text, for the prints of the course."""

import textwrap


def table(rows, right=()):
    """Return the lines of a table whose columns stand two spaces apart.

    Arguments:
        rows: list of rows, each a sequence of as many strings.
        right: indices of the columns that are aligned on the right.

    Example:
        >>> print(*table([("layer", "weights"), ("dense", "20")], right=[1]), sep="\\n")
        layer  weights
        dense       20
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def filled(text):
    """Return text in lines that fit a projector."""
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)
