"""Composing configs with Hydra, once for all command lines that differ only in values. No torch here."""

import contextlib
import gc
import pickle
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import omegaconf.base
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

KEPT = 64  # configs, of a sweep's thousands: each is thousands of objects that the garbage collector walks through

# OmegaConf parses an interpolation each time that it is resolved, four fifths of the time that resolving takes.
omegaconf.base.parse = lru_cache(1024)(omegaconf.base.parse)
# It reads each file anew for each config, with Python's reader, where libyaml takes a sixth of the time.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]


def config_dir() -> Path:
    """Folder of the configs: `conf/` of the checkout, linked into the package, or its copy in an installed wheel."""
    return Path(__file__).parents[1] / "conf"


def options(group: str) -> list[str]:
    """The choices of a config group."""
    folder = config_dir() / group
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml"))


@contextlib.contextmanager
def hydra_ready() -> Iterator[None]:
    """Hydra set up for the block, unless it is already."""
    if GlobalHydra.instance().is_initialized():
        yield
        return
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield


@contextlib.contextmanager
def collected_rarely() -> Iterator[None]:
    """For the block, garbage is looked for after 50,000 new objects instead of 700: a config is thousands of them.

    Naming the runs of many rows takes a sixth less of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def compose_config(verb: str, words: Sequence[str] = ()) -> DictConfig:
    """What Hydra composes of `conf/<verb>.yaml` and a command line, inside a Hydra job or outside of one.

    Hydra takes a tenth of a second for one; rows of a grid, and the runs that they stand on, differ in few words, most
    of which set a value. Hydra sets values last, on top of what the other words compose to: so they are set here, on a
    copy of that, which lines with the same other words share. The caller may change what it gets. Raises what Hydra
    raises: where a value does not fit, the whole line is given to it.
    """
    values = [override for override in map(value_override, words) if override]
    others = tuple(word for word in words if value_override(word) is None)
    with hydra_ready():
        config = unpickled(composed(verb, others))
        try:
            for override in values:
                OmegaConf.update(config, override.key_or_group, override.value())
        except OmegaConfBaseException:
            return compose(verb, list(words))
    return config


@lru_cache(KEPT)
def composed(verb: str, words: tuple[str, ...]) -> bytes:
    return pickle.dumps(compose(verb, list(words)))


def unpickled(config: bytes) -> DictConfig:
    """A config that this process has pickled: a copy in a fifth of the time that `deepcopy` takes."""
    found: DictConfig = pickle.loads(config)  # noqa: S301 - never of a file or of another process
    return found


@lru_cache(1024)
def value_override(word: str) -> Override | None:
    """A word that sets the value of a key which there is; None for one that adds, deletes or chooses of a group."""
    (override,) = OverridesParser.create().parse_overrides([word])
    key = override.key_or_group
    changes = override.type is OverrideType.CHANGE and override.package is None
    return override if changes and ("." in key or not options(key)) else None
