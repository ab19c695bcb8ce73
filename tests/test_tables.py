"""A comparison as text, CSV, Markdown and LaTeX, and as an HTML page."""

import csv
import io

import pytest

from matting import experiment_page, formats
from matting.comparison import compare
from matting.experiment_rows import Row
from matting.formats import latex, markdown, text
from matting.tables import comma_separated, number, tables_of
from tests.made_experiments import made_experiment, made_job


@pytest.fixture
def made(tmp_path):
    """An experiment: two seeds of a first row, one done and one failed of a second, one that the suite cannot run."""
    first = Row("cGAN & <b>|x_1", tuple(made_job(tmp_path / f"a{s}", s, [0.1 + s, 0.3 + s]) for s in (0, 1)))
    jobs = (made_job(tmp_path / "b0", 0, [0.2, 0.4]), made_job(tmp_path / "b1", 1, error="a loss is NaN"))
    second = Row("second", jobs, figures={"aim": [8.16, 7521.5]}, mark="random VGG", note="said")
    mask = Row("", first.jobs, "perfect_mask", control=True)
    return made_experiment(first, second, Row("FBA", (), figures={"aim": [0.4, 3.98]}), mask)


@pytest.fixture
def table(made):
    (found,) = tables_of(made, compare(made))
    return found


def test_a_table_has_units_deviations_differences_and_published_figures(table):
    assert table.head == [
        *("", "MSE x1e3", "SAD /1000", "difference in MSE x1e3 [95%]"),
        *("published, aim: MSE x1e3", "published, aim: SAD /1000"),
    ]
    lines = {line[0]: line[1:] for line in table.lines}
    assert list(lines) == ["cGAN & <b>|x_1", "second, random VGG", "FBA", "perfect binary mask"]
    assert lines["cGAN & <b>|x_1"][:3] == ["700 ± 707", "0.0007 ± 0.00071", ""]
    assert lines["second, random VGG"] == ["300", "0.0003", "+100 [+100, +100]", "8.16", "7522"]
    assert lines["FBA"] == ["not run", "", "", "0.4", "3.98"]
    assert {len(line) for line in table.lines} == {len(table.head)}


def test_the_title_says_size_convention_data_and_scale(table):
    assert table.title == (
        "aim, whole image: 2 samples of 2 subjects, height x width 32x48 (native), convention dim, "
        "data drawn, scale quick"
    )


def test_notes_say_seeds_failures_and_what_was_not_run(table):
    notes = "\n".join(table.notes)
    assert "mean ± standard deviation over 2 seeds" in notes
    assert "second, random VGG: 1 of 2 seeds; failed: a loss is NaN" in notes
    assert "not run, the suite has no such system: FBA" in notes
    assert "published: A paper, Table 1: other images" in notes
    assert "differences are from cGAN" in notes
    assert "bootstrap over the test subjects, each with all its images, paired by image and seed" in notes


def test_nothing_measured_still_shows_the_published_figures_and_the_command(tmp_path):
    row = Row("row", (made_job(tmp_path / "a", error="out of memory"),), figures={"aim": [8.16, 1.5]})
    (found,) = tables_of(made_experiment(row), [])
    assert found.lines == [["row", "failed: out of memory", "8.16", "1.5"]]
    assert "`matting train experiments=pomagan/made scale=quick`" in found.notes[0]


def test_several_published_test_sets_none_of_them_here_have_tables_of_their_own(tmp_path):
    figures = {"aim": [1.0, 2.0], "pm85": [3.0, 4.0]}
    row = Row("row", (made_job(tmp_path / "a", mse=[0.1], test="drawn"),), figures=figures, mark="random VGG")
    made = made_experiment(row)
    measured, aim, pm85 = tables_of(made, compare(made))
    assert measured.head == ["", "MSE x1e3", "SAD /1000"]
    assert (aim.lines, pm85.lines) == ([["row", "1", "2"]], [["row", "3", "4"]])


def test_the_terminal_lines_up(table):
    lines = text(table).splitlines()[1:6]
    assert lines[1].index("700") + len("700 ± 707") == lines[0].index("MSE x1e3") + len("MSE x1e3")


def test_markdown_and_latex_escape_what_would_break_a_cell(table):
    row = next(line for line in markdown(table).splitlines() if line.startswith("| cGAN"))
    assert row.startswith(r"| cGAN & <b>\|x_1 | 700 ± 707 |")
    source = latex(table)
    assert r"cGAN \& <b>|x\_1 & 700 $\pm$ 707 &" in source
    assert r"[95\%]" in source
    assert source.count(r"\\") == 1 + len(table.lines)
    assert "toprule" not in source
    assert formats.escaped("a\\b^~{}#$") == r"a\textbackslash{}b\textasciicircum{}\textasciitilde{}\{\}\#\$"


def test_csv_has_one_line_a_row_and_metric(made):
    lines = list(csv.DictReader(io.StringIO(comma_separated(made, compare(made)))))
    assert len(lines) == 4 * 2
    second = next(line for line in lines if line["row"].startswith("second") and line["metric"] == "mse")
    assert float(second["mean"]) == pytest.approx(300)
    assert (second["unit"], second["published"], second["published_on"]) == ("MSE x1e3", "8.16", "aim")
    assert float(second["low"]) == pytest.approx(100)
    assert (second["state"], second["seeds"], second["size"]) == ("failed: a loss is NaN", "1", "32x48")
    assert next(line for line in lines if line["row"] == "FBA")["mean"] == ""


def test_numbers_are_short():
    assert [number(value) for value in (0.0123456, 12.3456, 113723.4)] == ["0.01235", "12.35", "113723"]
    assert [number(value, 2, "+") for value in (-1234.5, 99.9, 0.123)] == ["-1234", "+100", "+0.12"]


def test_the_page_is_escaped_and_names_what_failed(made):
    comparisons = compare(made)
    page = experiment_page.html(made, comparisons, tables_of(made, comparisons))
    assert "cGAN &amp; &lt;b&gt;|x_1" in page
    assert "<b>" not in page
    assert "4 runs in the grid: 3 done, 1 failed" in page
    assert "failed: a loss is NaN" in page
    assert "src=" not in page


def test_the_index_links_each_report(made):
    page = experiment_page.index([(made, compare(made))])
    assert 'href="pomagan/made/report.html"' in page
    assert "<td>4</td><td>3</td><td>1</td>" in page
