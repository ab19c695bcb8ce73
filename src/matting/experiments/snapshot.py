"""Jobs whose results and manifests are read once: a report asks for them a hundred times."""

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


def job_snapshots() -> Callable[[Job], Job]:
    """Return a function that gives a job with snapshots of its runs; jobs that share a run share its snapshot."""
    found: dict[Path, RunSnapshot] = {}

    def read(run: Run) -> RunSnapshot:
        snapshot = run if isinstance(run, RunSnapshot) else RunSnapshot(run.kind, run.config, run.digest, run.folder)
        return found.setdefault(run.folder, snapshot)

    return lambda job: replace(job, stages=[read(run) for run in job.stages], evaluation=read(job.evaluation))


def recipe_snapshot(recipe: RecipeRuns) -> RecipeRuns:
    """Return the recipe with snapshots in place of its runs."""
    return replace(recipe, job=job_snapshots()(recipe.job))


def experiment_snapshot(experiment: Experiment) -> Experiment:
    """Return the experiment with snapshots in place of its runs."""
    read = job_snapshots()
    rows = [replace(row, jobs=tuple(map(read, row.jobs))) for row in experiment.rows]
    return replace(experiment, jobs=[*map(read, experiment.jobs)], rows=rows)
