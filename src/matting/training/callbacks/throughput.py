"""Measure how fast a training is and how long it waits for data."""

import resource
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from torch.utils.flop_counter import FlopCounterMode

from matting.utils.console import say

SETTLED = 50  # steps after which the speed says something about later ones
KEPT = 1000  # latest steps that the percentiles are taken of

# Dense operations a second by the makers' data sheets: bf16, and TF32, which float32 is computed in. By the whole name:
# PCIe cards, laptops and slices of a GPU have other rates under names that begin alike. Lightning's own
# table (get_available_flops of lightning.fabric.utilities.throughput, 2.6) is wrong for three of these: it knows no
# `NVIDIA H200`, takes an L40S for an L4, and gives an RTX 4090 half of its rate.
RATES = {
    "NVIDIA H200": (989e12, 495e12),
    "NVIDIA H100 80GB HBM3": (989e12, 495e12),
    "NVIDIA A100-SXM4-40GB": (312e12, 156e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 156e12),
    "NVIDIA A100-PCIE-40GB": (312e12, 156e12),
    "NVIDIA A100 80GB PCIe": (312e12, 156e12),
    "NVIDIA L40S": (362e12, 183e12),
    "NVIDIA GeForce RTX 4090": (165e12, 83e12),
}


class Throughput(Callback):
    """Log images a second, the share of time that waits for data, step times, peak memory and MFU.

    The loggers get a row every `every` batches, the log gets a line at each validation, the progress bar shows it.
    MFU is left out where the rate of the device is unknown; what `runtime.recompute` computes again counts as work.
    Operations are counted over one cycle of the stage and scaled by pixels from then on, since sizes may differ.
    A step lasts from the end of a batch to the end of the next, without the validation between them. On a GPU the host
    waits for the device only where a row is logged: single steps say less than their mean.
    note: takes the images a second after each validation and at the end, for the estimates of later runs.
    """

    def __init__(self, title: str, every: int, note: Callable[[float], None] | None = None):
        self.title, self.every, self.note = title, every, note
        self.images_per_s: float | None = None  # of the last row, once enough batches came before it
        self.steps: deque[float] = deque(maxlen=KEPT)
        self.line = ""
        self.counter: FlopCounterMode | None = None

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        self.rate = rate_of(stage.device, str(trainer.precision))
        self.flops, self.counted, self.counted_pixels, self.counting = 0, 0, 0, self.rate is not None
        if stage.device.type == "cuda":  # an earlier job of this process may have had a higher peak
            torch.cuda.reset_peak_memory_stats(stage.device)
        self.left = time.monotonic()
        self.clear()

    def clear(self) -> None:
        self.pixels, self.images, self.waited, self.spent = 0, 0, 0.0, 0.0

    def on_train_batch_start(self, trainer: Trainer, stage: Any, *_: Any) -> None:
        self.began = time.monotonic()
        if self.counting:
            self.counter = FlopCounterMode(display=False)
            self.counter.__enter__()

    def on_train_batch_end(self, trainer: Trainer, stage: Any, outputs: Any, batch: Any, *_: Any) -> None:
        pixels = batch["alpha"].numel()
        if self.counter is not None:
            self.counter.__exit__(None, None, None)
            self.flops += self.counter.get_total_flops()
            self.counted += 1
            self.counted_pixels += pixels
            self.counter, self.counting = None, self.counted < stage.cycle
        now = time.monotonic()
        self.steps.append(now - self.left)
        self.waited += self.began - self.left
        self.spent += now - self.left
        self.images += len(batch["ids"]) * trainer.world_size
        self.pixels += pixels
        self.left = now
        if stage.batches % self.every == 0 and len(self.steps) > 1:
            self.tell(trainer, stage)

    def on_exception(self, trainer: Trainer, stage: Any, exception: BaseException) -> None:
        if self.counter is not None:  # else it would count the next job of this process
            self.counter.__exit__(None, None, None)
            self.counter = None

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        self.left = time.monotonic()
        if self.line and trainer.state.fn == "fit" and trainer.is_global_zero:
            say(f"{self.title}: {self.line}")
            self.on_train_end(trainer, stage)

    def on_train_end(self, trainer: Trainer, stage: Any) -> None:
        if self.note is not None and self.images_per_s is not None and trainer.is_global_zero:
            self.note(self.images_per_s)

    def tell(self, trainer: Trainer, stage: Any) -> None:
        """Log a row of measurements and begin the next."""
        middle, slow = np.percentile(self.steps, (50, 95)).tolist()
        row = {
            "speed/images_per_s": self.images / self.spent,
            "speed/wait_share": self.waited / self.spent,
            "speed/step_ms/p50": 1e3 * middle,
            "speed/step_ms/p95": 1e3 * slow,
            "speed/peak_gb": peak_bytes(stage.device) / 1e9,
        }
        self.line = (
            f"{row['speed/images_per_s']:.1f} images/s, {row['speed/wait_share']:.0%} waiting for data, step "
            f"{1e3 * middle:.0f} ms (95 %: {1e3 * slow:.0f}), peak {row['speed/peak_gb']:.1f} GB"
        )
        if self.rate:
            row["speed/mfu"] = self.flops / self.counted_pixels * self.pixels / self.spent / self.rate
            self.line += f", MFU {row['speed/mfu']:.0%}"
        if len(self.steps) >= SETTLED:
            self.images_per_s = row["speed/images_per_s"]
        for logger in trainer.loggers:
            logger.log_metrics(row, step=stage.batches)
        self.clear()


def peak_bytes(device: torch.device) -> int:
    """Return the peak bytes on the GPU since the training began, or of host memory since this process began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def rate_of(device: torch.device, precision: str) -> float | None:
    """Return the operations a second of which a device is capable, None where unknown."""
    if device.type != "cuda":
        return None
    rates = RATES.get(torch.cuda.get_device_name(device))
    return None if rates is None else rates[precision == "32-true"]
