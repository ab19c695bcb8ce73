"""Weights that the authors of a system published, under our names."""

import re
from collections.abc import Callable, Iterable, Mapping

from torch import Tensor

Renaming = tuple[str, "str | Callable[[re.Match[str]], str]"]


def renamed(state: Mapping[str, Tensor], table: Iterable[Renaming]) -> dict[str, Tensor]:
    """Return a state dict under our keys.

    table: regular expressions and what replaces their match; all are applied, in their order. Keys that become the same
    hold the same tensor.
    """
    rules = [(re.compile(pattern), replacement) for pattern, replacement in table]
    found = {}
    for key, value in state.items():
        for pattern, replacement in rules:
            key = pattern.sub(replacement, key)
        found[key] = value
    return found
