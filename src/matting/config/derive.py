"""Derive the configs of upstream runs and of a recipe's steps from the config that asks for them. No torch."""

import json
import pickle
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.compose import KEPT, compose_config, unpickled
from matting.config.identity import plain

# What a derived config (an upstream run, a step of a recipe) takes over from the config that asks for it.
SHARED = ("seed", "paths", "scale", "vgg", "augment", "data", "trainer", "logger", "runtime", "experiments")


def derive(config: Mapping[str, Any], verb: str, overrides: list[str] | None = None, **values: Any) -> DictConfig:
    """Compose another verb's config that shares data, scale, trainer and seed with a plain `config`.

    `overrides` are the command line of the derived verb; `values` are set last, `a__b` for `a.b`. The result is a
    function of `config` alone: whoever asks for an upstream run names the same one. It is read-only: see `changed`.
    """
    return derived(verb, tuple(overrides or ()), handed_down(config, **values))


def handed_down(config: Mapping[str, Any], **values: Any) -> str:
    """What a config derived from a plain `config` depends on."""
    return json.dumps([{key: config[key] for key in SHARED if key in config}, values])


@lru_cache(KEPT)
def derived(verb: str, overrides: tuple[str, ...], text: str) -> DictConfig:
    """`derive` of what was `handed_down`: a sweep's rows ask for the same few configs a thousand times."""
    shared, values = json.loads(text)
    nodes = {key: value for key, value in shared.items() if isinstance(value, dict)}
    result = unpickled(with_nodes(verb, overrides, json.dumps(nodes)))
    single = {key: value for key, value in shared.items() if key not in nodes and key in result}
    for key, value in (*single.items(), *values.items()):
        OmegaConf.update(result, key.replace("__", "."), value)
    OmegaConf.resolve(result)
    OmegaConf.set_readonly(result, True)
    return result


@lru_cache(KEPT)
def with_nodes(verb: str, overrides: tuple[str, ...], text: str) -> bytes:
    """A config with nodes of another one, pickled: rows that differ by their seed alone share it."""
    own = OmegaConf.to_container(compose_config(verb, overrides))
    assert isinstance(own, dict)
    theirs = {key: node for key, node in json.loads(text).items() if key in own}
    return pickle.dumps(OmegaConf.create({**own, **theirs}))


@lru_cache(KEPT)
def derived_plain(verb: str, overrides: tuple[str, ...], text: str) -> dict[str, Any]:
    """`derived` as plain data; not to be changed."""
    return plain(derived(verb, overrides, text))


def changed(config: DictConfig, **values: Any) -> DictConfig:
    """A copy with some values set, `a__b` for `a.b`."""
    result = deepcopy(config)
    OmegaConf.set_readonly(result, False)
    for key, value in values.items():
        OmegaConf.update(result, key.replace("__", "."), value)
    return result
