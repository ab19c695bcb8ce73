"""One process at a time: a lock on a file that the system frees when its holder dies."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from matting.errors import UserError
from matting.progress import say


@contextlib.contextmanager
def lock(file: Path, waiting: str, advice: str) -> Iterator[None]:
    """Hold `file`, made with its folder if need be; say `waiting` and wait while another process holds it.

    Raises UserError, ending with `advice`, where the folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("w")
    except OSError as error:
        raise UserError(f"{file.parent}: cannot be written ({error.strerror}); {advice}") from None
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def locked(file: Path) -> bool:
    """Whether a process holds it now."""
    try:
        with file.open("r") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
