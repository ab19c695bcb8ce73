"""Answer one command line: parse it, print or launch, turn what is raised into a line and an exit code."""

import os
import sys
import traceback

from matting.cli import help, sweeps
from matting.cli.arguments import CommandLine, parse
from matting.cli.outcome import outcome
from matting.config import schema
from matting.config.compose import hydra_ready
from matting.config.messages import FORESEEN
from matting.errors import UserError
from matting.experiments.grid import check_experiment, experiment_names, read_file
from matting.utils import distributed

RUNS = ("train", "evaluate")  # the verbs whose jobs are runs
OF_EXPERIMENTS = ("report", "reproduce", "dashboard")  # the verbs that take several experiments


def answer(verb: str, arguments: list[str]) -> int:
    """Run a verb and return its exit code. An error is one line; an unforeseen one has its traceback above it."""
    saved = sys.argv
    sys.argv = ["matting", verb, *arguments]  # a run's manifest keeps the command
    try:
        run(parse(verb, arguments))
    except BrokenPipeError:  # `__main__` answers it
        raise
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1" or not isinstance(error, FORESEEN):
            traceback.print_exc()
        code, text = outcome(error, verb)
        print(f"matting {verb}: {text}", file=sys.stderr)
        return code
    finally:
        sys.argv = saved
    return 0


def run(line: CommandLine) -> None:
    """Print what the options ask for, or run the jobs. Errors come out as they are."""
    check(line)
    schema.register()
    sweeps.prefer_own_files()
    with hydra_ready():
        if help.show(line):
            return
        from matting.cli import launch  # the verbs import numpy and OpenCV, which printing does not need

        if line.experiments:
            launch.check_overrides(line)
        if line.experiments and line.verb in OF_EXPERIMENTS:
            launch.run_experiments(line)
        elif line.is_grid:
            launch.run_sweep(line)
        else:
            launch.run_alone(line)


def check(line: CommandLine) -> None:
    """Raise UserError for what a verb, its experiments and the processes of a training exclude."""
    if line.experiments and line.verb in RUNS:
        check_experiment(line.verb, line.experiments)
    if line.experiments and line.verb in OF_EXPERIMENTS and line.printing:
        name = experiment_names(line.experiments)[0]
        command = f"matting {read_file(name)['verb']} experiments={name} {line.printing} ..."
        raise UserError(f"{line.printing}: the rows have the configs: `{command}`")
    distributed.check_command(line.verb, line.overrides, line.is_grid)
