"""The runs that a config needs, in the order of their making, and which of them wait for another."""

from typing import Any

from omegaconf import DictConfig

from matting.experiments.jobs import evaluation_of
from matting.runs.run import Run
from matting.runs.upstream import method_run, stage_run


def planned_stage(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs that a train config needs, in order, and for each whether it waits for an upstream run."""
    this, upstream = stage_run(config)
    rows = []
    for found in upstream.values():
        if found.config is not None:
            rows += planned_stage(found.config)
    waits = any(found.run is not None and found.run.result() is None for found in upstream.values())
    return [*rows, (this, waits and this.result() is None)]


def planned_evaluation(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs that an evaluation needs, in order, and for each whether it waits for an upstream run."""
    this, upstream = method_run(config)
    rows: dict[Any, tuple[Run, bool]] = {}
    for found in upstream.values():
        if found.config is not None:
            rows |= {row[0].digest: row for row in planned_stage(found.config)}
    waits = any(found.run is not None and found.run.result() is None for found in upstream.values())
    return [*rows.values(), (this, waits and this.result() is None)]


def planned_row(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs of a row, its evaluation last, and for each whether it waits for an upstream run."""
    rows, this = planned_stage(config), stage_run(config)
    if config.evaluate_as is None:
        return rows
    evaluation = evaluation_of(config, *this).run
    return [*rows, (evaluation, this[0].result() is None and evaluation.result() is None)]
