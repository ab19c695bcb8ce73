"""One job of a verb: its config checked, then run by the module that answers it. No torch here."""

import importlib
from types import ModuleType
from typing import Any

from omegaconf import DictConfig

from matting.config.validate import check
from matting.errors import NoSpace, disk_is_full

MOVED = {"runs": "runs.listing"} | {verb: f"commands.{verb}" for verb in ("train", "evaluate", "report", "reproduce")}


def perform(verb: str, config: DictConfig) -> Any:
    """Check a config and run its verb. Raises UserError for bad input, JobError for what could not be finished."""
    try:
        check(config)
        return module_of(verb, config).run(config)
    except OSError as error:
        if not disk_is_full(error):
            raise
        where = error.filename or config.paths.output_dir
        raise NoSpace(f"{where}: the disk is full; what was written is whole: free space, give it again") from error


def module_of(verb: str, config: DictConfig) -> ModuleType:
    """`matting.<verb>`; runs are listed, and a training that is a row of an experiment is measured, too."""
    row = verb == "train" and config.evaluate_as is not None
    name = "trained_row" if row else MOVED.get(verb, verb)
    return importlib.import_module(f"matting.{name}")
