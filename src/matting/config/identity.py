"""Configs derived from one another, and what a config is as plain data, as the identity of a run. No torch here."""

import hashlib
import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.errors import UserError

CONFIG_VERSION = 2

# Changes how or where a run works, never what comes out; or (vgg) counts where it is used.
NOT_IDENTITY = (
    *("paths", "logger", "runtime", "checkpoint", "vgg", "rerun", "plan"),
    *("experiments", "verb", "evaluate_as", "published"),
)

# Digests of the runs that a run stands on: in its own digest, and no word for people.
RUN_KEYS = ("coarse", "segmentation", "matting", "alpha", "alphanet")
NOT_TOLD = ("config_version", *(f"{node}.{key}" for node in ("stage", "method") for key in RUN_KEYS))


# A value under one of these keys, unless it is a choice, names a file and counts by the file's content.
FILE_KEYS = ("weights", "checkpoint", "list_file", "names")
NO_FILE = ("imagenet", "none", None)


def plain(config: DictConfig) -> dict[str, Any]:
    """The resolved config as plain dicts, lists and scalars."""
    result: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    return result


def find_file(value: str, data_root: str | Path) -> Path:
    """A file that a config names: relative to the current folder, else to the data root.

    Raises UserError when it is in neither.
    """
    for candidate in (Path(value), Path(data_root) / value):
        if candidate.is_file():
            return candidate
    raise UserError(f"{value}: no such file, here or in paths.data_root={data_root}; give the path of an existing file")


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def identity(config: dict[str, Any]) -> dict[str, Any]:
    """What decides the outcome of a run: the plain config without what does not, files by content, 10.0 as 10."""
    data_root = config["paths"]["data_root"]

    def normal(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: normal(k, v) for k, v in value.items()}
        if isinstance(value, list):
            return [normal("", v) for v in value]
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if key in FILE_KEYS and value not in NO_FILE:
            return "file:" + file_digest(find_file(value, data_root))
        return value

    used = {key: value for key, value in config.items() if key not in NOT_IDENTITY}
    # the rest of the scale counts where it is used: the segmentation run does not change with the alpha stage's batch
    if "scale" in used:
        used["scale"] = {key: used["scale"][key] for key in ("name", "height", "width")}
    # photographs with masks count where they are used: a stage that trains on them has them under its own persons
    if "data" in used:
        used["data"] = {key: value for key, value in used["data"].items() if key != "persons"}
    return {key: normal(key, value) for key, value in used.items()}


def digest_of(identity: dict[str, Any]) -> str:
    """12 hex digits that name a run."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    rows: dict[str, Any] = {}
    for key, value in config.items():
        rows |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return rows


def readable(identity: dict[str, Any], default: dict[str, Any], limit: int = 60) -> str:
    """The difference from the defaults in a few words, for people: `procedural-quick-seed_1`.

    Only of characters that need no quotes on a command line of Hydra.
    A node that has a name (data, scale, loss, trainer) is told by its name as long as that says enough.
    """
    words = [identity["data"]["name"], identity["scale"]["name"]]
    theirs = flat(default)
    named = [node for node, value in default.items() if isinstance(value, dict) and "name" in value]
    renamed = [node for node in named if identity.get(node, {}).get("name") != default[node]["name"]]
    words += [identity[node]["name"] for node in renamed if node not in ("data", "scale")]
    for key, value in flat(identity).items():
        node = key.split(".")[0]
        if theirs.get(key) == value or node in renamed or key in NOT_TOLD:
            continue
        words.append(f"{key.rsplit('.', 1)[-1]}_{value}")
    text = "-".join(dict.fromkeys(words))  # what others interpolate changes in several places
    return "".join(c if c.isalnum() or c in "-._" else "" for c in text)[:limit].rstrip("-._")
