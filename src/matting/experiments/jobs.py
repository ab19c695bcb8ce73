"""The jobs of an experiment's grid, each with the runs that it asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from matting.config.compose import compose_config, hydra_ready
from matting.config.derive import NodeKey, derived, derived_plain, handed_down
from matting.config.validate import check, check_plain
from matting.errors import UserError
from matting.runs.run import Run, make_run
from matting.runs.upstream import Upstream, below, method_run, stage_run
from matting.utils.console import track

NOT_RUN = "not run"


@dataclass(frozen=True)
class Job:
    """One row of an experiment's grid.

    words: its command line. stages: the runs that are trained for it, in order. evaluation: the run that measures it.
    """

    verb: str
    words: tuple[str, ...]
    seed: int
    stages: list[Run]
    evaluation: Run

    def config(self) -> DictConfig:
        """Compose the config again: a thousand configs would not fit the memory."""
        return composed_row(self.verb, self.words)

    def state(self) -> str:
        """Return done, not run, or failed with the reason, of the evaluation or the first run that it waits for."""
        if self.evaluation.result() is not None:
            return "done"
        for run in (*self.stages, self.evaluation):
            error = run.manifest.get("error")
            if error is not None and run.result() is None:
                return f"failed: {error}" if run is self.evaluation else f"failed: {run.kind}: {error}"
        return NOT_RUN


def composed_row(verb: str, words: Sequence[str]) -> DictConfig:
    """Return the config of a row, not checked yet, with the name of its experiment."""
    config = compose_config(verb, words)
    config.experiments = next(word.partition("=")[2] for word in words if word.startswith("experiments="))
    return config


def job_of(verb: str, words: tuple[str, ...]) -> Job:
    """Return the job of a command line; raises UserError for values that no run can be made of."""
    with hydra_ready():
        config = compose_config(verb, words)
        try:
            if verb == "train":
                this, upstream = stage_run(config)
                check_plain(this.config)
                evaluation = evaluation_of(config, this, upstream).run
            else:
                evaluation, upstream = method_run(config)
                check_plain(evaluation.config)
        except Exception:
            check(config)  # raises the error that names the wrong value, if there is one
            raise
    stages = [found.run for found in in_order(upstream) if found.run is not None]
    stages += [this] if verb == "train" else []
    return Job(verb, words, config.seed, list({run.digest: run for run in stages}.values()), evaluation)


def jobs_of(name: str, verb: str, lines: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Job]:
    """Return the job of each command line of an experiment. Ordered by seed: rows of one seed share upstream runs."""
    ordered = sorted(lines, key=seed_word)
    return {words: job_of(verb, words) for words in track(ordered, f"{name}: composing its rows")}


def seed_word(words: Sequence[str]) -> str:
    """Return the word that sets the seed, or an empty text."""
    return next((word for word in words if word.startswith("seed=")), "")


def in_order(upstream: Mapping[NodeKey, Upstream]) -> Iterator[Upstream]:
    """Yield upstream runs, each after its own upstream runs; a run may come twice."""
    for found in upstream.values():
        yield from in_order(found.upstream)
        yield found


@dataclass(frozen=True)
class RowEvaluation:
    """The evaluation of a row's trained run, which may still have to be trained.

    named: keys of the method that follow from the run: its digest, and `max_side` where the stage has one.
    """

    config: DictConfig
    named: dict[str, Any]
    run: Run


def evaluation_of(config: DictConfig, this: Run, upstream: Mapping[NodeKey, Upstream]) -> RowEvaluation:
    """Return the evaluation of a row's run; raises UserError for a method that has no such stage."""
    words = "evaluate", (f"method={config.evaluate_as}",), handed_down(this.config)
    data = derived_plain(*words)
    method = data["method"]
    key = next((key for key, stage in method["upstream"].items() if stage == this.kind), None)
    if key is None:
        raise UserError(f"evaluate_as={config.evaluate_as}: this method has no trained stage {this.kind}")
    digests = {f"method.{name}": upstream[NodeKey(f"stage.{of}")].key for name, of in below(method, key)}
    own: dict[str, Any] = {f"method.{key}": this.digest}
    if "max_side" in this.config["stage"]:
        own["method.max_side"] = this.config["stage"]["max_side"]
    return RowEvaluation(derived(*words), own, make_run(f"evaluate/{method['name']}", data, **own, **digests))
