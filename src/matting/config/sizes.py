"""The keys of a scale. Each holds what the key may hold that interpolates it: `epochs: ${scale.alpha_epochs}`."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, reduce
from typing import Any

from matting.config.compose import options
from matting.config.fields import ANY, Key, Node
from matting.config.files import merged, of_stage, over, read

SIZE = re.compile(r"\$\{scale\.([\w.]+)\}")  # a value that is a key of the scale
SAME = re.compile(r"\$\{\.(\w+)\}")  # in a scale, a value that is another key of it


@cache
def sizes() -> Node:
    """Return the keys of all scales. A key that nothing interpolates as it is may hold anything."""
    found: dict[str, Key] = {}
    for name, this in uses():
        known = found.get(name)
        if known is None or known.null > this.null:  # of two uses the narrower one
            found[name] = this
    scales = [merged("scale", choice) for choice in options("scale")]
    for name, text in [item for scale in scales for item in scale.items() if isinstance(item[1], str)]:
        if same := SAME.fullmatch(text):
            found[name] = found[same[1]]
    return tree(reduce(over, scales), found)


def uses() -> Iterator[tuple[str, Key]]:
    """Yield each key of the scale that a file of conf/ interpolates, and the key there."""
    from matting.config.nodes import walk
    from matting.config.schema import ROOT

    configs = [of_stage(stage) for stage in options("stage")]
    groups = ("method", "data", "augment", "protocol")
    configs += [{group: merged(group, choice)} for group in groups for choice in options(group)]
    configs += [{key: value for key, value in read(verb).items() if key != "defaults"} for verb in ("common", "train")]
    for config in configs:
        for at, this, value, _ in walk(config, ROOT):
            for text in value if isinstance(value, list) else [value]:
                size = SIZE.fullmatch(text) if isinstance(text, str) else None
                if this is not None and size is not None:
                    entry = replace(this, single=True, listed=False, length=None) if isinstance(value, list) else this
                    yield size[1], replace(entry, doc=f"{at}: {this.doc}")


def tree(values: dict[str, Any], found: dict[str, Key], at: str = "") -> Node:
    """Return the keys of a scale, or of a node in it, with what each may hold."""
    keys = {name: found.get(at + name, replace(ANY, default=None)) for name in values}
    for name, value in values.items():
        if isinstance(value, dict) and any(known.startswith(f"{at}{name}.") for known in found):
            keys[name] = replace(ANY, default=None, node=tree(value, found, f"{at}{name}."))
    return Node(keys)
