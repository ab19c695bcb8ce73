"""Write last.ckpt and best.ckpt while a stage trains, and stop at Ctrl-C or SIGTERM."""

import signal
import threading
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from matting.errors import Interrupted
from matting.runs.figures import VAL


class RunCheckpoint(Callback):
    """Write last.ckpt every N batches or minutes and after each validation, and best.ckpt after the best validation.

    A validation comes before the last.ckpt of its batch: a run that is killed while it validates repeats it.
    In the middle of an accumulation last.ckpt waits for the update, because a checkpoint holds no gradients.
    """

    def __init__(self, folder: Path, every_batches: int, minutes: float, val_every: int, keep: str):
        self.folder, self.keep = folder, keep
        self.every, self.minutes, self.val_every = every_batches, minutes, val_every
        self.best = float("inf")
        self.saved = time.monotonic()
        self.interrupted = self.due = False

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        """Stop at the next batch with a checkpoint after a first Ctrl-C or SIGTERM, and at once after a second Ctrl-C.

        The handlers replace those of Lightning, one of which waits for other ranks wherever they are. Lightning
        restores the earlier handlers at the end of the fit.
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
        # After Ctrl-C, too, so that a resumed run starts after the validation.
        if measured and trainer.enable_validation:
            return
        stop, late = any_rank(trainer, self.interrupted), time.monotonic() - self.saved > 60 * self.minutes
        if any_rank(trainer, late) or stop or self.due:
            self.save(trainer)
        if stop:
            raise stopped(stage)

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        """Write best.ckpt if the validation is the best so far, then last.ckpt."""
        if trainer.state.fn != "fit":
            return
        value = stage.validated[VAL]
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
    return Interrupted(f"stopped at batch {stage.batches}")


def any_rank(trainer: Trainer, value: bool) -> bool:
    """Return on all ranks whether `value` is true on any: a clock or a signal may differ between them."""
    return value if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(value, all=False)
