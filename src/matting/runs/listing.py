"""The lists of runs that commands print: the run folders of `matting runs`, and what `plan=true` would do."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from matting.errors import UserError
from matting.runs.figures import TEST, VAL, figure_text, test_mse
from matting.runs.lookup import digest_of
from matting.runs.progress import progress
from matting.runs.run import Run, open_run
from matting.utils.columns import aligned
from matting.utils.console import say
from matting.utils.files import DamagedRun, read_json

TITLES = ("id", "kind", "name", "state", VAL, TEST, "age")
UNKNOWN = "-"
DAY, HOUR, MINUTE = 86400, 3600, 60


@dataclass(frozen=True)
class Entry:
    """A run folder as the list shows it.

    facts: its manifest. run: None if the folder is damaged or of another version of the config. state: one of
    `commands.runs.STATES`. val, test: the MSE of the whole image, raw, of a run that is done and measured.
    """

    kind: str
    folder: Path
    facts: dict[str, Any]
    run: Run | None
    state: str
    val: float | None = None
    test: float | None = None

    @property
    def started(self) -> float | None:
        """The time at which the run began, in seconds since 1970; None where the manifest does not say."""
        try:
            return datetime.fromisoformat(self.facts["started"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return None

    def cells(self) -> tuple[str, ...]:
        """Return the entry's cells, one for each of TITLES; a dash for what is not known."""
        digest, far = digest_of(self.folder), ""
        if self.state in ("running", "resume"):
            far = progress(self.folder, self.facts)
        return (
            digest,
            self.kind,
            self.folder.name.removesuffix(f"-{digest}"),
            f"{self.state} {far}".strip(),
            *(UNKNOWN if value is None else figure_text(value) for value in (self.val, self.test)),
            UNKNOWN if self.started is None else span_text(time.time() - self.started),
        )


# Value of `sort` -> what it sorts by; entries that do not have it come last.
SORTS: dict[str, Callable[[Entry], Any]] = {
    "kind": lambda entry: (entry.kind, entry.folder.name),
    "name": lambda entry: entry.folder.name,
    "state": lambda entry: (entry.state, entry.kind, entry.folder.name),
    "val": lambda entry: entry.val,
    "test": lambda entry: entry.test,
    "seconds": lambda entry: entry.facts.get("seconds"),
    "started": lambda entry: entry.started,
}


def entry_of(folder: Path, output_dir: Path) -> Entry:
    """Read a run folder; one that cannot be read becomes an entry without a run."""
    kind, facts = folder.parent.relative_to(output_dir).as_posix(), dict[str, Any]()
    try:
        facts = read_json(folder / "manifest.json") or {}
        found = open_run(folder)
        result = found.result()
        if result is None:
            return Entry(kind, folder, facts, found, found.state())
        return Entry(kind, folder, facts, found, "done", result.get("val", {}).get(VAL), test_mse(result))
    except DamagedRun:
        return Entry(kind, folder, facts, None, "damaged")
    except UserError:
        return Entry(kind, folder, facts, None, "other version")


def in_order(entries: Sequence[Entry], sort: str) -> list[Entry]:
    """Return entries sorted by one of SORTS, in reverse with a `-` before it; raises UserError for another word."""
    by = SORTS.get(sort.removeprefix("-"))
    if by is None:
        raise UserError(f"sort={sort}: expected one of {', '.join(SORTS)}, in reverse with a - before it")
    known = [entry for entry in entries if by(entry) is not None]
    return [
        *sorted(known, key=by, reverse=sort.startswith("-")),
        *(entry for entry in entries if entry not in known),
    ]


def table(entries: Sequence[Entry]) -> str:
    """Return entries as a table with a head. On a terminal long names go on in the next line."""
    # The keys of the figures are twice as wide as the figures: on a terminal they take three lines.
    head = [title.replace("/", "/\n") for title in TITLES] if sys.stdout.isatty() else TITLES
    return aligned([head, *(entry.cells() for entry in entries)], whole=(0, 4, 5, 6))


def span_text(seconds: float) -> str:
    """Return a time span in its largest unit: `12s`, `5m`, `3h`, `2d`."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= unit:
            return f"{seconds / unit:.0f}{name}"
    return f"{max(0, seconds):.0f}s"


def show_plan(planned: Sequence[tuple[Run, bool]], *more: tuple[str, str]) -> None:
    """Print one line for each planned run: its state and its folder. Rows of `more` come last.

    planned: runs in the order of their making, each with whether it waits for a run that is not done.
    """
    rows = [("waits for an upstream run" if waits else run.state(), str(run)) for run, waits in planned]
    say(aligned([*rows, *more]))
