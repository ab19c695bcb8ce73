"""Walk the nodes of a config beside the dataclasses of their keys."""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from matting.config.fields import ANY, MISSING, OF_THE_STAGE, SIZES, TARGET, Key, Node, node_of

OPEN = Node({}, open=True)  # it has no dataclass, such as the arguments of a library's class
BUILT = Node({TARGET: Key("the class that is built", type=str)}, open=True)
ABSENT = object()


class Leaf(NamedTuple):
    """A key of a config and its value. value: ABSENT where it has to be given.

    key: None where nothing reads it. beside: the keys of its node.
    """

    at: str
    key: Key | None
    value: Any
    beside: Node


@cache
def beside(target: str) -> type | None:
    """Return the dataclass beside a class of this package: `a.b.Net` has `a.b_config.NetConfig`. None without one."""
    module, _, name = target.rpartition(".")
    if not module.startswith("matting."):
        return None
    try:
        return getattr(importlib.import_module(f"{module}_config"), f"{name}Config", None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}_config.".startswith(f"{error.name}."):
            raise
        return None


def built(value: Mapping[str, Any]) -> Node:
    """Return the keys of a node that names a class."""
    found = beside(str(value.get(TARGET)))
    return BUILT if found is None else Node({**BUILT.keys, **node_of(found).keys})


def term_target(terms: str, name: str) -> str:
    """Return the class of a loss term, by the package of the terms and its name in the config."""
    return f"{terms}.{name}.{name.title().replace('_', '')}"


@cache
def term(terms: str, name: str) -> Node | None:
    """Return the keys of a loss term; None where there is no such term."""
    if importlib.util.find_spec(f"{terms}.{name}") is None:
        return None
    found = beside(term_target(terms, name)) or beside(f"{terms}.base.Term")
    return None if found is None else node_of(found)


def walk(data: Mapping[str, Any], node: Node, root: Mapping[str, Any] | None = None, at: str = "") -> Iterator[Leaf]:
    """Yield each key of a node and of the nodes in it, and each key that it has to have and lacks."""
    root = data if root is None else root
    for name, value in data.items():
        this = node.keys.get(name)
        if this is None:
            yield from further(name, value, node, root, at)
        elif this.many and isinstance(value, dict):
            for entry, inner in value.items():
                yield from below(inner, this.entry, root, f"{at}{name}.{entry}", node)
        else:
            yield from below(value, this, root, f"{at}{name}", node)
    for name, this in node.keys.items():
        if name not in data and this.default is MISSING:
            yield Leaf(at + name, this, ABSENT, node)


def below(value: Any, this: Key, root: Mapping[str, Any], at: str, beside: Node) -> Iterator[Leaf]:
    """Yield a key that has a value, or the keys of its node."""
    if this.node is None or not isinstance(value, dict):
        yield Leaf(at, this, value, beside)
    else:
        yield from walk(value, keys_in(this.node, value, root, at), root, f"{at}.")


def further(name: str, value: Any, node: Node, root: Mapping[str, Any], at: str) -> Iterator[Leaf]:
    """Yield what is not among the keys of its node: a loss term, or anything in an open node."""
    found: Node | None = None
    if isinstance(value, dict):
        found = term(node.terms, name) if node.terms else built(value) if TARGET in value else OPEN
    if found is not None and (node.terms or node.open):
        yield from walk(value, found, root, f"{at}{name}.")
    else:
        yield Leaf(at + name, ANY if node.open else None, value, node)


def keys_in(kind: Any, value: Mapping[str, Any], root: Mapping[str, Any], at: str) -> Node:
    """Return the keys of a node by what its own key says of it."""
    if kind == TARGET:
        return built(value)
    if kind == SIZES:
        from matting.config.sizes import sizes  # which walks the files of conf/

        return sizes()
    if kind == OF_THE_STAGE:
        stage = root.get("stage")
        found = beside(str(stage.get(TARGET))) if isinstance(stage, dict) else None
        return OPEN if found is None else node_of(getattr(found, at))
    return kind if isinstance(kind, Node) else node_of(kind)
