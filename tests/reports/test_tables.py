"""A comparison as text, CSV, Markdown and LaTeX, and as an HTML page."""

import csv
import io
from dataclasses import replace

import pytest

from matting.experiments.comparison import compare
from matting.experiments.experiment import Row
from matting.reports import experiment_page, table_formats
from matting.reports.table_formats import latex, markdown, text
from matting.reports.tables import comma_separated, number, tables_of
from matting.utils.files import write_json
from tests.helpers.made_experiments import made_experiment, made_job


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
    assert "second, random VGG: said" in notes
    assert "not run, the suite has no such system: FBA" in notes
    assert "published: A paper, Table 1: other images" in notes
    assert "differences are from cGAN" in notes
    assert "bootstrap over the test subjects, each with all its images, paired by image and seed" in notes


def test_rows_that_the_grid_leaves_out_are_no_systems_that_the_suite_cannot_run(tmp_path):
    rows = Row("a", (made_job(tmp_path / "a", mse=[0.1]),)), Row("b", (), left_out=True), Row("FBA", ())
    made = made_experiment(*rows)
    for comparisons in (compare(made), []):
        (table,) = tables_of(made, comparisons)
        assert "not in this grid: b" in table.notes
        assert "not run, the suite has no such system: FBA" in table.notes


def test_what_the_command_line_sets_for_all_rows_is_said(tmp_path):
    fixed, jobs = ("loss.border.weight=0", "scale=quick", "runtime.workers=1"), []
    for name in "ab":
        job = made_job(tmp_path / name, mse=[0.1])
        jobs.append(replace(job, words=(*job.words, *fixed)))
    made = made_experiment(*(Row(job.words[0], (job,)) for job in jobs))
    (table,) = tables_of(replace(made, overrides=("loss=a,b", *fixed)), compare(made))
    assert "rows of this grid have loss.border.weight=0" in table.notes


def test_a_title_says_what_rows_share_and_each_row_the_rest(tmp_path):
    jobs = [made_job(tmp_path / "a", mse=[0.1]), made_job(tmp_path / "b", mse=[0.1], size=(64, 96), convention="p3m")]
    made = made_experiment(*(Row(name, (job,)) for name, job in zip("ab", jobs, strict=True)), Row("c", ()))
    (table,) = tables_of(made, compare(made))
    assert table.title == "aim, whole image: data drawn, scale quick, images and convention as each row says"
    sample = "1 samples of 1 subjects, height x width"
    named = [f"a, {sample} 32x48 (native), convention=dim", f"b, {sample} 64x96 (native), convention=p3m", "c"]
    assert [line[0] for line in table.lines] == named
    assert "on other pixels than a, thus in no difference and in no rank: b" in table.notes
    assert "Grad and Conn depend on the convention, the other figures do not" in table.notes
    assert not any("differences are" in note for note in table.notes)
    lines = list(csv.DictReader(io.StringIO(comma_separated(made, compare(made)))))
    assert [(line["size"], line["convention"], line["scale"]) for line in lines[::2]] == [
        *(("32x48", "dim", "quick"), ("64x96", "p3m", "quick")),
        ("", "", ""),
    ]


def test_differences_are_said_to_be_from_the_first_row_only_where_there_are_some(tmp_path):
    first = Row("first", (made_job(tmp_path / "a0", 0, error="NaN"), made_job(tmp_path / "a1", 1, error="NaN")))
    others = [Row(name, (made_job(tmp_path / name, 0, [0.1]),)) for name in "bc"]
    made = made_experiment(first, *others)
    (table,) = tables_of(made, compare(made))
    assert table.head == ["", "MSE x1e3", "SAD /1000"]
    assert not any("differences" in note for note in table.notes)
    half = Row("half", (made_job(tmp_path / "d0", 0, [0.3]), made_job(tmp_path / "d1", 1, error="NaN")))
    made = made_experiment(half, *others)
    (table,) = tables_of(made, compare(made))
    assert [line[-1] for line in table.lines] == ["", "-200 [-200, -200]", "-200 [-200, -200]"]
    assert any(note.startswith("differences are from half") for note in table.notes)
    assert "half: 1 of 2 seeds; failed: NaN" in table.notes


