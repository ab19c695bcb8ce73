"""matting runs: list the run folders, those of a state, kind or name, and delete them. No torch."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.errors import UserError
from matting.runs.lifecycle import clear
from matting.runs.run import Run, open_run, run_folders
from matting.utils import locks
from matting.utils.console import say
from matting.utils.files import DamagedRun, read_json

STATES = ("new", "done", "running", "resume", "failed", "damaged", "other version")
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


def run(config: DictConfig) -> None:
    """The verb. Raises UserError for a state that there is not."""
    if config.state is not None and config.state not in STATES:
        raise UserError(f"state={config.state}: no such state; one of {', '.join(STATES)}")
    output_dir = Path(config.paths.output_dir)
    entries = [entry_of(folder, output_dir) for folder in run_folders(output_dir)]
    if not entries:
        say(f"no runs in {output_dir}")
        return
    chosen = [entry for entry in entries if matches(entry, config)]
    if not chosen:
        say(f"none of {len(entries)} runs in {output_dir} is asked for")
        return
    show([TITLES, *(entry.cells() for entry in chosen)])
    if config.prune:
        prune(chosen, [entry for entry in entries if entry not in chosen])


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


def matches(entry: Entry, config: DictConfig) -> bool:
    return (
        config.state in (None, entry.state)
        and config.kind in (None, entry.kind)
        and (config.match is None or str(config.match) in entry.folder.name)
    )


def show_plan(planned: Sequence[tuple[Run, bool]], *more: tuple[str, str]) -> None:
    """`plan=true`: the state and the folder of each run, and whether it waits for one that is not done; then `more`."""
    rows = [("waits for an upstream run" if waits else run.state(), str(run)) for run, waits in planned]
    show([*rows, *more])


def show(rows: Sequence[tuple[str, ...]]) -> None:
    """Rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def prune(chosen: list[Entry], others: list[Entry]) -> None:
    """Delete the folders of `chosen`, none at which a process is at work; say which of `others` stand on them."""
    deleted = []
    for entry in chosen:
        if why := delete(entry.folder):
            say(f"kept, {why}: {entry.folder}")
            others = [*others, entry]
        else:
            deleted.append(entry)
    for entry in deleted:
        for other in others:
            if other.run is not None and entry.folder.name.rsplit("-", 1)[-1] in stands_on(other.run.config):
                say(f"warning: {other.folder} stands on {entry.folder}, which is deleted")
    say(f"deleted {len(deleted)} of {len(chosen)}")


def delete(folder: Path) -> str | None:
    """Delete a folder while it is held, so that no run begins in it meanwhile; gives why not, where it is kept."""
    lock = folder / ".lock"
    try:
        with locks.at_once(lock) as held:
            if not held:
                return "a process is at work in it"
            clear(folder)
            lock.unlink()
            with contextlib.suppress(OSError):  # a process that did not wait may have begun anew
                folder.rmdir()
    except OSError as error:
        return f"it cannot be deleted ({error.strerror})"
    return None


def stands_on(config: dict[str, Any]) -> list[Any]:
    """Digests of the runs that a run's stage or method was made from."""
    return [*config.get("stage", {}).values(), *config.get("method", {}).values()]
