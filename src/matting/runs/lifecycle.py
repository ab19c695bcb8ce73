"""Begin a run, add facts to its manifest, finish it or clear it."""

import shutil
import sys
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from matting.config.quoting import command_text
from matting.errors import JobError, UserError, disk_is_full
from matting.runs.provenance import git_state, now, versions
from matting.runs.run import Run
from matting.runs.same_training import training_digest
from matting.utils import locks
from matting.utils.console import say
from matting.utils.files import write_json, write_text
from matting.utils.home_paths import abbreviate_home


def lock(folder: Path, title: str) -> AbstractContextManager[None]:
    """Lock a folder; while another process holds it, wait and say so in a line that begins with `title`."""
    waiting = f"{title}: waiting for another process that works in {folder}"
    return locks.lock(folder / ".lock", waiting, "set paths.output_dir to a folder that you can write")


def clear(folder: Path) -> None:
    """Empty a locked folder: first the files that make a run done or resumable, last those that make it a run."""
    for name in ("result.json", "checkpoints/last.ckpt"):
        (folder / name).unlink(missing_ok=True)
    for item in sorted(folder.iterdir(), key=lambda item: item.name in ("config.yaml", "manifest.json")):
        if item.name != ".lock":
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()


def begin(run: Run, fingerprint: str, fresh: bool) -> None:
    """Write config and manifest at the start of a run, or note that it goes on. fresh: whether to empty the folder."""
    if fresh:
        clear(run.folder)
    run.checkpoints.mkdir(exist_ok=True)
    for half in run.checkpoints.glob(".*"):  # left by a process that was killed while it wrote
        half.unlink()
    manifest = run.manifest or {
        "run": f"{run.kind}/{run.digest}",
        "command": command_text(sys.argv),
        "git": git_state(),
        "versions": {"matting": version("matting"), "python": sys.version.split()[0], **versions()},
        "seed": run.config["seed"],
        "started": now(),
    }
    manifest["data_fingerprint"] = fingerprint
    if "stage" in run.config:
        manifest["training"] = training_digest(run.config)
    manifest.pop("error", None)
    manifest["starts"] = [*manifest.get("starts", []), now()]
    write_text(run.folder / "config.yaml", yaml.safe_dump(abbreviate_home(run.config), sort_keys=False))
    write_json(run.folder / "manifest.json", abbreviate_home(manifest))


def note(run: Run, **facts: Any) -> None:
    """Add facts to the manifest."""
    write_json(run.folder / "manifest.json", abbreviate_home({**run.manifest, **facts}))


def note_error(run: Run, error: Exception) -> None:
    """Mark a run as failed unless it is done or can go on from a checkpoint.

    A run goes on after a full disk, after its output was closed, and after a wrong key that is no part of the run, such
    as the cache folder.
    """
    goes_on = disk_is_full(error) or isinstance(error, BrokenPipeError)
    goes_on |= isinstance(error, UserError) and run.last.is_file()
    if run.result() is None and not goes_on:
        known = isinstance(error, (UserError, JobError))
        note(run, error=str(error) if known else f"{type(error).__name__}: {error}")


def finish(run: Run, result: dict[str, Any]) -> None:
    """Write the result as the last file: a run with a result is done."""
    note(run, ended=now())
    write_json(run.folder / "result.json", result)


def check_same_data(run: Run, fingerprint: str) -> None:
    """Raise UserError where the data of a run have changed since; say so where the code has."""
    manifest = run.manifest
    if (was := manifest.get("data_fingerprint")) not in (None, fingerprint):
        raise UserError(
            f"{run.folder}: made with data {was}, but the data are {fingerprint} now; "
            "restore the files, or start over with rerun=true"
        )
    then, here = manifest.get("git", {}).get("revision"), git_state().get("revision")
    if then != here:
        say(f"note: {run.folder.name} was made by revision {str(then)[:10]}, this is {str(here)[:10]}")
