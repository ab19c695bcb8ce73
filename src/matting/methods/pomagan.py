"""POMAGAN end to end (section 3.3): image -> segmentation map -> alpha."""

from pathlib import Path

import torch
from torch import Tensor

from matting.methods.base import Method
from matting.nets.checkpoint import load_network
from matting.nets.working_size import WorkingSize


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
        self.working_size = WorkingSize(height or frame[0], width or frame[1], fit)

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Predict alpha and coarse map, (B, 1, H, W), from an image (B, 3, H, W) in [0, 1]."""
        return self.working_size.predict(self.networks, image)

    def networks(self, image: Tensor) -> dict[str, Tensor]:
        """Return the maps of both networks at the size of the image."""
        coarse = self.segmentation(image)
        return {"alpha": self.alpha(image, coarse), "coarse": coarse}
