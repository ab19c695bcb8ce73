"""Turn errors of Hydra and OmegaConf into one line: the key, what is wrong and what is possible.

Hydra's exceptions do not carry the key as an attribute, so the patterns below read its English.
"""

import contextlib
import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from matting.config.compose import compose_config, options
from matting.errors import Incomplete, Interrupted, JobError, UserError

CONFIG_ERRORS = (HydraException, OmegaConfBaseException)
INPUT_ERRORS: tuple[type[Exception], ...] = (*CONFIG_ERRORS, UserError)
FORESEEN: tuple[type[BaseException], ...] = (*INPUT_ERRORS, Incomplete, JobError, Interrupted, KeyboardInterrupt)


def explain(error: BaseException, verb: str) -> str:
    """Return one line for an error of input."""
    if not isinstance(error, CONFIG_ERRORS):
        return " ".join(str(error).split())
    chain: list[BaseException] = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    text = "\n".join(str(link) for link in chain)
    if found := re.search(r"Could not find '(hydra/[\w/]+|\w+)/([^']*)'", text):
        return no_choice(*found.groups())
    if found := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return f"{found[1]}: a grid needs -m; a list is written key=[a,b], text with a comma 'key=\"a,b\"'"
    if found := re.search(r"(?:Could not override|Key) '([^']+)'", text):
        node = getattr(chain[-1], "parent_node", None)
        if found[1].startswith("hydra.") and isinstance(node, DictConfig):
            return f"{found[1]}: no such key; there are {', '.join(sorted(map(str, node)))}"
        return unknown_key(found[1], verb)
    if found := re.search(r"Error merging override (\S+)", text):
        reason = str(chain[-1]).splitlines()[0]
        return f"{found[1]}: {reason}"
    lines = [line.strip() for line in str(chain[0]).splitlines() if line.strip()]
    if found := re.search(r"LexerNoViableAltException: ([^=\n]+)=([^\n]*)", text):
        return f"{found[1]}={found[2]}: it has characters that need quotes; write '{found[1]}=\"{found[2]}\"'"
    if any(words in text for words in ("mismatched input", "no viable", "extraneous input", "missing EQUAL")):
        return f"{lines[0]}; arguments are key=value (quote values with commas, blanks or brackets: 'key=[1,2]')"
    return " ".join(lines[:2])


def no_choice(group: str, choice: str) -> str:
    """Return the line for a choice that a group does not have, with the choices of our files and of Hydra's."""
    there = {name for name in options(group) if not group.startswith("hydra/") or "/" not in name}
    if group.startswith("hydra/"):
        with contextlib.suppress(OSError):  # without its plugin a group has our files alone
            there |= {Path(name).stem for name in ConfigStore.instance().list(group) if name.endswith(".yaml")}
    return f"{group}={choice}: no such choice; {group} is one of {', '.join(sorted(there)) or '(none yet)'}"


def unknown_key(key: str, verb: str) -> str:
    """Return the line for an unknown key, with the keys that look like it, or all keys at its level."""
    config = compose_config(verb)
    parent = OmegaConf.select(config, key.rpartition(".")[0]) if "." in key else config
    known = list(all_keys(OmegaConf.to_container(config)))
    return f"{key}: no such key; {nearest(key, known, parent if isinstance(parent, DictConfig) else config)}"


def nearest(key: str, known: Sequence[str], beside: Collection[object]) -> str:
    """Return the keys that look like a dotted key, or all keys beside it, as the end of a line."""
    parent, dot, leaf = key.rpartition(".")
    leaves: dict[str, list[str]] = {}
    for name in (*(f"{parent}{dot}{one}" for one in beside), *known):
        leaves.setdefault(name.rpartition(".")[2], []).append(name)
    alike = [name for one in difflib.get_close_matches(leaf, leaves, 5, 0.6) for name in leaves[one]]
    close = difflib.get_close_matches(key, dict.fromkeys(alike), 3, 0.6) or leaves.get(leaf, [])[:3]
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(sorted(map(str, beside)))}"


def all_keys(node: object, prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all keys of plain data."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield f"{prefix}{key}"
        yield from all_keys(value, f"{prefix}{key}.")
