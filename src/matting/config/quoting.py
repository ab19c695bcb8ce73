"""Quotes on a command line: what Hydra's grammar needs is added, what a person would not type is removed."""

import re
import shlex
from collections.abc import Iterable

from hydra.errors import HydraException

from matting.config.compose import parsed
from matting.config.texts import is_text
from matting.utils.home_paths import abbreviate_home, expand_home

QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
ENTRY = re.compile(rf"({QUOTED}(?=\s*(?:,|$))|[^,]*[^,\s])\s*(?:,\s*|$)")  # of a grid, quoted or not
SWEEP = re.compile(r"(?:choice|range|interval|glob|tag|sort|shuffle)\(.*\)")  # Hydra's functions
PLAIN = re.compile(r"[\w@%+=:,./-][\w@%+=:,./~-]*")  # words that no shell changes


def for_hydra(word: str, grid: bool) -> str:
    """Return a word with its free text quoted, so that Hydra takes `input=me (1).jpg` and `project=2024_05` as typed.

    Text in quotes, and `null`, is left as it is. In a grid `a,b` stays a list, of which the values are quoted that
    Hydra would change.
    """
    key, _, value = word.partition("=")
    if not value or not is_text(key.lstrip("+")):
        return word
    if not grid:
        return f"{key}={text_of(value)}"
    entries = [found[1] for found in ENTRY.finditer(value)]
    if SWEEP.fullmatch(value) or value.count(",") < len(entries) - 1 or value.strip()[-1:] == ",":
        return word
    return f"{key}={','.join(entry if stays(entry) else text_of(entry) for entry in entries)}"


def stays(entry: str) -> bool:
    """Return whether Hydra takes a value as the text that it is."""
    try:
        return bool(parsed(f"key={entry}").value() == entry)
    except HydraException:
        return False


def text_of(value: str) -> str:
    """Return a value as a text of Hydra's grammar."""
    return value if value == "null" or re.fullmatch(QUOTED, value) else quoted(value)


def quoted(text: str) -> str:
    """Return a text in the double quotes of Hydra's grammar, `~/` expanded."""
    return '"' + re.sub(r"(\\+)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', expand_home(text))) + '"'


def typed(word: str) -> str:
    """Return a word without the quotes of `for_hydra`, where it means the same without them."""
    key, _, value = word.partition("=")
    if not is_text(key.lstrip("+")) or not value.startswith('"'):
        return word
    text = f"{key}={parsed(word).value()}"
    return text if for_hydra(text, grid=False) == word else word


def command_text(words: Iterable[str]) -> str:
    """Return a command as a person would type it into a shell, with `~` for the home and no needless quotes."""
    plain = (abbreviate_home(typed(word)) for word in words)
    return " ".join(word if PLAIN.fullmatch(word) else shlex.quote(word) for word in plain)
