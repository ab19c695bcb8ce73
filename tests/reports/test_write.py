"""The files of a report: whole or not at all, the page last, each file of a run read once."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matting.errors import UserError
from matting.experiments.experiment import Row
from matting.reports import write
from matting.reports.report import Report, Section
from matting.utils import files
from tests.helpers.made_experiments import made_experiment, made_job, upstream_run

RECIPE_FILES = {"report.html", "sheet.png", "table.csv", "table.md"}
EXPERIMENT_FILES = {"report.html", "rows.jsonl", "table.csv", "table.md", "table.tex"}


@pytest.fixture
def report(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    files = {"sheet.png": np.zeros((4, 4, 3), np.uint8), "table.csv": "a,b\n"}
    return Report(Path("outputs/reports/a"), "title", [Section("Figures")], files)


def test_a_failure_leaves_the_earlier_report(report, monkeypatch):
    path = write.write_report(report)
    assert {file.name for file in report.folder.iterdir()} == {"sheet.png", "table.csv", "report.html"}
    earlier = path.read_text()
    monkeypatch.setattr(write, "page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write.write_report(replace(report, title="later"))
    assert path.read_text() == earlier
    monkeypatch.undo()
    write.write_report(replace(report, folder=path.parent, title="later"))
    assert "later" in path.read_text()


def test_a_folder_that_cannot_be_made_is_named(report):
    report.folder.parent.parent.mkdir()
    report.folder.parent.write_text("")
    with pytest.raises(UserError, match=r"^outputs/reports/.*Not a directory.*paths\.output_dir"):
        write.write_report(report)


def test_a_page_that_cannot_be_written_is_named(report):
    (report.folder / "report.html").mkdir(parents=True)
    with pytest.raises(UserError, match=r"report\.html: .*Is a directory.*paths\.output_dir"):
        write.write_report(report)


@pytest.mark.parametrize("error", [PermissionError(13, "denied", "elsewhere/metrics.csv"), BrokenPipeError()])
def test_errors_of_other_files_come_out_as_they_are(report, monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(write, "page", fails)
    with pytest.raises(type(error)):
        write.write_report(report)


def test_a_file_that_may_not_be_written_is_named(report, monkeypatch):
    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(write, "write_text", denied)
    with pytest.raises(UserError, match=r"table\.csv: .*Permission denied.*paths\.output_dir"):
        write.write_report(report)


def test_a_recipe_has_its_files(written):
    assert {path.name for path in written.iterdir()} == RECIPE_FILES


def test_an_experiment_has_its_files_and_prints_its_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    jobs = made_job(tmp_path / "a", 0, [0.1]), made_job(tmp_path / "b", 1, error="NaN")
    made = made_experiment(Row("row", jobs, figures={"aim": [8.0, 1.0]}))
    line = write.write_experiment(made)
    assert line[0] == "pomagan/made"
    assert line[2:] == ["2", "1", "1", ""]
    assert {path.name for path in made.folder.iterdir()} == EXPERIMENT_FILES
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(made.folder / "report.html")
    assert any(line.split()[:2] == ["row", "100"] for line in lines)
    records = [json.loads(line) for line in (made.folder / "rows.jsonl").read_text().splitlines()]
    assert [record["state"] for record in records] == ["done", "failed: NaN"]
    assert [record["runs"][-1]["digest"] for record in records] == ["a", "b"]


def test_each_file_of_a_run_is_read_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shared = upstream_run(tmp_path / "shared", "out of memory")
    rows = []
    for name in "abc":
        job = made_job(tmp_path / name, 0, [0.1, 0.2] if name < "c" else None)
        job.stages.append(shared)
        rows.append(Row(name, (job,), figures={"aim": [8.0, 1.0]}))
    rows.append(Row("", rows[0].jobs, "perfect_mask", control=True))
    read, times = files.read, Counter[Path]()

    def counted(path, *arguments):
        times[path] += 1
        return read(path, *arguments)

    monkeypatch.setattr(files, "read", counted)
    write.write_experiment(made_experiment(*rows))
    assert {path.name for path in times} == {"manifest.json", "result.json", "pictures.json"}
    assert max(times.values()) == 1


def test_a_later_report_sees_what_has_changed_since(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    job = made_job(tmp_path / "a", 0, error="NaN")
    made = made_experiment(Row("row", (job,)))
    assert write.write_experiment(made)[2:5] == ["1", "0", "1"]
    (job.evaluation.folder / "manifest.json").write_text("{}")
    assert write.write_experiment(made)[2:5] == ["1", "0", "0"]


def test_the_index_links_each_report(tmp_path):
    write.write_index(tmp_path / "index.html", [["pomagan/made", "A <paper>", "4", "3", "1", ""]])
    page = (tmp_path / "index.html").read_text()
    assert 'href="pomagan/made/report.html"' in page
    assert "<td>4</td><td>3</td><td>1</td>" in page
    assert "A &lt;paper&gt;" in page
