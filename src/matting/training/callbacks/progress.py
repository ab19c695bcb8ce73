"""Show the progress of a training."""

import sys
import time
from typing import Any

from lightning.pytorch import Callback, Trainer

from matting.runs.figures import figure_text
from matting.training.callbacks.throughput import Throughput
from matting.utils.console import LINE_SECONDS, say

SHOWN = ("val/whole/mse", "val/whole/mae")  # of a validation
# Widths of a terminal that has room for the images a second, too, and for all that is known of the speed.
WIDE, WIDEST = 96, 180
OTHERS = 47  # characters that the bar, n/N, the time left and the loss need together


class Progress(Callback):
    """Show a bar on a terminal, and a line every ten seconds elsewhere: the batches, the time left, the loss."""

    def __init__(self, title: str, total: int, speed: Throughput):
        self.title, self.total, self.speed = title, total, speed
        self.bar: Any = None

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        self.first: int = stage.batches
        self.start = self.last = time.monotonic()
        if sys.stdout.isatty() and trainer.is_global_zero:
            self.bar = make_bar()
            self.task = self.bar.add_task(self.title, total=self.total, completed=self.first, loss="", speed="")
            self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        batches: int = stage.batches
        loss = "" if stage.loss is None else f"loss {figure_text(stage.loss)}"
        if self.bar is not None:
            self.bar.update(self.task, completed=batches, loss=loss, speed=self.speed_text(self.bar.console.width))
        elif trainer.is_global_zero and time.monotonic() - self.last > LINE_SECONDS:
            self.last = time.monotonic()
            left = (self.last - self.start) / (batches - self.first) * (self.total - batches)
            words = [f"{self.title}: batch {batches} of {self.total}", loss, f"about {left:.0f} s left"]
            say(", ".join(filter(None, words)))

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        if trainer.state.fn == "fit" and trainer.is_global_zero:
            values = [f"{key} {figure_text(value)}" for key, value in stage.validated.items() if key in SHOWN]
            say(", ".join([f"{self.title}: batch {stage.batches}", *values]))

    def speed_text(self, width: int) -> str:
        """Return as much of the speed as fits a terminal of some width."""
        return self.speed.line if width >= WIDEST else self.speed.line.split(",")[0] if width >= WIDE else ""

    def on_exception(self, trainer: Trainer, stage: Any, exception: BaseException) -> None:
        """Take the bar away with the training that failed: Lightning calls no `teardown` then."""
        self.teardown(trainer, stage, "fit")

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def make_bar() -> Any:
    """Return a progress bar whose parts stay on one line, for a task with the fields `loss` and `speed`.

    The title is shortened on a narrow terminal; the bar takes the room that the other parts leave.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    def part(**more: Any) -> Column:
        return Column(no_wrap=True, **more)

    console = Console()
    return Progress(
        TextColumn("{task.description}", table_column=part(overflow="ellipsis", max_width=title_width(console.width))),
        BarColumn(bar_width=None, table_column=part(min_width=4, ratio=1)),
        MofNCompleteColumn(table_column=part()),
        TimeRemainingColumn(table_column=part()),
        TextColumn("{task.fields[loss]}", table_column=part()),
        TextColumn("{task.fields[speed]}", table_column=part()),
        console=console,
        transient=True,
        expand=True,
    )


def title_width(width: int) -> int:
    """Return the characters of a bar's title on a terminal of some width: the longest kind has 21."""
    return min(21, max(6, width - OTHERS))
