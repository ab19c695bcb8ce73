"""A stand-in for the coarse map of a segmentation network: the true mask, made wrong at random."""

import numpy as np
import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from matting.ops.ellipse import dilate, erode

MAX_SHIFT = 0.03  # the most by which edges move and blur, as a share of the shorter side
CHANCE = 0.25  # that a part is missing, and that a part too many is there


def perturbed(mask: Tensor, seeds: list[int]) -> Tensor:
    """Return each mask grown or shrunk, with a part lost or added, and blurred.

    mask: (B, 1, H, W) in {0, 1}. seeds: one per sample; a sample's draws depend on its seed alone, so that they are
    the same in any batch and on any device. Returns (B, 1, H, W) in [0, 1].
    """
    return torch.cat([perturbed_one(mask[i : i + 1], seed) for i, seed in enumerate(seeds)])


def perturbed_one(mask: Tensor, seed: int) -> Tensor:
    """Return `perturbed` of one sample (1, 1, H, W)."""
    draw = np.random.default_rng(seed)
    height, width = mask.shape[-2:]
    max_shift = max(1.0, MAX_SHIFT * min(height, width))
    # Move the edge outwards or inwards.
    size = 2 * int(draw.integers(0, round(max_shift) + 1)) + 1
    mask = (dilate if draw.random() < 0.5 else erode)(mask.bool(), size).float()
    # Cut a rectangle out of the mask, then add one.
    for value in (0.0, 1.0):
        if draw.random() < CHANCE:
            mask = mask.clone()
            rows, columns = (max(1, int(side * draw.uniform(0.05, 0.2))) for side in (height, width))
            top, left = int(draw.integers(0, height - rows + 1)), int(draw.integers(0, width - columns + 1))
            mask[..., top : top + rows, left : left + columns] = value
    # A network's map has soft edges; the kernel must stay smaller than the image.
    sigma = float(draw.uniform(0.3, max_shift))
    radius = min(int(np.ceil(2 * sigma)), min(height, width) - 1)
    return gaussian_blur2d(mask, 2 * radius + 1, (sigma, sigma)).clamp(0, 1)
