"""Derive the configs of upstream runs and of a recipe's steps from the config that asks for them."""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.compose import KEPT, NAMING, compose_config, options
from matting.config.identity import plain

# What a derived config (an upstream run, a step of a recipe) takes over from the config that asks for it.
SHARED = ("seed", "paths", "scale", "vgg", "protocol", "augment", "data", "trainer", "logger", "runtime", "experiments")


class NodeKey(str):
    """A key of a node of the config, such as `stage.coarse`, where runs and values are kept by such keys."""

    __slots__ = ()

    @property
    def node(self) -> str:
        return self.partition(".")[0]

    @property
    def name(self) -> str:
        return self.partition(".")[2]


def derive(config: Mapping[str, Any], verb: str, overrides: list[str] | None = None, **values: Any) -> DictConfig:
    """Compose another verb's config that shares data, scale, trainer and seed with a plain `config`.

    `overrides` are the command line of the derived verb; `values` are set last, by dotted key. The result depends on
    the shared nodes alone, so that every config with the same nodes names the same upstream run. It is read-only.
    """
    return derived(verb, tuple(overrides or ()), handed_down(config, **values))


def handed_down(config: Mapping[str, Any], **values: Any) -> str:
    """Return what a config derived from a plain `config` depends on, as JSON."""
    return json.dumps([{key: config[key] for key in SHARED if key in config}, values])


@lru_cache(KEPT)
def derived(verb: str, overrides: tuple[str, ...], text: str) -> DictConfig:
    """Return `derive` of what was `handed_down`. The rows of a sweep ask for the same few configs many times."""
    shared, values = json.loads(text)
    nodes = {key: value for key, value in shared.items() if isinstance(value, dict)}
    result = deepcopy(with_nodes(verb, overrides, json.dumps(nodes)))
    single = {key: value for key, value in shared.items() if key not in nodes and key in result}
    for key, value in (*single.items(), *values.items()):
        OmegaConf.update(result, key, value)
    OmegaConf.resolve(result)
    OmegaConf.set_readonly(result, True)
    return result


@lru_cache(KEPT)
def with_nodes(verb: str, overrides: tuple[str, ...], text: str) -> DictConfig:
    """Return a config with nodes of another one, not to be changed: rows that differ by their seed alone share it."""
    nodes = json.loads(text)
    own = OmegaConf.to_container(compose_config(verb, (*overrides, *same_choices(verb, nodes))))
    assert isinstance(own, dict)
    return OmegaConf.create({**own, **{key: node for key, node in nodes.items() if key in own}})


def same_choices(verb: str, nodes: Mapping[str, Any]) -> list[str]:
    """Return the choices that the shared nodes were made by. The nodes replace what these words compose to.

    With them the composition is the one that the derived run's folder is named by, which is then composed once.
    """
    named = {group: nodes[group].get("name") for group in NAMING.get(verb, ()) if group in nodes}
    return [f"{group}={name}" for group, name in named.items() if name in options(group)]


@lru_cache(KEPT)
def derived_plain(verb: str, overrides: tuple[str, ...], text: str) -> dict[str, Any]:
    """Return `derived` as plain data, not to be changed."""
    return plain(derived(verb, overrides, text))


def changed(config: DictConfig, **values: Any) -> DictConfig:
    """Return a copy with some values set, by dotted key."""
    result = deepcopy(config)
    OmegaConf.set_readonly(result, False)
    for key, value in values.items():
        OmegaConf.update(result, key, value)
    return result
