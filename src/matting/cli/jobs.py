"""Run one job of a verb: check its config, then call the verb's module."""

from types import ModuleType
from typing import Any

from omegaconf import DictConfig

from matting.commands import dashboard, evaluate, predict, report, reproduce, runs, train
from matting.config.validate import check
from matting.errors import NoSpace, disk_is_full

VERBS: dict[str, ModuleType] = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "reproduce": reproduce,
    "report": report,
    "dashboard": dashboard,
    "runs": runs,
}


def perform(verb: str, config: DictConfig) -> Any:
    """Check a config and run its verb. Raises UserError for bad input, JobError for what could not be finished."""
    try:
        check(config)
        return VERBS[verb].run(config)
    except OSError as error:
        if not disk_is_full(error):
            raise
        where = error.filename or config.paths.output_dir
        raise NoSpace(
            f"{where}: the disk is full; the files there are whole; free space and give the command again"
        ) from error
