"""AlphaNet: image -> mask -> trimap -> alpha (section 3), and its matting network given a trimap."""

from pathlib import Path

import torch
from torch import Tensor

from matting.methods.base import Method
from matting.nets.alphanet import AlphaNet
from matting.nets.checkpoint import load_network, load_networks
from matting.nets.matting_net import fuse
from matting.ops.resample import resample
from matting.ops.resize import reduced_size


class AlphaNetMethod(Method):
    """The networks trained end to end, and the two that they started from, put together in the same way.

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
        """(B, 3, H, W) in [0, 1] -> alpha, the trimap and the mask that it is made of, the mask's probability, and the
        alpha of the halves, (B, 1, H, W)."""
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
        """Without the halves, which take as long again."""
        return self.system(image)["alpha"]


class AlphaNetInteractive(Method):
    """The matting network alone: the trimap comes from a person, or from the truth (the paper's Table II)."""

    name = "AlphaNet's matting network"
    intermediates = ("trimap",)
    wants_trimap = True

    def __init__(self, matting: Path, max_side: int):
        super().__init__()
        self.matting = load_network(matting, "alphanet_matting").network
        self.max_side = max_side

    @torch.no_grad()
    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """(B, 3, H, W) and (B, 1, H, W) of 0, 0.5 and 1 -> alpha and the trimap again, (B, 1, H, W)."""
        assert trimap is not None
        height, width = image.shape[-2:]
        size = reduced_size((height, width), self.max_side)
        raw = self.matting(resample(image, *size), resample(trimap, *size))
        return {"alpha": fuse(resample(raw, height, width).clamp(0, 1), trimap), "trimap": trimap}
