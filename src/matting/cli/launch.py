"""Launch the jobs of a command line: one alone, the rows of a grid, the experiments of a report."""

import logging
import math
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, read_write

from matting.cli import job_process, sweeps
from matting.cli.arguments import CommandLine
from matting.cli.jobs import perform
from matting.cli.outcome import outcome
from matting.config import hydra_internals
from matting.config.compose import at_home, compose_config, compose_job, parsed
from matting.config.messages import FORESEEN
from matting.config.quoting import command_text, for_hydra
from matting.config.validate import check
from matting.errors import UNREAD, Interrupted, JobError, UserError
from matting.experiments.grid import experiment_names
from matting.experiments.overrides import check_read
from matting.runs.figures import VAL
from matting.runs.upstream import method_run, stage_run

RUNS: dict[str, Callable[[DictConfig], Any]] = {"train": stage_run, "evaluate": method_run}

OF_A_DASHBOARD = ("dry_run", "logger")  # keys of the verb, not of the rows


def run_experiments(line: CommandLine) -> None:
    """Run `report`, `reproduce` or `dashboard` of experiments. The other words are those of the experiments' verb."""
    verb = import_module(f"matting.commands.{line.verb}")
    verb.run_experiments(experiment_names(line.experiments), line.other_overrides)


def check_overrides(line: CommandLine) -> None:
    """Raise UserError for an override that no row of the experiments reads; a search draws its values later."""
    if not any(word.startswith("hydra/sweeper=") for word in line.overrides):
        own = [word for word in line.other_overrides if parsed(word).key_or_group not in OF_A_DASHBOARD]
        check_read(experiment_names(line.experiments), own)


def run_alone(line: CommandLine) -> None:
    """Compose a config once and run its job; raises what the job raises."""
    config = compose_job(line.verb, line.overrides)
    sweeps.check_plugins(config)
    raised: list[Exception] = []

    def job(config: DictConfig) -> Any:
        try:
            return perform(line.verb, config)
        except Exception as error:  # kept from Hydra, which would print a second line
            raised.append(error)

    start(lambda: hydra_internals.run_alone(config, job))
    if raised:
        raise raised[0]


def run_sweep(line: CommandLine) -> None:
    """Run a grid or a search with Hydra's launcher and sweeper; raises JobError if jobs failed."""
    config = at_home(hydra_internals.compose_sweep(line.verb, line.overrides))
    quote_params(config)
    sweeps.check_plugins(config)
    check_rows(line.verb, config)
    with sweeps.reported():
        start(lambda: hydra_internals.run_sweep(config, partial(run_row, line, sys.argv), compose_row))


def check_rows(verb: str, config: DictConfig) -> None:
    """Check each row of a grid before the first runs; raises UserError for the first that cannot.

    A search chooses its rows one after another, so they are checked one by one.
    """
    node = config.hydra
    if node.runtime.choices["hydra/sweeper"] != "basic":
        return
    words = [*(f"{key}={value}" for key, value in (node.sweeper.params or {}).items()), *node.overrides.task]
    for row in hydra_internals.rows_of([parsed(word) for word in words]):
        # With Hydra's own words the composition is the one that the row's job asks for.
        made = compose_config(verb, [*node.overrides.hydra, *(for_hydra(word, grid=False) for word in row)])
        check(made)
        if verb in RUNS:  # a run that the row names has to be there
            RUNS[verb](made)


def quote_params(config: DictConfig) -> None:
    """Quote the free text in the grid of an experiment, as on a command line."""
    params = config.hydra.sweeper.get("params") or {}
    with read_write(config.hydra.sweeper):
        for key, value in params.items():
            params[key] = for_hydra(f"{key}={value}", grid=True).partition("=")[2]


def compose_row(verb: str, words: Sequence[str]) -> DictConfig:
    """Compose the config of a row. Optuna's sweeper hands over words without the quotes of their free text."""
    return compose_job(verb, [for_hydra(word, grid=False) for word in words])


def start(run: Callable[[], None]) -> None:
    """Run Hydra; raises UserError where its folder cannot be written."""
    logging.raiseExceptions = False  # when the output is closed, the job's own lines end the command, not Hydra's
    try:
        run()
    except OSError as error:  # what a job raises comes out otherwise
        if error.filename is None:
            raise
        advice = "set paths.output_dir to a folder of yours"
        raise UserError(f"{error.filename}: cannot be written ({error.strerror}); {advice}") from None


def run_row(line: CommandLine, command: list[str], config: DictConfig) -> Any:
    """Run one job of a sweep, where its launcher put it, and return its objective; command: for its manifest."""
    this = HydraConfig.get()
    chosen = this.runtime.choices
    runs = "experiments" in chosen  # the verb's jobs are runs, which know the experiment that asked
    if runs:
        config.experiments = chosen["experiments"]
    beside = runs and chosen["hydra/launcher"] != "basic"
    try:
        value = job_process.perform(command, line.verb, config) if beside else perform(line.verb, config)
        if chosen["hydra/sweeper"] == "optuna" and math.isnan(value):
            raise JobError(f"no objective: {VAL} is NaN, or there is no validation")
        return value
    except Exception as error:
        # the words that tell this job from the others; the rest of them is the command's
        own = [word for word in this.overrides.task if word not in line.overrides] or this.overrides.task
        fail_in_sweep(error, line.verb, command_text(own))


def fail_in_sweep(error: Exception, verb: str, job: str) -> NoReturn:
    """Raise what makes the sweep count a failed job and go on. The command exits with 4 at the end.

    Ctrl-C and an output that nobody reads end the whole sweep.
    """
    if isinstance(error, Interrupted):
        raise KeyboardInterrupt(str(error)) from None
    if isinstance(error, BrokenPipeError):
        raise SystemExit(UNREAD) from None
    if not isinstance(error, FORESEEN):
        traceback.print_exception(error)
    text = "; ".join([outcome(error, verb)[1], *getattr(error, "__notes__", ())])
    print(f"failed: {job}: {text}", flush=True)
    raise JobError(f"{job}: {text}") from error
