"""The logger of TensorBoard."""

from collections.abc import Mapping

import numpy as np
from lightning.pytorch.loggers import TensorBoardLogger

from matting.runs.run import Run
from matting.tracking.run_logger import RunLogger


class TensorBoardRun(TensorBoardLogger, RunLogger):
    """Figures and pictures of a run in its folder, on the batch axis. name, version: parts of the path below it."""

    def __init__(self, run: Run, goes_on: bool, name: str, version: str):
        super().__init__(save_dir=str(run.folder), name=name, version=version)

    def log_pictures(self, name: str, sheets: Mapping[str, np.ndarray], batch: int | None = None) -> None:
        for caption, sheet in sheets.items():
            self.experiment.add_image(f"pictures/{name}/{caption}", sheet, batch, dataformats="HWC")
