"""The matting errors as a torchmetrics Metric: means over the samples of all batches and all processes."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from matting.metrics.functional import NAMES, matting_metrics


class MattingMetrics(Metric):
    """Means of the five raw errors over samples; one Metric for all of them, since they share the work on a sample.

    `compute()` returns {prefix + name: float64 scalar} for sad, mse, mae, grad and conn (NaN before a sample counts)
    and n_empty, the number of samples with an empty mask, which enter no mean. It sums over processes. Two of these
    (whole image, unknown region) have states of the same names: a MetricCollection needs `compute_groups=False`, else
    one may get the values of the other.
    """

    is_differentiable = False
    full_state_update = False
    totals: Tensor
    n: Tensor
    n_empty: Tensor

    def __init__(self, prefix: str = "", convention: str = "dim", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix
        self.convention = convention
        self.add_state("totals", torch.zeros(len(NAMES), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("n", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("n_empty", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, pred: Tensor, true: Tensor, mask: Tensor | None = None) -> None:
        """Add the samples of a batch; shapes, types and errors as in `matting.metrics.functional`."""
        measured = matting_metrics(pred, true, mask, self.convention)
        values = torch.stack([measured[name] for name in NAMES], 1).to(self.totals.device)
        counts = ~values.isnan().any(1)
        self.totals += values[counts].sum(0)
        self.n += counts.sum()
        self.n_empty += (~counts).sum()

    def compute(self) -> dict[str, Tensor]:
        means = dict(zip(NAMES, self.totals / self.n, strict=True))
        return {self.prefix + name: value for name, value in {**means, "n_empty": self.n_empty.double()}.items()}
