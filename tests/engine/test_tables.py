"""A table as text: what stands where, and that nothing trails behind."""

from helpers.engine.tables import table


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [("layer", "zeros", "what"), ("a_long_name", "5%", ""), ("b", "100%", "x")]
    assert table(rows, right=[1]) == [
        "layer        zeros  what",
        "a_long_name     5%",
        "b             100%  x",
    ]


def test_a_heading_can_ask_for_a_wider_column():
    assert table([("n", "  mean"), ("a", "1")], right=(1,)) == [
        "n    mean",
        "a       1",
    ]


def test_every_row_may_be_aligned_on_the_right_or_empty():
    assert table([("1", "22"), ("333", "4")], range(2)) == ["  1  22", "333   4"]
    assert table([]) == []
    assert table([(), ()]) == ["", ""]
