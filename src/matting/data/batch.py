"""The keys of a batch, and the check at the border between data and stages."""

from typing import NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor


class RawBatch(TypedDict):
    """What workers hand over: undecided colours, one byte a value.

    Three kinds: composites to be made (fgr, alpha, bgr; new_bgr where a loss asks for it), photographs with an alpha
    (these and image), and photographs with a mask of persons (image, alpha, valid), where `alpha` is 0 or 255 and true
    for segmentation only.
    """

    alpha: Tensor  # uint8 (B, 1, H, W)
    fgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) foreground colours
    bgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) background
    new_bgr: NotRequired[Tensor]  # uint8 (B, 3, H, W) the arbitrary background B of POMAGAN eq. 8
    image: NotRequired[Tensor]  # uint8 (B, 3, H, W): the photograph itself, where nothing is composited
    valid: NotRequired[Tensor]  # uint8 (B, 1, H, W), 0 or 255: where the mask of a photograph says something
    draws: np.ndarray  # float32 (B, len(compose.DRAWS)) colour parameters; on the host, where they choose the work
    seeds: list[int]  # for what is drawn on the device
    ids: list[str]  # subject@background, or the photograph's
    skipped: list[str]  # damaged files that others stand in for


class Batch(TypedDict):
    """What a stage sees. Colours are RGB, everything float32 in [0, 1].

    A batch that has `valid` is of photographs with masks: its alpha is binary, no truth for matting; fgr and bgr are
    the image.
    """

    image: Tensor  # (B, 3, H, W) what the camera sees
    alpha: Tensor  # (B, 1, H, W) truth
    fgr: Tensor  # (B, 3, H, W)
    bgr: Tensor  # (B, 3, H, W)
    new_bgr: NotRequired[Tensor]  # (B, 3, H, W), in training where a loss asks for it
    seeds: list[int]  # for what a stage draws
    ids: list[str]
    skipped: list[str]
    valid: NotRequired[Tensor]  # bool (B, 1, H, W): where the mask says something


CHANNELS = {"image": 3, "alpha": 1, "fgr": 3, "bgr": 3, "new_bgr": 3}
ROUNDING = 1e-6  # by which a blurred white may lie above 1: the weights of a blur add up to 1 but for rounding


def check_batch(batch: Batch) -> Batch:
    """Raise ValueError naming the key whose shape, dtype or range is not what `Batch` says."""
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
