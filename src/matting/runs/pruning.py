"""Delete run folders, and name what is lost with them."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from matting.errors import UserError
from matting.runs.lifecycle import clear
from matting.runs.listing import Entry
from matting.runs.lookup import digest_of
from matting.runs.run import locked
from matting.runs.uses import uses_of
from matting.utils import locks
from matting.utils.console import say
from matting.utils.files import amount

BUSY = "a process is at work in it"


def show_pruning(chosen: Sequence[Entry], others: Sequence[Entry], output_dir: Path) -> None:
    """Say what deleting the folders of `chosen` would lose and free; delete nothing. others: all other entries."""
    busy = [entry for entry in chosen if locked(entry.folder)]
    going = [entry for entry in chosen if entry not in busy]
    for entry in busy:
        say(f"would be kept, {BUSY}: {entry.folder}")
    for line in losses(going, [*others, *busy], output_dir):
        say(f"warning: {line}")
    freed = amount(sum(map(size_of, (entry.folder for entry in going))))
    say(f"would delete {len(going)} of {len(chosen)}, {freed}; without plan=true the command deletes them")


def prune(chosen: Sequence[Entry], others: Sequence[Entry], output_dir: Path) -> None:
    """Delete the folders of `chosen`; warn before of what is lost with them. others: all other entries.

    A folder in which a process is at work remains.
    """
    busy = [entry for entry in chosen if locked(entry.folder)]
    for line in losses([entry for entry in chosen if entry not in busy], [*others, *busy], output_dir):
        say(f"warning: {line}")
    deleted, freed = 0, 0
    for entry in chosen:
        size = size_of(entry.folder)
        if reason := delete(entry.folder):
            say(f"kept, {reason}: {entry.folder}")
        else:
            deleted, freed = deleted + 1, freed + size
    say(f"deleted {deleted} of {len(chosen)}, {amount(freed)}")


def losses(going: Sequence[Entry], others: Sequence[Entry], output_dir: Path) -> Iterator[str]:
    """Yield a line for each report that shows a run that goes, and for each run that stays and was made from one."""
    folders = {digest_of(entry.folder): entry.folder for entry in going}
    runs = [entry.run for entry in (*going, *others) if entry.run is not None]
    gone = {*folders.values()}
    for use in uses_of(folders, runs, output_dir):
        folder = folders[use.digest]
        if use.is_report:
            yield f"{use.user} shows {folder}; without it the report cannot be written again"
        elif use.user not in gone:
            yield f"{use.user} was made from {folder}"


def delete(folder: Path) -> str | None:
    """Delete a folder, or return why it could not be deleted. Hold its lock, so that no run begins in it meanwhile."""
    lock = folder / ".lock"
    try:
        with locks.at_once(lock) as held:
            if not held:
                return BUSY
            clear(folder)
            lock.unlink()
            with contextlib.suppress(OSError):  # a process that did not wait for the lock may have begun a run
                folder.rmdir()
    except OSError as error:
        return f"it cannot be deleted ({error.strerror})"
    return None


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.lstat().st_size
    return total


def check_filter(filters: dict[str, str | None]) -> None:
    """Raise UserError where no filter chooses what is pruned; filters: by key, empty for one that is not given."""
    if not any(filters.values()):  # an empty text, as of an unset variable of a shell, would match every run
        raise UserError(
            "prune=true: would delete every run, also those that are done; choose some with "
            f"{', '.join(f'{key}=...' for key in filters)}, and see with plan=true what would go"
        )
