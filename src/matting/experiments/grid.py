"""Files of `experiments/`, and the command lines of the rows of their grids."""

from collections.abc import Sequence
from typing import Any

import yaml

from matting.config import hydra_internals
from matting.config.compose import composed, config_dir, hydra_ready, options, parsed
from matting.config.quoting import for_hydra
from matting.errors import UserError


def experiment_names(names: Sequence[str]) -> list[str]:
    """Return the experiments that `experiments=` names on a command line; ("all",) stands for all of them."""
    return options("experiments") if list(names) == ["all"] else list(names)


def read_file(name: str) -> dict[str, Any]:
    """Read the file of an experiment; raises UserError where there is none."""
    file = config_dir() / "experiments" / f"{name}.yaml"
    if not file.is_file():
        raise UserError(f"experiments={name}: no such experiment; one of {', '.join(options('experiments'))}")
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def check_experiment(verb: str, names: Sequence[str]) -> None:
    """Raise UserError for several experiments in one grid, and for an experiment of another verb."""
    if len(names) != 1 or names[0] == "all":
        given = f"experiments={','.join(names)}"
        raise UserError(
            f"{given}: expected one experiment, because each has a separate grid; `matting reproduce {given}` runs "
            "them one after another"
        )
    right = read_file(names[0])["verb"]
    if right != verb:
        command = f"matting {right} experiments={names[0]}"
        raise UserError(f"experiments={names[0]}: its rows are of another verb; `{command}`")


def grid(name: str, verb: str, overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the command line of each row: the experiment's grid, with the overrides on top as in Hydra's sweeper."""
    chosen = (f"experiments={name}", *(word for word in overrides if parsed(word).is_hydra_override()))
    with hydra_ready():
        params = composed(verb, *chosen).hydra.sweeper.params or {}
    words = [for_hydra(f"{key}={value}", grid=True) for key, value in params.items()]
    words += [word for word in overrides if word not in chosen]
    return [(f"experiments={name}", *row) for row in hydra_internals.rows_of([parsed(word) for word in words])]
