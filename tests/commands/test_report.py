"""The verb report: what it says of runs that are missing."""

import sys

import pytest

from matting.commands import report
from matting.errors import UserError
from matting.experiments.recipe import recipe_runs
from tests.helpers.made_runs import compose, finish_stage


def test_missing_runs_are_named_with_the_command_that_makes_them(monkeypatch, tmp_path):
    config = compose(verb="report")
    recipe = recipe_runs(config)
    monkeypatch.chdir(tmp_path)
    finish_stage(recipe.steps[0])
    monkeypatch.setattr(sys, "argv", ["matting report", "scale=quick", "data.fit=[a, b]"])
    with pytest.raises(UserError) as error:
        report.run(config)
    text = str(error.value)
    assert str(recipe.steps[0]) not in text
    assert f"{recipe.steps[1]} (new)" in text
    assert f"{recipe.evaluation} (new)" in text
    assert "`matting reproduce scale=quick 'data.fit=[a, b]'`" in text


@pytest.mark.parametrize("place", ["file", "file/x"])
def test_a_folder_in_which_no_report_can_be_written(matting, tmp_path, place):
    (tmp_path / "file").write_text("")
    code, out, err = matting("report", "experiments=pomagan/table1", "scale=quick", f"paths.output_dir={place}")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{place}/experiments/pomagan/table1: " in err
    assert "paths.output_dir" in err
