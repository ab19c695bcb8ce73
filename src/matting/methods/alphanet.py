"""AlphaNet: image -> mask -> trimap -> alpha (section 3), and its matting network with a given trimap."""

from pathlib import Path

import torch
from torch import Tensor

from matting.methods.base import Method
from matting.nets.alphanet import AlphaNet
from matting.nets.checkpoint import load_network, load_networks
from matting.nets.working_size import matte_of_trimap


class AlphaNetMethod(Method):
    """The networks trained end to end, and for comparison the two networks that this training started from.

    alphanet, segmentation, matting: checkpoints of the three stages. max_side: longer side that the networks see.
    """

    name = "AlphaNet"
    intermediates = ("mask", "trimap", "halves")
    measured = ("mask", "probability", "halves")

    def __init__(self, alphanet: Path, segmentation: Path, matting: Path, max_side: int):
        super().__init__()
        nets = {name: trained.network for name, trained in load_networks(alphanet, "alphanet").items()}
        self.system = AlphaNet(nets["seg"], nets["mat"], nets["trimap"], max_side)
        first_seg = load_network(segmentation, "alphanet_segmentation").network
        first_mat = load_network(matting, "alphanet_matting").network
        self.halves = AlphaNet(first_seg, first_mat, nets["trimap"], max_side)

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Predict from an image (B, 3, H, W) in [0, 1]; all maps are (B, 1, H, W).

        `mask` is the thresholded `probability` from which the trimap is made; `halves` is the alpha of the networks
        before they were trained together.
        """
        found = self.system(image)
        return {
            "alpha": found["alpha"],
            "mask": (found["mask"] >= 0.5).float(),
            "probability": found["mask"],
            "trimap": found["trimap"],
            "halves": self.halves(image)["alpha"],
        }

    @torch.no_grad()
    def matte(self, image: Tensor, trimap: Tensor | None = None) -> Tensor:
        """Return the alpha without predicting `halves`, which takes as long again."""
        return self.system(image)["alpha"]


class AlphaNetInteractive(Method):
    """The matting network with a trimap from a person, or from the truth (AlphaNet, Table II)."""

    name = "AlphaNet's matting network"
    intermediates = ("trimap",)
    wants_trimap = True

    def __init__(self, matting: Path, max_side: int):
        super().__init__()
        self.matting = load_network(matting, "alphanet_matting").network
        self.max_side = max_side

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Predict from an image (B, 3, H, W) and a trimap (B, 1, H, W) of 0, 0.5 and 1: alpha and trimap."""
        assert trimap is not None
        return {"alpha": matte_of_trimap(self.matting, image, trimap, self.max_side), "trimap": trimap}
