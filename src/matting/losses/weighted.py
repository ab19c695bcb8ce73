"""The weighted sum of a stage's loss terms, with its values for the log."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from matting.errors import UserError

SumOverScales = Literal["literal", "once"]


@dataclass(frozen=True)
class LossSum:
    """A weighted sum of loss terms.

    total: the scalar to minimise. raw, weighted: the terms of weight above 0 by name, detached scalars for the log.
    """

    total: Tensor
    raw: dict[str, Tensor]
    weighted: dict[str, Tensor]


class WeightedSum:
    """The sum of weight * multiplier * term over the terms whose weight is above 0.

    weights: weight by the term's name, from the config key `loss.<name>.weight`; finite, 0 or more.
    multipliers: a further factor by the term's name; 1 where none is given (see `scale_multipliers`).
    factors: weight * multiplier of the terms whose weight is above 0, in the order of the weights.
    Raises UserError for a weight out of range, and when no weight is above 0.
    """

    def __init__(self, weights: Mapping[str, float], multipliers: Mapping[str, float]) -> None:
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise UserError(f"loss.{name}.weight={weight}: expected a number of 0 or more")
        if not any(weights.values()):
            raise UserError(f"loss: every weight is 0 ({', '.join(weights)}); set one loss.<term>.weight above 0")
        self.names = frozenset(weights)
        self.factors = {name: weight * multipliers.get(name, 1) for name, weight in weights.items() if weight > 0}

    def __call__(self, terms: Mapping[str, Tensor]) -> LossSum:
        """Return the weighted sum of `terms`, raw scalars by name.

        A term of weight 0 counts nothing and may be missing. Raises ValueError when a term of weight above 0 is
        missing, and for a term without a weight.
        """
        if not self.factors.keys() <= terms.keys() <= self.names:
            raise ValueError(f"loss terms {sorted(terms)} do not match the weights {sorted(self.names)}")
        raw = {name: terms[name] for name in self.factors}
        weighted = {name: factor * raw[name] for name, factor in self.factors.items()}
        return LossSum(
            total=torch.stack(list(weighted.values())).sum(),
            raw={name: value.detach() for name, value in raw.items()},
            weighted={name: value.detach() for name, value in weighted.items()},
        )


def scale_multipliers(sum_over_scales: SumOverScales, inside: Iterable[str], scales: int) -> dict[str, float]:
    """Return the factors of the terms inside the sum over the discriminator scales k (POMAGAN eq. 7 and 11).

    inside: names of the terms that the equation puts inside the sum although they do not depend on k: perceptual and
    segmentation in eq. 7, perceptual, alpha and border in eq. 11. The adversarial term is not one of them: its own
    function sums it over k. sum_over_scales: `literal` counts each of these terms once per scale (a factor of
    `scales`), `once` counts it once. Raises ValueError for another choice.
    """
    if sum_over_scales not in ("literal", "once"):
        raise ValueError(f"sum_over_scales {sum_over_scales!r} is not known: choose literal or once")
    return {name: float(scales) for name in inside} if sum_over_scales == "literal" else {}
