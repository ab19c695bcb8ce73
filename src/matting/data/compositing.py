"""Compositing on the device, I = a F + (1 - a) B in float32, with the colour augmentation before and after it."""

import math
from typing import Any

import torch
from kornia.enhance import jpeg_codec_differentiable
from kornia.filters import filter2d_separable
from torch import Tensor

from matting.data.batch import CHANNELS, Batch, RawBatch

# Columns of RawBatch.draws: four colour parameters of the foreground, four of the background, then those of the camera.
COLOUR = ("brightness", "contrast", "saturation", "hue")
DRAWS = (*(f"fgr_{name}" for name in COLOUR), *(f"bgr_{name}" for name in COLOUR), "blur", "noise", "jpeg")
MIN_BLUR = 0.3  # px; a narrower Gaussian changes less than 8 bits can hold


def composite(fgr: Tensor, bgr: Tensor, alpha: Tensor) -> Tensor:
    """Return I = a F + (1 - a) B, in gamma-encoded colours as the papers do.

    fgr, bgr: (B, 3, H, W) in [0, 1]. alpha: (B, 1, H, W) in [0, 1]. Returns (B, 3, H, W) in [0, 1].
    """
    return torch.lerp(bgr, fgr, alpha)


def compose_batch(raw: RawBatch, colour: bool = True) -> Batch:
    """Turn a batch of the workers into a batch for a stage, on the device that holds `raw`.

    colour: whether to change colours at random, as in training; validation and test images stay as they are.
    """
    batch: dict[str, Any] = {key: raw[key] for key in ("seeds", "ids", "skipped")}  # type: ignore[literal-required]
    # A batch of photographs has its own image; other images are composited here.
    batch |= {key: raw[key].float().div_(255) for key in CHANNELS if key in raw}  # type: ignore[literal-required]
    draws = torch.from_numpy(raw["draws"])
    if "valid" in raw:
        image = batch["image"]
        if colour:  # the whole picture takes the colour parameters of the foreground
            image = camera(recolour(image, draws[:, :4]), draws[:, 9], draws[:, 10], raw["seeds"])
        batch |= {"image": image, "fgr": image, "bgr": image, "valid": raw["valid"].bool()}
    elif "image" not in raw and colour:
        fgr, bgr = recolour(batch["fgr"], draws[:, :4]), defocus(recolour(batch["bgr"], draws[:, 4:8]), draws[:, 8])
        image = camera(composite(fgr, bgr, batch["alpha"]), draws[:, 9], draws[:, 10], raw["seeds"])
        batch |= {"image": image, "fgr": fgr, "bgr": bgr}
    elif "image" not in raw:
        batch["image"] = composite(batch["fgr"], batch["bgr"], batch["alpha"])
    return batch  # type: ignore[return-value]


def colour_map(draws: Tensor) -> tuple[Tensor, Tensor]:
    """Return each sample's affine colour map, matrices (B, 3, 3) and offsets (B, 3, 1), both float32.

    draws: (B, 4) brightness, contrast, saturation (0 changes nothing) and hue in degrees.
    """
    brightness, contrast, saturation, hue = draws.double().unbind(1)
    grey = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).expand(3, 3)
    # A change of hue rotates colours about the grey axis, by Rodrigues' formula.
    axis = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=torch.float64) / math.sqrt(3)
    angle = torch.deg2rad(hue).view(-1, 1, 1)
    one = torch.eye(3, dtype=torch.float64)
    rotate = one + torch.sin(angle) * axis + (1 - torch.cos(angle)) * (axis @ axis)
    saturate = torch.lerp(grey.expand(len(draws), 3, 3), one, (1 + saturation).view(-1, 1, 1))
    matrix = (1 + contrast).view(-1, 1, 1) * (saturate @ rotate)
    offset = (brightness - 0.5 * contrast).view(-1, 1, 1).expand(-1, 3, 1)  # contrast turns about mid grey
    return matrix.float(), offset.float()


def recolour(colours: Tensor, draws: Tensor) -> Tensor:
    """Return colours (B, 3, H, W) after each sample's colour map, clamped to [0, 1]. draws: as for `colour_map`."""
    matrix, offset = colour_map(draws)
    matrix, offset = (part.to(colours.device, non_blocking=True) for part in (matrix, offset))
    return torch.baddbmm(offset, matrix, colours.flatten(2)).clamp_(0, 1).view_as(colours)


def defocus(bgr: Tensor, sigma: Tensor) -> Tensor:
    """Return backgrounds (B, 3, H, W), each blurred by a Gaussian of its sigma (B,) in px, if that would show."""
    radii = [math.ceil(3 * s) if s >= MIN_BLUR else 0 for s in sigma.tolist()]
    chosen = [i for i, radius in enumerate(radii) if 0 < radius < min(bgr.shape[-2:])]
    if not chosen:
        return bgr
    # Kernels of one width for the batch, each cut off at its own radius: a sample's blur must not depend on the others.
    widest = max(radii[i] for i in chosen)
    offsets = torch.arange(-widest, widest + 1.0).expand(len(chosen), -1)
    kernels = torch.exp(-0.5 * (offsets / sigma[chosen, None]) ** 2)
    kernels *= offsets.abs() <= torch.tensor([radii[i] for i in chosen])[:, None]
    kernels /= kernels.sum(1, keepdim=True)
    rows = _rows(chosen, bgr.device)
    return bgr.index_copy(0, rows, filter2d_separable(bgr.index_select(0, rows), kernels, kernels))


def camera(image: Tensor, noise: Tensor, jpeg: Tensor, seeds: list[int]) -> Tensor:
    """Return images (B, 3, H, W) with sensor noise and the loss of a JPEG, clamped to [0, 1].

    noise: standard deviations (B,). jpeg: qualities (B,), 0 for none. seeds: of each sample's noise.
    """
    image = image.clone()
    for i, (sigma, seed) in enumerate(zip(noise.tolist(), seeds, strict=True)):
        if sigma > 0:
            generator = torch.Generator(image.device).manual_seed(seed)
            image[i] += sigma * torch.randn(image.shape[1:], generator=generator, device=image.device)
    image.clamp_(0, 1)
    chosen = [i for i, quality in enumerate(jpeg.tolist()) if quality > 0]
    if chosen:
        rows = _rows(chosen, image.device)
        coded = jpeg_codec_differentiable(image.index_select(0, rows), jpeg[chosen]).clamp(0, 1)
        image = image.index_copy(0, rows, coded)
    return image


def _rows(chosen: list[int], device: torch.device) -> Tensor:
    """Return indices on the device. Given a device, `torch.tensor` would wait for it."""
    return torch.tensor(chosen).to(device, non_blocking=True)
