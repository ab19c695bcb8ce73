"""One prediction and its truth on the host, checked, in the cheapest type that holds their exact values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matting.errors import UserError

# Each convention's thresholds of the connectivity error. In steps of a float 0.1, three of them lie above their tenth.
CONVENTIONS = {"dim": np.arange(11) / 10, "mmagic": np.arange(0, 1.1, 0.1), "p3m": np.arange(0, 1.1, 0.1)}


@dataclass(frozen=True)
class Pair:
    """One sample: two images (H, W) of one type, uint8, float32 or float64, from 0 to `unit`, and bool masks (R, H, W).

    8-bit values stay as they are: all metrics are exact in this unit, and no large array has to be made.
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
        """Predictions, each with its masks: amplitudes and components of one serve all of them.

        In the convention of mmagic a mask has its own, the rounded truth where the mask is False.
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
    """Half precision becomes float32, which numpy and the kernels know."""
    host = (image.float() if image.dtype in (torch.float16, torch.bfloat16) else image).cpu()
    if host.dtype != torch.uint8:
        low, high = (bound.item() for bound in torch.aminmax(host))
        if not (low >= 0 and high <= 1):  # written so that NaN fails, too
            raise UserError(
                f"{name}: expected values in [0, 1], got {low:g} to {high:g}: clamp them (NaN: find its cause)"
            )
    return np.ascontiguousarray(host.numpy())


def widened(image: np.ndarray) -> np.ndarray:
    """float64 in [0, 1]; widened before the division, so that 153 is exactly the threshold 0.6."""
    return np.divide(image, 255.0) if image.dtype == np.uint8 else image.astype(np.float64)
