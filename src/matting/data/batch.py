"""The keys of a batch, and the check that a batch keeps to them."""

from typing import NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor


class RawBatch(TypedDict):
    """A batch as workers hand it over: uint8, not yet composited.

    Three kinds: composites to be made (fgr, alpha, bgr, and new_bgr where a loss needs it); photographs with an alpha
    (the same keys, and image); photographs with a person mask (image, alpha, valid), whose alpha is 0 or 255 and is a
    truth for segmentation only.
    """

    alpha: Tensor  # uint8 (B, 1, H, W)
    fgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) foreground colours
    bgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) background
    new_bgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) the arbitrary background B of POMAGAN eq. 8
    image: NotRequired[Tensor]  # uint8 (B, 3, H, W) the photograph itself, where nothing is composited
    valid: NotRequired[Tensor]  # uint8 (B, 1, H, W), 255 where the mask of a photograph is known, else 0
    draws: np.ndarray  # float32 (B, len(compositing.DRAWS)) colour parameters; on the host, as they choose the work
    seeds: list[int]  # of the random numbers that are drawn on the device
    ids: list[str]  # subject@background, or the photograph's
    skipped: list[str]  # damaged files, which other samples replaced


class Batch(TypedDict):
    """A batch as a stage sees it. Colours are RGB, all tensors float32 in [0, 1].

    A batch with `valid` is of photographs with person masks: its alpha is binary and no truth for matting, and both fgr
    and bgr are the image.
    """

    image: Tensor  # (B, 3, H, W) the camera's picture
    alpha: Tensor  # (B, 1, H, W) the truth
    fgr: Tensor  # (B, 3, H, W)
    bgr: Tensor  # (B, 3, H, W)
    new_bgr: NotRequired[Tensor]  # (B, 3, H, W), in training where a loss needs it
    seeds: list[int]  # of the random numbers that a stage draws
    ids: list[str]
    skipped: list[str]
    valid: NotRequired[Tensor]  # bool (B, 1, H, W), True where the mask is known


CHANNELS = {"image": 3, "alpha": 1, "fgr": 3, "bgr": 3, "new_bgr": 3}
ROUNDING = 1e-6  # the weights of a blur add up to 1 except for rounding: blurred white may exceed 1 by this much


def check_batch(batch: Batch) -> Batch:
    """Return the batch. Raises ValueError that names a key whose shape, dtype or range is not that of `Batch`."""
    size = batch["image"].shape[-2:]
    for key, channels in CHANNELS.items():
        if key == "new_bgr" and key not in batch:
            continue
        value = batch[key]  # type: ignore[literal-required]
        expected = (len(batch["ids"]), channels, *size)
        if tuple(value.shape) != expected or value.dtype != torch.float32:
            raise ValueError(f"batch.{key}: {tuple(value.shape)} {value.dtype}, expected {expected} torch.float32")
        low, high = value.aminmax()
        if not (low >= 0 and high <= 1 + ROUNDING):
            raise ValueError(f"batch.{key}: values in [{float(low):.7g}, {float(high):.7g}], expected [0, 1]")
    if "valid" in batch:
        valid, alpha = batch["valid"], batch["alpha"]
        if valid.shape != alpha.shape or valid.dtype != torch.bool:
            raise ValueError(
                f"batch.valid: {tuple(valid.shape)} {valid.dtype}, expected {tuple(alpha.shape)} torch.bool"
            )
        if not ((alpha == 0) | (alpha == 1)).all():
            raise ValueError("batch.alpha: values between 0 and 1 beside batch.valid, expected a mask")
    return batch
