"""The table of penguins."""

import numpy as np

from helpers.datasets import penguins


def test_rows_are_those_of_the_file_that_were_measured(capsys):
    table = penguins()
    said = capsys.readouterr().out
    assert said == "2 of 344 penguins were not measured and are left out.\n"
    assert table.rows.shape == (342, 4) and table.rows.dtype == np.float32
    assert table.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert np.bincount(table.labels).tolist() == [151, 68, 123]
    assert table.rows[0].tolist() == np.float32([39.1, 18.7, 181, 3750]).tolist()
    assert table.classes[table.labels[-1]] == "Chinstrap"
    assert (
        table.rows.min(axis=0).round(1).tolist()
        == np.float32([32.1, 13.1, 172, 2700]).tolist()
    )
    assert table.columns[3] == "body_mass_g" and len(table.columns) == 4
    assert np.isfinite(table.rows).all()
