"""Losses of a matting network on the whole image, each sample its own (AlphaNet IV-A, "Loss").

"Summed over the complete image" is a mean over its pixels here, so that sizes weigh alike. All are computed in float32
(float64 stays) whatever the precision of the inputs.
"""

import torch
from torch import Tensor


def alpha_prediction_loss(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """A_L = |a_G - a_P|, the mean over each sample's pixels.

    pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. Returns (B,). Raises ValueError for shapes that differ.
    """
    return alpha_error(pred_alpha, true_alpha).mean((1, 2, 3))


def compositional_loss(pred_alpha: Tensor, true_alpha: Tensor, fgr: Tensor, bgr: Tensor) -> Tensor:
    """C_L = |c_G - c_P| with c = a F* + (1 - a) B* (eq. 1), the mean over each sample's pixels and channels.

    Both composites share F* and B*, thus differ by (a_G - a_P) (F* - B*): no composite has to be made.

    pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. fgr, bgr: F* and B* of the sample, (B, 3, H, W) in [0, 1].
    Returns (B,). Raises ValueError for shapes that do not belong together.
    """
    error = alpha_error(pred_alpha, true_alpha)
    batch, _, height, width = pred_alpha.shape
    for name, colours in (("fgr", fgr), ("bgr", bgr)):
        if colours.shape != (batch, 3, height, width):
            raise ValueError(f"{name}: {tuple(colours.shape)}, expected {(batch, 3, height, width)} as alpha has it")
    return (error * (widened(fgr) - widened(bgr)).abs()).mean((1, 2, 3))


def alpha_error(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    if pred_alpha.shape != true_alpha.shape:
        raise ValueError(
            f"pred_alpha {tuple(pred_alpha.shape)} and true_alpha {tuple(true_alpha.shape)} differ in shape"
        )
    return (widened(pred_alpha) - widened(true_alpha)).abs()


def widened(tensor: Tensor) -> Tensor:
    """In at least float32."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
