"""Locks on files, for one process at a time. The system frees a lock when its holder dies."""

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
    """Hold the lock `file` for the block; print `waiting` and wait while another process holds it.

    The file and its folder are made if they do not exist. Raises UserError, ending with `advice`, where the folder
    cannot be written.
    """
    while True:  # the process that held it may have deleted it with its folder
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
    """Hold the lock `file` for the block and yield True, or yield False at once where another process holds it.

    Raises OSError where the folder does not exist or cannot be written.
    """
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield is_at(opened, file)


def locked(file: Path) -> bool:
    """Return whether a process holds the lock now."""
    try:
        with file.open("r") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def is_at(opened: IO[str], file: Path) -> bool:
    """Return whether a path still leads to the file that was opened there."""
    try:
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except FileNotFoundError:
        return False
