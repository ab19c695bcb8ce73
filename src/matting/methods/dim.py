"""Deep Image Matting with its inference path: image and trimap -> alpha (Xu et al.)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from matting.nets.dim import DIM
from matting.ops.resample import resample

STRIDE = 32
UNKNOWN = 128 / 255  # of the trimap's levels, 0, 128 and 255


def predict(network: DIM, image: Tensor, trimap: Tensor, rule: str = "pad", longest: int = 1600) -> dict[str, Tensor]:
    """Return `alpha` with the known pixels set, `refined` without, and `coarse`, before the refinement, (B, 1, H, W).

    image: (B, 3, H, W) in [0, 1]. trimap: (B, 1, H, W) of 0, 0.5 and 1. rule: how sides become multiples of 32: `pad`
    at the right and the bottom by reflection (by replication where the image is smaller than the margin), or `resize`
    down to them, to `longest` at most.
    """
    height, width = image.shape[-2:]
    trimap = trimap.float()
    given = torch.where(trimap == 0.5, UNKNOWN, trimap)
    # The refiner sees the normalised image as well, so padding before or after the normalisation is the same.
    scene = torch.cat([image.float(), given], 1)
    if rule == "resize":
        rows, columns = (max(STRIDE, min(side - side % STRIDE, longest)) for side in (height, width))
        found = network(*resample(scene, rows, columns).split((3, 1), 1))
        maps = {name: resample(plane, height, width).clamp(0, 1) for name, plane in found.items()}
    else:
        bottom, right = -height % STRIDE, -width % STRIDE
        mode = "reflect" if bottom < height and right < width else "replicate"
        padded = F.pad(scene, (0, right, 0, bottom), mode=mode)
        maps = {name: plane[..., :height, :width] for name, plane in network(*padded.split((3, 1), 1)).items()}
    alpha = torch.where(trimap == 0.5, maps["alpha"], trimap)
    return {"alpha": alpha, "refined": maps["alpha"], "coarse": maps["coarse"]}
