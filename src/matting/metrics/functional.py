"""The five matting errors as pure functions of a prediction and the truth.

Every function takes pred and true, (B, 1, H, W) or (H, W), each uint8 (value / 255) or floating point in [0, 1], and an
optional bool mask of the same shape: the pixels that are summed. Gradient amplitudes and components always come from
the whole image. The result is a float64 tensor (B,) of raw values on the CPU, without gradient. The samples of a batch
are spread over `torch.get_num_threads()` threads, which does not change the values. Every function raises `UserError`
for other shapes or types, for NaN and for values outside [0, 1].

Conventions (all of them compute Grad and Conn of Rhemann et al., CVPR 2009):
- `dim`, the default: the evaluation of Deep Image Matting, with thresholds of exact tenths.
- `mmagic`: thresholds are float products i * 0.1 (one is 0.6000000000000001), and outside the mask the prediction is
  first replaced by the truth rounded to 0 or 1, as by the known regions of a trimap.
- `p3m`: the thresholds of `mmagic`, an empty intersection leaves its pixels connected, and Grad has another scale.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from matting.errors import UserError
from matting.metrics.pair import CONVENTIONS, Pair, pair_of

NAMES = ("sad", "mse", "mae", "grad", "conn")


def sad(pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim") -> Tensor:
    """Return the sum of absolute differences; 0 where the mask is empty. The same in every convention."""
    return measure([differences], pred, true, [mask], convention)[:, 0, 0]


def mse(pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim") -> Tensor:
    """Return the mean squared difference over the mask; NaN where it is empty. The same in every convention."""
    return measure([differences], pred, true, [mask], convention)[:, 0, 1]


def mae(pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim") -> Tensor:
    """Return the mean absolute difference over the mask; NaN where it is empty. The same in every convention."""
    return measure([differences], pred, true, [mask], convention)[:, 0, 2]


def gradient_error(pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim") -> Tensor:
    """Return the sum of squared differences of the gradient amplitudes; 0 where the mask is empty."""
    return measure([gradient], pred, true, [mask], convention)[:, 0, 0]


def connectivity_error(pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim") -> Tensor:
    """Return the sum of absolute differences of the degree of connectedness; 0 where the mask is empty."""
    return measure([connectivity], pred, true, [mask], convention)[:, 0, 0]


def matting_metrics(
    pred: Tensor, true: Tensor, mask: Tensor | None = None, convention: str = "dim"
) -> dict[str, Tensor]:
    """Return all five errors by the keys sad, mse, mae, grad and conn; inputs are checked and copied once."""
    return region_metrics(pred, true, [mask], convention)[0]


def region_metrics(
    pred: Tensor, true: Tensor, masks: Sequence[Tensor | None], convention: str = "dim"
) -> list[dict[str, Tensor]]:
    """Return `matting_metrics` for each mask, in little more than the time of one.

    In the convention `mmagic` each mask takes the whole time, because it changes the prediction.
    """
    values = measure([differences, gradient, connectivity], pred, true, masks, convention)
    return [dict(zip(NAMES, region.unbind(1), strict=True)) for region in values.unbind(1)]


# The kernels are imported where they are used: numba takes a second to import, and NAMES alone needs none of it.


def differences(pair: Pair) -> np.ndarray:
    """Return SAD, MSE and MAE of one sample: float64 (masks, 3)."""
    from matting.metrics.difference import difference_sums

    absolute, squared, n = difference_sums(pair.pred, pair.true, pair.masks).T
    absolute, squared, n = absolute / pair.unit, squared / pair.unit**2, np.where(n, n, np.nan)
    return np.stack([absolute, squared / n, absolute / n], 1)


def gradient(pair: Pair) -> np.ndarray:
    """Return the gradient error of one sample: float64 (masks, 1)."""
    from matting.metrics.filters import p3m_gradient_sums
    from matting.metrics.gradient import gradient_sums

    if pair.convention == "p3m":
        return p3m_gradient_sums(pair.pred / pair.unit, pair.true / pair.unit, pair.masks)[:, None]
    return np.concatenate([gradient_sums(pred, pair.true, masks) for pred, masks in pair.forced])[:, None]


def connectivity(pair: Pair) -> np.ndarray:
    """Return the connectivity error of one sample: float64 (masks, 1)."""
    from matting.metrics.connectivity import connectivity_sums

    how = pair.unit, CONVENTIONS[pair.convention], pair.convention == "p3m"
    return np.concatenate([connectivity_sums(pred, pair.true, masks, *how) for pred, masks in pair.forced])[:, None]


def measure(
    functions: list[Callable[[Pair], np.ndarray]],
    pred: Tensor,
    true: Tensor,
    masks: Sequence[Tensor | None],
    convention: str,
) -> Tensor:
    """Return float64 (B, masks, columns): the columns of all functions for each sample and mask."""
    check(pred, true, masks, convention)
    size = pred.shape[-2:]
    preds, trues = pred.detach().reshape(-1, *size), true.detach().reshape(-1, *size)
    regions = [[None] * len(preds) if mask is None else mask.reshape(-1, *size) for mask in masks]
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        spread = map if threads == 1 else pool.map
        pairs = list(spread(lambda p, t, *m: pair_of(p, t, m, convention), preds, trues, *regions))
        jobs = [(function, pair) for pair in pairs for function in functions]
        values = list(spread(lambda job: job[0](job[1]), jobs))
    rows = [np.concatenate(values[i : i + len(functions)], 1) for i in range(0, len(values), len(functions))]
    return torch.from_numpy(np.stack(rows))


def check(pred: Tensor, true: Tensor, masks: Sequence[Tensor | None], convention: str) -> None:
    """Raise UserError for an unknown convention, other shapes or other types."""
    if convention not in CONVENTIONS:
        raise UserError(f"convention: expected one of {', '.join(CONVENTIONS)}, got {convention!r}: choose one of them")
    one_channel = pred.ndim == 2 or (pred.ndim == 4 and pred.shape[1] == 1)
    if not one_channel or pred.numel() == 0:
        raise UserError(
            f"pred: expected a shape (B, 1, H, W) or (H, W) without a 0, got {tuple(pred.shape)}: reshape it"
        )
    for name, tensor in (("true", true), *(("mask", mask) for mask in masks)):
        if tensor is not None and tensor.shape != pred.shape:
            expected, got = tuple(pred.shape), tuple(tensor.shape)
            raise UserError(f"{name}: expected the shape of pred, {expected}, got {got}: resize one of them")
    for name, tensor in (("pred", pred), ("true", true)):
        if tensor.dtype != torch.uint8 and not tensor.is_floating_point():
            raise UserError(f"{name}: expected uint8 (0..255) or floating point (0..1), got {tensor.dtype}: convert it")
    for mask in masks:
        if mask is not None and mask.dtype != torch.bool:
            raise UserError(
                f"mask: expected bool, True on the pixels to sum, got {mask.dtype}: compare it with a value"
            )
