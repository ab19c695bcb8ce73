"""matting runs: list the run folders, those of a state, kind or name, and delete them. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matting.errors import UserError
from matting.runs.run import Run, open_run
from matting.utils.console import say
from matting.utils.files import DamagedRun, read_json

TITLES = ("kind", "folder", "state", "started", "seconds", "val MSE")


@dataclass(frozen=True)
class Entry:
    """A run folder as the list shows it. run: None if it is damaged, or of another version of the config.

    facts: its manifest.
    """

    kind: str
    folder: Path
    facts: dict[str, Any]
    run: Run | None
    state: str

    def cells(self) -> tuple[str, ...]:
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
    """`plan=true`: the state and the folder of each run, and whether it waits for one that is not done; then `more`."""
    rows = [("waits for an upstream run" if waits else run.state(), str(run)) for run, waits in planned]
    show([*rows, *more])


def show(rows: Sequence[tuple[str, ...]]) -> None:
    """Rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
