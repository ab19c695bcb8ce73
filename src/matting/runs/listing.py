"""The lists of runs that commands print: the run folders of `matting runs`, and what `plan=true` would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matting.errors import UserError
from matting.runs.run import Run, open_run
from matting.utils.columns import aligned
from matting.utils.console import say
from matting.utils.files import DamagedRun, read_json

TITLES = ("kind", "folder", "state", "started", "seconds", "val MSE")


@dataclass(frozen=True)
class Entry:
    """A run folder as the list shows it.

    facts: its manifest. run: None if the folder is damaged or of another version of the config. state: one of
    `commands.runs.STATES`.
    """

    kind: str
    folder: Path
    facts: dict[str, Any]
    run: Run | None
    state: str

    def cells(self) -> tuple[str, ...]:
        """Return the entry's cells, one for each of TITLES; a dash for what is not known."""
        mse = ((self.run and self.run.result()) or {}).get("val", {}).get("val/whole/mse")
        seconds = self.facts.get("seconds")
        return (
            self.kind,
            self.folder.name,
            self.state,
            self.facts.get("started", "-"),
            "-" if seconds is None else f"{seconds:.0f}",
            "-" if mse is None else f"{1e3 * mse:.2f}e-3",
        )


def entry_of(folder: Path, output_dir: Path) -> Entry:
    """Read a run folder; one that cannot be read becomes an entry without a run."""
    kind, facts = folder.parent.relative_to(output_dir).as_posix(), dict[str, Any]()
    try:
        facts = read_json(folder / "manifest.json") or {}
        found = open_run(folder)
        return Entry(kind, folder, facts, found, found.state())
    except DamagedRun:
        return Entry(kind, folder, facts, None, "damaged")
    except UserError:
        return Entry(kind, folder, facts, None, "other version")


def show_plan(planned: Sequence[tuple[Run, bool]], *more: tuple[str, str]) -> None:
    """Print one line for each planned run: its state and its folder. Rows of `more` come last.

    planned: runs in the order of their making, each with whether it waits for a run that is not done.
    """
    rows = [("waits for an upstream run" if waits else run.state(), str(run)) for run, waits in planned]
    say(aligned([*rows, *more]))
