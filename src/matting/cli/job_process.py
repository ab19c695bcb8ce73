"""A job of a parallel sweep in a process of its own: a kill ends it alone, a GPU chosen for it is its own."""

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
    """What `jobs.perform` gives or raises, for the manifest under `command`. Raises JobError if the process is killed.

    A launcher's workers serve many jobs, and CUDA reads once in a process which GPU is its.
    """
    reading, writing = os.pipe()
    python = [sys.executable, "-m", "matting.cli.job_process", str(writing)]
    # Slurm starts one process a job; with the name of a batch job Lightning would take it for one rank of several
    environment = {**os.environ, "SLURM_JOB_NAME": "interactive"}
    data = b""
    with (
        contextlib.suppress(BrokenPipeError),  # gone before it knew its job
        os.fdopen(reading, "rb") as answer,
        subprocess.Popen(python, env=environment, stdin=subprocess.PIPE, pass_fds=[writing]) as process,  # noqa: S603
    ):
        os.close(writing)
        assert process.stdin is not None
        pickle.dump((command, verb, config), process.stdin)
        process.stdin.flush()  # and left open: its end tells the process that this one is gone
        data = answer.read()
    if not data:
        raise JobError(f"its process was ended by {ending(process.returncode)}; out of memory?")
    outcome = pickle.loads(data)  # noqa: S301
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def main() -> None:
    """The process: the job comes through stdin, what comes of it goes to the file whose number is the argument."""
    # Slurm warns all processes of a job; the one above queues the job again, Lightning must not do so too
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    writing = int(sys.argv[1])
    sys.argv, verb, config = pickle.load(sys.stdin.buffer)  # noqa: S301
    threading.Thread(target=stop_with_parent, daemon=True).start()
    schema.register()
    try:
        outcome = jobs.perform(verb, config)
    except KeyboardInterrupt:
        outcome = Interrupted("stopped; the same command goes on from there")
    except FORESEEN as error:
        outcome = error
    except Exception as error:
        traceback.print_exc()  # stays here, with all that it holds
        outcome = JobError(f"{type(error).__name__}: {error}")
        outcome.__dict__.update(error.__dict__)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over
    with os.fdopen(writing, "wb") as answer:
        pickle.dump(outcome, answer)


def stop_with_parent() -> None:
    """Ctrl-C for this process when the one above is gone: a run stops at its next batch, with a checkpoint."""
    os.read(sys.stdin.fileno(), 1)  # its end: nothing more is ever sent
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
