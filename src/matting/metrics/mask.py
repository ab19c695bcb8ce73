"""Intersection over union and boundary F-measure of binary masks, as functions and as torchmetrics Metrics.

Every function takes bool masks (B, 1, H, W) on one device and returns a float64 tensor (B,) there. It raises
`UserError` for other types and for shapes that differ.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import MeanMetric

from matting.errors import UserError
from matting.ops.ellipse import dilate, erode


def iou(pred_mask: Tensor, true_mask: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return the pixels in both masks divided by the pixels in either; 1 where both are empty.

    valid: bool (B, 1, H, W), False on pixels that are ignored; None if all count.
    """
    check(pred_mask, true_mask, valid)
    common, either = pred_mask & true_mask, pred_mask | true_mask
    if valid is not None:
        common, either = common & valid, either & valid
    return quotient(pixels(common), pixels(either), empty=1.0)


def boundary_f1(pred_mask: Tensor, true_mask: Tensor, tolerance_px: int, valid: Tensor | None = None) -> Tensor:
    """Return the harmonic mean of precision and recall of the boundaries (Csurka et al., 2013).

    Each is the share of one boundary that lies within `tolerance_px` (0 or more, an ellipse) of the other. A boundary
    is the pixels of a mask with one of their four neighbours outside of it; the frame of the image is no boundary.
    Where only one mask has a boundary the value is 0. Where none has, it is 1 if both are empty or both full, else 0.

    valid: as in `iou`. On ignored pixels the prediction is taken to be true, and boundary pixels within the tolerance
    of one are left out, since the true boundary may be anywhere there. The share of a boundary that is left out
    entirely is 1. If the true boundary is left out and none is predicted elsewhere, the value is NaN.
    """
    check(pred_mask, true_mask, valid)
    if tolerance_px < 0:
        raise UserError(f"tolerance_px is {tolerance_px}: expected 0 pixels or more")
    size = 2 * tolerance_px + 1
    if valid is not None:
        pred_mask = true_mask.where(~valid, pred_mask)
    pred, true = boundary(pred_mask), boundary(true_mask)
    counted = pred | true if valid is None else (pred | true) & ~dilate(~valid, size)
    precision = share(pred, counted, dilate(true, size))
    recall = share(true, counted, dilate(pred, size))
    f1 = quotient(2 * precision * recall, precision + recall, empty=0.0)
    same = pixels(pred_mask ^ true_mask) == 0
    return f1.where(pixels(counted) > 0, same.double().where(pixels(true) == 0, math.nan))


class SampleMean(MeanMetric):
    """The mean of a measure over the samples of all batches and all processes; NaN before the first sample.

    Samples whose value is NaN are left out. A MetricCollection needs `compute_groups=False`, because the states of
    these metrics have the same names.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nan_strategy="ignore", **kwargs)
        self.set_dtype(torch.float64)


class MaskIoU(SampleMean):
    """The mean of `iou` over samples: a float64 scalar."""

    def update(self, pred_mask: Tensor, true_mask: Tensor, valid: Tensor | None = None) -> None:  # type: ignore[override]
        super().update(iou(pred_mask, true_mask, valid).to(self.device))


class BoundaryF1(SampleMean):
    """The mean of `boundary_f1` over samples: a float64 scalar. tolerance_px: how far a match may lie."""

    def __init__(self, tolerance_px: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tolerance_px = tolerance_px

    def update(self, pred_mask: Tensor, true_mask: Tensor, valid: Tensor | None = None) -> None:  # type: ignore[override]
        super().update(boundary_f1(pred_mask, true_mask, self.tolerance_px, valid).to(self.device))


def boundary(mask: Tensor) -> Tensor:
    return mask & ~erode(mask, 3)


def share(boundary: Tensor, counted: Tensor, near: Tensor) -> Tensor:
    """Return the share of a boundary's counted pixels that are `near`; 1 if none counts, 0 without a boundary."""
    kept = boundary & counted
    return quotient(pixels(kept & near), pixels(kept), empty=(pixels(boundary) > 0).double())


def pixels(mask: Tensor) -> Tensor:
    return mask.sum((1, 2, 3)).double()


def quotient(part: Tensor, whole: Tensor, empty: float | Tensor) -> Tensor:
    """Return part / whole, and `empty` where whole is 0."""
    return (part / whole).where(whole > 0, empty)


def check(pred_mask: Tensor, true_mask: Tensor, valid: Tensor | None = None) -> None:
    """Raise UserError where a mask is no bool (B, 1, H, W), or has another shape than `pred_mask`."""
    expected = tuple(pred_mask.shape)
    for name, mask in (("pred_mask", pred_mask), ("true_mask", true_mask), ("valid", valid)):
        if mask is None:
            continue
        shape = tuple(mask.shape)
        if len(shape) != 4 or shape[1] != 1 or mask.dtype != torch.bool:
            raise UserError(f"{name}: expected bool (B, 1, H, W), got {mask.dtype} {shape}: convert it")
        if shape != expected:
            raise UserError(f"{name}: expected the shape of pred_mask, {expected}, got {shape}: resize one of them")
