"""The files of conf/, read without composing them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from matting.config.compose import config_dir

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times as fast


@cache
def read(name: str) -> dict[str, Any]:
    """Return a file, such as `stage/alpha_gan`, as it is; not to be changed."""
    return yaml.load((config_dir() / f"{name}.yaml").read_text(), LOADER) or {}  # noqa: S506


@cache
def merged(group: str, choice: str) -> dict[str, Any]:
    """Return a choice of a group over the choices of that group that it begins with; not to be changed."""
    file, result = read(f"{group}/{choice}"), dict[str, Any]()
    for other in file.get("defaults", ()):
        if isinstance(other, str) and other != "_self_":
            result = over(result, merged(group, other))
    return over(result, {key: value for key, value in file.items() if key != "defaults"})


def over(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested dicts merged; `other` wins."""
    inner = {key: over(one[key], value) for key, value in other.items() if is_node(value) and is_node(one.get(key))}
    return {**one, **other, **inner}


def is_node(value: Any) -> bool:
    """Return whether a value is a node."""
    return isinstance(value, dict)


@cache
def own_choices(stage: str) -> dict[str, str]:
    """Return the choices of net, loss and optim that a stage's file makes."""
    words = [entry for entry in read(f"stage/{stage}")["defaults"] if isinstance(entry, dict)]
    return {key.partition("@")[0].lstrip("/"): str(choice) for entry in words for key, choice in entry.items()}


def of_stage(stage: str) -> dict[str, Any]:
    """Return the nodes of a stage with the choices of its file."""
    return {"stage": merged("stage", stage), **{group: merged(group, one) for group, one in own_choices(stage).items()}}
