"""L1 losses on the map, the foreground and the composite, over the image and over the border (POMAGAN 3.1 and 3.2).

The segmentation stage calls the same functions with its maps s and s* in the place of alpha, on the targets alpha and
fgr.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

TARGETS = ("alpha", "fgr", "comp")
Normalize = Literal["image", "border"]


def matte_targets(image: Tensor, alpha: Tensor, new_bgr: Tensor | None, names: Sequence[str]) -> dict[str, Tensor]:
    """What a loss compares, by name and in the order of `names`.

    alpha: the map itself. fgr: image * alpha (eq. 2). comp: image * alpha + new_bgr * (1 - alpha) (eq. 8).

    image, new_bgr: (B, 3, H, W) in [0, 1]; new_bgr may be None when comp is not asked for. alpha: (B, 1, H, W) in
    [0, 1]. names: some of TARGETS. Raises ValueError for another name and for comp without a background.
    """
    if unknown := [name for name in names if name not in TARGETS]:
        raise ValueError(f"target {unknown[0]!r} is not known: choose from {', '.join(TARGETS)}")
    targets = {"alpha": alpha}
    if "fgr" in names or "comp" in names:
        targets["fgr"] = image * alpha
    if "comp" in names:
        if new_bgr is None:
            raise ValueError("the target comp needs a new background (new_bgr), got None")
        targets["comp"] = targets["fgr"] + new_bgr * (1 - alpha)
    return {name: targets[name] for name in names}


def mean_absolute_error(pred: Tensor, true: Tensor, weight_map: Tensor | None = None) -> Tensor:
    """Mean over all elements of weight * |pred - true|: samples of a batch weigh alike.

    The difference is taken in the inputs' own precision and summed in float32 (float64 stays): float32 copies of large
    feature maps can cost more than all other work of a step.

    pred, true: same shape. weight_map: broadcastable to it. Returns a scalar.
    """
    distance = (pred - true).abs()
    if weight_map is not None:
        distance = distance * weight_map
    # Dividing the sum keeps the backward pass to one number that is spread, where a mean divides every element.
    return distance.sum(dtype=torch.promote_types(distance.dtype, torch.float32)) / distance.numel()


def l1_loss(
    pred_targets: Mapping[str, Tensor], true_targets: Mapping[str, Tensor], weight_map: Tensor | None = None
) -> Tensor:
    """L_seg (eq. 4) and L_alpha (eq. 9): the sum over targets of their mean absolute error.

    pred_targets, true_targets: (B, C, H, W) by name, as `matte_targets` gives them; every name of pred_targets counts.
    weight_map: broadcastable to (B, 1, H, W). Returns a scalar.
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
    """L_border (eq. 6 and 10): L1 on the targets of the maps cut down to the border, eq. 5's F_b = I * (a * a_b).

    The composite follows the formula below eq. 10, I_b = I * (a * a_b) + B * (1 - a * a_b): outside the border it is
    all background, on both sides.

    image, new_bgr, names: as for `matte_targets`. pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. border: (B, 1, H, W),
    1 on the border and 0 elsewhere. normalize: `image` is the mean over the whole image, `border` the mean over the
    border's pixels (0 where a sample has none), so that wide and narrow borders weigh alike. Returns a scalar.
    Raises ValueError for another normalize.
    """
    if normalize not in ("image", "border"):
        raise ValueError(f"normalize {normalize!r} is not known: choose image or border")
    weight = None
    if normalize == "border":
        count = border.sum(dim=(1, 2, 3), keepdim=True)
        weight = border[0].numel() / count.clamp(min=1)
    pred_targets = matte_targets(image, pred_alpha * border, new_bgr, names)
    true_targets = matte_targets(image, true_alpha * border, new_bgr, names)
    return l1_loss(pred_targets, true_targets, weight)
