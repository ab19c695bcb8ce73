"""matting dashboard: show an experiment in Weights & Biases, as a workspace and a report."""

import contextlib
import json
import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from matting.config.compose import compose_config
from matting.errors import UserError
from matting.experiments.comparison import compare
from matting.experiments.experiment import experiment, key_of
from matting.experiments.snapshot import experiment_snapshot
from matting.tracking.wandb_session import has_key
from matting.utils.console import say

OWN = ("dry_run", "logger")  # keys of this verb; all others belong to the experiment's command line


def run(config: DictConfig) -> None:
    """Raise the UserError of a command line that names no experiment."""
    run_experiments((), ())


def run_experiments(names: Sequence[str], overrides: Sequence[str]) -> None:
    """Save a workspace and a report for each experiment and print their addresses; run nothing.

    `dry_run=true` prints both as JSON instead, which needs neither network nor account. All other words are overrides
    of the experiment, grids among them. Raise UserError without `experiments=`, the extra `dashboards` or an API key.
    """
    if not names:
        raise UserError(
            "experiments: no value; give experiments=<name>, such as experiments=pomagan/table1, or experiments=all"
        )
    own = [word for word in overrides if key_of(word).split(".")[0] in OWN]
    words = [word for word in overrides if word not in own]
    config = compose_config("dashboard", own)
    node = config.logger.get("wandb")
    if node is None:
        raise UserError("logger: a dashboard needs logger=wandb; leave out logger= or set it to wandb")
    try:
        from matting.reports import wandb_dashboard
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("wandb_workspaces"):
            raise
        raise UserError(
            "wandb-workspaces: not installed, dashboards need it; run `pip install 'matting[dashboards]'`"
        ) from None
    if not config.dry_run and not has_key():
        raise UserError(
            "WANDB_API_KEY: no API key; set it or run `wandb login`, or print the dashboard with dry_run=true"
        )
    made = {}
    for name in names:
        with contextlib.redirect_stdout(sys.stderr):  # progress goes to stderr: stdout is JSON
            found = experiment_snapshot(experiment(name, words))
        made[name] = wandb_dashboard.Dashboard(found, compare(found), node.project, node.entity or "")
    if config.dry_run:
        say(json.dumps({name: one.plain() for name, one in made.items()}, indent=1))
        return
    for one in made.values():
        for address in one.save():
            say(address)
