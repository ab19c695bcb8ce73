"""Loggers. metrics.csv is always written; wandb and tensorboard are choices."""

import csv
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from matting.files import read_metrics

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
        temporary = self.path.with_name(f".{self.path.name}")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows({**row, "value": repr(row["value"])} for row in kept)
        temporary.replace(self.path)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows([step, name, repr(float(value))] for name, value in metrics.items())

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The run folder's config.yaml has them."""


class WandbRun(WandbLogger):
    """Weights & Biases on the batch axis; offline without a key, never asking, never waiting."""

    def __init__(self, project: str, entity: str | None, mode: str, run: Mapping[str, Any]):
        if mode == "auto":
            mode = "online" if os.environ.get("WANDB_API_KEY") else "offline"
        super().__init__(
            project=project,
            entity=entity,
            mode=mode,
            name=run["name"],
            id=run["digest"],
            group=run["group"],
            job_type=run["kind"],
            config=run["config"],
            save_dir=run["folder"],
            resume="allow" if mode == "online" else None,
        )

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.experiment.define_metric("batch")
        self.experiment.define_metric("*", step_metric="batch", step_sync=True)
        self.experiment.log({**metrics, "batch": step})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Close the run: the next job of a sweep would log into it."""
        import wandb

        super().finalize(status)
        wandb.finish()
