"""Ranks that Lightning spawns from this process: forward Ctrl-C to them, and raise the error that stopped one."""

import contextlib
import multiprocessing
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from torch.multiprocessing import ProcessRaisedException

from matting import errors
from matting.utils import distributed


@contextlib.contextmanager
def ranks_of(trainer: Mapping[str, Any]) -> Iterator[None]:
    """Wrap a fit: the first Ctrl-C or SIGTERM stops the ranks at the next batch with a checkpoint, the second at once.

    This process holds the lock of the run's folder and waits for the ranks, which are its only children then.
    """
    if not distributed.spawns(trainer) or threading.current_thread() is not threading.main_thread():
        yield
        return
    stops: list[int] = []

    def forward(number: int, frame: Any) -> None:
        stops.append(number)
        for process in multiprocessing.active_children():
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
    """Return the error of this package that a rank raised, or None for any other.

    torch passes on nothing but the text of the rank's traceback; the class and the message are at its end.
    """
    if not isinstance(error, ProcessRaisedException):
        return None
    found = re.match(rf"(?ms).*^{re.escape(errors.__name__)}\.(\w+): (.*)", str(error))
    # With another traceback behind it, our error was handled and another one followed.
    if found is None or "\nTraceback (most recent call last):" in found[2]:
        return None
    return getattr(errors, found[1])(found[2].strip())
