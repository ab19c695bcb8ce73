"""Say what the program does, a line at a time, and show how far long work is: a bar on a terminal, else plain lines."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from matting.utils.distributed import leads

T = TypeVar("T")
QUIET_SECONDS = 2.0  # work that is done earlier shows no progress
LINE_SECONDS = 10.0  # between two lines of progress
LOG = logging.getLogger("matting.console")


class StdoutHandler(logging.Handler):
    """Print records to the current `sys.stdout`, each at once, so that a log that is read while it grows is complete.

    An error of the stream is raised: a closed pipe ends the command.
    """

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


LOG.setLevel(logging.INFO)
LOG.propagate = False  # Hydra's handler of the root logger would print each line again
LOG.addHandler(StdoutHandler())


def say(text: str) -> None:
    """Print one line, and write it to the log of the run at work; of several ranks only the first does."""
    if leads():
        LOG.info("%s", text)


@lru_cache(1024)
def say_once(text: str) -> None:
    """Print a line that has not been printed by this process: a source is built anew for each job of a sweep."""
    say(text)


def track(items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` and show how far it is; `total` is needed where `items` has no length."""
    total = len(items) if total is None else total  # type: ignore[arg-type]
    if sys.stdout.isatty():
        from rich.progress import track as rich_track

        yield from rich_track(items, title, total=total, transient=True)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - start > QUIET_SECONDS and (now - last > LINE_SECONDS or done == total):
            say(f"{title}: {done} of {total}, {now - start:.0f} s")
            last = now
