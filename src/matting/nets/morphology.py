"""Border maps and trimaps: the one place that makes them, from the truth for metrics and crops, and inside AlphaNet."""

import math

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.ops.ellipse import costs_to_reach, dilate, dilate_and_erode, ellipse_sums, erode
from matting.ops.trimap import trimap_of

GRADIENTS = ("none", "straight_through", "soft")
# What a background pixel weighs beside a foreground pixel in a soft maximum: little enough that the largest ellipse
# full of it stays far below one pixel of foreground, enough to stand out from float64's rounding of the sums.
FAINT = 1e-9


class ErosionDilation(nn.Module):
    """The erosion-dilation (ED) layer: a mask's probability to a trimap (AlphaNet III-A).

    The mask is prob >= 0.5. Erosion and dilation reach `erode` and `dilate` times the mean of the height and the width
    of the mask's bounding box, in whole pixels and at least one, each sample by its own box: 1 inside the eroded mask,
    0.5 from there to the dilated mask's edge, 0 outside. An empty mask is all background. The radii stay on the device.

    prob: floating point (B, 1, H, W) in [0, 1]. Returns float32 (B, 1, H, W) (float64 stays), whatever autocast says.

    gradient: the paper's layer passes none (IV-A), `none`. The others go beyond it. `soft` gives the mean of a soft
    erosion and a soft dilation, which comes to the hard trimap as `temperature` goes to 0. `straight_through` gives
    the hard trimap, with the gradient of the soft one at that temperature.
    Raises UserError for another gradient, shares outside [0, 1] and a temperature that is not above 0.
    """

    def __init__(
        self, erode: float = 0.04, dilate: float = 0.04, gradient: str = "none", temperature: float = 0.1
    ) -> None:
        super().__init__()
        for key, share in (("erode", erode), ("dilate", dilate)):
            if not 0 <= share <= 1:
                raise UserError(f"{key} is {share}: expected a share of the mask's size from 0 to 1, such as 0.04")
        if gradient not in GRADIENTS:
            raise UserError(f"gradient is {gradient!r}: choose one of {', '.join(GRADIENTS)}")
        if not temperature > 0:
            raise UserError(f"temperature is {temperature}: expected a number above 0, such as 0.1")
        self.erode, self.dilate = erode, dilate
        self.gradient = gradient
        self.temperature = temperature

    def forward(self, prob: Tensor) -> Tensor:
        mask = prob >= 0.5
        radii = torch.cat([box_radii(mask, self.erode), box_radii(mask, self.dilate)], 1)
        limit = max(1, math.ceil(max(self.erode, self.dilate) * sum(mask.shape[-2:]) / 2))
        dtype = torch.promote_types(prob.dtype, torch.float32)
        if self.gradient == "soft":
            return soft_trimap(prob, radii, limit, self.temperature).to(dtype)
        # Several times as fast on a CPU, but it reads the radii, and a graph cannot hold what they decide.
        on_host = mask.device.type == "cpu" and not torch.compiler.is_compiling()
        trimap = (host_trimap(mask, radii) if on_host else device_trimap(mask, radii, limit)).to(dtype)
        if self.gradient == "straight_through" and prob.requires_grad and torch.is_grad_enabled():
            soft = soft_trimap(prob, radii, limit, self.temperature).to(dtype)
            # The difference is exactly 0: the value stays that of the hard trimap.
            trimap = trimap + (soft - soft.detach())
        return trimap


def box_radii(mask: Tensor, share: float) -> Tensor:
    """`share` of the mean side of each mask's bounding box, rounded and at least 1; 0 for an empty mask.

    mask: bool (B, 1, H, W). Returns int64 (B, 1, 1, 1) on its device. The box of one pixel has sides of 1.
    """
    sides = []
    for axis in (-2, -1):
        taken = mask.any(axis, keepdim=True).flatten(1)
        places = torch.arange(taken.shape[1], device=mask.device)
        first, last = places.where(taken, taken.shape[1]).amin(1), places.where(taken, -1).amax(1)
        sides.append((last - first + 1).clamp(min=0))
    mean_side = torch.stack(sides).double().mean(0)
    return (share * mean_side).round().clamp(min=1).where(mean_side > 0, 0).long().view(-1, 1, 1, 1)


def host_trimap(mask: Tensor, radii: Tensor) -> Tensor:
    """The trimap of a mask in the host's memory: bool (B, 1, H, W), radii (B, 2, 1, 1) of erosion and dilation."""
    bounds = [
        dilate_and_erode(sample, sample, 2 * inner + 1)
        if inner == outer
        else (dilate(sample, 2 * outer + 1), erode(sample, 2 * inner + 1))
        for sample, (inner, outer) in zip(mask.split(1), radii.flatten(1).tolist(), strict=True)
    ]
    dilated, eroded = map(torch.cat, zip(*bounds, strict=True))
    return trimap_of(eroded, dilated)


def device_trimap(mask: Tensor, radii: Tensor, limit: int) -> Tensor:
    """The same on any device, without waiting for it; no radius exceeds `limit`."""
    costs = costs_to_reach(torch.cat([~mask, mask], 1), limit)
    reached = costs < radii**2
    return trimap_of(~reached[:, :1], reached[:, 1:])


def soft_trimap(prob: Tensor, radii: Tensor, limit: int, temperature: float) -> Tensor:
    """The trimap as a smooth function of the probability, which never falls where a pixel's probability rises.

    A soft threshold at 0.5, then over each ellipse the logarithm of the sum of exponentials (a soft maximum), then a
    soft threshold half way between an ellipse full of background and one with a single pixel of foreground. Erosion
    is the dilation of the complement.

    prob: (B, 1, H, W); radii, limit: as for `device_trimap`. Returns float64 (B, 1, H, W), in which the small sums
    beside the large ones are still exact.
    """
    fgr = soft_threshold(prob.double(), temperature)
    sharpness = -math.log(FAINT)
    sums, count = ellipse_sums(torch.exp(sharpness * torch.cat([-fgr, fgr - 1], 1)), radii, limit)
    # No sum is below FAINT but by rounding: the logarithm must not see that.
    level = sums.clamp(min=FAINT / 2).log()
    middle = (count.log() - sharpness) / 2
    reached = torch.sigmoid((level - middle) / (sharpness * temperature))
    return trimap_of(1 - reached[:, :1], reached[:, 1:])


def soft_threshold(prob: Tensor, temperature: float) -> Tensor:
    """A step at 0.5 that keeps 0 and 1: the sigmoid of (prob - 0.5) / temperature, stretched to them."""
    return 0.5 + 0.5 * torch.tanh((prob - 0.5) / (2 * temperature)) / math.tanh(1 / (4 * temperature))
