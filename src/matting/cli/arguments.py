"""The command line, parsed once: its options, and its overrides as typed and as Hydra takes them."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from hydra.core.override_parser.types import ChoiceSweep

from matting.config.compose import options, parsed
from matting.config.fields import shown
from matting.config.messages import no_choice
from matting.config.quoting import for_hydra, quoted
from matting.errors import UserError

GRID = "hydra.mode=MULTIRUN"  # the override that says the same as -m
TOPICS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")  # of --info, as Hydra has them


@dataclass(frozen=True)
class CommandLine:
    """One command line after its verb.

    typed: all of its words. overrides: those that Hydra composes, free text quoted, without `experiments=null`.
    experiments: the names after `experiments=`, ("all",) for all; empty without that word.
    topics: the nodes whose keys `--help` prints; empty for all.
    """

    verb: str
    typed: tuple[str, ...]
    overrides: tuple[str, ...]
    experiments: tuple[str, ...]
    multirun: bool
    help: bool
    cfg: str | None
    info: str | None
    package: str | None
    resolve: bool
    topics: tuple[str, ...] = ()

    @property
    def is_grid(self) -> bool:
        """Whether it asks for several jobs: by -m, by `hydra.mode=MULTIRUN`, or by the grid of an experiment."""
        return self.multirun or bool(self.experiments) or GRID in self.overrides

    @property
    def other_overrides(self) -> list[str]:
        """The overrides beside `experiments=`."""
        return [word for word in self.overrides if not names_experiments(word)]

    @property
    def printing(self) -> str | None:
        """The option that prints a config and runs nothing."""
        return "--cfg" if self.cfg else "--info" if self.info else None


class Parser(argparse.ArgumentParser):
    """A parser that raises UserError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message)


def parser() -> Parser:
    """Return the parser of the options that every verb takes: those of Hydra that make sense here."""
    made = Parser(add_help=False, allow_abbrev=False)
    made.add_argument("-h", "--help", action="store_true")
    made.add_argument("-m", "--multirun", action="store_true")
    made.add_argument("-c", "--cfg", choices=["job", "hydra", "all"])
    made.add_argument("-i", "--info", nargs="?", const="all", choices=TOPICS)
    made.add_argument("-p", "--package")
    made.add_argument("--resolve", action="store_true")
    made.add_argument("words", nargs="*")
    return made


def parse(verb: str, arguments: Sequence[str]) -> CommandLine:
    """Parse the words after a verb.

    Raises UserError for an unknown option, for options that exclude each other, and for a choice that is no text;
    raises Hydra's OverrideParseException for a word that is no override.
    """
    if nameless := next((word for word in arguments if word.startswith("=")), None):
        raise UserError(f"{nameless}: no key before the =; arguments are key=value")
    given, unknown = parser().parse_known_intermixed_args(list(arguments))
    unknown += [word for word in arguments if word == "--"]  # argparse drops it without a word
    if unknown:
        names = "-h --help, -m --multirun, -c --cfg, -i --info, -p --package, --resolve"
        raise UserError(f"{unknown[0]}: no such option; arguments are key=value, options are {names}")
    words = [word for word in given.words if word not in ("experiments=", "experiments=null")]
    topics = [word for word in words if given.help and "=" not in word and word[0] not in "~+"]
    words = [word for word in words if word not in topics]
    words = with_action(words) if verb == "runs" else words
    overrides = tuple(for_hydra(word, grid=given.multirun or GRID in words) for word in words)
    names = next((word.partition("=")[2] for word in reversed(words) if names_experiments(word)), "")
    line = CommandLine(
        verb,
        tuple(arguments),
        overrides,
        tuple(names.split(",")) if names else (),
        *(given.multirun, given.help, given.cfg, given.info, given.package, given.resolve),
        topics=tuple(topics),
    )
    check_options(line)
    for word in overrides:
        check_choice(word)
    return line


def with_action(words: Sequence[str]) -> list[str]:
    """Return the words of the verb runs with `show ID` as the keys that it stands for, `action` and `ids`."""
    bare = [word for word in words if "=" not in word and not re.match(r"~[^/]", word)]
    if not bare:
        return list(words)
    ids = ",".join(map(quoted, bare[1:]))  # a digest such as 123e45678901 would be a number
    return [f"action={quoted(bare[0])}", f"ids=[{ids}]", *(word for word in words if word not in bare)]


def names_experiments(word: str) -> bool:
    """Return whether a word is `experiments=...`."""
    return word.startswith("experiments=")


def check_options(line: CommandLine) -> None:
    """Raise UserError for options that exclude each other or miss their partner."""
    if line.printing and line.multirun:
        raise UserError(f"{line.printing}: not of a grid; leave out -m and give each key one value, or use plan=true")
    alone = "--package" if line.package is not None else "--resolve" if line.resolve else None
    if alone and line.cfg is None:
        raise UserError(f"{alone}: is about the config that is printed; it goes with --cfg job")


def check_choice(word: str) -> None:
    """Raise UserError for a choice that is no text: of `loss=null` or `loss=3` Hydra does not name the group."""
    override = parsed(word)
    group = override.key_or_group
    if override.is_delete() or not options(group):
        return
    value = override.value()
    for choice in value.list if isinstance(value, ChoiceSweep) else [value]:
        if choice in (None, "") or isinstance(choice, (int, float, dict)):
            raise UserError(no_choice(group, shown(choice)))
