"""Progress of work that takes longer than two seconds: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from matting.utils.distributed import leads

T = TypeVar("T")
QUIET_SECONDS = 2.0
LINE_SECONDS = 10.0


def say(text: str) -> None:
    """Print one line at once, so that a log that is read while it grows is up to date; of several ranks the first."""
    if leads():
        print(text, flush=True)


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
