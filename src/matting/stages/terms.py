"""Loss terms of an update: checked together on the host, and named for the log."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from matting.errors import JobError
from matting.losses.weighted import LossSum


class PendingTerms:
    """Loss terms that are still on the device and not yet checked. Reading them makes the host wait for the device."""

    def __init__(self) -> None:
        self.updates: list[tuple[int, Sequence[str], dict[str, Tensor]]] = []

    def add(self, batch: int, ids: Sequence[str], terms: Mapping[str, Tensor]) -> None:
        """Keep the terms of one update. ids: its samples. terms: weighted terms by name, scalars."""
        self.updates.append((batch, ids, dict(terms)))

    def read(self) -> None:
        """Check all kept terms and forget them. Raises JobError for the first that is NaN or infinite."""
        updates, self.updates = self.updates, []
        for batch, ids, terms in updates:
            values = torch.stack(list(terms.values())).tolist()  # waits for the device once
            for name, value in zip(terms, values, strict=True):
                if not math.isfinite(value):
                    raise JobError(
                        f"loss term {name} is {value}; lower the learning rates, or run in float32 or bf16; "
                        f"at batch {batch}, samples {', '.join(ids)}"
                    )


def log_values(losses: LossSum) -> dict[str, Tensor]:
    """Return the loss terms of a sum under their log keys: raw, weighted, and the total."""
    row = {f"train/loss/{name}": value for name, value in losses.raw.items()}
    row |= {f"train/weighted/{name}": value for name, value in losses.weighted.items()}
    if "adversarial" in losses.raw:
        row["train/adv/gen"] = losses.raw["adversarial"]
    return {**row, "train/total": losses.total.detach()}


def add_scaled(row: dict[str, Any], scale: float, values: Mapping[str, Tensor]) -> None:
    """Add scale * value to each key of `row`, in place. A missing key counts as 0."""
    for key, value in values.items():
        row[key] = row.get(key, 0.0) + scale * value
