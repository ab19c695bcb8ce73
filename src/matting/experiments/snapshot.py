"""Experiments and recipes whose results and manifests are read once: a report asks for them a hundred times."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from matting.experiments.experiment import Experiment
from matting.experiments.jobs import Job
from matting.experiments.recipe import RecipeRuns
from matting.runs.run import Run


@dataclass(frozen=True)
class RunSnapshot(Run):
    """A run that keeps its result and its manifest as they were when first asked for."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return super().manifest

    @cached_property
    def first_result(self) -> dict[str, Any] | None:
        return super().result()

    def result(self) -> dict[str, Any] | None:
        return self.first_result


def experiment_snapshot(experiment: Experiment) -> Experiment:
    """Return the experiment with a snapshot in place of each run; jobs that share a run share its snapshot."""
    read = snapshots()

    def job_snapshot(job: Job) -> Job:
        return replace(job, stages=[read(run) for run in job.stages], evaluation=read(job.evaluation))

    rows = [replace(row, jobs=tuple(map(job_snapshot, row.jobs))) for row in experiment.rows]
    return replace(experiment, jobs=[job_snapshot(job) for job in experiment.jobs], rows=rows)


def recipe_snapshot(recipe: RecipeRuns) -> RecipeRuns:
    """Return the recipe with a snapshot in place of each run."""
    read = snapshots()
    stages = [replace(stage, run=read(stage.run)) for stage in recipe.stages if stage.run is not None]
    return replace(recipe, stages=stages, evaluation=read(recipe.evaluation))


def snapshots() -> Callable[[Run], RunSnapshot]:
    """Return a function from a run to its snapshot; it gives the same snapshot for the same folder."""
    found: dict[Path, RunSnapshot] = {}

    def read(run: Run) -> RunSnapshot:
        return found.setdefault(run.folder, RunSnapshot(run.kind, run.config, run.digest, run.folder))

    return read
