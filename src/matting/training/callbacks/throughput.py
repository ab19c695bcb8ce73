"""How fast a training goes and what it waits for. Never in metrics.csv, which the same run writes the same again."""

import resource
import time
from collections import deque
from statistics import quantiles
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch.utils.flop_counter import FlopCounterMode

from matting.tracking.loggers import MetricsCSV
from matting.utils.console import say

KEPT = 1000  # steps that the percentiles look back on

# Dense operations a second by the makers' data sheets: bf16, and TF32, which float32 is computed in. By the whole name:
# PCIe cards, laptops and slices of a GPU have other rates under names that begin alike.
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
    """Images a second, share of time that the loop waits for data, step times, peak memory and, where the device's rate
    is known, MFU, with what `runtime.recompute` computes again as work; to the loggers every `every` batches, at each
    validation as a line, and to the progress bar.

    Work is counted over one cycle of the stage and goes with the pixels from then on: samples may have sizes of their
    own.

    A step is timed between the ends of two batches, less the validation between them. On a GPU the host runs ahead of
    the device but where a row is logged, every `every` batches: single steps there say less than their mean.
    """

    def __init__(self, title: str, every: int):
        self.title, self.every = title, every
        self.steps: deque[float] = deque(maxlen=KEPT)
        self.line = ""
        self.counter: FlopCounterMode | None = None

    def on_train_start(self, trainer: Trainer, stage: Any) -> None:
        self.rate = rate_of(stage.device, str(trainer.precision))
        self.flops, self.counted, self.counted_pixels, self.counting = 0, 0, 0, self.rate is not None
        if stage.device.type == "cuda":  # the peak of an earlier job of this process is none of this one's
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
        if self.counter is not None:  # it would count on through the next job of this process
            self.counter.__exit__(None, None, None)
            self.counter = None

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        self.left = time.monotonic()
        if self.line and trainer.state.fn == "fit" and trainer.is_global_zero:
            say(f"{self.title}: {self.line}")

    def tell(self, trainer: Trainer, stage: Any) -> None:
        middle, slow = percentiles(list(self.steps))
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
        for logger in trainer.loggers:
            if not isinstance(logger, MetricsCSV):
                logger.log_metrics(row, step=stage.batches)
        self.clear()


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 95th of at least two."""
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]


def peak_bytes(device: torch.device) -> int:
    """Allocated on the GPU since the training began, or resident in the host's memory since this process did."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def rate_of(device: torch.device, precision: str) -> float | None:
    """Operations a second that a device could do, None where it is not known."""
    if device.type != "cuda":
        return None
    rates = RATES.get(torch.cuda.get_device_name(device))
    return None if rates is None else rates[precision == "32-true"]
