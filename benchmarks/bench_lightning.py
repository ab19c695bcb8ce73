"""A training with Lightning, the suite's callbacks and loggers against a bare loop over the same nets and losses.

Both sides run one stage's own update on the same cached batches, in turns of one step: the bare step is taken where the
trainer asks for its next batch, and the time from there to its next such question is Lightning's.
"""

import copy
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from lightning.pytorch import Trainer
from torch.utils.data import DataLoader, Dataset

from benchmarks.as_command import as_command
from matting.config import schema
from matting.config.compose import compose_config
from matting.runs.run import Run
from matting.runs.upstream import stage_run
from matting.tracking.loggers import MetricsCSV
from matting.training.build import build_stage, build_trainer
from matting.training.checkpoint_io import AtomicCheckpointIO
from matting.utils.process import prepare
from tests.helpers.made_stages import people
from tests.helpers.tiny import TINY

QUICK = ["scale=quick"]
BATCHES, FIRST = 120, 4  # the first ones are left out


def training_run(words: list[str]) -> Run:
    """The alpha stage's, without data or a segmentation run."""
    schema.register()
    alone = ["stage=alpha_gan", "stage.coarse=ground_truth", "runtime.log_every=10"]
    run, _ = stage_run(compose_config("train", [*words, *alone]))
    run.checkpoints.mkdir(parents=True)
    return run


def bare(stage: Any) -> Any:
    """The same networks and losses without a trainer and without a log, with optimizers of their own."""
    alone = copy.copy(stage)
    alone.window, alone.pending_terms = [], copy.deepcopy(stage.pending_terms)
    optimizers = alone.configure_optimizers()
    alone.optimizers = lambda: optimizers
    alone.manual_backward = lambda loss: loss.backward()
    alone.log_row = lambda row: None
    return alone


class Turns(Dataset):
    """Batches that are made already; a bare step is taken before each is handed out."""

    def __init__(self, stage: Any, size: tuple[int, int, int]):
        self.alone, self.since = bare(stage), 0.0
        self.batches = [people(size[0], at, *size[1:]) for at in range(4)]
        self.ms: dict[str, list[float]] = {"bare": [], "fit": []}

    def __len__(self) -> int:
        return BATCHES

    def __getitem__(self, at: int) -> Any:
        asked = perf_counter()
        self.ms["fit"].append(1e3 * (asked - self.since))
        batch = self.batches[at % len(self.batches)]
        self.alone.training_step(batch, at)
        self.since = perf_counter()
        self.ms["bare"].append(1e3 * (self.since - asked))
        return batch


def bare_trainer(run: Run) -> Trainer:
    """Lightning's alone, neither callbacks nor loggers."""
    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    given = {key: run.config["trainer"][key] for key in ("accelerator", "devices", "precision")}
    return Trainer(**given, **dict.fromkeys(off, False), max_epochs=1)


def suite_trainer(run: Run, stage: Any) -> Trainer:
    """What `matting train` builds, logging to a file."""
    metrics = MetricsCSV(run.folder / "metrics.csv")
    metrics.start(0)
    data: Any = SimpleNamespace(validation=None)
    return build_trainer(run, stage, data, BATCHES, [metrics], AtomicCheckpointIO())


def batch_ms(words: list[str], size: tuple[int, int, int], callbacks: bool) -> tuple[float, float, float]:
    """Medians of a batch: by Lightning, with or without the suite's callbacks and log; bare; of what a fit adds."""
    run = training_run(words)
    prepare(run.config)
    stage: Any = build_stage(run.config, {})
    stage.total_batches, stage.log_every = BATCHES, run.config["runtime"]["log_every"]
    turns = Turns(stage, size)
    trainer = suite_trainer(run, stage) if callbacks else bare_trainer(run)
    trainer.fit(stage, DataLoader(turns, batch_size=None))
    # what is timed as a fit's before a bare step belongs to the batch before
    fits, alone = turns.ms["fit"][FIRST:], turns.ms["bare"][FIRST - 1 : -1]
    return median(fits), median(alone), median(fit - bare for fit, bare in zip(fits, alone, strict=True))


@contextmanager
def folder() -> Iterator[None]:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(here)


def measure() -> list[dict[str, Any]]:
    """A pair at the quick size, and what Lightning and the suite add to a batch, where a step is short."""
    as_command()
    with folder():
        ours, plain, _ = batch_ms(QUICK, (8, 64, 112), True)
    with folder():
        _, alone, by_lightning = batch_ms(TINY, (2, 32, 32), False)
    with folder():
        _, _, by_all = batch_ms(TINY, (2, 32, 32), True)
    name = "alpha step, 8 of 112x64: Lightning, callbacks and log against a bare loop"
    added = {"Lightning adds": by_lightning, "Lightning, callbacks and log add": by_all}
    return [
        {"name": name, "ours_ms": ours, "naive_ms": plain, "ratio": plain / ours, "bar": 0.97},
        {"name": "alpha step, 2 of 32x32, bare loop", "unit": "ms", "value": alone},
        *({"name": f"{what} to a batch", "unit": "ms", "value": value} for what, value in added.items()),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
