"""The one place that composites, on the device and in float: I = a F + (1 - a) B, the colour work beside it."""

import math

import torch
from kornia.enhance import jpeg_codec_differentiable
from kornia.filters import filter2d_separable
from torch import Tensor

from matting.data.batch import Batch, RawBatch

# Columns of RawBatch.draws: four of colour for the foreground, four for the background, then what the camera adds.
COLOUR = ("brightness", "contrast", "saturation", "hue")
DRAWS = (*(f"fgr_{name}" for name in COLOUR), *(f"bgr_{name}" for name in COLOUR), "blur", "noise", "jpeg")
MIN_BLUR = 0.3  # px; a narrower Gaussian changes nothing that 8 bits show


def composite(fgr: Tensor, bgr: Tensor, alpha: Tensor) -> Tensor:
    """I = a F + (1 - a) B, in the gamma-encoded space of the papers. (B, 3, H, W), (B, 3, H, W), (B, 1, H, W)."""
    return torch.lerp(bgr, fgr, alpha)


def compose_batch(raw: RawBatch, colour: bool = True) -> Batch:
    """From what workers hand over to what a stage sees, on the device that holds `raw`.

    `colour=False` composites only: validation and test pictures are what they are.
    """
    if "valid" in raw:
        return photograph_batch(raw, colour)
    alpha, fgr, bgr = (raw[key].float().div_(255) for key in ("alpha", "fgr", "bgr"))  # type: ignore[literal-required]
    if "image" in raw:
        image = raw["image"].float().div_(255)
    elif colour:
        draws = torch.from_numpy(raw["draws"])
        fgr, bgr = recolour(fgr, draws[:, :4]), recolour(bgr, draws[:, 4:8])
        bgr = defocus(bgr, draws[:, 8])
        image = camera(composite(fgr, bgr, alpha), draws[:, 9], draws[:, 10], raw["seeds"])
    else:
        image = composite(fgr, bgr, alpha)
    batch: Batch = {
        "image": image,
        "alpha": alpha,
        "fgr": fgr,
        "bgr": bgr,
        "seeds": raw["seeds"],
        "ids": raw["ids"],
        "skipped": raw["skipped"],
    }
    if "new_bgr" in raw:
        batch["new_bgr"] = raw["new_bgr"].float().div_(255)
    return batch


def photograph_batch(raw: RawBatch, colour: bool) -> Batch:
    """Photographs with masks: the whole picture gets the foreground's colour work, then the camera's."""
    image = raw["image"].float().div_(255)
    if colour:
        draws = torch.from_numpy(raw["draws"])
        image = camera(recolour(image, draws[:, :4]), draws[:, 9], draws[:, 10], raw["seeds"])
    return {
        "image": image,
        "alpha": raw["alpha"].float().div_(255),
        "fgr": image,
        "bgr": image,
        "seeds": raw["seeds"],
        "ids": raw["ids"],
        "skipped": raw["skipped"],
        "valid": raw["valid"].bool(),
    }


def colour_map(draws: Tensor) -> tuple[Tensor, Tensor]:
    """Brightness, contrast, saturation and hue (degrees) as one affine map a sample: (B, 4) -> (B, 3, 3), (B, 3, 1)."""
    brightness, contrast, saturation, hue = draws.double().unbind(1)
    grey = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).expand(3, 3)
    axis = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=torch.float64) / math.sqrt(3)
    angle = torch.deg2rad(hue).view(-1, 1, 1)
    one = torch.eye(3, dtype=torch.float64)
    rotate = one + torch.sin(angle) * axis + (1 - torch.cos(angle)) * (axis @ axis)  # Rodrigues, about the grey axis
    saturate = torch.lerp(grey.expand(len(draws), 3, 3), one, (1 + saturation).view(-1, 1, 1))
    matrix = (1 + contrast).view(-1, 1, 1) * (saturate @ rotate)
    offset = (brightness - 0.5 * contrast).view(-1, 1, 1).expand(-1, 3, 1)  # contrast turns about mid grey
    return matrix.float(), offset.float()


def recolour(colours: Tensor, draws: Tensor) -> Tensor:
    """Apply each sample's colour map: (B, 3, H, W) in [0, 1] -> the same, one matrix product and a clamp."""
    matrix, offset = colour_map(draws)
    matrix, offset = (part.to(colours.device, non_blocking=True) for part in (matrix, offset))
    return torch.baddbmm(offset, matrix, colours.flatten(2)).clamp_(0, 1).view_as(colours)


def defocus(bgr: Tensor, sigma: Tensor) -> Tensor:
    """Blur the backgrounds whose sigma (B,) in px is worth it."""
    reaches = [math.ceil(3 * s) if s >= MIN_BLUR else 0 for s in sigma.tolist()]
    chosen = [i for i, reach in enumerate(reaches) if 0 < reach < min(bgr.shape[-2:])]
    if not chosen:
        return bgr
    # on the host, where they were drawn; a sample's kernel is its own, whatever is blurred beside it
    widest = max(reaches[i] for i in chosen)
    away = torch.arange(-widest, widest + 1.0).expand(len(chosen), -1)
    kernels = torch.exp(-0.5 * (away / sigma[chosen, None]) ** 2)
    kernels *= away.abs() <= torch.tensor([reaches[i] for i in chosen])[:, None]
    kernels /= kernels.sum(1, keepdim=True)
    rows = _rows(chosen, bgr.device)
    return bgr.index_copy(0, rows, filter2d_separable(bgr.index_select(0, rows), kernels, kernels))


def camera(image: Tensor, noise: Tensor, jpeg: Tensor, seeds: list[int]) -> Tensor:
    """Sensor noise (standard deviation (B,)) and JPEG-like loss (quality (B,), 0: none) on what the camera sees."""
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
    return torch.tensor(chosen).to(device, non_blocking=True)  # made on the device it would be a copy that waits
