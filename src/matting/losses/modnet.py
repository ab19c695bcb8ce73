"""MODNet's losses: semantics, detail and matte (Ke et al., section 3), and its adaptation without alphas (section 3.4).

The weights are those of the published training code.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.losses.precision import widened

SIGMA = 0.8  # of the 3x3 blur of the semantic target


def blur_kernel(like: Tensor) -> Tensor:
    """Return the Gaussian kernel (1, 1, 3, 3) that a filter makes of a 3x3 impulse, mirrored at its edge."""
    steps = torch.arange(-3, 4, device=like.device, dtype=torch.float64)
    weights = torch.exp(-(steps**2) / (2 * SIGMA**2))
    weights = weights / weights.sum()  # up to three pixels away, scipy's four deviations
    line = torch.zeros(3, device=like.device, dtype=torch.float64)
    for out in range(3):
        for step, weight in zip(range(-3, 4), weights, strict=True):
            if mirrored(out + step) == 1:
                line[out] += weight
    return torch.outer(line, line).to(like.dtype)[None, None]


def mirrored(index: int, size: int = 3) -> int:
    """Return the pixel that an index outside of a line means when the line is mirrored with its edge."""
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index


def blurred(x: Tensor) -> Tensor:
    """Blur maps (B, 1, H, W) by 3x3; the edge is mirrored without the edge pixel."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), blur_kernel(x))


def semantic_target(alpha: Tensor) -> Tensor:
    """Return the blurred alpha at 1/16 of its size, without antialiasing: (B, 1, H, W) -> (B, 1, H/16, W/16)."""
    return blurred(F.interpolate(widened(alpha), scale_factor=1 / 16, mode="bilinear", align_corners=False))


def semantic_loss(semantic: Tensor, alpha: Tensor) -> Tensor:
    """Return the squared error of the semantic map (B, 1, H/16, W/16) against the alpha (B, 1, H, W), a scalar."""
    return F.mse_loss(widened(semantic), semantic_target(alpha))


def detail_loss(detail: Tensor, alpha: Tensor, trimap: Tensor) -> Tensor:
    """Return the absolute error of the detail map inside the unknown region, averaged over all pixels, a scalar.

    detail, alpha, trimap: (B, 1, H, W) in [0, 1]; the trimap is 0.5 in the unknown region.
    """
    unknown = trimap == 0.5
    return (torch.where(unknown, widened(detail), trimap) - torch.where(unknown, alpha, trimap)).abs().mean()


def matte_loss(pred_alpha: Tensor, alpha: Tensor, trimap: Tensor, image: Tensor, boundary_weight: float = 4) -> Tensor:
    """Return the error of alpha and of image * alpha; the unknown region counts `boundary_weight` times more.

    pred_alpha, alpha, trimap: (B, 1, H, W) in [0, 1]. image: (B, 3, H, W) in [-1, 1], as the published code has it.
    """
    pred_alpha, image = widened(pred_alpha), widened(image)
    inside = torch.where(trimap == 0.5, pred_alpha, trimap)
    terms = []
    for predicted, weight in ((pred_alpha, 1.0), (inside, boundary_weight)):
        error = (predicted - alpha).abs()
        terms += [weight * error.mean(), weight * (error * image.abs()).mean()]
    return torch.stack(terms).sum()


def consistency_loss(semantic: Tensor, pred_alpha: Tensor, floor: float = 0.01) -> Tensor:
    """Return the squared errors between the semantic map and the alpha at its size, each the other's target.

    semantic: (B, 1, H/16, W/16), pred_alpha: (B, 1, H, W) in [0, 1]. Targets are detached; up to `floor` they are 0.
    """
    semantic, small = widened(semantic), semantic_target(pred_alpha)

    def target(x: Tensor) -> Tensor:
        return torch.where(x > floor, x, 0.0).detach()

    return F.mse_loss(semantic, target(small)) + F.mse_loss(small, target(semantic))


def preservation_loss(pred: Tensor, backup: Tensor, boundary: Tensor) -> Tensor:
    """Return |pred - backup| averaged over each image's boundary, then over the images; 0 without any boundary.

    pred, backup, boundary: (B, 1, H, W); the boundary is 1 or 0.
    """
    error = (boundary * (widened(pred) - backup.detach()).abs()).sum((1, 2, 3))
    return (error / boundary.sum((1, 2, 3)).clamp(min=1)).mean()


def adaptation_boundary(semantic: Tensor, pred_alpha: Tensor, share: float = 0.05, floor: float = 0.1) -> Tensor:
    """Return where the person's outline is uncertain, 1 or 0, (B, 1, H, W): around the edge of both maps' agreement.

    semantic: (B, 1, H/16, W/16), pred_alpha: (B, 1, H, W) in [0, 1]. share: side of the square that widens the edge, of
    the mean of height and width.
    """
    height, width = pred_alpha.shape[-2:]
    side = max(1, int((height + width) / 2 * share))
    coarse = F.interpolate(
        (semantic > floor).to(pred_alpha.dtype), (height, width), mode="bilinear", align_corners=False
    )
    found = (pred_alpha > floor) * coarse
    # Scipy's grey dilation places an even square one pixel towards the start, its erosion does so as well.
    before, after = side // 2, side - 1 - side // 2
    largest = F.max_pool2d(F.pad(found, (before, after, before, after), value=-1.0), side, 1)
    least = -F.max_pool2d(F.pad(-found, (before, after, before, after), value=-2.0), side, 1)
    return (largest != least).to(pred_alpha.dtype)
