"""matting dashboard: an experiment as a workspace and a report in Weights & Biases."""

import contextlib
import json
import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from matting.config.compose import compose_config
from matting.errors import UserError
from matting.experiments.comparison import compare
from matting.experiments.experiment import experiment, key_of
from matting.experiments.grid import experiment_names
from matting.tracking.wandb_session import has_key
from matting.utils.console import say

OWN = ("dry_run", "logger")  # keys of this verb; the others are words of the experiment's command line


def run(config: DictConfig) -> None:
    """The verb where no experiment is named."""
    run_experiments(())


def run_experiments(arguments: Sequence[str]) -> None:
    """The verb: trains nothing. Raises UserError without `experiments=`, without the extra, and without a key to send.

    `dry_run=true` prints both as JSON, without network and account. The other words are those of the experiment's own
    command line, grids too.
    """
    names = experiment_names(arguments)
    if not names:
        raise UserError("experiments: no value; give experiments=<name>, e.g. experiments=pomagan/table3_terms, or all")
    own = [word for word in arguments if key_of(word).split(".")[0] in OWN]
    words = [word for word in arguments if word not in own and key_of(word) != "experiments"]
    config = compose_config("dashboard", own)
    node = config.logger.get("wandb")
    if node is None:
        raise UserError("logger: a dashboard is of W&B; leave out logger=, or give logger=wandb")
    try:
        from matting.reports import wandb_dashboard
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("wandb_workspaces"):
            raise
        raise UserError(
            "wandb-workspaces is not installed, which writes dashboards; `pip install 'matting[dashboards]'`"
        ) from None
    if not config.dry_run and not has_key():
        raise UserError("no key to send with; `wandb login` or WANDB_API_KEY gives one, dry_run=true prints it instead")
    made = {}
    for name in names:
        with contextlib.redirect_stdout(sys.stderr):  # how far it is; what is printed is JSON
            found = experiment(name, words)
        made[name] = wandb_dashboard.Dashboard(found, compare(found), node.project, node.entity or "")
    if config.dry_run:
        say(json.dumps({name: one.plain() for name, one in made.items()}, indent=1))
        return
    for one in made.values():
        for address in one.save():
            say(address)
