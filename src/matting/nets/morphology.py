"""AlphaNet's erosion-dilation layer: the trimap of a person mask (III-A)."""

import math

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.ops.components import largest_component
from matting.ops.ellipse import costs_to_reach, dilate, dilate_and_erode, ellipse_sums, erode
from matting.ops.trimap import trimap_of

GRADIENTS = ("none", "straight_through", "soft")
BOXES = ("mask", "largest_component")
# The weight of a background pixel in the soft maximum, where a foreground pixel has weight 1. Small enough that the
# largest ellipse of background stays far below one foreground pixel; large enough not to drown in float64's rounding.
FAINT = 1e-9


class ErosionDilation(nn.Module):
    """The erosion-dilation (ED) layer: probability of a person to trimap (AlphaNet III-A).

    forward(prob (B, 1, H, W) in [0, 1]) -> trimap (B, 1, H, W), float32 or float64, also under autocast: 1 inside the
    eroded mask, 0.5 between it and the edge of the dilated mask, 0 outside. The mask is prob >= 0.5; an empty one is
    all background.

    erode, dilate: radii as shares of the mean of height and width of the sample's bounding box, rounded to pixels, at
    least one. box: the bounding box of the whole `mask`, or of its `largest_component`, so that stray pixels and
    further people do not widen the unknown region. Eroded and dilated is the whole mask, whatever the box.
    gradient: `none`, as in the paper (IV-A). `soft` returns a smooth trimap that approaches the hard one as
    `temperature` approaches 0. `straight_through` returns the hard trimap with the gradient of the soft one.
    Raises UserError for another gradient or box, shares outside [0, 1] and a temperature that is not above 0.
    """

    def __init__(
        self,
        erode: float = 0.04,
        dilate: float = 0.04,
        gradient: str = "none",
        temperature: float = 0.1,
        box: str = "mask",
    ) -> None:
        super().__init__()
        for key, share in (("erode", erode), ("dilate", dilate)):
            if not 0 <= share <= 1:
                raise UserError(f"{key}={share}: expected a share of the mask's size from 0 to 1, such as 0.04")
        if gradient not in GRADIENTS:
            raise UserError(f"gradient={gradient}: expected one of {', '.join(GRADIENTS)}")
        if box not in BOXES:
            raise UserError(f"box={box}: expected one of {', '.join(BOXES)}")
        if not temperature > 0:
            raise UserError(f"temperature={temperature}: expected a number above 0, such as 0.1")
        self.erode, self.dilate = erode, dilate
        self.gradient = gradient
        self.temperature, self.box = temperature, box

    def forward(self, prob: Tensor) -> Tensor:
        mask = prob >= 0.5
        # The radii differ from sample to sample and stay on the device; `limit` is the largest that they can be.
        boxed = mask if self.box == "mask" else largest_component(mask)
        radii = torch.cat([box_radii(boxed, self.erode), box_radii(boxed, self.dilate)], 1)
        limit = max(1, math.ceil(max(self.erode, self.dilate) * sum(mask.shape[-2:]) / 2))
        dtype = torch.promote_types(prob.dtype, torch.float32)
        if self.gradient == "soft":
            return soft_trimap(prob, radii, limit, self.temperature).to(dtype)
        # On a CPU three to four times as fast, but it reads the radii, which a compiled graph cannot do.
        on_host = mask.device.type == "cpu" and not torch.compiler.is_compiling()
        trimap = (host_trimap(mask, radii) if on_host else device_trimap(mask, radii, limit)).to(dtype)
        if self.gradient == "straight_through" and prob.requires_grad and torch.is_grad_enabled():
            soft = soft_trimap(prob, radii, limit, self.temperature).to(dtype)
            # Add exactly 0, with the soft trimap's gradient.
            trimap = trimap + (soft - soft.detach())
        return trimap


def box_radii(mask: Tensor, share: float) -> Tensor:
    """Return `share` of the mean side of each mask's bounding box, rounded and at least 1; 0 for an empty mask.

    mask: bool (B, 1, H, W). Returns int64 (B, 1, 1, 1) on its device.
    """
    sides = []
    for axis in (-2, -1):
        occupied = mask.any(axis, keepdim=True).flatten(1)  # rows or columns with a pixel of the mask
        positions = torch.arange(occupied.shape[1], device=mask.device)
        first = positions.where(occupied, occupied.shape[1]).amin(1)
        last = positions.where(occupied, -1).amax(1)
        sides.append((last - first + 1).clamp(min=0))
    mean_side = torch.stack(sides).double().mean(0)
    return (share * mean_side).round().clamp(min=1).where(mean_side > 0, 0).long().view(-1, 1, 1, 1)


def host_trimap(mask: Tensor, radii: Tensor) -> Tensor:
    """Return the trimap of a mask on the CPU.

    mask: bool (B, 1, H, W). radii: integers (B, 2, 1, 1), of erosion and dilation.
    """
    # Equal radii are the default: then one pass makes both.
    bounds = [
        dilate_and_erode(sample, sample, 2 * inner + 1)
        if inner == outer
        else (dilate(sample, 2 * outer + 1), erode(sample, 2 * inner + 1))
        for sample, (inner, outer) in zip(mask.split(1), radii.flatten(1).tolist(), strict=True)
    ]
    dilated, eroded = map(torch.cat, zip(*bounds, strict=True))
    return trimap_of(eroded, dilated)


def device_trimap(mask: Tensor, radii: Tensor, limit: int) -> Tensor:
    """Return the trimap of a mask on any device, without waiting for it. limit: no radius is larger."""
    costs = costs_to_reach(torch.cat([~mask, mask], 1), limit)
    reached = costs < radii**2
    return trimap_of(~reached[:, :1], reached[:, 1:])


def soft_trimap(prob: Tensor, radii: Tensor, limit: int, temperature: float) -> Tensor:
    """Return the trimap as a smooth function of the probability, monotone in every pixel's.

    prob: (B, 1, H, W); radii, limit: as for `device_trimap`. Returns float64 (B, 1, H, W): the sums need its precision.
    """
    fgr = soft_threshold(prob.double(), temperature)
    # A soft maximum over each ellipse, the logarithm of the sum of exponentials. A foreground pixel counts 1, a
    # background pixel FAINT. Erosion is the dilation of the complement.
    sharpness = -math.log(FAINT)
    sums, count = ellipse_sums(torch.exp(sharpness * torch.cat([-fgr, fgr - 1], 1)), radii, limit)
    # Only rounding puts a sum below FAINT, even below 0: keep that from the logarithm.
    level = sums.clamp(min=FAINT / 2).log()
    # A soft threshold, half way between an ellipse of background alone and one with a single foreground pixel.
    middle = (count.log() - sharpness) / 2
    reached = torch.sigmoid((level - middle) / (sharpness * temperature))
    return trimap_of(1 - reached[:, :1], reached[:, 1:])


def soft_threshold(prob: Tensor, temperature: float) -> Tensor:
    """Return a soft step at 0.5: the sigmoid of (prob - 0.5) / temperature, scaled so that 0 and 1 are kept."""
    return 0.5 + 0.5 * torch.tanh((prob - 0.5) / (2 * temperature)) / math.tanh(1 / (4 * temperature))
