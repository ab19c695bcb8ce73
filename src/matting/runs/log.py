"""The log of a run in its folder: the lines that it says, Python's warnings, and the traceback of what stopped it."""

import contextlib
import logging
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matting.utils.console import LOG
from matting.utils.home_paths import abbreviate_home


class RunLog(logging.FileHandler):
    """Append to a file, with `~` for the user's home. An error of the disk is raised."""

    def format(self, record: logging.LogRecord) -> str:
        return str(abbreviate_home(super().format(record)))

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise what `emit` has caught: a run stops where its log cannot be written."""
        raise

    def append(self, text: str) -> None:
        """Write text that did not come through the logger."""
        assert self.stream is not None
        self.stream.write(str(abbreviate_home(text)))
        self.flush()


def keep(file: Path) -> RunLog:
    """Append what this process says and warns of from now on to `file`, and return the handler that does it."""
    handler, show = RunLog(file), warnings.showwarning

    def show_and_keep(*shown: Any, **named: Any) -> None:
        show(*shown, **named)
        handler.append(warnings.formatwarning(*shown[:4]))  # without the stream

    LOG.addHandler(handler)
    warnings.showwarning = show_and_keep
    return handler


@contextlib.contextmanager
def tee_to(file: Path) -> Iterator[None]:
    """Append what the block says and warns of to `file`, and the traceback of an exception that leaves it.

    The exception gets the name of the file as a note.
    """
    with warnings.catch_warnings():  # at its end Python's own way to show warnings is back
        handler = keep(file)
        try:
            yield
        except Exception as error:
            handler.append(traceback.format_exc())
            error.add_note(f"log: {file}")
            raise
        finally:
            LOG.removeHandler(handler)
            handler.close()
