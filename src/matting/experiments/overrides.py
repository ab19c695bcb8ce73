"""Overrides that no row of an experiment reads: a table would show them as obeyed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from omegaconf import OmegaConf

from matting.config.compose import compose_config, hydra_ready, options, parsed
from matting.config.identity import flat, plain
from matting.config.messages import INPUT_ERRORS
from matting.errors import UserError
from matting.experiments.grid import grid, read_file
from matting.experiments.jobs import job_of

OF_THE_COMMAND = ("paths", "logger", "runtime", "checkpoint", "rerun", "plan", "dry_run", "experiments")
NO_READERS = {*OF_THE_COMMAND, "scale", "vgg", "published"}  # nodes that only hold values for others
REFERENCE = re.compile(r"\$\{([\w.]+)\}")


def check_read(names: Sequence[str], overrides: Sequence[str]) -> None:
    """Raise UserError for the first override that no row of these experiments reads; it names keys that they read."""
    lines = {name: (verb := read_file(name)["verb"], grid(name, verb, overrides)) for name in names}
    unread = [unread_keys(*line, overrides) for line in lines.values()]
    for key in unread[0] if unread else []:
        if all(key in keys for keys in unread):
            word = next(word for word in overrides if parsed(word).key_or_group == key)
            read = dict.fromkeys(one for verb, rows in lines.values() for row in rows for one in read_keys(verb, row))
            read.pop(key, None)  # a node may name it and yet take another's value
            near = ", ".join(similar(key, read)) or "nothing there"
            raise UserError(f"{word}: no row of experiments={','.join(names)} reads it; they read {near}")


def unread_keys(verb: str, lines: Sequence[tuple[str, ...]], overrides: Iterable[str]) -> list[str]:
    """Return the keys of overrides that change no run of these command lines, though they change the config."""
    keys = dict.fromkeys(
        override.key_or_group for override in map(parsed, overrides) if not override.is_hydra_override()
    )
    # Every run reads its seed and the choices of its groups.
    own = [key for key in keys if key.split(".")[0] not in OF_THE_COMMAND and key != "seed" and not options(key)]
    with hydra_ready():
        return [key for key in own if not is_read(verb, lines, key)]


def is_read(verb: str, lines: Iterable[tuple[str, ...]], key: str) -> bool:
    """Return whether a key changes the runs of a row, or has its default in all rows. A wrong value counts as read."""
    unread = False
    for words in lines:
        without = tuple(word for word in words if parsed(word).key_or_group != key)
        try:
            if plain(compose_config(verb, words)) == plain(compose_config(verb, without)):
                continue
            if digests(verb, words) != digests(verb, without):
                return True
        except INPUT_ERRORS:
            return True
        unread = True
    return not unread


def digests(verb: str, words: tuple[str, ...]) -> list[str]:
    """Return the digests of all runs of a row."""
    job = job_of(verb, words)
    return [run.digest for run in (*job.stages, job.evaluation)]


def read_keys(verb: str, words: tuple[str, ...]) -> Iterator[str]:
    """Yield the keys whose values a row's runs take over: those that their nodes refer to."""
    job = job_of(verb, words)
    with hydra_ready():
        configs = [compose_config(verb, words)]
        configs += [compose_config("train", (f"stage={run.kind}",)) for run in job.stages]
        for config in configs:
            found = OmegaConf.to_container(config, resolve=False)
            assert isinstance(found, dict)
            values: dict[str, Any] = flat({str(key): node for key, node in found.items()})
            waiting = [value for key, value in values.items() if key.split(".")[0] not in NO_READERS]
            while waiting:
                for key in REFERENCE.findall(str(waiting.pop())):
                    yield key
                    waiting.append(values.get(key, ""))


def similar(key: str, keys: Iterable[str]) -> list[str]:
    """Return the keys of the same node, those with the same last word where there are any: `epochs` of `mat_epochs`."""
    near = sorted(one for one in keys if one.split(".")[0] == key.split(".")[0])
    last = re.split(r"[._]", key)[-1]
    return [one for one in near if re.split(r"[._]", one)[-1] == last] or near
