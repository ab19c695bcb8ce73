"""Run one job of a verb: check its config, then call the verb's module."""

from importlib import import_module
from typing import Any

from omegaconf import DictConfig

from matting.config.validate import check
from matting.errors import NoSpace, disk_is_full


def perform(verb: str, config: DictConfig) -> Any:
    """Check a config and run its verb. Raises UserError for bad input, JobError for what could not be finished."""
    try:
        check(config)
        return import_module(f"matting.commands.{verb}").run(config)  # each verb imports what it alone needs
    except OSError as error:
        if not disk_is_full(error):
            raise
        where = error.filename or config.paths.output_dir
        raise NoSpace(
            f"{where}: the disk is full; the files there are whole; free space and give the command again"
        ) from error
