"""The keys of a node, as fields of a dataclass: type, range, choices, unit, and why the key is there.

A dataclass stands beside the class that its node builds: `nets/pomagan_config.py` beside `nets/pomagan.py`. It imports
no torch. Checks, help, quoting and the identity of a run read these fields.
"""

import dataclasses
import math
import pkgutil
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

from omegaconf import MISSING

TARGET = "_target_"  # the node builds a class, whose dataclass has the keys
OF_THE_STAGE = "stage"  # the dataclass of the stage says what the node has
SIZES = "scale"  # the keys are those that the files of conf/ interpolate
UNSET = "<unset>"
NO_FILE = ("imagenet", "none")  # what may stand for a file of weights
WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}

Class = TypeVar("Class")


def typed(cls: type[Class]) -> type[Class]:
    """Make a class a dataclass of keys. It is a type only; no instance is made."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # without one, dataclass takes longer to write one than for the rest
    return dataclass(init=False, repr=False, eq=False, match_args=False)(cls)


@dataclass(frozen=True)
class Key:
    """What a key may hold.

    low, high: limits of a number, or of each number of a list; below: the upper limit is excluded. choices: the only
    values, of each entry of a list. also: words that may stand there instead. length, rising, empty: of a list.
    kind: value | text (free text on the command line) | run (a run's folder, digest or checkpoint) | folder (below
    `paths.data_root`) | file (its content counts in the digest). added: the value of all runs before the key was added;
    with it the key is no part of the digest. node: a dataclass, TARGET, OF_THE_STAGE or SIZES, for a node. many: nodes
    or values by name. optional: null leaves one of many out. result: False for what changes no result.
    """

    doc: str
    low: float = -math.inf
    high: float = math.inf
    below: bool = False
    choices: tuple[Any, ...] = ()  # or the dotted name of what has them
    also: tuple[Any, ...] = ()
    length: int | None = None
    rising: bool = False
    empty: bool = False
    unit: str = ""
    kind: str = "value"
    added: Any = UNSET
    node: Any = None
    many: bool = False
    optional: bool = False
    result: bool = True
    default: Any = MISSING
    type: Any = Any  # of the value, or of each entry of a list
    null: bool = False
    single: bool = True
    listed: bool = False
    entries: Any = Any  # type of the values of a dict

    @cached_property
    def entry(self) -> "Key":
        """The key of one of many."""
        return dataclasses.replace(self, many=False, null=self.optional, default=None, type=self.entries)

    def expected(self, value: Any) -> str | None:
        """Return what was expected in place of a value; None for a value that is right."""
        if value is None or is_one(value, self.also):
            return None if value is not None or self.null else self.words
        many = isinstance(value, list)
        entries = value if many else [value]
        if not (self.listed if many else self.single) or not all(map(self.fits, entries)):
            return self.words
        if many and (not (entries or self.empty) or self.length not in (None, len(entries))):
            return self.words
        return "the smaller one first" if many and self.rising and entries[0] > entries[1] else None

    def fits(self, entry: Any) -> bool:
        """Return whether a value, or one of a list, has the type and lies in the range; an int is also a float."""
        if self.choices:
            return is_one(entry, self.choices)
        if self.type in (int, float):
            inside = type(entry) in (int, self.type) and self.low <= entry <= self.high and math.isfinite(entry)
            return inside and not (self.below and entry == self.high)
        return self.node is None and (self.type is Any or isinstance(entry, self.type))

    @property
    def words(self) -> str:
        """The words for what may stand here."""
        null = ["null"] * self.null
        if self.many or self.node is not None:
            return " or ".join(["nodes by name" if self.many else "a node", *null])
        if self.choices:
            given = ", ".join([*map(shown, (*self.choices, *self.also)), *null])
            return f"a list of {given}" if self.listed else f"one of {given}"
        alone = " ".join(filter(None, (WORDS.get(self.type, "a value"), self.limits)))
        words = " or ".join([alone, *map(shown, self.also), *null])
        if not self.listed:
            return words
        listed = f"a list of {self.length}" if self.length else "a list"
        return f"{words}, or {listed}" if self.single else f"{listed}, each {words}"

    @property
    def limits(self) -> str:
        """The range of a number in words."""
        if math.isinf(self.low):
            return ""
        if self.below:
            return f"of at least {self.low} and below {self.high}"
        return f"of at least {self.low}" if math.isinf(self.high) else f"from {self.low} to {self.high}"


ANY = Key("", null=True, listed=True)


@dataclass(frozen=True)
class Node:
    """The keys of a node. open: it may have others. terms: the package of further loss terms, each a node by name."""

    keys: dict[str, Key]
    open: bool = False
    terms: str = ""


def key(doc: str, default: Any = MISSING, **limits: Any) -> Any:
    """Return a field of a dataclass of keys; limits: see `Key`. Without a default the config has to give a value."""
    made = {"default_factory": dict} if default == {} else {"default": default}
    return field(**made, metadata={"key": {"doc": doc, **limits}})


@cache
def node_of(cls: type) -> Node:
    """Return the keys of a dataclass, those of its bases first."""
    return Node(
        {one.name: key_of(one) for one in dataclasses.fields(cls)},
        getattr(cls, "open", False),
        getattr(cls, "terms", ""),
    )


def key_of(one: dataclasses.Field[Any]) -> Key:
    """Return the key of a field, with the type and the default that the field itself has."""
    kinds = get_args(one.type) if get_origin(one.type) is UnionType else (one.type,)
    lists = [get_args(kind)[0] for kind in kinds if get_origin(kind) is list]
    single = [kind for kind in kinds if kind is not NoneType and get_origin(kind) is not list]
    default = {} if one.default is dataclasses.MISSING else one.default
    given = {"doc": "", "null": NoneType in kinds, **one.metadata.get("key", {})}
    if dataclasses.is_dataclass(one.type):
        given["node"] = one.type
    if isinstance(given.get("choices"), str):
        given["choices"] = tuple(pkgutil.resolve_name(given["choices"]))
    kind = (single or lists)[0]
    return Key(
        **given,
        default=default,
        type=get_origin(kind) or kind,
        entries=get_args(kind)[1] if get_origin(kind) is dict else Any,
        single=bool(single),
        listed=bool(lists),
    )


def is_one(value: Any, choices: tuple[Any, ...]) -> bool:
    """Return whether a value is a choice, of the same type: with 0 for false a run would have two digests."""
    return any(type(value) is type(choice) and value == choice for choice in choices)


def shown(value: Any) -> str:
    """Return a value as it is written on a command line."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def listed(keys: list[str]) -> str:
    """Return up to two keys, and the number of the rest."""
    return " and ".join(keys) if len(keys) < 3 else f"{keys[0]}, {keys[1]} and {len(keys) - 2} more"
