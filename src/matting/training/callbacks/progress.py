"""Show the progress of a training."""

import sys
import time
from typing import Any

from lightning.pytorch import Callback, Trainer

from matting.training.callbacks.throughput import Throughput
from matting.utils.console import LINE_SECONDS, say


class Progress(Callback):
    """Show a bar on a terminal, and a line every ten seconds elsewhere."""

    def __init__(self, title: str, total: int, speed: Throughput):
        self.title, self.total, self.speed = title, total, speed
        self.bar: Any = None

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        self.first: int = stage.batches
        self.start = self.last = time.monotonic()
        if sys.stdout.isatty() and trainer.is_global_zero:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
                TextColumn("{task.fields[speed]}"),
            )
            self.bar = Progress(*columns, transient=True)
            self.task = self.bar.add_task(self.title, total=self.total, completed=self.first, speed="")
            self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        batches: int = stage.batches
        if self.bar is not None:
            self.bar.update(self.task, completed=batches, speed=self.speed.line)
        elif trainer.is_global_zero and time.monotonic() - self.last > LINE_SECONDS:
            self.last = time.monotonic()
            left = (self.last - self.start) / (batches - self.first) * (self.total - batches)
            say(f"{self.title}: batch {batches} of {self.total}, about {left:.0f} s left")

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        if trainer.state.fn == "fit" and trainer.is_global_zero:
            values = {key.split("/")[-1]: value for key, value in stage.validated.items()}
            say(
                f"{self.title}: batch {stage.batches}, validation MSE {1e3 * values['mse']:.1f}e-3, "
                f"MAE {1e3 * values['mae']:.1f}e-3"
            )

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
