"""The configs of a grid's rows, in a fraction of the time that Hydra takes for one. No torch here."""

import contextlib
import gc
import pickle
from collections.abc import Iterator, Sequence
from functools import lru_cache

from hydra import compose
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from matting.config import KEPT, hydra_ready, unpickled
from matting.explain import options


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


def compose_row(verb: str, words: Sequence[str]) -> DictConfig:
    """What Hydra composes of a command line. The caller may change what it gets.

    Rows of a grid differ in few words, most of which set a value. Hydra sets values last, on top of what the other
    words compose to: so they are set here, on a copy of that, which rows with the same other words share. Raises what
    Hydra raises: where a value does not fit, the whole line is given to it.
    """
    values = [override for override in map(value_override, words) if override]
    others = tuple(word for word in words if value_override(word) is None)
    with hydra_ready():
        config = unpickled(composed_once(verb, others))
        try:
            for override in values:
                OmegaConf.update(config, override.key_or_group, override.value())
        except OmegaConfBaseException:
            return compose(verb, list(words))
    return config


@lru_cache(KEPT)
def composed_once(verb: str, words: tuple[str, ...]) -> bytes:
    return pickle.dumps(compose(verb, list(words)))


@lru_cache(1024)
def value_override(word: str) -> Override | None:
    """A word that sets the value of a key which there is; None for one that adds, deletes or chooses of a group."""
    (override,) = OverridesParser.create().parse_overrides([word])
    key = override.key_or_group
    changes = override.type is OverrideType.CHANGE and override.package is None
    return override if changes and ("." in key or not options(key)) else None
