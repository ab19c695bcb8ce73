"""A table as text for a terminal, as Markdown and as LaTeX; records as CSV."""

from matting.reports.table_formats import Table, comma_separated, escaped, latex, markdown, text

TABLE = Table(
    title="aim",
    head=["", "MSE x1e3", "difference [95%]"],
    lines=[["cGAN & <b>|x_1", "700 ± 707", "+1 [-2, +3]"], ["second", "3", ""]],
    notes=["one seed", "* no scale"],
)


def test_the_terminal_lines_up():
    lines = text(TABLE).splitlines()
    assert lines[0] == "aim"
    assert lines[2].index("700 ± 707") + len("700 ± 707") == lines[1].index("MSE x1e3") + len("MSE x1e3")
    assert lines[2].endswith("  +1 [-2, +3]")
    assert lines[4] == "  one seed"


def test_markdown_escapes_what_would_break_a_cell():
    assert markdown(TABLE).splitlines() == [
        *("aim", "", "|  | MSE x1e3 | difference [95%] |", "| --- | ---: | ---: |"),
        *(r"| cGAN & <b>\|x_1 | 700 ± 707 | +1 [-2, +3] |", "| second | 3 |  |", "", "- one seed", r"- \* no scale"),
    ]


def test_latex_escapes_what_would_break_a_cell():
    source = latex(TABLE)
    assert r"cGAN \& <b>|x\_1 & 700 $\pm$ 707 & +1 [-2, +3] \\" in source
    assert r"[95\%]" in source
    assert source.count(r"\\") == 1 + len(TABLE.lines)
    assert "toprule" not in source
    assert escaped("a\\b^~{}#$") == r"a\textbackslash{}b\textasciicircum{}\textasciitilde{}\{\}\#\$"


def test_a_field_that_a_record_lacks_is_empty():
    assert comma_separated(("a", "b"), [{"a": 1}, {"b": "x,y", "a": 2}]) == 'a,b\n1,\n2,"x,y"\n'
