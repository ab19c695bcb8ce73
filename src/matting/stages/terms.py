"""Loss terms of an update: read on the host together, checked there, and as figures of the log."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from matting.errors import JobError
from matting.losses.weighted import LossSum, NonFiniteTerm, check_finite


class PendingTerms:
    """Terms that are still on the device: reading them makes the host wait for it."""

    def __init__(self) -> None:
        self.updates: list[tuple[int, Sequence[str], dict[str, Tensor]]] = []

    def add(self, batch: int, ids: Sequence[str], terms: Mapping[str, Tensor]) -> None:
        """terms: scalars by name, as they are weighted; ids: the samples that they come from."""
        self.updates.append((batch, ids, dict(terms)))

    def read(self) -> None:
        """Raise JobError for the first term that is NaN or infinite."""
        updates, self.updates = self.updates, []
        for batch, ids, terms in updates:
            try:
                check_finite(terms)
            except NonFiniteTerm as error:
                raise JobError(
                    f"{error}; at batch {batch}, samples {', '.join(ids)}; the last checkpoint is intact"
                ) from None


def named(losses: LossSum) -> dict[str, Tensor]:
    """The generator's terms under their log keys, raw and weighted, and the total."""
    row = {f"train/loss/{name}": value for name, value in losses.raw.items()}
    row |= {f"train/weighted/{name}": value for name, value in losses.weighted.items()}
    if "adversarial" in losses.raw:
        row["train/adv/gen"] = losses.raw["adversarial"]
    return {**row, "train/total": losses.total.detach()}


def add(row: dict[str, Any], share: float, values: Mapping[str, Tensor]) -> None:
    for key, value in values.items():
        row[key] = row.get(key, 0.0) + share * value
