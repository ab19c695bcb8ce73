"""What a run prints, kept in its folder too: train.log, with the traceback of what stopped it."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from matting.utils.home_paths import abbreviate_home


class Tee:
    """A stream that also goes to a log, but for a terminal's bars and colours."""

    def __init__(self, stream: IO[str], log: IO[str]):
        self.stream, self.log = stream, log

    def write(self, text: str) -> int:
        if not self.log.closed and "\x1b" not in text and "\r" not in text:
            self.log.write(abbreviate_home(text))
        return self.stream.write(text)

    def flush(self) -> None:
        if not self.log.closed:
            self.log.flush()
        self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def keep(file: Path) -> None:
    """Append what this process prints from now on to `file`."""
    log = file.open("a")
    sys.stdout, sys.stderr = Tee(sys.stdout, log), Tee(sys.stderr, log)  # type: ignore[assignment]


@contextlib.contextmanager
def tee_to(file: Path) -> Iterator[None]:
    """Append what the block prints to `file`; an exception that leaves it carries the file's name as a note."""
    with (
        file.open("a") as log,
        contextlib.redirect_stdout(Tee(sys.stdout, log)),
        contextlib.redirect_stderr(Tee(sys.stderr, log)),
    ):
        try:
            yield
        except Exception as error:
            log.write(abbreviate_home(traceback.format_exc()))
            error.add_note(f"log: {file}")
            raise
