"""Compose configs with Hydra. Command lines that make the same choices share one composition.

Hydra takes a third of a second to compose a config, most of it to read the files of the chosen groups. The rows of a
grid and the runs below them differ in few words, most of which set a value. Hydra sets values last, so a line is
composed here of its choices alone, and its values are set on a copy.
"""

import contextlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from matting.config import hydra_internals
from matting.config.identity import flat
from matting.utils.home_paths import expand_home

KEPT = 64  # compositions in memory; a sweep may ask for thousands

# The groups that name a run. A line that chooses only of these has the composition that its run folder is named by.
NAMING = {"train": ("stage", "scale", "data"), "evaluate": ("method", "scale", "data")}

COMPOSED: dict[tuple[str, tuple[str, ...]], DictConfig] = {}  # by verb and choices; the oldest is dropped


def config_dir() -> Path:
    """Return the folder of the configs: `conf/` of the checkout, linked into the package, or its copy in a wheel."""
    return Path(__file__).parents[1] / "conf"


@lru_cache
def options(group: str) -> list[str]:
    """Return the choices of a config group, sorted; an empty list for a key that is no group."""
    folder = config_dir() / group
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml"))


@contextlib.contextmanager
def hydra_ready() -> Iterator[None]:
    """Set up Hydra for the block, unless it is set up already."""
    if GlobalHydra.instance().is_initialized():
        yield
        return
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield


@lru_cache(4096)
def parsed(word: str) -> Override:
    """Parse one word of a command line; raises Hydra's OverrideParseException."""
    (override,) = OverridesParser.create().parse_overrides([word])
    return override


def compose_config(verb: str, words: Sequence[str] = ()) -> DictConfig:
    """Compose `conf/<verb>.yaml` and a command line, inside a Hydra job or outside of one.

    The caller may change the result. Raises what Hydra raises.
    """
    return with_values(verb, words, hydra=False)


def compose_job(verb: str, words: Sequence[str]) -> DictConfig:
    """Compose the config of a job with its node `hydra`, which names these words."""
    config = with_values(verb, words, hydra=True)
    overrides = list(map(parsed, words))
    task = [override for override in overrides if not override.is_hydra_override()]
    with read_write(config.hydra):
        config.hydra.overrides.task = [override.input_line for override in task]
        config.hydra.overrides.hydra = [one.input_line for one in overrides if one.is_hydra_override()]
        config.hydra.runtime.cwd = str(Path.cwd())
        config.hydra.job.override_dirname = hydra_internals.dirname_of(task, config.hydra.job.config.override_dirname)
    return config


def with_values(verb: str, words: Sequence[str], hydra: bool) -> DictConfig:
    """Return a copy of the composition of a line's choices, with the line's values set on it."""
    overrides = list(map(parsed, words))
    values = [override for override in overrides if sets_value(override)]
    choices = [word for word, override in zip(words, overrides, strict=True) if not sets_value(override)]
    with hydra_ready():
        config = deepcopy((composed if hydra else composed_without_hydra)(verb, *choices))
        try:
            for override in values:
                OmegaConf.update(config, override.key_or_group, override.value())
        except OmegaConfBaseException:  # Hydra has the message that the user gets
            config = compose(verb, list(words), return_hydra_config=hydra)
    return at_home(config)


def at_home(config: DictConfig) -> DictConfig:
    """Return a config whose texts begin with the home directory where they began with `~`, wherever they come from.

    A shell expands `~` only at the start of a word: never behind `key=`, in quotes, in a file or in most variables.
    """
    nodes = {str(key): node for key, node in config.items_ex(resolve=False) if key != "hydra"}
    texts = {key: OmegaConf.to_container(node) if OmegaConf.is_config(node) else node for key, node in nodes.items()}
    for key, value in flat(texts).items():
        if isinstance(value, str) and (value.startswith("~") or "${oc.env:" in value):
            with contextlib.suppress(OmegaConfBaseException):  # of a variable that is not set
                text = OmegaConf.select(config, key)
                if isinstance(text, str) and (expanded := expand_home(text)) != text:
                    OmegaConf.update(config, key, expanded)
    return config


def composed(verb: str, *words: str) -> DictConfig:
    """Compose a line with the node `hydra`, once in a process. The result is shared: copy it before a change."""
    choices = sorted(word for word in words if chosen_group(word))  # their order says nothing to Hydra
    others = [word for word in words if not chosen_group(word)]
    key = verb, (*choices, *others)
    if key not in COMPOSED:
        config = compose(verb, list(words), return_hydra_config=True)
        naming, made = NAMING.get(verb, ()), config.hydra.runtime.choices
        if not others and {chosen_group(word) for word in choices} <= {*naming}:
            keep((verb, tuple(sorted(f"{group}={made[group]}" for group in naming))), config)
        keep(key, config)
    return COMPOSED[key]


def keep(key: tuple[str, tuple[str, ...]], config: DictConfig) -> None:
    """Keep a composition; drop the oldest where there are too many."""
    COMPOSED[key] = config
    while len(COMPOSED) > KEPT:
        del COMPOSED[next(iter(COMPOSED))]


@lru_cache(KEPT)
def composed_without_hydra(verb: str, *words: str) -> DictConfig:
    """`composed` without the node `hydra`. The result is shared: copy it before a change."""
    config = deepcopy(composed(verb, *words))
    with open_dict(config):
        del config["hydra"]
    return config


def sets_value(override: Override) -> bool:
    """Return whether a word only sets the value of an existing key, outside of the node `hydra`."""
    if override.type is not OverrideType.CHANGE or override.package is not None or override.is_sweep_override():
        return False
    key = override.key_or_group
    return not override.is_hydra_override() and ("." in key or not options(key))


def chosen_group(word: str) -> str | None:
    """Return the group that a word chooses of; None for a word that sets, adds or deletes, and for `group@node=`."""
    override = parsed(word)
    plain = override.type is OverrideType.CHANGE and override.package is None
    return override.key_or_group if plain and options(override.key_or_group) else None
