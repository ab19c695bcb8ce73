"""The loggers of a run: metrics.csv, which is always written, and those that the config names."""

import contextlib
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from matting.config.instantiate import build
from matting.runs.run import Run
from matting.tracking.run_logger import RunLogger
from matting.utils.files import read_metrics, replacing

FIELDS = ("batch", "name", "value")
UNREPEATABLE = "speed/"


class MetricsCSV(RunLogger):
    """metrics.csv of a run: one value a row, so that no column has to be known before. Rows are whole or absent.

    A resumed run drops the rows after its checkpoint's batch and writes them again. Speeds are left out: the file must
    be identical when a run is repeated.
    """

    name, version = "csv", ""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

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
        kept = {name: value for name, value in metrics.items() if not name.startswith(UNREPEATABLE)}
        if kept:
            with self.path.open("a", newline="") as file:
                csv.writer(file).writerows([step, name, repr(float(value))] for name, value in kept.items())


@contextlib.contextmanager
def loggers_of(run: Run, goes_on: bool = False) -> Iterator[list[Logger]]:
    """Yield the loggers that a run's config names and close them at the end, whatever happens.

    Loggers of Lightning get the run folder to write to. goes_on: whether the run goes on from a checkpoint.
    """
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
            if isinstance(logger, RunLogger):
                logger.close(failed)
            else:
                logger.finalize("failed" if failed else "success")


def run_loggers(loggers: Sequence[Logger]) -> list[RunLogger]:
    """Return the loggers that can show pictures and results; Lightning's cannot."""
    return [logger for logger in loggers if isinstance(logger, RunLogger)]
