"""Experiments: a file of `experiments/` composed to its grid, each job the runs that it asks for. No torch here."""

from collections.abc import Sequence
from typing import Any

import yaml
from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from matting.config.compose import config_dir, hydra_ready, options
from matting.errors import UserError


def experiment_names(arguments: Sequence[str]) -> list[str] | None:
    """The experiments that a command line names: `experiments=a,b` or `all`; None if it has no such word."""
    values = [word.partition("=")[2] for word in arguments if word.startswith("experiments=")]
    if not values or values[-1] in ("", "null"):
        return None
    return options("experiments") if values[-1] == "all" else values[-1].split(",")


def read_file(name: str) -> dict[str, Any]:
    """An experiment's file as it stands; raises UserError where there is none."""
    file = config_dir() / "experiments" / f"{name}.yaml"
    if not file.is_file():
        raise UserError(f"experiments={name}: no such experiment; one of {', '.join(options('experiments'))}")
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def check_command(verb: str, arguments: Sequence[str]) -> None:
    """Raise UserError for several experiments in one grid, and for one that is of the other verb."""
    names = experiment_names(arguments)
    if names is None:
        return
    if len(names) != 1:
        given = next(word for word in reversed(arguments) if word.startswith("experiments="))
        raise UserError(f"{given}: each has a grid of its own; `matting reproduce {given}` runs one after another")
    right = read_file(names[0])["verb"]
    if right != verb:
        raise UserError(
            f"experiments={names[0]}: its rows are of another verb; `matting {right} experiments={names[0]}`"
        )


def grid(name: str, verb: str, overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """The command lines of an experiment's rows: its grid, with the overrides on top as Hydra's sweeper takes them."""
    for_hydra = [word for word in overrides if word.lstrip("+~").startswith("hydra")]
    with hydra_ready():
        base = compose(verb, [f"experiments={name}", *for_hydra], return_hydra_config=True)
    words = [f"{key}={value}" for key, value in (base.hydra.sweeper.params or {}).items()]
    words += [word for word in overrides if word not in for_hydra]
    batches = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(words), None)
    return [(f"experiments={name}", *row) for batch in batches for row in batch]
