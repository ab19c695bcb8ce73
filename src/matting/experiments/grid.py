"""Experiments: a file of `experiments/` composed to its grid, each job the runs that it asks for. No torch here."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import yaml
from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from matting.config.compose import collected_rarely, compose_config, config_dir, hydra_ready, options
from matting.config.validate import check, check_plain
from matting.errors import UserError
from matting.runs.run import Run
from matting.runs.upstream import Upstream, method_run, stage_run
from matting.trained_row import evaluation_of
from matting.utils.console import track

NOT_RUN = "not run"
ROWS_A_PROCESS = 16  # at least, that composing them apart is worth its start
ROWS_A_TASK = 8  # of one seed, as far as they go


@dataclass(frozen=True)
class Job:
    """One run of an experiment's grid: words, its command line. stages: what is trained for it, in order.

    evaluation: what is compared, the method's figures on the test sets.
    """

    verb: str
    words: tuple[str, ...]
    seed: int
    stages: list[Run]
    evaluation: Run

    def config(self) -> DictConfig:
        """Composed again: a thousand configs would not fit the memory."""
        return composed_row(self.verb, self.words)

    def state(self) -> str:
        """done | not run | failed: <reason>, of the evaluation or of the first run that it waits for."""
        if self.evaluation.result() is not None:
            return "done"
        for run in (*self.stages, self.evaluation):
            error = run.manifest.get("error")
            if error is not None and run.result() is None:
                return f"failed: {error}" if run is self.evaluation else f"failed: {run.kind}: {error}"
        return NOT_RUN


def asked(arguments: Sequence[str]) -> list[str] | None:
    """The experiments that a command line names: `experiments=a,b` or `all`; None if it has no such word."""
    values = [word.partition("=")[2] for word in arguments if word.startswith("experiments=")]
    if not values or values[-1] in ("", "null"):
        return None
    return options("experiments") if values[-1] == "all" else values[-1].split(",")


def facts(name: str) -> dict[str, Any]:
    """An experiment's file as it stands; raises UserError where there is none."""
    file = config_dir() / "experiments" / f"{name}.yaml"
    if not file.is_file():
        raise UserError(f"experiments={name}: no such experiment; one of {', '.join(options('experiments'))}")
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def check_command(verb: str, arguments: Sequence[str]) -> None:
    """Raise UserError for several experiments in one grid, and for one that is of the other verb."""
    names = asked(arguments)
    if names is None:
        return
    if len(names) != 1:
        given = next(word for word in reversed(arguments) if word.startswith("experiments="))
        raise UserError(f"{given}: each has a grid of its own; `matting reproduce {given}` runs one after another")
    right = facts(names[0])["verb"]
    if right != verb:
        raise UserError(
            f"experiments={names[0]}: its rows are of another verb; `matting {right} experiments={names[0]}`"
        )


def grid(name: str, verb: str, overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """The command lines of an experiment's rows: its grid, with the overrides on top as Hydra's sweeper takes them."""
    for_hydra = [word for word in overrides if word.lstrip("+~").startswith("hydra")]
    with hydra_ready():
        base = compose(verb, [f"experiments={name}", *for_hydra], return_hydra_config=True)
    words = [f"{key}={value}" for key, value in (base.hydra.sweeper.params or {}).items()]
    words += [word for word in overrides if word not in for_hydra]
    batches = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(words), None)
    return [(f"experiments={name}", *row) for batch in batches for row in batch]


def composed_row(verb: str, words: Sequence[str]) -> DictConfig:
    """A row's config, not checked yet; it names its experiment."""
    config = compose_config(verb, words)
    config.experiments = next(word.partition("=")[2] for word in words if word.startswith("experiments="))
    return config


def job_of(verb: str, words: tuple[str, ...]) -> Job:
    """A row's runs, whether they are there or not; raises UserError for values that no run can be made of."""
    with hydra_ready():
        config = compose_config(verb, words)
        try:
            if verb == "train":
                this, upstream = stage_run(config)
                check_plain(this.config)
                stages = [*below_in_order(upstream), this]
                evaluation = evaluation_of(config, this, upstream).run
            else:
                evaluation, upstream = method_run(config)
                check_plain(evaluation.config)
                stages = list(below_in_order(upstream))
        except Exception:
            check(config)  # what has no name for a value that is wrong
            raise
    return Job(verb, words, config.seed, list({run.digest: run for run in stages}.values()), evaluation)


def jobs_of(name: str, verb: str, lines: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Job]:
    """The jobs of an experiment's rows, of many by a process a core: naming a row's runs takes ten milliseconds.

    By seed: rows of one seed share runs, which a process composes once.
    """
    ordered = sorted(lines, key=seed_word)
    title = f"{name}: composing its rows"
    processes = composing(len(ordered))
    if processes == 1:
        return {words: job_of(verb, words) for words in track(ordered, title)}
    job_of(verb, ordered[0])  # composes what all rows share, before the processes are forked
    ignoring = signal.signal, (signal.SIGINT, signal.SIG_IGN)
    with collected_rarely(), get_context("fork").Pool(processes, *ignoring) as pool:
        found = pool.imap(partial(composable_job, verb), ordered, ROWS_A_TASK)
        made = track(zip(ordered, found, strict=True), title, len(ordered))
        return {words: job or job_of(verb, words) for words, job in made}  # which raises what the process met


def composing(rows: int) -> int:
    """How many processes compose so many rows."""
    return max(1, min(os.cpu_count() or 1, rows // ROWS_A_PROCESS))


def composable_job(verb: str, words: tuple[str, ...]) -> Job | None:
    """A row's job, or None where that fails: Hydra's errors do not survive the way from another process."""
    with contextlib.suppress(Exception):
        return job_of(verb, words)
    return None


def seed_word(words: Sequence[str]) -> str:
    return next((word for word in words if word.startswith("seed=")), "")


def below_in_order(upstream: Mapping[str, Upstream]) -> Iterator[Run]:
    """The runs that a run stands on, each after those below it; the same one may come twice."""
    for found in upstream.values():
        if found.run is not None:
            if found.config is not None and found.config.stage.upstream:
                yield from below_in_order(stage_run(found.config)[1])
            yield found.run
