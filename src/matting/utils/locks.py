"""One process at a time: a lock on a file that the system frees when its holder dies."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from matting.errors import UserError
from matting.utils.console import say


@contextlib.contextmanager
def lock(file: Path, waiting: str, advice: str) -> Iterator[None]:
    """Hold `file`, made with its folder if need be; say `waiting` and wait while another process holds it.

    Raises UserError, ending with `advice`, where the folder cannot be written.
    """
    while True:  # whoever held it may have deleted it, with its folder
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                opened = file.open("w")
            except FileNotFoundError:
                continue
        except OSError as error:
            raise UserError(f"{file.parent}: cannot be written ({error.strerror}); {advice}") from None
        with opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(waiting)
                fcntl.flock(opened, fcntl.LOCK_EX)
            if is_at(opened, file):
                yield
                return


@contextlib.contextmanager
def at_once(file: Path) -> Iterator[bool]:
    """Hold `file`, made if need be, and give True; give False where another process holds it.

    Raises OSError where its folder is not there, or cannot be written.
    """
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield is_at(opened, file)


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


def is_at(opened: IO[str], file: Path) -> bool:
    """Whether an open file still lies where it was opened."""
    try:
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except FileNotFoundError:
        return False
