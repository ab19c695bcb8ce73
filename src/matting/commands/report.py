"""matting report: write the page and the tables of a recipe or an experiment from its runs."""

import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from matting.config.quoting import command_text
from matting.errors import UserError
from matting.experiments.experiment import Experiment, experiment
from matting.experiments.recipe import recipe_runs
from matting.experiments.snapshot import recipe_snapshot
from matting.reports.write import write_experiment, write_recipe
from matting.utils.console import say


def run(config: DictConfig) -> None:
    """Write the report of a recipe; run nothing.

    Raise UserError that names the runs that are not done and the command that makes them.
    """
    recipe = recipe_snapshot(recipe_runs(config))
    missing = [step for step in recipe.steps if step.result() is None]
    if missing:
        command = command_text(["matting", "reproduce", *sys.argv[2:]])
        names = ", ".join(f"{step} ({step.state()})" for step in missing)
        raise UserError(f"recipe={recipe.name}: not done: {names}; `{command}` makes them")
    say(str(write_recipe(recipe)))


def run_experiments(names: Sequence[str], overrides: Sequence[str]) -> None:
    """Write the report of each experiment that `experiments=` names; run nothing, tell what is missing or failed.

    Raise UserError where no run of any of them is done.
    """
    found = [experiment(name, overrides) for name in names]
    done = [one for one in found if is_begun(one)]
    if not done:
        command = command_text(["matting", "reproduce", *sys.argv[2:]])
        runs = sum(len(one.states) for one in found)
        raise UserError(f"experiments={','.join(names)}: none of {runs} runs is done; `{command}` makes them")
    for one in found:
        if one in done:
            write_experiment(one)
        else:
            say(f"{one.name}: no report, none of its {len(one.states)} runs is done")


def is_begun(found: Experiment) -> bool:
    """Return whether a run of an experiment's rows is done."""
    return any(job.evaluation.result() is not None for row in found.rows for job in row.jobs)
