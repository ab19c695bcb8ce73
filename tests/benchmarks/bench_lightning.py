"""A training with Lightning, the suite's callbacks and loggers against a bare loop over the same nets and losses.

Both sides run the stage's own update on the same cached batches, in turns of a few batches; a batch is timed from the
start of one step to the start of the next.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from matting import schema
from matting.config import compose_config
from matting.loggers import MetricsCSV
from matting.runs import Run
from matting.training import build_stage, build_trainer, prepare
from matting.upstream import stage_run
from tests.benchmarks.as_command import as_command
from tests.conftest import TINY
from tests.made_stages import people

QUICK = ["scale=quick"]
BATCHES, TURNS = 12, 5  # a turn's first batch is left out


def training_run(words: list[str]) -> Run:
    """The alpha stage's, without data or a segmentation run."""
    schema.register()
    alone = ["stage=alpha_gan", "stage.coarse=ground_truth", "runtime.log_every=10"]
    run, _ = stage_run(compose_config("train", [*words, *alone]))
    run.checkpoints.mkdir(parents=True)
    return run


class Clock:
    """A stage whose steps are timed."""

    def __init__(self, run: Run):
        self.stage, self.starts = build_stage(run.config, {}), list[float]()
        self.stage.total_batches, self.stage.log_every = BATCHES * TURNS, run.config["runtime"]["log_every"]
        step = self.stage.training_step

        def timed(*arguments: Any) -> None:
            self.starts.append(perf_counter())
            step(*arguments)

        self.stage.training_step = timed  # type: ignore[method-assign]

    def seconds(self) -> list[float]:
        """Of each batch since the last call, less the first and the last, which start and end the loop."""
        starts, self.starts = self.starts[1:], []
        return [after - before for before, after in pairwise(starts)]


def bare(clock: Clock) -> Callable[[list[Any]], None]:
    """The same update without a trainer, and without a log."""
    stage = clock.stage
    optimizers = stage.configure_optimizers()
    stage.optimizers = lambda: optimizers  # type: ignore[assignment,method-assign]
    stage.manual_backward = lambda loss: loss.backward()  # type: ignore[assignment,method-assign]
    stage.log_row = lambda row: None  # type: ignore[method-assign]

    def loop(batches: list[Any]) -> None:
        for at, batch in enumerate(batches):
            stage.training_step(batch, at)

    return loop


def with_suite(clock: Clock, run: Run, callbacks: bool) -> Callable[[list[Any]], None]:
    """One fit a turn, by the trainer that `matting train` builds; without its callbacks and loggers, or with them."""
    stage, data = clock.stage, SimpleNamespace(validation=None)
    metrics = MetricsCSV(run.folder / "metrics.csv")
    metrics.start(0)

    def fit(batches: list[Any]) -> None:
        stage.trainer = None  # type: ignore[assignment]
        total = stage.batches + len(batches)
        trainer = build_trainer(run, stage, data, total, [metrics])  # type: ignore[arg-type]
        if not callbacks:
            trainer = Trainer(
                **{key: run.config["trainer"][key] for key in ("accelerator", "devices", "precision")},
                **dict.fromkeys(
                    ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
                ),
                max_epochs=1,
            )
        trainer.fit(stage, DataLoader(batches, batch_size=None))  # type: ignore[arg-type]

    return fit


@contextmanager
def folder() -> Iterator[None]:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(here)


def batch_seconds(words: list[str], size: tuple[int, int, int]) -> dict[str, float]:
    """Medians by side: bare, lightning (neither callback nor logger), suite."""
    run = training_run(words)
    prepare(run.config)
    clocks = {side: Clock(run) for side in ("bare", "lightning", "suite")}
    loops = {
        "bare": bare(clocks["bare"]),
        "lightning": with_suite(clocks["lightning"], run, False),
        "suite": with_suite(clocks["suite"], run, True),
    }
    seconds: dict[str, list[float]] = {side: [] for side in loops}
    batches = [people(size[0], at, *size[1:]) for at in range(BATCHES)]
    for _ in range(TURNS):
        for side, loop in loops.items():
            loop(batches)
            seconds[side] += clocks[side].seconds()
    return {side: median(times) for side, times in seconds.items()}


def measure() -> list[dict[str, Any]]:
    """A pair at the quick size, and what Lightning and the suite add to a batch, where a step is short."""
    as_command()
    with folder():
        quick = batch_seconds(QUICK, (8, 64, 112))
    with folder():
        tiny = batch_seconds(TINY, (2, 32, 32))
    name = "alpha step, 8 of 112x64: Lightning, callbacks and log against a bare loop"
    ours, plain = 1e3 * quick["suite"], 1e3 * quick["bare"]
    added = {"Lightning": tiny["lightning"] - tiny["bare"], "callbacks and log": tiny["suite"] - tiny["lightning"]}
    return [
        {"name": name, "ours_ms": ours, "naive_ms": plain, "ratio": plain / ours, "bar": 0.97},
        {"name": "alpha step, 2 of 32x32, bare loop", "unit": "ms", "value": 1e3 * tiny["bare"]},
        *({"name": f"{what} add to a batch", "unit": "ms", "value": 1e3 * value} for what, value in added.items()),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
