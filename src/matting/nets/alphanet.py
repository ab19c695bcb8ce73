"""AlphaNet end to end: image to alpha through a person mask and a trimap (AlphaNet, section III, figure 2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.nets.matting_net import fuse
from matting.ops.resample import resample
from matting.ops.resize import reduced_size


class AlphaNet(nn.Module):
    """The segmentation network, the erosion-dilation layer and the matting network as one.

    forward(image (B, 3, H, W) in [0, 1]) -> `mask` (probability of a person), `trimap`, `raw` (the matting network's
    alpha) and `alpha` (fused with the trimap), each (B, 1, H, W) float32 in [0, 1].

    segmentation: image -> logits (B, 1, H, W). trimap_layer: probability -> trimap, same shape. matting: image, trimap
    -> raw alpha, same shape.
    max_side: larger images are reduced to this longer side and the results are scaled back (IV-A), the trimap by
    nearest neighbours, so that it keeps its values.
    """

    def __init__(
        self, segmentation: nn.Module, matting: nn.Module, trimap_layer: nn.Module, max_side: int = 1500
    ) -> None:
        super().__init__()
        self.segmentation = segmentation
        self.matting = matting
        self.trimap_layer = trimap_layer
        self.max_side = max_side

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        height, width = image.shape[-2:]
        image = resample(image, *reduced_size((height, width), self.max_side))
        mask = torch.sigmoid(self.segmentation(image))
        trimap = self.trimap_layer(mask)
        raw = self.matting(image, trimap)
        maps = {"mask": mask, "raw": raw, "alpha": fuse(raw, trimap)}
        # Interpolation may leave the range by a rounding error.
        maps = {name: resample(map, height, width).clamp(0, 1) for name, map in maps.items()}
        return maps | {"trimap": F.interpolate(trimap, (height, width), mode="nearest-exact")}
