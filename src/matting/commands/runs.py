"""matting runs: list the run folders, those of a state, kind or name, and delete them. No torch."""

import contextlib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.errors import UserError
from matting.runs.lifecycle import clear
from matting.runs.listing import TITLES, Entry, entry_of, show
from matting.runs.run import run_folders
from matting.utils import locks
from matting.utils.console import say

STATES = ("new", "done", "running", "resume", "failed", "damaged", "other version")


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


def matches(entry: Entry, config: DictConfig) -> bool:
    return (
        config.state in (None, entry.state)
        and config.kind in (None, entry.kind)
        and (config.match is None or str(config.match) in entry.folder.name)
    )


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
