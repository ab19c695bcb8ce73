"""Loggers. metrics.csv is always written; wandb and tensorboard are choices."""

import contextlib
import csv
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from matting.config.instantiate import build
from matting.runs.run import Run
from matting.tracking.wandb_logger import WandbRun
from matting.utils.files import read_metrics, replacing

FIELDS = ("batch", "name", "value")


class MetricsCSV(Logger):
    """metrics.csv of a run: one value a row, so that no column has to be known before. Rows are whole or absent.

    On resume the rows after the checkpoint's batch are dropped: the run writes them again.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def start(self, batch: int) -> None:
        """Keep the rows up to `batch`."""
        kept = [row for row in read_metrics(self.path) if row["batch"] <= batch] if self.path.is_file() else []
        with replacing(self.path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows({**row, "value": repr(row["value"])} for row in kept)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows([step, name, repr(float(value))] for name, value in metrics.items())

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The run folder's config.yaml has them."""


@contextlib.contextmanager
def loggers_of(run: Run, goes_on: bool = False) -> Iterator[list[Logger]]:
    """The loggers that a run's config names, closed at the end whatever happens. goes_on: from a checkpoint."""
    loggers: list[Logger] = []
    for node in run.config["logger"].values():
        ours = str(node["_target_"]).startswith("matting.")
        loggers.append(build(node, run=run, goes_on=goes_on) if ours else build(node, save_dir=str(run.folder)))
    failed = True
    try:
        yield loggers
        failed = False
    finally:
        for logger in loggers:
            if isinstance(logger, WandbRun):
                logger.close(failed)
            else:
                logger.finalize("failed" if failed else "success")


def log_pictures(loggers: Sequence[Logger], name: str, sheets: Mapping[str, np.ndarray], batch: int) -> None:
    """Show uint8 (H, W, 3) pictures, by caption, where the logger can."""
    for logger in loggers:
        if isinstance(logger, WandbRun):
            logger.log_pictures(name, sheets, batch)
        elif isinstance(logger, TensorBoardLogger):
            for caption, sheet in sheets.items():
                logger.experiment.add_image(f"pictures/{name}/{caption}", sheet, batch, dataformats="HWC")
