"""FBA with its inference path: image and trimap -> alpha, foreground and background (Forte and Pitie)."""

from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from matting.nets.fba import FBA
from matting.ops.distances import distance_maps, known_maps

STRIDE = 8


def predict(network: FBA, image: Tensor, trimap: Tensor, rule: str = "pad") -> dict[str, Tensor]:
    """Return alpha (B, 1, H, W), foreground and background (B, 3, H, W), with the known pixels set.

    image: (B, 3, H, W) in [0, 1]. trimap: (B, 1, H, W) of 0, 0.5 and 1. rule: how sides become multiples of 8: `pad`
    by reflection, or `lanczos`, the authors', which enlarges image and trimap; the trimap is then no longer binary.
    """
    found = [one(network, *pair, rule) for pair in zip(image, trimap, strict=True)]
    maps = {name: torch.cat([each[name] for each in found]) for name in found[0]}
    certain = trimap != 0.5
    maps["alpha"] = torch.where(certain, trimap.float(), maps["alpha"])
    maps["foreground"] = torch.where(maps["alpha"] == 1, image.float(), maps["foreground"])
    maps["background"] = torch.where(maps["alpha"] == 0, image.float(), maps["background"])
    return maps


def one(network: FBA, image: Tensor, trimap: Tensor, rule: str) -> dict[str, Tensor]:
    """Return the maps of one image (3, H, W), with a batch axis."""
    height, width = image.shape[-2:]
    colours = image.permute(1, 2, 0).float().cpu().numpy()
    known = known_maps(trimap[0].cpu().numpy())
    bottom, right = -height % STRIDE, -width % STRIDE
    if rule == "lanczos" and (bottom or right):
        colours, known = enlarged(colours), enlarged(known)
    elif bottom or right:
        mode: Literal["reflect", "edge"] = "reflect" if bottom < height and right < width else "edge"
        colours, known = (np.pad(plane, ((0, bottom), (0, right), (0, 0)), mode) for plane in (colours, known))
    inputs = [batched(plane, image.device) for plane in (colours, known, distance_maps(known))]
    maps = network(*inputs)
    if rule == "lanczos":
        return {name: F.interpolate(plane, (height, width), mode="bilinear") for name, plane in maps.items()}
    return {name: plane[..., :height, :width] for name, plane in maps.items()}


def enlarged(plane: np.ndarray) -> np.ndarray:
    """Return an array (H, W, C) whose sides are enlarged to multiples of 8 by OpenCV's Lanczos filter."""
    height, width = plane.shape[:2]
    size = width + -width % STRIDE, height + -height % STRIDE
    return cv2.resize(plane, size, interpolation=cv2.INTER_LANCZOS4)


def batched(plane: np.ndarray, device: torch.device) -> Tensor:
    """Return an array (H, W, C) as a tensor (1, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(plane.transpose(2, 0, 1)))[None].to(device)
