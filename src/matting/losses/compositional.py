"""Losses of a matting network over the whole image, one value per sample (AlphaNet IV-A, "Loss").

The paper sums "over the complete image"; here it is the mean over the pixels, so that images of any size count alike.
All are computed in float32 at least, whatever the precision of the inputs.
"""

from torch import Tensor

from matting.losses.precision import widened


def alpha_prediction_loss(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """Return A_L = |a_G - a_P|, the mean over each sample's pixels.

    pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. Returns (B,). Raises ValueError for shapes that differ.
    """
    return alpha_error(pred_alpha, true_alpha).mean((1, 2, 3))


def compositional_loss(pred_alpha: Tensor, true_alpha: Tensor, fgr: Tensor, bgr: Tensor) -> Tensor:
    """Return C_L = |c_G - c_P| with c = a F* + (1 - a) B* (eq. 1), the mean over each sample's pixels and channels.

    pred_alpha, true_alpha: (B, 1, H, W) in [0, 1]. fgr, bgr: the sample's F* and B*, (B, 3, H, W) in [0, 1].
    Returns (B,). Raises ValueError for shapes that do not fit together.
    """
    error = alpha_error(pred_alpha, true_alpha)
    batch, _, height, width = pred_alpha.shape
    for name, colours in (("fgr", fgr), ("bgr", bgr)):
        if colours.shape != (batch, 3, height, width):
            raise ValueError(f"{name}: {tuple(colours.shape)}, expected {(batch, 3, height, width)} as for alpha")
    # Both composites share F* and B*, so they differ by (a_G - a_P) (F* - B*): neither has to be made.
    return (error * (widened(fgr) - widened(bgr)).abs()).mean((1, 2, 3))


def alpha_error(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """Return |a_G - a_P| of each pixel, in the inputs' shape. Raises ValueError for shapes that differ."""
    if pred_alpha.shape != true_alpha.shape:
        raise ValueError(
            f"pred_alpha {tuple(pred_alpha.shape)} and true_alpha {tuple(true_alpha.shape)} differ in shape"
        )
    return (widened(pred_alpha) - widened(true_alpha)).abs()
