"""What happens around the batches of a training: checkpoints, progress, Ctrl-C."""

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from torch import distributed

from matting.errors import Interrupted
from matting.runs import log
from matting.throughput import Throughput
from matting.utils.console import LINE_SECONDS, say
from matting.utils.process import settle

MONITOR = "val/whole/mse"


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


class RunCheckpoint(Callback):
    """last.ckpt every N batches or minutes and after each validation; best.ckpt where validation says so.

    Where validation falls on a batch, last.ckpt is written after it: a run that is killed within validation repeats it.
    In the middle of an accumulation it waits for the update: the batches so far are in no checkpoint.
    """

    def __init__(self, folder: Path, every_batches: int, minutes: float, val_every: int, keep: str):
        self.folder, self.every, self.minutes, self.val_every, self.keep = (
            folder,
            every_batches,
            minutes,
            val_every,
            keep,
        )
        self.best = float("inf")
        self.saved = time.monotonic()
        self.interrupted = self.due = False

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        """First Ctrl-C, or SIGTERM: stop at the next batch, with a checkpoint. Second Ctrl-C: at once.

        In place of Lightning's handlers, of which one waits for other ranks wherever they are; it puts back at the end
        what was there before.
        """

        def stop(number: int, frame: Any) -> None:
            self.interrupted = True
            if number == signal.SIGINT:
                signal.signal(signal.SIGINT, signal.default_int_handler)

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, stop)

    def on_train_batch_end(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        batches: int = stage.batches
        self.due |= batches % self.every == 0 or trainer.should_stop
        if stage.window:
            return
        measured = batches % self.val_every == 0 or trainer.should_stop
        if measured and trainer.enable_validation:  # on Ctrl-C, too: who goes on begins after it
            return
        stop, late = any_rank(trainer, self.interrupted), time.monotonic() - self.saved > 60 * self.minutes
        if any_rank(trainer, late) or stop or self.due:
            self.save(trainer)
        if stop:
            raise stopped(stage)

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        if trainer.state.fn != "fit":
            return
        value = stage.results["val"][MONITOR]
        if value < self.best:
            self.best = value
            trainer.save_checkpoint(self.folder / "best.ckpt", weights_only=self.keep == "weights")
        if stage.window:
            self.due = True
            return
        self.save(trainer)
        if any_rank(trainer, self.interrupted):
            raise stopped(stage)

    def save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.folder / "last.ckpt")
        self.saved, self.due = time.monotonic(), False

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]


def stopped(stage: Any) -> Interrupted:
    return Interrupted(f"stopped at batch {stage.batches}; give the same command again to go on from there")


def any_rank(trainer: Trainer, value: bool) -> bool:
    """True on all ranks if it is on one: what a clock or a signal decides must be decided alike."""
    return value if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(value, all=False)


class Progress(Callback):
    """A bar on a terminal; a line every ten seconds elsewhere."""

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
            values = {key.split("/")[-1]: value for key, value in stage.results["val"].items()}
            say(
                f"{self.title}: batch {stage.batches}, validation MSE {1e3 * values['mse']:.1f}e-3, "
                f"MAE {1e3 * values['mae']:.1f}e-3"
            )

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


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
