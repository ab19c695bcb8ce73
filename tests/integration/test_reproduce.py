"""The verb reproduce: the order of its steps, going on, rerun, plan."""

import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import DictConfig, OmegaConf

from matting.commands import reproduce
from matting.errors import JobError
from matting.experiments import execution
from matting.experiments.recipe import RecipeRuns, recipe_runs
from matting.reports import write as report
from tests.helpers.made_runs import compose, finish_all, finish_evaluation, finish_stage, start

STEPS = ["segmentation_gan", "alpha_gan", "evaluate/pomagan", "report"]


@pytest.fixture(scope="module")
def composed() -> DictConfig:
    return compose()


@pytest.fixture(scope="module")
def recipe(composed: DictConfig) -> RecipeRuns:
    return recipe_runs(composed)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is made, in order; each is replaced by what it leaves behind."""
    calls: list[str] = []

    def fit(run, upstream):
        calls.append(run.kind)
        return finish_stage(run)

    def evaluate(run, checkpoints):
        calls.append(run.kind)
        return finish_evaluation(run)

    def write(recipe):
        calls.append("report")
        recipe.folder.mkdir(parents=True, exist_ok=True)
        recipe.page.write_text("new")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(report, "write_recipe", write)
    monkeypatch.setattr(execution, "fit", fit)
    monkeypatch.setitem(sys.modules, "matting.evaluation.evaluator", SimpleNamespace(evaluate=evaluate))
    monkeypatch.setattr("matting.evaluation.evaluator", sys.modules["matting.evaluation.evaluator"], raising=False)
    return calls


def changed(config: DictConfig, **values: bool) -> DictConfig:
    return OmegaConf.merge(config, values)  # type: ignore[return-value]


def test_runs_the_steps_in_order_and_ends_with_the_path_of_the_report(composed, recipe, made, capsys):
    reproduce.run(composed)
    assert made == STEPS
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(recipe.page)
    assert any(line.startswith("stage 2 of 2") for line in lines)


def test_goes_on_at_the_stage_that_failed(composed, recipe, made, monkeypatch):
    fit = execution.fit

    def failing(run, upstream):
        if run.kind == "alpha_gan":
            raise JobError("a loss is NaN")
        return fit(run, upstream)

    monkeypatch.setattr(execution, "fit", failing)
    with pytest.raises(JobError):
        reproduce.run(composed)
    assert not recipe.page.exists()
    monkeypatch.setattr(execution, "fit", fit)
    reproduce.run(composed)
    assert made == STEPS


def test_rerun_makes_every_step_once_more_and_only_once(composed, recipe, made):
    finish_all(recipe)
    recipe.folder.mkdir(parents=True)
    recipe.page.write_text("old")
    reproduce.run(changed(composed, rerun=True))
    assert made == STEPS


def test_an_interrupted_rerun_goes_on_without_being_asked_again(composed, recipe, made, monkeypatch):
    finish_all(recipe)
    recipe.folder.mkdir(parents=True)
    recipe.page.write_text("old")
    fit = execution.fit

    def failing(run, upstream):
        return 1 / 0 if run.kind == "alpha_gan" else fit(run, upstream)

    monkeypatch.setattr(execution, "fit", failing)
    with pytest.raises(ZeroDivisionError):
        reproduce.run(changed(composed, rerun=True))
    monkeypatch.setattr(execution, "fit", fit)
    reproduce.run(composed)
    assert made == STEPS


def test_a_report_older_than_its_evaluation_is_written_again(composed, recipe, made):
    finish_all(recipe)
    recipe.folder.mkdir(parents=True)
    recipe.page.write_text("old")
    os.utime(recipe.page, (0, 0))
    reproduce.run(composed)
    assert made == ["report"]
    shutil.rmtree(recipe.steps[0].folder)
    reproduce.run(composed)
    assert made == ["report"]


def test_plan_lists_states_and_touches_nothing(composed, recipe, made, tmp_path, capsys):
    finish_stage(recipe.steps[0])
    start(recipe.steps[1], error="a loss is NaN")
    before = sorted(tmp_path.rglob("*"))
    reproduce.run(changed(composed, plan=True))
    states = [line.split("outputs")[0].strip() for line in capsys.readouterr().out.splitlines()]
    assert states[:4] == ["done", "failed", "waits for an upstream run", "waits for an upstream run"]
    assert made == []
    assert sorted(tmp_path.rglob("*")) == before
