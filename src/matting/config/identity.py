"""A config as plain data, the part of it that identifies a run, and the digest of that part."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.fields import UNSET, Node
from matting.config.nodes import walk
from matting.config.schema import ROOT
from matting.errors import UserError

CONFIG_VERSION = 2


def plain(config: DictConfig) -> dict[str, Any]:
    """Return the resolved config as plain dicts, lists and scalars; raises OmegaConf's error for a missing value."""
    result: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    return result


def find_file(value: str, data_root: str | Path) -> Path:
    """Return the path of a file that a config names, relative to the current folder or else to the data root.

    Raises UserError when it is in neither.
    """
    for candidate in (Path(value), Path(data_root) / value):
        if candidate.is_file():
            return candidate
    raise UserError(f"{value}: no such file, here or in paths.data_root={data_root}; give the path of an existing file")


def located(node: Mapping[str, Any], keys: Node | None, data_root: str) -> dict[str, Any]:
    """Return a node with the paths of the files and folders that it names. Raises UserError for a missing file."""
    found = dict(node)
    for name, key in keys.keys.items() if keys is not None else ():
        value = node.get(name)
        if key.kind == "folder" and value is not None:
            found[name] = Path(data_root) / value
        elif key.kind == "file" and value is not None and value not in key.also:
            found[name] = find_file(value, data_root)
    return found


def file_digest(path: Path) -> str:
    """Return 16 hex digits that name a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def identity(config: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a plain config that decides the result of a run: files by content, 10.0 as 10."""
    data_root = config["paths"]["data_root"]
    keys = {leaf.at: leaf.key for leaf in walk(config, ROOT) if leaf.key is not None}

    def normal(at: str, value: Any) -> Any:
        if isinstance(value, dict):
            inner = {name: (f"{at}.{name}", entry) for name, entry in value.items()}
            return {name: normal(*entry) for name, entry in inner.items() if not as_before(*entry)}
        if isinstance(value, list):
            return [normal("", entry) for entry in value]
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if at in keys and keys[at].kind == "file" and value is not None and value not in keys[at].also:
            return "file:" + file_digest(find_file(value, data_root))
        return value

    def as_before(at: str, value: Any) -> bool:
        return at in keys and keys[at].added is not UNSET and value == keys[at].added

    used = {key: value for key, value in config.items() if key not in ROOT.keys or ROOT.keys[key].result}
    # the other keys of the scale count in the nodes that use them: the alpha stage's batch size must not change the
    # segmentation run
    if "scale" in used:
        used["scale"] = {key: used["scale"][key] for key in ("name", "height", "width")}
    # photographs with masks count in the stage that trains on them, as its own node `persons`
    if "data" in used:
        used["data"] = {key: value for key, value in used["data"].items() if key != "persons"}
    return {key: normal(key, value) for key, value in used.items() if not as_before(key, value)}


def run_keys(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the keys by which the stage or the method of a config names other runs."""
    return {node: list(config[node].get("upstream") or ()) for node in ("stage", "method") if node in config}


def unnamed_keys(config: Mapping[str, Any]) -> set[str]:
    """Return the keys of a config that are no part of its readable name."""
    return {"config_version", *(f"{node}.{key}" for node, keys in run_keys(config).items() for key in keys)}


def digest_of(identity: dict[str, Any]) -> str:
    """Return the 12 hex digits that name a run."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dicts as one dict of dotted keys: {"a": {"b": 1}} as {"a.b": 1}."""
    rows: dict[str, Any] = {}
    for key, value in config.items():
        rows |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return rows


def readable(identity: dict[str, Any], default: dict[str, Any], limit: int = 60) -> str:
    """Return the difference from the defaults in a few words, such as `procedural-quick-seed_1`.

    The text has only characters that need no quotes on a command line. A node with another name than in the defaults
    (data, scale, loss, trainer) is described by that name alone. limit: the number of characters.
    """
    words = [identity["data"]["name"], identity["scale"]["name"]]
    theirs, left_out = flat(default), unnamed_keys(identity)
    named = [node for node, value in default.items() if isinstance(value, dict) and "name" in value]
    renamed = [node for node in named if identity.get(node, {}).get("name") != default[node]["name"]]
    words += [identity[node]["name"] for node in renamed if node not in ("data", "scale")]
    for key, value in flat(identity).items():
        node = key.split(".")[0]
        if theirs.get(key) == value or node in renamed or key in left_out:
            continue
        words.append(f"{key.rsplit('.', 1)[-1]}_{value}")
    text = "-".join(dict.fromkeys(words))  # a value that other keys interpolate changes in several places
    return "".join(c if c.isalnum() or c in "-._" else "" for c in text)[:limit].rstrip("-._")
