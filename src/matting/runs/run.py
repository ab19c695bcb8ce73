"""A run and its folder: identity, state, lookup. A run is a pure function of its config."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from matting.config.compose import NAMING, compose_config
from matting.config.derive import NodeKey
from matting.config.identity import CONFIG_VERSION, digest_of, identity, plain, readable
from matting.errors import UserError
from matting.runs.same_training import same_training
from matting.utils import locks
from matting.utils.files import damaged, read_json, read_yaml
from matting.utils.home_paths import expand_home


@dataclass(frozen=True)
class Run:
    """A resolved config and its folder, which may not exist yet.

    kind: the folder under `paths.output_dir`, either the stage's name or `evaluate/<method>`.
    config: plain and complete, with upstream runs by their digests.
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
        """Return the final numbers; None if the run is not done."""
        return read_json(self.folder / "result.json")

    @property
    def manifest(self) -> dict[str, Any]:
        return read_json(self.folder / "manifest.json") or {}

    def state(self) -> str:
        """Return new, done, running, resume or failed."""
        if not self.folder.is_dir():
            return "new"
        if self.result() is not None:
            return "done"
        return "running" if locked(self.folder) else self.state_unlocked()

    def state_unlocked(self) -> str:
        """Return new, resume or failed, for a run that is not done and that no process works on."""
        if "error" in self.manifest:
            return "failed"
        return "resume" if self.last.is_file() else "new"

    def __str__(self) -> str:
        return str(self.folder)


def make_run(kind: str, config: Mapping[str, Any], **upstream: Any) -> Run:
    """Return the run of a plain config; `upstream` sets keys, such as stage.coarse, to the digests of upstream runs."""
    data = {"config_version": CONFIG_VERSION, **config}
    for key, value in upstream.items():
        at = NodeKey(key)
        data[at.node] = {**data[at.node], at.name: value}
    this = identity(data)
    digest = digest_of(this)
    parent = Path(data["paths"]["output_dir"]) / kind
    folder = parent / f"{readable(this, defaults_of(this))}-{digest}"
    if not folder.is_dir():  # other defaults give the same run another readable name
        folder = next(parent.glob(f"*-{digest}"), folder)
    if "stage" in data and not folder.is_dir() and (found := same_training(parent, data)):
        # A run of other test sets, which a training does not read. It keeps the digest that its name has.
        digest, folder = found.name.rsplit("-", 1)[-1], found
    return Run(kind, data, digest, folder)


def defaults_of(this: dict[str, Any]) -> dict[str, Any]:
    """Return the identity of the same stage or method, scale and data without further overrides."""
    verb = "train" if "stage" in this else "evaluate"
    return identity_of(verb, *(f"{group}={this[group]['name']}" for group in NAMING[verb]))


@cache
def identity_of(verb: str, *choices: str) -> dict[str, Any]:
    """Return the identity of a command line that makes a few choices, not to be changed."""
    return identity({"config_version": CONFIG_VERSION, **plain(compose_config(verb, choices))})


def open_run(folder: Path) -> Run:
    """Return the run of a folder; raises UserError for a folder without a run, of another version, or damaged."""
    file = folder / "config.yaml"
    config = expand_home(read_yaml(file))
    if config is None:
        raise UserError(f"{folder}: not a run folder (config.yaml is missing); `matting runs` lists the run folders")
    if (found := config.get("config_version")) != CONFIG_VERSION:
        raise UserError(f"{file}: config_version {found}, this version reads {CONFIG_VERSION}; train it again")
    try:
        kind = config["stage"]["name"] if "stage" in config else f"evaluate/{config['method']['name']}"
    except (KeyError, TypeError):  # a file cut at the end of a line is still YAML
        raise damaged(file) from None
    return Run(kind, config, folder.name.rsplit("-", 1)[-1], folder)


def run_folders(output_dir: Path) -> list[Path]:
    """Return all run folders of any version, sorted by path.

    Loggers keep other config.yaml files deeper down. A folder without a manifest belongs to another program.
    """
    files = [file for depth in ("*/*", "evaluate/*/*") for file in output_dir.glob(f"{depth}/config.yaml")]
    return sorted(file.parent for file in files if file.with_name("manifest.json").is_file())


def locked(folder: Path) -> bool:
    """Return whether a process works in a run folder."""
    return locks.locked(folder / ".lock")


def random_vgg(stages: list[Run]) -> list[str]:
    """Return the kinds of the stages whose perceptual loss uses a VGG with random weights."""
    losses = {stage.kind: stage.config["loss"].get("perceptual") for stage in stages}
    return [kind for kind, loss in losses.items() if loss and loss["weight"] and loss["weights"] == "none"]
