"""matting runs: list the run folders, all or those of a state, kind or name, and delete them."""

import contextlib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.errors import UserError
from matting.runs.lifecycle import clear
from matting.runs.listing import TITLES, Entry, entry_of
from matting.runs.run import run_folders
from matting.utils import locks
from matting.utils.columns import aligned
from matting.utils.console import say

STATES = ("new", "done", "running", "resume", "failed", "damaged", "other version")


def run(config: DictConfig) -> None:
    """Print the runs that the config asks for; with `prune=true` delete them. Raise UserError for an unknown state."""
    if config.state is not None and config.state not in STATES:
        raise UserError(f"state={config.state}: no such state; expected one of {', '.join(STATES)}")
    output_dir = Path(config.paths.output_dir)
    entries = [entry_of(folder, output_dir) for folder in run_folders(output_dir)]
    if not entries:
        say(f"no runs in {output_dir}")
        return
    chosen = [entry for entry in entries if matches(entry, config)]
    if not chosen:
        say(f"{output_dir}: no run has this state, kind and name, of {len(entries)} there")
        return
    say(aligned([TITLES, *(entry.cells() for entry in chosen)]))
    if config.prune:
        prune(chosen, [entry for entry in entries if entry not in chosen])


def matches(entry: Entry, config: DictConfig) -> bool:
    """Return whether an entry has the state, the kind and the part of a name that the config asks for."""
    return (
        config.state in (None, entry.state)
        and config.kind in (None, entry.kind)
        and (config.match is None or str(config.match) in entry.folder.name)
    )


def prune(chosen: list[Entry], others: list[Entry]) -> None:
    """Delete the folders of `chosen` and warn of runs that remain and were made from a deleted one.

    A folder in which a process is at work remains. others: all other entries.
    """
    deleted = []
    for entry in chosen:
        if reason := delete(entry.folder):
            say(f"kept, {reason}: {entry.folder}")
            others = [*others, entry]
        else:
            deleted.append(entry)
    for entry in deleted:
        digest = entry.folder.name.rsplit("-", 1)[-1]
        for other in others:
            if other.run is not None and digest in upstream_digests(other.run.config):
                say(f"warning: {other.folder} was made from {entry.folder}, which is deleted now")
    say(f"deleted {len(deleted)} of {len(chosen)}")


def delete(folder: Path) -> str | None:
    """Delete a folder, or return why it could not be deleted. Hold its lock, so that no run begins in it meanwhile."""
    lock = folder / ".lock"
    try:
        with locks.at_once(lock) as held:
            if not held:
                return "a process is at work in it"
            clear(folder)
            lock.unlink()
            with contextlib.suppress(OSError):  # a process that did not wait for the lock may have begun a run
                folder.rmdir()
    except OSError as error:
        return f"it cannot be deleted ({error.strerror})"
    return None


def upstream_digests(config: dict[str, Any]) -> list[Any]:
    """Return the values of a run's stage or method, among them the digests of the runs that it was made from."""
    return [*config.get("stage", {}).values(), *config.get("method", {}).values()]
