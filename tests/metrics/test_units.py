"""Figures in the units of papers, and the table of an evaluation for a terminal."""

from matting.metrics.units import scaled, table_text
from tests.helpers.made_runs import a_result


def test_figures_are_scaled_to_the_units():
    values = {"mse": 0.0123456, "mae": 0.5, "sad": 1234.5, "grad": 12345.6, "conn": None}
    assert scaled(values) == ["12.35", "500", "1.234", "12346", "-"]
    assert scaled(values, "dim")[3] == "12.35"


def test_the_table_of_an_evaluation_has_a_line_for_each_row():
    head, names, *rows = table_text(a_result(), "scale quick").splitlines()
    assert head.startswith("aim: 4 samples of 4 subjects")
    assert head.endswith(", scale quick")
    headings = ("MSE x1e3", "MAE x1e3", "SAD /1000", "Grad", "Conn")
    assert names == f"  {'whole image':<26}" + "".join(f"{heading:>14}" for heading in headings)
    assert [row[:28].strip() for row in rows] == [
        *("best constant", "coarse map as alpha", "POMAGAN", "perfect binary mask"),
    ]
    assert rows[2].split()[1:] == ["20", "40", "0.2", "200", "200"]
    assert {len(row) for row in rows} == {len(names)}
