"""Quotes on a command line: what Hydra's grammar needs is added, what a person would not type is removed."""

import re
import shlex
from collections.abc import Iterable

from matting.config.compose import parsed
from matting.utils.home_paths import abbreviate_home, expand_home

# Keys whose values are file names, run folders, digests, parts of names or colours, not Hydra's grammar.
FREE_TEXT = (
    *("input", "output", "background", "trimap", "state", "kind", "match", "sort"),
    *("method.segmentation", "method.alpha", "method.alphanet", "method.matting"),
    *("stage.coarse", "stage.segmentation", "stage.matting"),
    *("paths.data_root", "paths.output_dir", "paths.cache_dir"),
)

BELOW_HOME = re.compile(r"""(?<![^,])(["']?)(~(?:/[^,"']*)?)\1(?=,|$)""")  # a value of a grid, quoted or not
PLAIN = re.compile(r"[\w@%+=:,./-][\w@%+=:,./~-]*")  # words that no shell changes


def for_hydra(word: str, grid: bool) -> str:
    """Return a word with its free text quoted: Hydra then takes `input=me (1).jpg` as it is, and `~/` as the home.

    In a grid `a,b` stays a list, of which only the values that begin with `~/` are quoted.
    """
    key, _, value = word.partition("=")
    if not value or key not in FREE_TEXT:
        return word
    if grid or value[0] in "'\"" or value == "null":
        return f"{key}={BELOW_HOME.sub(lambda found: quoted(found[2]), value)}"
    return f"{key}={quoted(value)}"


def quoted(text: str) -> str:
    """Return a text in the double quotes of Hydra's grammar, `~/` expanded."""
    return '"' + re.sub(r"(\\+)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', expand_home(text))) + '"'


def typed(word: str) -> str:
    """Return a word without the quotes of `for_hydra`, where it means the same without them."""
    key, _, value = word.partition("=")
    if key not in FREE_TEXT or not value.startswith('"'):
        return word
    text = f"{key}={parsed(word).value()}"
    return text if for_hydra(text, grid=False) == word else word


def command_text(words: Iterable[str]) -> str:
    """Return a command as a person would type it into a shell, with `~` for the home and no needless quotes."""
    plain = (abbreviate_home(typed(word)) for word in words)
    return " ".join(word if PLAIN.fullmatch(word) else shlex.quote(word) for word in plain)
