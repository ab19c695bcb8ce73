"""POMAGAN end to end (section 3.3): image -> segmentation map -> alpha."""

from pathlib import Path

import torch
from torch import Tensor

from matting.methods.base import Method
from matting.nets.checkpoint import load_network
from matting.ops.resample import fit_image, resample


class Pomagan(Method):
    """The two trained generators in sequence.

    segmentation, alpha: checkpoints of the two stages. height, width, fit: see `fit_image`; None takes the size of the
    samples that the alpha stage was trained on.
    """

    name = "POMAGAN"
    intermediates = measured = ("coarse",)

    def __init__(self, segmentation: Path, alpha: Path, height: int | None, width: int | None, fit: str):
        super().__init__()
        self.segmentation = load_network(segmentation, "segmentation_gan").network
        trained = load_network(alpha, "alpha_gan")
        self.alpha, frame = trained.network, trained.frame
        self.height, self.width, self.fit = height or frame[0], width or frame[1], fit

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Predict alpha and coarse map, (B, 1, H, W), from an image (B, 3, H, W) in [0, 1]."""
        fitted = fit_image(image, self.height, self.width, self.fit)
        coarse = self.segmentation(fitted)
        alpha = self.alpha(fitted, coarse)
        maps = {"alpha": alpha, "coarse": coarse}
        return {name: resample(plane, *image.shape[-2:]).clamp(0, 1) for name, plane in maps.items()}
