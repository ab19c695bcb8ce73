"""The largest connected part of a mask."""

import cv2
import numpy as np
import torch
from torch import Tensor


@torch.library.custom_op("matting::largest_component", mutates_args=())
def largest_component(mask: Tensor) -> Tensor:
    """Return the largest connected part of each mask, the first of equal ones; pixels connect at sides and corners.

    mask: bool (B, 1, H, W) on any device. Returns the same shape and device; an empty mask stays empty.

    It is computed by OpenCV on the CPU, so a GPU waits for it: torch has no such operation, and kornia's takes as many
    passes over the image as the longest path within a part has pixels. As a custom operator it can be exported.
    """
    planes = mask.flatten(0, -3).cpu().contiguous().numpy()
    found = np.stack([largest_of(plane) for plane in planes])
    return torch.from_numpy(found).view(mask.shape).to(mask.device)


@largest_component.register_fake
def _(mask: Tensor) -> Tensor:
    return torch.empty_like(mask)


def largest_of(mask: np.ndarray) -> np.ndarray:
    """Return the largest connected part of a mask, bool (H, W)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count < 2:  # label 0 is the background
        return mask.copy()
    return labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
