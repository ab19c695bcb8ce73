"""The words of a command line, checked before Hydra reads them. No torch here."""

import argparse
import re
from collections.abc import Sequence

from hydra import compose
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep
from omegaconf import OmegaConf

from matting.cli import help, sweeps
from matting.config.compose import config_dir, hydra_ready, options
from matting.config.messages import no_choice
from matting.config.rules import shown
from matting.errors import UserError
from matting.utils.home_paths import expand_home

CFG = ("-c", "--cfg")
PRINTING = (*CFG, "-i", "--info")
OF_CFG = ("-p", "--package", "--resolve")
OPTIONS = (*sweeps.GRID, *help.HELP, *PRINTING, *OF_CFG)
NO_EXPERIMENT = ("experiments=", "experiments=null")


def is_option(argument: str) -> bool:
    return argument.startswith("-")


def is_override(argument: str) -> bool:
    return argument.startswith("~") or ("=" in argument and not is_option(argument))


def checked(arguments: Sequence[str]) -> list[str]:
    """The words that say something; raises UserError for an option or a choice that there is not."""
    if nameless := [argument for argument in arguments if argument.startswith("=")]:
        raise UserError(f"{nameless[0]}: no key before the =; arguments are key=value")
    named = {argument.split("=")[0]: argument for argument in arguments if is_option(argument)}
    for name, argument in named.items():
        if name not in OPTIONS:
            raise UserError(f"{argument}: no such option; arguments are key=value, options are {' '.join(OPTIONS)}")
    printing = next((named[name] for name in PRINTING if name in named), None)
    if printing and {*sweeps.GRID} & {*named}:
        raise UserError(f"{printing}: not of a grid; leave out -m and give one value a key, or plan=true in its place")
    if not {*CFG} & {*named} and (alone := next((named[name] for name in OF_CFG if name in named), None)):
        raise UserError(f"{alone}: of the config that is printed; goes with --cfg job")
    words = [argument for argument in arguments if argument not in NO_EXPERIMENT]
    parsed(words)
    for word in filter(is_override, words):
        check_choice(word)
    return words


def in_order(arguments: Sequence[str]) -> list[str]:
    """As Hydra's parser wants them, all overrides in one piece: `seed=0 -m scale=quick` as `-m seed=0 scale=quick`."""
    return sorted(arguments, key=is_override)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """As Hydra's parser has them; raises UserError where it would print its usage."""
    parser = get_args_parser()
    parser.exit_on_error = False
    try:
        return parser.parse_args(in_order(arguments))
    except argparse.ArgumentError as error:
        raise UserError(str(error)) from None


def check_choice(word: str) -> None:
    """Raise UserError for a choice of a group that is no text, which Hydra does not name: `loss=null`, `loss=3`."""
    group, text = re.split("[@=]", word.lstrip("+"))[0], word.partition("=")[2]
    if not re.fullmatch(r"\w[\w/]*", group) or not (config_dir() / group).is_dir() or text in options(group):
        return
    (override,) = OverridesParser.create().parse_overrides([word])
    value = override.value()
    for choice in value.list if isinstance(value, ChoiceSweep) else [value]:
        if choice in (None, "") or isinstance(choice, (int, float, dict)):
            raise UserError(no_choice(group, shown(choice)))


def check_package(verb: str, arguments: Sequence[str]) -> None:
    """Raise UserError where `--package` names no node of the config that `--cfg` prints."""
    given = parsed(arguments)
    if given.package in (None, "_global_"):
        return
    with hydra_ready():
        config = compose(verb, given.overrides, return_hydra_config=given.cfg != "job")
    if OmegaConf.select(config, given.package) is None:
        raise UserError(
            f"--package {given.package}: not in the config; `matting {verb} --cfg {given.cfg}` prints all of it"
        )


# Keys whose values are file names, run folders, digests, parts of names or colours, not Hydra's grammar.
FREE_TEXT = (
    *(
        "input",
        "output",
        "background",
        "trimap",
        "method.segmentation",
        "method.alpha",
        "method.alphanet",
        "method.matting",
    ),
    *("stage.coarse", "stage.segmentation", "stage.matting"),
    *("paths.data_root", "paths.output_dir", "paths.cache_dir"),
    *("state", "kind", "match"),
)


IN_HOME = re.compile(r"""(?<![^,])(["']?)(~(?:/[^,"']*)?)\1(?=,|$)""")  # a value of a grid, quoted or not


def literal(arguments: list[str]) -> list[str]:
    """Free text quoted, so that Hydra takes `input=me (1).jpg` as it is, and `~/` as the home.

    In a grid `a,b` stays a list, of which only what begins with `~/` is quoted.
    """
    grid = {"-m", "--multirun"} & {*arguments}
    words = []
    for argument in arguments:
        key, _, value = argument.partition("=")
        if value and key in FREE_TEXT:
            if grid or value[0] in "'\"" or value == "null":
                argument = f"{key}={IN_HOME.sub(lambda found: quoted(found[2]), value)}"
            else:
                argument = f"{key}={quoted(value)}"
        words.append(argument)
    return words


def quoted(text: str) -> str:
    return '"' + re.sub(r"(\\+)$", r"\1\1", re.sub(r'(\\*)"', r'\1\1\\"', expand_home(text))) + '"'
