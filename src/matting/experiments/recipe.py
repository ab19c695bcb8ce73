"""The runs of a recipe in the order of their making, and how to make them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.derive import changed, derive
from matting.config.identity import plain
from matting.experiments.execution import ensure_stage
from matting.experiments.jobs import Job, in_order
from matting.experiments.plan import planned_evaluation
from matting.runs import listing
from matting.runs.lifecycle import lock
from matting.runs.run import Run
from matting.runs.upstream import Upstream, method_run
from matting.utils.console import say


@dataclass(frozen=True)
class RecipeRuns:
    """The runs of a recipe, done or not.

    recipe: the node of the config, plain. config: of the evaluation. stages: how to train those that can be trained, in
    order. job: their runs and the evaluation.
    """

    recipe: dict[str, Any]
    config: DictConfig
    stages: list[Upstream]
    job: Job

    @property
    def name(self) -> str:
        return self.recipe["name"]

    @property
    def evaluation(self) -> Run:
        return self.job.evaluation

    @property
    def steps(self) -> list[Run]:
        """The stages' runs in order, then the evaluation."""
        return [*self.job.stages, self.job.evaluation]

    @property
    def folder(self) -> Path:
        return Path(self.config.paths.output_dir) / "reports" / f"{self.name}-{self.evaluation.digest}"

    @property
    def page(self) -> Path:
        """The report's page; it is written last, so that its presence means that the report is complete."""
        return self.folder / "report.html"

    def page_is_current(self) -> bool:
        """Return whether the report was written after the evaluation that it shows."""
        result = self.evaluation.folder / "result.json"
        return self.page.is_file() and self.page.stat().st_mtime_ns >= result.stat().st_mtime_ns


def recipe_runs(config: DictConfig) -> RecipeRuns:
    """Return the runs of the recipe that a reproduce or report config names."""
    recipe = OmegaConf.to_container(config.recipe, resolve=True)
    assert isinstance(recipe, dict)
    evaluation = derive(plain(config), "evaluate", [f"method={recipe['method']}"])
    run, upstream = method_run(evaluation)
    stages = list({stage.key: stage for stage in in_order(upstream) if stage.config is not None}.values())
    trained = [stage.run for stage in stages if stage.run is not None]
    job = Job("evaluate", (f"method={recipe['method']}",), config.seed, trained, run)
    return RecipeRuns({str(key): value for key, value in recipe.items()}, evaluation, stages, job)


def show_plan(recipe: RecipeRuns) -> None:
    """Print one line a step and one for the report: its state and its folder."""
    evaluated = recipe.evaluation.result() is not None
    state = "waits for an upstream run" if not evaluated else "done" if recipe.page_is_current() else "new"
    listing.show_plan(planned_evaluation(recipe.config), (state, str(recipe.page)))


def forget(recipe: RecipeRuns) -> None:
    """Delete all results before a rerun, so that an interrupted rerun does not find old runs done."""
    for step in reversed(recipe.steps):
        if step.folder.is_dir():
            with lock(step.folder, step.kind):
                (step.folder / "result.json").unlink(missing_ok=True)


def make_stages(recipe: RecipeRuns, again: bool) -> None:
    """Train the stages that are not done; with `again` train all of them once more."""
    for number, stage in enumerate(recipe.stages, 1):
        assert stage.run is not None
        assert stage.config is not None
        state = "starts over" if again else stage.run.state()
        say(f"stage {number} of {len(recipe.stages)}: {stage.run.kind}, {state}, {stage.run}")
        ensure_stage(rerun(stage.config, again))


def rerun(config: DictConfig, again: bool) -> DictConfig:
    """Return the config with its key `rerun` set; derived configs do not inherit it, else a run would start over
    whenever another run asks for it.
    """
    return changed(config, rerun=again)
