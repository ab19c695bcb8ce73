"""The refiner of BackgroundMattingV2: full resolution where the base network expects errors (section 3.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.norms import BatchNorm
from matting.nets.weights import init_he

MODES = ("full", "sampling", "thresholding")


def resized(x: Tensor, size: Sequence[int]) -> Tensor:
    """Resize bilinearly without antialiasing, as the published weights expect."""
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=False)


class Refiner(nn.Module):
    """Four valid convolutions on patches of 4x4 pixels, two of them at half of the size.

    forward(scene: image and background (B, 6, H, W), multiples of 4; base: maps of `BackgroundBase`) -> alpha
    (B, 1, H, W) and residual (B, 3, H, W), not clamped, and the map of the refined patches (B, 1, H/4, W/4).

    mode: `full` refines all patches by ordinary convolutions, `sampling` those of the largest errors, `thresholding`
    those of errors above threshold. pixels: of an image that `sampling` refines at most, 16 a patch.
    kernel: 3, or 1 for the variant without context.
    """

    def __init__(self, mode: str = "sampling", pixels: int = 80_000, threshold: float = 0.7, kernel: int = 3) -> None:
        super().__init__()
        if mode not in MODES:
            raise UserError(f"mode: expected {', '.join(MODES)}, got {mode!r}")
        self.mode, self.pixels, self.threshold = mode, pixels, threshold
        self.margin = 3 if kernel == 3 else 0  # of a patch at half size; what four convolutions take from it
        sizes = ((42, 24), (24, 16), (22, 12))
        # Numbered from 1, as in the checkpoints.
        self.convs = nn.ModuleDict(
            {str(i): nn.Conv2d(inputs, width, kernel, bias=False) for i, (inputs, width) in enumerate(sizes, 1)}
        )
        self.norms = nn.ModuleDict({str(i): BatchNorm(width) for i, (_, width) in enumerate(sizes, 1)})
        self.head = nn.Conv2d(12, 4, kernel)
        init_he(self)

    def forward(self, scene: Tensor, base: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        height, width = scene.shape[-2:]
        small = torch.cat([base["hidden"], base["alpha"], base["residual"]], 1)
        half = torch.cat([resized(x, (height // 2, width // 2)) for x in (small, scene)], 1)
        outer = self.margin and 2
        half = F.pad(half, (self.margin,) * 4)
        full = F.pad(scene, (outer,) * 4)
        if self.mode == "full":
            alpha, residual = self.convolved(half, full).split((1, 3), 1)
            return alpha, residual, torch.ones_like(scene[:, :1, ::4, ::4])
        refined = self.selected(resized(base["error"], (height // 4, width // 4)))
        coarse = resized(small[:, -4:], (height, width))
        where = refined[:, 0].nonzero(as_tuple=True)
        if where[0].numel():
            patches = self.convolved(windows(half, where, 2, self.margin), windows(full, where, 4, outer))
            grid = coarse.unflatten(3, (-1, 4)).unflatten(2, (-1, 4)).permute(0, 2, 4, 1, 3, 5).clone()
            grid[where] = patches.to(grid.dtype)
            coarse = grid.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
        alpha, residual = coarse.split((1, 3), 1)
        return alpha, residual, refined

    def convolved(self, half: Tensor, full: Tensor) -> Tensor:
        """Return alpha and residual (B, 4, H, W) from maps with margins, at half and at full size."""
        x = half
        for i in ("1", "2"):
            x = F.relu(self.norms[i](self.convs[i](x)))
        x = torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), full], 1)
        x = F.relu(self.norms["3"](self.convs["3"](x)))
        return self.head(x).float()

    def selected(self, error: Tensor) -> Tensor:
        """Return 1 where a patch is refined, 0 elsewhere, for errors (B, 1, H/4, W/4)."""
        if self.mode == "thresholding":
            return (error > self.threshold).to(error.dtype)
        flat = error.flatten(1)
        count = min(self.pixels // 16, flat.shape[1])
        refined = torch.zeros_like(flat).scatter_(1, flat.topk(count, 1, sorted=False).indices, 1)
        return (refined * (flat > 0)).view_as(error)


def windows(x: Tensor, where: tuple[Tensor, ...], side: int, margin: int) -> Tensor:
    """Return the windows (N, C, side + 2 margin, ...) of patches of a padded map.

    x: (B, C, H + 2 margin, W + 2 margin). where: indices of image, row and column of N patches of `side` pixels.
    """
    size = side + 2 * margin
    views = x.permute(0, 2, 3, 1).unfold(1, size, side).unfold(2, size, side)
    return views[where]
