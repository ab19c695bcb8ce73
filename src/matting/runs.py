"""The run folder: identity, lock, manifest, done, resume. A run is a pure function of its config. No torch here."""

import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from matting import locks
from matting.composing import compose_config
from matting.config import CONFIG_VERSION, digest_of, identity, plain, readable
from matting.errors import JobError, UserError, disk_is_full
from matting.files import damaged, read_json, read_yaml, write_json, write_text
from matting.home import at_home, homeless
from matting.progress import say
from matting.provenance import git_state, now, versions

NAMED = ("scale", "data")  # nodes by which, and by the stage's or method's, people know a run


@dataclass(frozen=True)
class Run:
    """A config, resolved, and the folder that is or will be its.

    kind: the folder under `paths.output_dir`: the stage's name, or `evaluate/<method>`.
    config: plain, complete, upstream runs by digest.
    """

    kind: str
    config: dict[str, Any]
    digest: str
    folder: Path

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def last(self) -> Path:
        return self.checkpoints / "last.ckpt"

    @property
    def best(self) -> Path:
        return self.checkpoints / "best.ckpt"

    def result(self) -> dict[str, Any] | None:
        """The final numbers, if the run is done."""
        return read_json(self.folder / "result.json")

    @property
    def manifest(self) -> dict[str, Any]:
        return read_json(self.folder / "manifest.json") or {}

    def state(self) -> str:
        """new | done | running | resume | failed"""
        if not self.folder.is_dir():
            return "new"
        if self.result() is not None:
            return "done"
        return "running" if locked(self.folder) else self.state_unlocked()

    def state_unlocked(self) -> str:
        """new | resume | failed, for a run that is not done and that nobody else works on."""
        if "error" in self.manifest:
            return "failed"
        return "resume" if self.last.is_file() else "new"

    def __str__(self) -> str:
        return str(self.folder)


def make_run(kind: str, config: Mapping[str, Any], **upstream: Any) -> Run:
    """The run of a plain config; `upstream` sets keys (`a__b` for a.b) by the runs it stands on, to their digests."""
    data = {"config_version": CONFIG_VERSION, **config}
    for key, value in upstream.items():
        node, leaf = key.split("__")
        data[node] = {**data[node], leaf: value}
    this = identity(data)
    digest = digest_of(this)
    parent = Path(data["paths"]["output_dir"]) / kind
    folder = parent / f"{readable(this, defaults_of(this))}-{digest}"
    if not folder.is_dir():  # its name may be that of another version's defaults
        folder = next(parent.glob(f"*-{digest}"), folder)
    return Run(kind, data, digest, folder)


def defaults_of(this: dict[str, Any]) -> dict[str, Any]:
    """The identity that the same choices of stage or method, scale and data give without further overrides."""
    verb, group = ("train", "stage") if "stage" in this else ("evaluate", "method")
    return identity_of(verb, f"{group}={this[group]['name']}", *(f"{node}={this[node]['name']}" for node in NAMED))


@cache
def identity_of(verb: str, *choices: str) -> dict[str, Any]:
    """The identity of a command line that makes a few choices; not to be changed."""
    return identity({"config_version": CONFIG_VERSION, **plain(compose_config(verb, choices))})


def open_run(folder: Path) -> Run:
    """The run that lives in a folder; raises UserError if none does, or one of another version or damaged."""
    file = folder / "config.yaml"
    config = at_home(read_yaml(file))
    if config is None:
        raise UserError(f"{folder}: not a run folder (config.yaml is missing); `matting runs` lists those there are")
    if (found := config.get("config_version")) != CONFIG_VERSION:
        raise UserError(f"{file}: config_version {found}, this version reads {CONFIG_VERSION}; train it again")
    try:
        kind = config["stage"]["name"] if "stage" in config else f"evaluate/{config['method']['name']}"
    except (KeyError, TypeError):  # cut short where a line ends, it is YAML still
        raise damaged(file) from None
    return Run(kind, config, folder.name.rsplit("-", 1)[-1], folder)


def run_folders(output_dir: Path) -> list[Path]:
    """All run folders, of any version, by path. Deeper down loggers keep config.yaml files of their own, and a folder
    without a manifest is somebody else's."""
    files = [file for depth in ("*/*", "evaluate/*/*") for file in output_dir.glob(f"{depth}/config.yaml")]
    return sorted(file.parent for file in files if file.with_name("manifest.json").is_file())


def lock(folder: Path, title: str) -> AbstractContextManager[None]:
    """Hold a folder alone; waits, with a line that begins with `title`, while another process does."""
    waiting = f"{title}: another process is at work in {folder}; waiting for it"
    return locks.lock(folder / ".lock", waiting, "set paths.output_dir to a folder of yours")


def locked(folder: Path) -> bool:
    return locks.locked(folder / ".lock")


def clear(folder: Path) -> None:
    """Delete what is in a folder that is held: first what makes a run done or go on, last what makes it a run."""
    for name in ("result.json", "checkpoints/last.ckpt"):
        (folder / name).unlink(missing_ok=True)
    for item in sorted(folder.iterdir(), key=lambda item: item.name in ("config.yaml", "manifest.json")):
        if item.name != ".lock":
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()


def begin(run: Run, fingerprint: str, fresh: bool) -> None:
    """Write config and manifest at the start of a run, or note that it goes on. `fresh` clears what was there."""
    if fresh:
        clear(run.folder)
    run.checkpoints.mkdir(exist_ok=True)
    for half in run.checkpoints.glob(".*"):  # of a process that was killed while it wrote
        half.unlink()
    manifest = run.manifest or {
        "run": f"{run.kind}/{run.digest}",
        "command": " ".join(sys.argv),
        "git": git_state(),
        "versions": {"matting": version("matting"), "python": sys.version.split()[0], **versions()},
        "seed": run.config["seed"],
        "data_fingerprint": fingerprint,
        "started": now(),
    }
    manifest.pop("error", None)
    manifest["starts"] = [*manifest.get("starts", []), now()]
    write_text(run.folder / "config.yaml", yaml.safe_dump(homeless(run.config), sort_keys=False))
    write_json(run.folder / "manifest.json", homeless(manifest))


def note(run: Run, **facts: Any) -> None:
    """Add facts to the manifest."""
    write_json(run.folder / "manifest.json", homeless({**run.manifest, **facts}))


def note_error(run: Run, error: Exception) -> None:
    """Mark a run as failed, unless it is done or goes on: where a disk is full, an output unread, or a key wrong that
    is no part of the run, such as a cache folder.
    """
    goes_on = disk_is_full(error) or isinstance(error, BrokenPipeError)
    goes_on |= isinstance(error, UserError) and run.last.is_file()
    if run.result() is None and not goes_on:
        known = isinstance(error, (UserError, JobError))
        note(run, error=str(error) if known else f"{type(error).__name__}: {error}")


def finish(run: Run, result: dict[str, Any]) -> None:
    """Write the result, last: its presence means done."""
    note(run, ended=now())
    write_json(run.folder / "result.json", result)


def check_same_data(run: Run, fingerprint: str) -> None:
    """A run that is found must have seen the data that lie there now; another code revision is worth a line."""
    manifest = run.manifest
    if (was := manifest.get("data_fingerprint")) not in (None, fingerprint):
        raise UserError(
            f"{run.folder}: made with data {was}, the data there now are {fingerprint}; "
            "restore the files, or start over with rerun=true"
        )
    then, here = manifest.get("git", {}).get("revision"), git_state().get("revision")
    if then != here:
        say(f"note: {run.folder.name} was made by revision {str(then)[:10]}, this is {str(here)[:10]}")
