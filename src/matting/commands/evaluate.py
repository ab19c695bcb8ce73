"""matting evaluate: measure a method on every test set, beside the rows that any method has to beat."""

import time
from typing import Any

from omegaconf import DictConfig

from matting.commands import train
from matting.config import instantiate
from matting.data.build import fingerprint
from matting.runs import lifecycle, log
from matting.runs.listing import show_plan
from matting.runs.run import Run
from matting.runs.upstream import method_run
from matting.utils.console import say


def run(config: DictConfig) -> float:
    """The verb. Gives the alpha's MSE in the first region asked for, over all test sets where it is not empty."""
    if config.plan:
        show_plan(planned(config))
        return float("nan")
    this, result = ensure(config)
    from matting.metrics.units import table_text

    say(table_text(result, this.config["scale"]["name"]))
    say(f"evaluate: done, {this.folder}")
    region = this.config["metrics"]["regions"][0]
    errors = [test["rows"]["alpha"][region]["mse"] for test in result["tests"].values()]
    known = [error for error in errors if error is not None]
    return sum(known) / len(known) if known else float("nan")


def planned(config: DictConfig) -> list[tuple[Run, bool]]:
    """The runs that an evaluation asks for, in order, each with whether it waits for one that is not done."""
    this, upstream = method_run(config)
    rows: dict[Any, tuple[Run, bool]] = {}
    for found in upstream.values():
        if found.config is not None:
            rows |= {row[0].digest: row for row in train.planned(found.config)}
    waits = any(found.run is not None and found.run.result() is None for found in upstream.values())
    return [*rows.values(), (this, waits and this.result() is None)]


def ensure(config: DictConfig) -> tuple[Run, dict[str, Any]]:
    """The evaluation of a config: found, or made now, with the stages that it needs trained first."""
    this, upstream = method_run(config)
    data = fingerprint(this.config)
    result = None if config.rerun else this.result()
    if result is not None:
        lifecycle.check_same_data(this, data)
        return this, result
    instantiate.check_built(this.config)
    for found in upstream.values():
        if found.config is not None:
            train.ensure(found.config)
    with lifecycle.lock(this.folder, this.kind):
        result = None if config.rerun else this.result()
        if result is not None:
            return this, result
        lifecycle.begin(this, data, fresh=True)
        say(f"evaluate: {config.method.name} in {this.folder}")
        start = time.monotonic()
        from matting.evaluation import evaluator

        try:
            with log.kept(this.folder / "evaluate.log"):
                result = evaluator.evaluate(this, {key: found.checkpoint for key, found in upstream.items()})
        except Exception as error:
            lifecycle.note_error(this, error)
            raise
        lifecycle.note(this, seconds=round(time.monotonic() - start, 1))
        lifecycle.finish(this, result)
    return this, result
