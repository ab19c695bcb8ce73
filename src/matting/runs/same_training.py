"""Find the run that trained what a config asks for, whatever test sets it was measured on."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from matting.config.identity import digest_of, identity
from matting.errors import UserError
from matting.utils.files import DamagedRun, read_json, read_yaml
from matting.utils.home_paths import expand_home


def training_digest(config: Mapping[str, Any]) -> str:
    """Return a digest of what decides a training: the identity of a plain config without the test sets."""
    this = identity(dict(config))
    return digest_of({**this, "data": {key: value for key, value in this["data"].items() if key != "test"}})


def tests_digest(config: Mapping[str, Any]) -> str:
    """Return a digest of the test sets of a plain config, with the sizes at which they are measured."""
    tests = identity({"paths": config["paths"], "data": {"test": config["data"]["test"]}})
    return digest_of({**tests, "light": config["data"].get("light", "own")})


def same_training(parent: Path, config: Mapping[str, Any]) -> Path | None:
    """Return the folder in `parent` of a run with the same training, a done one first, None where there is none."""
    wanted, unfinished = None, None
    for folder in sorted(parent.glob("*-*")):
        manifest = read_facts(folder)
        if manifest.get("seed") != config["seed"]:  # tells most folders apart without a parse of their configs
            continue
        wanted = wanted or training_digest(config)
        if (manifest.get("training") or stored_digest(folder)) == wanted:
            if (folder / "result.json").is_file():
                return folder
            unfinished = unfinished or folder
    return unfinished


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run folder; an empty dict where it is missing or damaged."""
    try:
        return read_json(folder / "manifest.json") or {}
    except DamagedRun:
        return {}


def stored_digest(folder: Path) -> str | None:
    """Return the training digest of a folder made before manifests held it, None where its config is unreadable."""
    file = folder / "config.yaml"
    return digest_of_file(file, file.stat().st_mtime_ns) if file.is_file() else None


@lru_cache(None)
def digest_of_file(file: Path, changed: int) -> str | None:
    """Return the training digest of a stored config, read once in a process. changed: its time, part of the key."""
    try:
        return training_digest(expand_home(read_yaml(file)))  # type: ignore[arg-type]
    except (UserError, KeyError, TypeError, AttributeError):  # damaged, of another version, or its files are gone
        return None


def as_trained(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Return a config with the test sets that the run in `folder` was measured on when it was trained."""
    try:
        stored = expand_home(read_yaml(folder / "config.yaml"))
    except DamagedRun:
        stored = None
    if not stored or "data" not in stored or tests_digest({**config, "data": stored["data"]}) == tests_digest(config):
        return config
    return {**config, "data": {**config["data"], "test": stored["data"]["test"]}}
