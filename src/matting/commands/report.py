"""matting report: a recipe's or an experiment's table and pictures from its runs, as an HTML page and tables."""

import shlex
import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from matting.errors import UserError
from matting.experiments.experiment import experiment
from matting.experiments.grid import experiment_names
from matting.experiments.recipe import recipe_runs
from matting.reports.write import write, write_experiment
from matting.utils.console import say


def run(config: DictConfig) -> None:
    """The verb. Runs nothing; raises UserError that names the runs that are missing and the command that makes them."""
    recipe = recipe_runs(config)
    missing = [step for step in recipe.steps if step.result() is None]
    if missing:
        command = shlex.join(["matting", "reproduce", *sys.argv[1:]])
        names = ", ".join(f"{step} ({step.state()})" for step in missing)
        raise UserError(f"recipe={recipe.name}: not done: {names}; `{command}` makes them")
    say(str(write(recipe)))


def run_experiments(arguments: Sequence[str]) -> None:
    """The verb with `experiments=<name>`: runs nothing; what is missing or failed is said in its place."""
    names = experiment_names(arguments) or []
    for name in names:
        write_experiment(experiment(name, [word for word in arguments if not word.startswith("experiments=")]))
