"""Matting by propagation: solve for the unknown region of a trimap from its certain pixels, on the CPU."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.methods.base import Method
from matting.nets.checkpoint import load_network
from matting.nets.morphology import ErosionDilation
from matting.ops.resample import resample
from matting.ops.resize import reduced_size
from matting.utils.console import say


class Propagation(Method):
    """The base of closed-form and KNN matting: a linear system for each image, nothing is trained.

    max_side: larger images are reduced to this longer side, with a line that says so, and the alpha is scaled back.
    segmentation: checkpoint of AlphaNet's segmentation network, which makes the trimap through an erosion-dilation
    layer with the shares `erode` and `dilate` of the `box` (AlphaNet, Table I). None: a trimap is given (Table II).
    """

    def __init__(
        self,
        max_side: int,
        segmentation: Path | None = None,
        erode: float = 0.04,
        dilate: float = 0.04,
        box: str = "mask",
    ):
        super().__init__()
        self.max_side, self.reported = max_side, False
        self.wants_trimap = segmentation is None
        self.intermediates = ("trimap",) if segmentation is None else ("mask", "trimap")
        self.measured = () if segmentation is None else ("mask",)
        self.segmentation: nn.Module | None = None
        if segmentation is not None:
            self.segmentation = load_network(segmentation, "alphanet_segmentation").network
            self.trimap_layer = ErosionDilation(erode, dilate, box=box)

    def solve(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Solve for alpha, float64 (H, W) in [0, 1]; image float64 (H, W, 3), trimap (H, W) with 0, 0.5 and 1."""
        raise NotImplementedError

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Predict alpha, trimap and, with a network, its mask, each (B, 1, H, W).

        image: (B, 3, H, W) in [0, 1]. trimap: (B, 1, H, W) of 0, 0.5 and 1, needed without a network.
        """
        height, width = image.shape[-2:]
        small, found = self.fitted(image), {}
        rows, columns = small.shape[-2:]
        if self.segmentation is not None:
            mask = self.segmentation(small).float().sigmoid()
            given = self.trimap_layer(mask)
            trimap = F.interpolate(given, (height, width), mode="nearest-exact")
            found["mask"] = resample(mask, height, width).clamp(0, 1)
        else:
            assert trimap is not None
            given = F.interpolate(trimap, (rows, columns), mode="nearest-exact")
        pairs = zip(small.permute(0, 2, 3, 1).double().cpu().numpy(), given[:, 0].double().cpu().numpy(), strict=True)
        self.unsolved = {}
        alphas = [
            self.solved(index, np.ascontiguousarray(colours), known) for index, (colours, known) in enumerate(pairs)
        ]
        alpha = torch.from_numpy(np.stack(alphas))[:, None].to(image.device, torch.float32)
        # The certain regions of the trimap stay certain at the full size.
        alpha = torch.where(trimap == 0.5, resample(alpha, height, width).clamp(0, 1), trimap.to(alpha.dtype))
        return {"alpha": alpha, "trimap": trimap, **found}

    def fitted(self, image: Tensor) -> Tensor:
        """Reduce an image to `max_side`, and say so once."""
        height, width = image.shape[-2:]
        size = reduced_size((height, width), self.max_side)
        if size != (height, width) and not self.reported:
            self.reported = True
            say(f"{self.name}: pictures of {width}x{height} pixels are solved at a longer side of {self.max_side}")
        return resample(image.float(), *size)

    def solved(self, index: int, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the solution for an image of a batch. Without one, note why and set its unknown pixels to 0."""
        try:
            found = self.propagate(image, trimap)
            if not np.isfinite(found).all():
                raise ArithmeticError("the solution is not finite")
        except MemoryError:
            raise
        except Exception as error:  # a solver raises whatever its libraries do
            reason = " ".join(str(error).split()) or type(error).__name__
            self.unsolved[index] = f"{self.name} has no solution ({reason})"
            return np.where(trimap == 0.5, 0.0, trimap)
        return found

    def propagate(self, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return the solution; where the trimap lacks certain foreground or background, the other fills the unknown."""
        foreground, background = trimap == 1, trimap == 0
        if foreground.any() and background.any() and not (foreground | background).all():
            return np.clip(self.solve(image, trimap), 0, 1)
        unknown = 1.0 if foreground.any() else 0.0
        return np.where(foreground | background, trimap, unknown)
