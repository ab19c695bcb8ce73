"""The weighted sum of a stage's loss terms, and its figures for the log."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from matting.errors import JobError, UserError

SumOverScales = Literal["literal", "once"]


class NonFiniteTerm(JobError):
    """A loss term became NaN or infinite. name: the term's. value: its weighted value."""

    def __init__(self, name: str, value: float) -> None:
        # Both go to `args`, so that the error survives the way back from a worker process of a launcher.
        super().__init__(name, value)
        self.name = name
        self.value = value

    def __str__(self) -> str:
        return f"loss term {self.name} is {self.value}: lower the learning rates, or run in float32 or bf16"


@dataclass(frozen=True)
class LossSum:
    """total: the scalar to descend on. raw, weighted: the computed terms by name, detached scalars for the log."""

    total: Tensor
    raw: dict[str, Tensor]
    weighted: dict[str, Tensor]


def check_finite(terms: Mapping[str, Tensor]) -> None:
    """Raise NonFiniteTerm for the first of named scalars, losses as they are weighted, that is NaN or infinite.

    Waits for the device once, whatever the number of terms: the caller decides how often that is worth it.
    """
    values = torch.stack(list(terms.values())).tolist()
    for name, value in zip(terms, values, strict=True):
        if not math.isfinite(value):
            raise NonFiniteTerm(name, value)


class WeightedSum:
    """The sum of weight * multiplier * term over named terms; a term of weight 0 is never computed.

    weights: by the term's name, from the config key `loss.<name>.weight`; finite, 0 or more.
    multipliers: a further factor by name, 1 where none is given (see `scale_multipliers`).
    Raises UserError for a weight out of range and when no weight is above 0.
    """

    def __init__(self, weights: Mapping[str, float], multipliers: Mapping[str, float]) -> None:
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise UserError(f"loss.{name}.weight is {weight}: expected a number of 0 or more")
        if not any(weights.values()):
            raise UserError(f"every loss weight is 0 ({', '.join(weights)}): set one loss.<term>.weight above 0")
        self.names = frozenset(weights)
        self.factors = {name: weight * multipliers.get(name, 1) for name, weight in weights.items() if weight > 0}

    def __call__(self, terms: Mapping[str, Callable[[], Tensor]]) -> LossSum:
        """Compute the terms whose weight is above 0, in the order of the weights.

        terms: for every name of the weights, a function that gives the raw term, a scalar. Raises ValueError when the
        names of the terms are not those of the weights.
        """
        if terms.keys() != self.names:
            raise ValueError(f"loss terms {sorted(terms)} do not match the weights {sorted(self.names)}")
        raw = {name: terms[name]() for name in self.factors}
        weighted = {name: factor * raw[name] for name, factor in self.factors.items()}
        return LossSum(
            total=torch.stack(list(weighted.values())).sum(),
            raw={name: value.detach() for name, value in raw.items()},
            weighted={name: value.detach() for name, value in weighted.items()},
        )


def scale_multipliers(sum_over_scales: SumOverScales, inside: Iterable[str], scales: int) -> dict[str, float]:
    """The factors of terms that stand inside the papers' sum over the scales k and do not depend on k (eq. 7 and 11).

    `literal`: they count once for each of the `scales` discriminators. `once`: they count once. `inside` names them:
    perceptual and segmentation in eq. 7, where the border term stands outside; all three in eq. 11. The adversarial
    term is summed over k where it is computed and never named here. Raises ValueError for another choice.
    """
    if sum_over_scales not in ("literal", "once"):
        raise ValueError(f"sum_over_scales {sum_over_scales!r} is not known: choose literal or once")
    return {name: float(scales) for name in inside} if sum_over_scales == "literal" else {}
