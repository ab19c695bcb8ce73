"""L1 losses on map, foreground and composite, over the image and over the border (POMAGAN 3.1 and 3.2).

The segmentation stage calls the same functions with its maps s and s* in place of alpha, on the targets alpha and fgr.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

TARGETS = ("alpha", "fgr", "comp")
Normalize = Literal["image", "border"]


def matte_targets(image: Tensor, alpha: Tensor, new_bgr: Tensor | None, names: Sequence[str]) -> dict[str, Tensor]:
    """Return the images that a loss compares, by name and in the order of `names`.

    `alpha` is the map itself, `fgr` is image * alpha (eq. 2), `comp` is image * alpha + new_bgr * (1 - alpha) (eq. 8).
    image, new_bgr: (B, 3, H, W) in [0, 1]; new_bgr may be None without comp. alpha: (B, 1, H, W) in [0, 1].
    names: some of TARGETS. Raises ValueError for another name and for comp without a background.
    """
    if unknown := [name for name in names if name not in TARGETS]:
        raise ValueError(f"target {unknown[0]!r}: expected one of {', '.join(TARGETS)}")
    targets = {"alpha": alpha}
    if "fgr" in names or "comp" in names:
        targets["fgr"] = image * alpha
    if "comp" in names:
        if new_bgr is None:
            raise ValueError("target 'comp': expected a new background (new_bgr), got None")
        targets["comp"] = targets["fgr"] + new_bgr * (1 - alpha)
    return {name: targets[name] for name in names}


def mean_absolute_error(pred: Tensor, true: Tensor, weight_map: Tensor | None = None) -> Tensor:
    """Return the mean over all elements of weight_map * |pred - true|, a scalar.

    pred, true: same shape. weight_map: broadcastable to it. The difference is taken in the inputs' precision and summed
    in float32 at least: float32 copies of large feature maps can cost more than the rest of a training step.
    """
    distance = (pred - true).abs()
    if weight_map is not None:
        distance = distance * weight_map
    # Not `mean`: it divides every element in the backward pass, where this divides one number.
    return distance.sum(dtype=torch.promote_types(distance.dtype, torch.float32)) / distance.numel()


def l1_loss(
    pred_targets: Mapping[str, Tensor], true_targets: Mapping[str, Tensor], weight_map: Tensor | None = None
) -> Tensor:
    """Return L_seg (eq. 4) or L_alpha (eq. 9): the sum over targets of their mean absolute error, a scalar.

    pred_targets, true_targets: (B, C, H, W) by name, as `matte_targets` returns them; the names of pred_targets count.
    weight_map: broadcastable to (B, 1, H, W).
    """
    errors = [mean_absolute_error(pred, true_targets[name], weight_map) for name, pred in pred_targets.items()]
    return torch.stack(errors).sum()


def border_loss(
    image: Tensor,
    pred_alpha: Tensor,
    true_alpha: Tensor,
    border: Tensor,
    new_bgr: Tensor | None,
    names: Sequence[str],
    normalize: Normalize = "image",
) -> Tensor:
    """Return L_border (eq. 6 and 10), a scalar: L1 on the targets of both maps, each first multiplied by the border.

    image, new_bgr, names: as for `matte_targets`. pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. border: (B, 1, H, W),
    1 on the border and 0 elsewhere. normalize: `image` takes the mean over the whole image; `border` takes it over the
    border's pixels (0 for a sample without any), so that wide and narrow borders count alike. Raises ValueError for
    another normalize.
    """
    if normalize not in ("image", "border"):
        raise ValueError(f"normalize={normalize!r}: expected image or border")
    weight = None
    if normalize == "border":
        count = border.sum(dim=(1, 2, 3), keepdim=True)
        weight = border[0].numel() / count.clamp(min=1)
    # F_b = I * (a * a_b) (eq. 5). The composite follows the formula below eq. 10:
    # I_b = I * (a * a_b) + B * (1 - a * a_b). Outside the border both sides are all background, and equal.
    pred_targets = matte_targets(image, pred_alpha * border, new_bgr, names)
    true_targets = matte_targets(image, true_alpha * border, new_bgr, names)
    return l1_loss(pred_targets, true_targets, weight)
