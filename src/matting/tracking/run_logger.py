"""The interface that all loggers of this suite share."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger

from matting.visualization.samples import Sample


class RunLogger(Logger):
    """A Lightning logger of a run that may also show pictures and results; each method does nothing unless it can."""

    @classmethod
    def check_node(cls, node: Mapping[str, Any]) -> None:
        """Raise UserError for values of the logger's node that it could not open with, before a run begins."""

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Write nothing: config.yaml of the run folder has all of them."""

    def log_pictures(self, name: str, sheets: Mapping[str, np.ndarray], batch: int | None = None) -> None:
        """Show pictures, uint8 (H, W, 3) by caption, under a common name."""

    def log_result(self, result: Mapping[str, Any]) -> None:
        """Show the result of a training."""

    def log_evaluation(self, result: Mapping[str, Any], samples: Sequence[Sample]) -> None:
        """Show the result of an evaluation; planes of the samples: `image` and the maps, not yet the columns."""

    def close(self, failed: bool) -> None:
        """End the log of the run."""
        self.finalize("failed" if failed else "success")
