"""Ranks that Lightning starts from this process: Ctrl-C goes on to them, and what stops one comes out as itself."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher
from torch.multiprocessing import ProcessRaisedException

from matting import errors


@contextlib.contextmanager
def ranks_of(trainer: Trainer) -> Iterator[None]:
    """Around a fit. First Ctrl-C or SIGTERM: the ranks stop at the next batch, with a checkpoint; second: at once.

    This process waits for them meanwhile, for it holds the run's folder.
    """
    launcher = trainer.strategy.launcher
    if not isinstance(launcher, _MultiProcessingLauncher) or threading.current_thread() is not threading.main_thread():
        yield
        return
    stops: list[int] = []

    def forward(number: int, frame: Any) -> None:
        stops.append(number)
        for process in launcher.procs:
            process.terminate() if len(stops) == 1 else process.kill()

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception as error:
        if stops:
            raise errors.Interrupted("stopped; the same command goes on from the last checkpoint") from None
        raise (known(error) or error) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def known(error: Exception) -> Exception | None:
    """An error of ours that a rank raised; all that comes of it is its traceback."""
    if not isinstance(error, ProcessRaisedException):
        return None
    name, _, text = str(error).strip().splitlines()[-1].partition(": ")
    module, _, kind = name.rpartition(".")
    return getattr(errors, kind)(text) if module == errors.__name__ else None
