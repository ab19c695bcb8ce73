"""A comparison as a table of text and as records for CSV."""

from dataclasses import replace

import pytest

from matting.experiments.comparison import compare
from matting.experiments.experiment import Row
from matting.reports.tables import FIELDS, number, records, tables_of
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
    assert "not implemented in this suite: FBA" in notes
    assert "published: A paper, Table 1: other images" in notes
    assert "differences are from cGAN" in notes
    assert "95%" in notes


def test_rows_left_out_by_the_grid_are_not_called_missing_systems(tmp_path):
    rows = Row("a", (made_job(tmp_path / "a", mse=[0.1]),)), Row("b", (), left_out=True), Row("FBA", ())
    made = made_experiment(*rows)
    for comparisons in (compare(made), []):
        (table,) = tables_of(made, comparisons)
        assert "not in this grid: b" in table.notes
        assert "not implemented in this suite: FBA" in table.notes


def test_what_the_command_line_sets_for_all_rows_is_said(tmp_path):
    fixed, jobs = ("loss.border.weight=0", "scale=quick", "runtime.workers=1"), []
    for name in "ab":
        job = made_job(tmp_path / name, mse=[0.1])
        jobs.append(replace(job, words=(*job.words, *fixed)))
    made = made_experiment(*(Row(job.words[0], (job,)) for job in jobs))
    (table,) = tables_of(replace(made, overrides=("loss=a,b", *fixed)), compare(made))
    assert [note.endswith(" loss.border.weight=0") for note in table.notes].count(True) == 1


def test_a_title_says_what_rows_share_and_each_row_the_rest(tmp_path):
    jobs = [made_job(tmp_path / "a", mse=[0.1]), made_job(tmp_path / "b", mse=[0.1], size=(64, 96), convention="p3m")]
    made = made_experiment(*(Row(name, (job,)) for name, job in zip("ab", jobs, strict=True)), Row("c", ()))
    (table,) = tables_of(made, compare(made))
    assert table.title == "aim, whole image: data drawn, scale quick, images and convention differ between rows"
    sample = "1 samples of 1 subjects, height x width"
    named = [f"a, {sample} 32x48 (native), convention=dim", f"b, {sample} 64x96 (native), convention=p3m", "c"]
    assert [line[0] for line in table.lines] == named
    assert [note.endswith(": b") for note in table.notes if "other pixels than a" in note] == [True]
    assert any("convention" in note for note in table.notes)
    assert not any("differences are" in note for note in table.notes)
    lines = list(records(made, compare(made)))
    assert [(line["size"], line["convention"], line["scale"]) for line in lines[::2]] == [
        *(("32x48", "dim", "quick"), ("64x96", "p3m", "quick")),
        ("", "", ""),
    ]


def test_differences_are_explained_only_where_there_are_some(tmp_path):
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


def test_without_measurements_published_figures_and_command_are_shown(tmp_path):
    row = Row("row", (made_job(tmp_path / "a", error="out of memory"),), figures={"aim": [8.16, 1.5]})
    (found,) = tables_of(made_experiment(row), [])
    assert found.lines == [["row", "failed: out of memory", "8.16", "1.5"]]
    assert "`matting train experiments=pomagan/made scale=quick`" in found.notes[0]


def test_the_command_is_quoted_for_a_shell(tmp_path):
    made = made_experiment(Row("row", (made_job(tmp_path / "a"),)))
    made = replace(made, overrides=("net.trimap={erode:0.02,dilate:0.02}", "seed=0,1"))
    assert made.command == "matting train experiments=pomagan/made 'net.trimap={erode:0.02,dilate:0.02}' seed=0,1"


def test_published_test_sets_that_are_missing_here_have_their_own_tables(tmp_path):
    figures = {"aim": [1.0, 2.0], "pm85": [3.0, 4.0]}
    row = Row("row", (made_job(tmp_path / "a", mse=[0.1], test="drawn"),), figures=figures, mark="random VGG")
    made = made_experiment(row)
    measured, aim, pm85 = tables_of(made, compare(made))
    assert measured.head == ["", "MSE x1e3", "SAD /1000"]
    assert (aim.lines, pm85.lines) == ([["row", "1", "2"]], [["row", "3", "4"]])


def test_there_is_a_record_for_each_row_and_metric(made):
    lines = list(records(made, compare(made)))
    assert len(lines) == 4 * 2
    second = next(line for line in lines if line["row"].startswith("second") and line["metric"] == "mse")
    assert float(second["mean"]) == pytest.approx(300)
    assert (second["unit"], second["published"], second["published_on"]) == ("MSE x1e3", 8.16, "aim")
    assert float(second["low"]) == pytest.approx(100)
    assert (second["state"], second["seeds"], second["size"]) == ("failed: a loss is NaN", 1, "32x48")
    assert "mean" not in next(line for line in lines if line["row"] == "FBA")
    assert {key for line in lines for key in line} == {*FIELDS}


def test_numbers_are_short():
    assert [number(value) for value in (0.0123456, 12.3456, 113723.4)] == ["0.01235", "12.35", "113723"]
    assert [number(value, 2, "+") for value in (-1234.5, 99.9, 0.123)] == ["-1234", "+100", "+0.12"]
