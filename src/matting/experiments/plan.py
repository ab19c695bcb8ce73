"""The runs that a config needs, in the order of their making, and which of them wait for another."""

from collections.abc import Mapping

from omegaconf import DictConfig

from matting.config.derive import NodeKey
from matting.experiments.jobs import evaluation_of
from matting.runs.run import Run
from matting.runs.upstream import Upstream, method_run, stage_run


def planned_stage(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs that a train config needs, in order, and for each whether it waits for an upstream run."""
    return planned(*stage_run(config))


def planned_evaluation(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs that an evaluation needs, in order, and for each whether it waits for an upstream run."""
    return planned(*method_run(config))


def planned_row(config: DictConfig) -> list[tuple[Run, bool]]:
    """Return the runs of a row, its evaluation last, and for each whether it waits for an upstream run."""
    this = stage_run(config)
    if config.evaluate_as is None:
        return planned(*this)
    evaluation = evaluation_of(config, *this).run
    return [*planned(*this), (evaluation, this[0].result() is None and evaluation.result() is None)]


def planned(this: Run, upstream: Mapping[NodeKey, Upstream]) -> list[tuple[Run, bool]]:
    """Return the runs that a run needs, each once and itself last, and for each whether it waits for another."""
    rows: dict[str, tuple[Run, bool]] = {}
    for found in upstream.values():
        if found.config is not None:
            rows |= {row[0].digest: row for row in planned_stage(found.config)}
    waits = any(found.run is not None and found.run.result() is None for found in upstream.values())
    return [*rows.values(), (this, waits and this.result() is None)]
