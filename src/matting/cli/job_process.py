"""Run each job of a parallel sweep in its own process.

Killing one job then leaves the others, and CUDA_VISIBLE_DEVICES holds for that job only: a launcher's workers serve
many jobs, and CUDA reads the variable once in a process.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from typing import Any

from omegaconf import DictConfig

from matting.cli import jobs
from matting.config import schema
from matting.config.messages import FORESEEN
from matting.errors import Interrupted, JobError


def perform(command: list[str], verb: str, config: DictConfig) -> Any:
    """Run `jobs.perform` in a new process; return and raise what it does there, JobError if the process is killed.

    command: the words of the command line, for the run's manifest.
    """
    reading, writing = os.pipe()
    python = [sys.executable, "-m", "matting.cli.job_process", str(writing)]
    # Under the name of a batch job Lightning would take the process for one of several ranks that Slurm started
    environment = {**os.environ, "SLURM_JOB_NAME": "interactive"}
    data = b""
    with (
        contextlib.suppress(BrokenPipeError),  # the process ended before it read its job
        os.fdopen(reading, "rb") as answer,
        subprocess.Popen(python, env=environment, stdin=subprocess.PIPE, pass_fds=[writing]) as process,  # noqa: S603
    ):
        os.close(writing)
        assert process.stdin is not None
        pickle.dump((command, verb, config), process.stdin)
        process.stdin.flush()  # it stays open: its end tells the process that this one is gone
        data = answer.read()
    if not data:
        raise JobError(f"its process was ended by {ending(process.returncode)}; out of memory?")
    outcome = pickle.loads(data)  # noqa: S301
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def ending(code: int) -> str:
    """Return the signal that ended a process, or its exit code."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def main() -> None:
    """Run the job that comes through stdin; write its result or exception to the file descriptor of the argument."""
    # Slurm signals all processes of a job. The parent queues the job again, so Lightning must not do so here
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    writing = int(sys.argv[1])
    sys.argv, verb, config = pickle.load(sys.stdin.buffer)  # noqa: S301
    threading.Thread(target=stop_with_parent, daemon=True).start()
    schema.register()
    try:
        outcome = jobs.perform(verb, config)
    except KeyboardInterrupt:
        outcome = Interrupted("stopped; the same command goes on with what is not done")
    except FORESEEN as error:
        outcome = error
    except Exception as error:
        traceback.print_exc()  # the traceback cannot be pickled
        outcome = JobError(f"{type(error).__name__}: {error}")
        outcome.__dict__.update(error.__dict__)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the job is over: only its result is still to be sent
    with os.fdopen(writing, "wb") as answer:
        pickle.dump(outcome, answer)


def stop_with_parent() -> None:
    """Send this process a Ctrl-C when its parent is gone: the run stops at its next batch, with a checkpoint."""
    os.read(sys.stdin.fileno(), 1)  # returns at the end of stdin: nothing more is ever sent
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
