"""A stand-in for the coarse map: the truth, made as wrong as a segmentation network makes it."""

import numpy as np
import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from matting.nets.morphology import dilate, erode

REACH = 0.03  # of the shorter side: how far edges move and blur at most
DROPPED = 0.25  # chance that a part is missing, and that one is added


def perturbed(mask: Tensor, seeds: list[int]) -> Tensor:
    """Grow or shrink, lose a part or gain one, and blur: (B, 1, H, W) in {0, 1} -> the same shape in [0, 1].

    Each sample's draws come from its own seed, thus are the same wherever it is trained.
    """
    return torch.cat([perturbed_one(mask[i : i + 1], seed) for i, seed in enumerate(seeds)])


def perturbed_one(mask: Tensor, seed: int) -> Tensor:
    draw = np.random.default_rng(seed)
    height, width = mask.shape[-2:]
    reach = max(1.0, REACH * min(height, width))
    size = 2 * int(draw.integers(0, round(reach) + 1)) + 1
    mask = (dilate if draw.random() < 0.5 else erode)(mask.bool(), size).float()
    for value in (0.0, 1.0):
        if draw.random() < DROPPED:
            mask = mask.clone()
            rows, columns = (max(1, int(side * draw.uniform(0.05, 0.2))) for side in (height, width))
            top, left = int(draw.integers(0, height - rows + 1)), int(draw.integers(0, width - columns + 1))
            mask[..., top : top + rows, left : left + columns] = value
    sigma = float(draw.uniform(0.3, reach))
    reach_px = min(int(np.ceil(2 * sigma)), min(height, width) - 1)
    return gaussian_blur2d(mask, 2 * reach_px + 1, (sigma, sigma)).clamp(0, 1)
