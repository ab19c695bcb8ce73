"""MODNet with its inference path: image -> alpha (Ke et al., section 3)."""

from torch import Tensor
from torch.nn import functional as F

from matting.nets.modnet import ModNet
from matting.ops.resample import resample
from matting.ops.resize import Size

STRIDE = 32


def demo_size(size: Size, reference: int) -> Size:
    """Return the size at which the authors' demo runs the network: multiples of 32, each at least 32.

    The shorter side becomes `reference`, unless the sizes of the sides lie on both sides of it.
    """
    height, width = size
    if max(size) < reference or min(size) > reference:
        if width >= height:
            height, width = reference, int(width / height * reference)
        else:
            height, width = int(height / width * reference), reference
    return max(STRIDE, height - height % STRIDE), max(STRIDE, width - width % STRIDE)


def predict(network: ModNet, image: Tensor, reference: int, area: bool = True) -> Tensor:
    """Return alpha (B, 1, H, W) for an image (B, 3, H, W) in [0, 1], run at `demo_size`.

    area: resize by adaptive averages, as the authors do, also where the image grows; else by `resample`.
    """
    size = image.shape[-2], image.shape[-1]
    small = resized(image, demo_size(size, reference), area)
    return resized(network(small)["alpha"], size, area).clamp(0, 1)


def resized(planes: Tensor, size: Size, area: bool) -> Tensor:
    return F.interpolate(planes, size, mode="area") if area else resample(planes, *size)
