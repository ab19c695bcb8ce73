"""A row of an experiment that trains: its run, then the evaluation that the experiment compares. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from matting.commands import evaluate, train
from matting.config.derive import changed, derived, derived_plain, handed_down
from matting.errors import UserError
from matting.runs.listing import show_plan
from matting.runs.run import Run, make_run
from matting.runs.upstream import Upstream, below, stage_run


def run(config: DictConfig) -> float:
    """`matting train` of a row. Gives what `train.run` gives."""
    if config.plan:
        show_plan(planned(config))
        return float("nan")
    mse = train.run(config)
    found = evaluation_of(config, *stage_run(config))
    evaluate.run(changed(found.config, rerun=config.rerun, **found.named))
    return mse


def planned(config: DictConfig) -> list[tuple[Run, bool]]:
    """The runs of a row, its evaluation last, each with whether it waits for one that is not done."""
    rows, this = train.planned(config), stage_run(config)
    evaluation = evaluation_of(config, *this).run
    return [*rows, (evaluation, this[0].result() is None and evaluation.result() is None)]


@dataclass(frozen=True)
class RowEvaluation:
    """The evaluation of a row's run, which may still have to be trained.

    named: the keys of the method that the run decides: the one that names it, and the longer side that it sees.
    """

    config: DictConfig
    named: dict[str, Any]
    run: Run


def evaluation_of(config: DictConfig, this: Run, upstream: Mapping[str, Upstream]) -> RowEvaluation:
    """How a row's run is measured; raises UserError for a method that does not stand on such a run."""
    words = "evaluate", (f"method={config.evaluate_as}",), handed_down(this.config)
    data = derived_plain(*words)
    method = data["method"]
    key = next((key for key, stage in method["upstream"].items() if stage == this.kind), None)
    if key is None:
        raise UserError(f"evaluate_as={config.evaluate_as}: this method stands on no run of stage={this.kind}")
    digests = {f"method__{name}": upstream[f"stage__{of}"].key for name, of in below(method, key)}
    own: dict[str, Any] = {f"method__{key}": this.digest}
    if "max_side" in this.config["stage"]:
        own["method__max_side"] = this.config["stage"]["max_side"]
    return RowEvaluation(derived(*words), own, make_run(f"evaluate/{method['name']}", data, **own, **digests))
