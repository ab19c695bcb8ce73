"""The runs of a recipe, in order, and how they are made. No torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.derive import changed, derive
from matting.config.identity import plain
from matting.experiments.execution import ensure_stage, planned_evaluation
from matting.runs import listing
from matting.runs.lifecycle import lock
from matting.runs.run import Run
from matting.runs.upstream import Upstream, method_run, stage_run
from matting.utils.console import say


@dataclass(frozen=True)
class RecipeRuns:
    """The runs of a recipe, done or not.

    recipe: the config's node, plain. config: the derived evaluate config. stages: in the order of their training.
    """

    recipe: dict[str, Any]
    config: DictConfig
    evaluation: Run
    stages: list[Upstream]

    @property
    def name(self) -> str:
        return self.recipe["name"]

    @property
    def steps(self) -> list[Run]:
        """The stages' runs and the evaluation."""
        return [*(stage.run for stage in self.stages if stage.run is not None), self.evaluation]

    @property
    def folder(self) -> Path:
        return Path(self.config.paths.output_dir) / "reports" / f"{self.name}-{self.evaluation.digest}"

    @property
    def page(self) -> Path:
        """Written last: its presence means that the report is complete."""
        return self.folder / "report.html"

    def page_is_current(self) -> bool:
        """Whether the report was written after the evaluation that it shows."""
        result = self.evaluation.folder / "result.json"
        return self.page.is_file() and self.page.stat().st_mtime_ns >= result.stat().st_mtime_ns


def recipe_runs(config: DictConfig) -> RecipeRuns:
    """The runs that a reproduce or report config stands for."""
    recipe = OmegaConf.to_container(config.recipe, resolve=True)
    assert isinstance(recipe, dict)
    evaluation = derive(plain(config), "evaluate", [f"method={recipe['method']}"])
    run, upstream = method_run(evaluation)
    stages = {stage.key: stage for stage in in_order(upstream)}
    return RecipeRuns({str(key): value for key, value in recipe.items()}, evaluation, run, list(stages.values()))


def in_order(upstream: dict[str, Upstream]) -> list[Upstream]:
    """Upstream runs, each after those that it stands on; the same one may come twice."""
    stages = []
    for found in upstream.values():
        if found.config is not None:
            stages += [*in_order(stage_run(found.config)[1]), found]
    return stages


def show_plan(recipe: RecipeRuns) -> None:
    """One line a step: done | resume | failed | new | running | waits for an upstream run, and where."""
    evaluated = recipe.evaluation.result() is not None
    state = "waits for an upstream run" if not evaluated else "done" if recipe.page_is_current() else "new"
    listing.show_plan(planned_evaluation(recipe.config), (state, str(recipe.page)))


def forget(recipe: RecipeRuns) -> None:
    """Drop all results before they are made once more: an interrupted rerun must not find the old ones as done."""
    for step in reversed(recipe.steps):
        if step.folder.is_dir():
            with lock(step.folder, step.kind):
                (step.folder / "result.json").unlink(missing_ok=True)


def make_stages(recipe: RecipeRuns, again: bool) -> None:
    """Train what is not done, or everything once more; each stage finds the one before it done."""
    for number, stage in enumerate(recipe.stages, 1):
        assert stage.run is not None
        assert stage.config is not None
        state = "starts over" if again else stage.run.state()
        say(f"stage {number} of {len(recipe.stages)}: {stage.run.kind}, {state}, {stage.run}")
        ensure_stage(rerun(stage.config, again))


def rerun(config: DictConfig, again: bool) -> DictConfig:
    """A derived config does not inherit `rerun`: a run would start over whenever another asks for it."""
    return changed(config, rerun=again)
