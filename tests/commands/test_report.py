"""The verb report: what it says of runs that are missing."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from matting.commands import report
from matting.errors import UserError
from matting.experiments.recipe import recipe_runs
from matting.utils import files
from tests.helpers.made_runs import compose, finish_all, finish_stage


def test_missing_runs_are_named_with_the_command_that_makes_them(monkeypatch, tmp_path):
    config = compose(verb="report")
    recipe = recipe_runs(config)
    monkeypatch.chdir(tmp_path)
    finish_stage(recipe.steps[0])
    monkeypatch.setattr(sys, "argv", ["matting", "report", "scale=quick", "data.fit=[a, b]"])
    with pytest.raises(UserError) as error:
        report.run(config)
    text = str(error.value)
    assert str(recipe.steps[0]) not in text
    assert f"{recipe.steps[1]} (new)" in text
    assert f"{recipe.evaluation} (new)" in text
    assert "`matting reproduce scale=quick 'data.fit=[a, b]'`" in text


def test_each_file_of_a_run_is_read_once(monkeypatch, tmp_path, capsys):
    config = compose(verb="report")
    monkeypatch.chdir(tmp_path)
    finish_all(recipe_runs(config))
    read, times = files.read, Counter[Path]()

    def counted(path, *arguments):
        times[path] += 1
        return read(path, *arguments)

    monkeypatch.setattr(files, "read", counted)
    report.run(config)
    assert {path.name for path in times} == {"manifest.json", "result.json", "pictures.json"}
    assert max(times.values()) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("report.html")


@pytest.mark.parametrize("place", ["file", "file/x"])
def test_a_folder_in_which_no_report_can_be_written(matting, tmp_path, monkeypatch, place):
    monkeypatch.setattr(report, "is_begun", lambda found: True)
    (tmp_path / "file").write_text("")
    code, out, err = matting("report", "experiments=pomagan/table1", "scale=quick", f"paths.output_dir={place}")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{place}/experiments/pomagan/table1: " in err
    assert "paths.output_dir" in err


def test_a_report_of_nothing_is_refused_for_experiments_too(matting, tmp_path):
    code, out, err = matting("report", "experiments=pomagan/table1", "scale=quick")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "experiments=pomagan/table1: " in err
    assert "`matting reproduce experiments=pomagan/table1 scale=quick`" in err
    assert not list(tmp_path.iterdir())
