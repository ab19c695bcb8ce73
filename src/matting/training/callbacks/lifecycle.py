"""What happens around the batches of a training: checkpoints, progress, Ctrl-C."""

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
    """What a rank that Lightning starts has not got from the process above: settings, the log, compiled networks."""

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
    """Stops after `total` batches; Lightning then validates once more, so that the last weights are measured too."""

    def __init__(self, total: int):
        self.total = total

    def on_train_batch_end(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        if stage.batches >= self.total:
            trainer.should_stop = True


class Skipped(Callback):
    """Warns once of each damaged file that training or validation passes over, and keeps count in the stage."""

    def on_train_batch_end(self, trainer: Trainer, stage: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self.count(trainer, stage, batch["skipped"])

    def on_validation_batch_end(self, *arguments: Any) -> None:
        self.on_train_batch_end(*arguments)

    def on_save_checkpoint(self, trainer: Trainer, stage: Any, checkpoint: dict[str, Any]) -> None:
        """Those of the other ranks too: the manifest names what the first has counted."""
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
