"""Callbacks that prepare a rank, end a training and count damaged files."""

import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from torch import distributed

from matting.runs import log
from matting.utils.console import say
from matting.utils.process import settle


class Settled(Callback):
    """Prepare a rank: process settings, compiled networks and, in a spawned rank, the log.

    Spawned ranks inherit none of them from the process that starts them.
    """

    def __init__(self, threads: int | None, compiled: bool, log_file: Path):
        self.threads, self.compiled, self.log_file = threads, compiled, log_file

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        settle(self.threads)
        if multiprocessing.parent_process() is not None and trainer.is_global_zero:
            log.keep(self.log_file)
        if self.compiled:
            for network in pl_module.trained.values():
                network.compile()


class Limit(Callback):
    """Stop after `total` batches; Lightning then validates once more, so that the last weights are measured, too."""

    def __init__(self, total: int):
        self.total = total

    def on_train_batch_end(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        if stage.batches >= self.total:
            trainer.should_stop = True


class Skipped(Callback):
    """Warn once of each damaged file that training or validation skips, and collect them in the stage."""

    def on_train_batch_end(self, trainer: Trainer, stage: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self.count(trainer, stage, batch["skipped"])

    def on_validation_batch_end(self, *arguments: Any) -> None:
        self.on_train_batch_end(*arguments)

    def on_save_checkpoint(self, trainer: Trainer, stage: Any, checkpoint: dict[str, Any]) -> None:
        """Collect the files of all ranks: the manifest names those that the first rank knows."""
        if trainer.world_size > 1:
            found: list[set[str]] = [set()] * trainer.world_size
            distributed.all_gather_object(found, stage.skipped)
            self.count(trainer, stage, sorted(set().union(*found)))

    def count(self, trainer: Trainer, stage: Any, files: Sequence[str]) -> None:
        for file in files:
            if file not in stage.skipped:
                stage.skipped.add(file)
                if trainer.is_global_zero:
                    say(f"warning: skipped {file}")