def test_a_region_that_is_empty_in_each_image_has_dashes(tmp_path):
    job = made_job(tmp_path / "a", mse=[0.1])
    result = job.evaluation.result()
    result["tests"]["aim"]["rows"]["alpha"]["whole"] = dict.fromkeys(("mse", "sad"))
    write_json(job.evaluation.folder / "result.json", result)
    made = made_experiment(Row("row", (job,), note="said"))
    (table,) = tables_of(made, compare(made))
    assert table.lines == [["row", "-", "-"]]


def test_nothing_measured_still_shows_the_published_figures_and_the_command(tmp_path):
    row = Row("row", (made_job(tmp_path / "a", error="out of memory"),), figures={"aim": [8.16, 1.5]})
    (found,) = tables_of(made_experiment(row), [])
    assert found.lines == [["row", "failed: out of memory", "8.16", "1.5"]]
    assert "`matting train experiments=pomagan/made scale=quick`" in found.notes[0]


def test_the_command_is_quoted_for_a_shell(tmp_path):
    made = made_experiment(Row("row", (made_job(tmp_path / "a"),)))
    made = replace(made, overrides=("net.trimap={erode:0.02,dilate:0.02}", "seed=0,1"))
    assert made.command == "matting train experiments=pomagan/made 'net.trimap={erode:0.02,dilate:0.02}' seed=0,1"


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
    assert table_formats.escaped("a\\b^~{}#$") == r"a\textbackslash{}b\textasciicircum{}\textasciitilde{}\{\}\#\$"


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


def test_the_page_says_of_which_rows_a_fact_holds(tmp_path):
    one, two = made_job(tmp_path / "a", 0, [0.1]), made_job(tmp_path / "b", 1, [0.1])
    two.evaluation.config["method"] = {"inputs": ["image", "trimap"]}
    two.evaluation.config["data"]["subjects"] = {"x": {"_target_": "matting.data.sources.procedural.People"}}
    rows = Row("one", (one,)), Row("two", (two, made_job(tmp_path / "c", 2, error="NaN")))
    page = experiment_page.html(made := made_experiment(*rows), compare(made), [])
    assert "Scale quick, data drawn, seed 0, 1." in page
    assert "two: The trimap it was given is made from the truth" in page
    assert "two: These people are drawn" in page
    page = experiment_page.html(made := made_experiment(rows[1]), compare(made), [])
    assert "seed 1. These people are drawn" in page


def test_the_page_says_who_makes_a_row_of_another_experiment(tmp_path):
    own, other = (made_job(tmp_path / name, 0, [0.1]) for name in "ab")
    other = replace(other, words=("experiments=alphanet/attention", "seed=0"))
    made = made_experiment(Row("own", (own,)), Row("borrowed", (other,)))
    page = experiment_page.html(replace(made, jobs=[own]), compare(made), [])
    assert "borrowed: made by matting train experiments=alphanet/attention seed=0" in page
    assert "own: made" not in page


def test_a_run_that_two_rows_share_is_counted_once(tmp_path):
    job = made_job(tmp_path / "a", 0, [0.1])
    made = made_experiment(Row("alpha", (job,)), Row("coarse", (job,), "coarse"))
    assert "1 run in the grid: 1 done, 0 failed" in experiment_page.html(made, compare(made), [])
    assert "<td>1</td><td>1</td><td>0</td>" in experiment_page.index([(made, compare(made))])


def test_the_index_links_each_report(made):
    page = experiment_page.index([(made, compare(made))])
    assert 'href="pomagan/made/report.html"' in page
    assert "<td>4</td><td>3</td><td>1</td>" in page
