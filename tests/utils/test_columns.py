"""Aligned text: one line a row in a file, folded and complete on a narrow terminal."""

import sys

import pytest

from matting.utils.columns import aligned

ROWS = [["", "MSE x1e3", "note"], ["[b]cGAN[/b] :x:", "700 ± 707", "+1 [-2, +3]"], ["second", "3", ""]]


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned(ROWS) == (
        "                 MSE x1e3   note\n"
        "[b]cGAN[/b] :x:  700 ± 707  +1 [-2, +3]\n"
        "second           3"
    )  # fmt: skip


def test_figures_are_aligned_to_the_right():
    lines = aligned(ROWS, figures=True, least=(20, 12), indent=2).splitlines()
    assert lines[0] == "  " + " " * 20 + "  " + "MSE x1e3".rjust(12) + "  " + "note".rjust(11)
    assert lines[2] == "  second".ljust(22) + "3".rjust(14)


def test_a_long_row_is_one_line_where_no_terminal_reads_it():
    row = [f"{'x' * 900}{column}" for column in range(10)]
    assert aligned([row]) == "  ".join(row)


@pytest.mark.parametrize("width", [20, 80])
def test_a_narrow_terminal_loses_no_character(monkeypatch, width):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    row = ["".join(chr(ord("a") + column) for _ in range(30)) for column in range(8)]
    text = aligned([row, row])
    assert all(text.count(cell[0]) == 60 for cell in row)
    assert len(text.splitlines()) > 2
    if width == 80:
        assert max(map(len, text.splitlines())) <= 80


def test_a_cell_goes_on_after_a_sign_and_some_columns_stay_whole(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    lines = aligned([["0123456789ab", "evaluate/pomagan-quick_1", "0.0461"]], whole=(0, 2)).splitlines()
    assert [line[14:32].strip() for line in lines] == ["evaluate/pomagan-", "quick_1"]
    assert [line[:12].strip() + line[32:].strip() for line in lines] == ["0123456789ab0.0461", ""]
