"""The Hydra application: one verb composed and run, what it raises turned into a line and an exit code. No torch."""

import logging
import math
import os
import sys
import traceback
from functools import partial
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from matting.cli import arguments as words
from matting.cli import help, job_process, jobs, sweeps
from matting.commands import dashboard, report, reproduce
from matting.config import schema
from matting.config.compose import config_dir
from matting.config.messages import FORESEEN, INPUT_ERRORS, explain
from matting.errors import UNREAD, Incomplete, Interrupted, JobError, UserError
from matting.experiments import grid
from matting.utils import distributed

BAD_INPUT, INCOMPLETE, JOB_FAILED, INTERRUPTED = 2, 3, 4, 130
RUNS = ("train", "evaluate")  # verbs whose jobs are runs
OF_EXPERIMENTS = {
    "report": report.run_experiments,
    "reproduce": reproduce.run_experiments,
    "dashboard": dashboard.run_experiments,
}


def answer(verb: str, arguments: list[str]) -> int:
    """Run a verb and return its exit code; errors are one line, unforeseen ones have their traceback above it."""
    saved = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    try:
        launch(verb, arguments)
    except BrokenPipeError:  # the command's to answer
        raise
    except (Exception, KeyboardInterrupt) as error:
        if saved[1] == "1" or not isinstance(error, FORESEEN):
            traceback.print_exc()
        code, text = outcome(error, verb)
        print(f"matting {verb}: {text}", file=sys.stderr)
        return code
    finally:
        sys.argv = saved[0]
        if saved[1] is None:
            os.environ.pop("HYDRA_FULL_ERROR", None)
    return 0


def launch(verb: str, arguments: list[str]) -> None:
    """Compose a verb's configs and perform its jobs under Hydra; errors come out as they are."""
    arguments = words.checked(words.literal(arguments))
    schema.register()
    sweeps.register(arguments)
    if verb in RUNS:
        grid.check_command(verb, arguments)
    sweeps.check_command(verb, arguments)
    distributed.check_command(verb, arguments)
    words.check_package(verb, arguments)
    given = [argument for argument in arguments if argument not in sweeps.GRID]
    if {*help.HELP} & {*arguments}:
        help.show(verb, [word for word in given if not words.is_option(word)])
        return
    if verb in OF_EXPERIMENTS and (names := grid.experiment_names(given)):
        if option := next(filter(words.is_option, given), None):
            right = grid.read_file(names[0])["verb"]
            raise UserError(
                f"{option}: its rows have the configs: `matting {right} experiments={names[0]} {option} ...`"
            )
        # its words are those of the experiment's verb, grids among them: no config of this verb has their keys
        OF_EXPERIMENTS[verb](given)
        return
    raised: list[BaseException] = []

    @hydra.main(config_path=str(config_dir()), config_name=verb, version_base="1.3")
    def job(config: Any) -> Any:
        this = HydraConfig.get()
        sweep, chosen = this.mode == RunMode.MULTIRUN, this.runtime.choices
        if verb in RUNS:
            config.experiments = chosen["experiments"]
        try:
            beside = sweep and verb in RUNS and chosen["hydra/launcher"] != "basic"
            how = partial(job_process.perform, command) if beside else jobs.perform
            value = how(verb, config)
            if sweep and chosen["hydra/sweeper"] == "optuna" and math.isnan(value):
                raise JobError("no objective: the validation MSE is NaN, or there is no validation")
            return value
        except Exception as error:
            if sweep:
                # what tells the job from the others: the rest of its words are the command's own
                own = [word for word in this.overrides.task if word not in arguments] or this.overrides.task
                fail_in_sweep(error, verb, " ".join(own))
            raised.append(error)  # alone, Hydra would add a line of its own

    sys.argv = command = [f"matting {verb}", *words.in_order(arguments)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing and exiting with 1
    logging.raiseExceptions = False  # of Hydra's lines to a pipe that nobody reads: the job's own end the command
    try:
        with sweeps.reported():
            job()
    except OSError as error:  # what a job raises comes out otherwise: this is the folder of a sweep
        if error.filename is None:
            raise
        raise UserError(
            f"{error.filename}: cannot be written ({error.strerror}); set paths.output_dir to a folder of yours"
        ) from None
    if raised:
        raise raised[0]


def fail_in_sweep(error: Exception, verb: str, job: str) -> NoReturn:
    """One job of a grid failed: raise, so that the sweep counts it. The rest runs, and the command exits with 4.

    Ctrl-C ends the whole sweep, and so does whoever reads no further: nothing would be told of the rest.
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


def outcome(error: BaseException, verb: str) -> tuple[int, str]:
    """Exit code and line of an error."""
    if isinstance(error, INPUT_ERRORS):
        return BAD_INPUT, explain(error, verb)
    if isinstance(error, Incomplete):
        return INCOMPLETE, str(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return INTERRUPTED, str(error) or "interrupted"
    return JOB_FAILED, str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}"
