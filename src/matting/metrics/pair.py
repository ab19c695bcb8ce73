"""A prediction and its truth on the host, checked, in the smallest type that holds their exact values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matting.errors import UserError

# Thresholds of the connectivity error by convention. With float steps of 0.1, three of them are above their tenth.
CONVENTIONS = {"dim": np.arange(11) / 10, "mmagic": np.arange(0, 1.1, 0.1), "p3m": np.arange(0, 1.1, 0.1)}


@dataclass(frozen=True)
class Pair:
    """One sample: two images (H, W) of one type, uint8, float32 or float64, from 0 to `unit`, and bool masks (R, H, W).

    8-bit values are not converted: all metrics are exact in this unit, and no large array is made.
    """

    pred: np.ndarray
    true: np.ndarray
    masks: np.ndarray
    convention: str

    @property
    def unit(self) -> float:
        return 255.0 if self.pred.dtype == np.uint8 else 1.0

    @property
    def forced(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The predictions to measure, each with the masks that share its amplitudes and components.

        In the convention `mmagic` each mask has a prediction: it is the rounded truth where the mask is False.
        """
        if self.convention != "mmagic":
            return [(self.pred, self.masks)]
        binary = (self.true >= self.unit / 2) * self.pred.dtype.type(self.unit)
        return [(np.where(mask, self.pred, binary), mask[None]) for mask in self.masks]


def pair_of(pred: Tensor, true: Tensor, masks: Sequence[Tensor | None], convention: str) -> Pair:
    """Copy one sample to the host; (H, W) each. Raise `UserError` for NaN and values outside [0, 1]."""
    p, t = in_range(pred, "pred"), in_range(true, "true")
    if p.dtype != t.dtype:
        p, t = widened(p), widened(t)
    m = np.ones((len(masks), *p.shape), bool)
    for region, mask in zip(m, masks, strict=True):
        if mask is not None:
            region[:] = mask.cpu().numpy()
    return Pair(p, t, m, convention)


def in_range(image: Tensor, name: str) -> np.ndarray:
    """Copy an image to the host, half precision as float32; raise UserError for values outside [0, 1]."""
    host = (image.float() if image.dtype in (torch.float16, torch.bfloat16) else image).cpu()
    if host.dtype != torch.uint8:
        low, high = (bound.item() for bound in torch.aminmax(host))
        if not (low >= 0 and high <= 1):  # in this form NaN fails, too
            raise UserError(
                f"{name}: expected values in [0, 1], got {low:g} to {high:g}: clamp them (NaN: find its cause)"
            )
    return np.ascontiguousarray(host.numpy())


def widened(image: np.ndarray) -> np.ndarray:
    """Convert to float64 in [0, 1]; dividing in float64 makes 153 exactly the threshold 0.6."""
    return np.divide(image, 255.0) if image.dtype == np.uint8 else image.astype(np.float64)
