"""Pictures of any size through networks that work at one size: validation, tests, evaluate and predict share it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from matting.nets.matting_net import fuse
from matting.ops.resample import fit_image, resample
from matting.ops.resize import reduced_size


@dataclass(frozen=True)
class WorkingSize:
    """The (height, width) in pixels at which networks see a picture. fit: how it gets there, see `fit_image`."""

    height: int
    width: int
    fit: str

    def predict(self, networks: Callable[[Tensor], dict[str, Tensor]], image: Tensor) -> dict[str, Tensor]:
        """Return the maps of the networks at the size of the picture, (B, 1, H, W) float32 in [0, 1].

        networks: from a picture at the working size to maps of that size. image: (B, 3, H, W) in [0, 1].
        """
        maps = networks(fit_image(image, self.height, self.width, self.fit))
        return {name: resample(plane.float(), *image.shape[-2:]).clamp(0, 1) for name, plane in maps.items()}


def matte_of_trimap(
    matting: Callable[[Tensor, Tensor], Tensor], image: Tensor, trimap: Tensor, max_side: int | None
) -> Tensor:
    """Return the alpha (B, 1, H, W) of AlphaNet's matting network, fused with the trimap.

    image: (B, 3, H, W) in [0, 1]. trimap: (B, 1, H, W) of 0, 0.5 and 1. max_side: longer side, in pixels, at which the
    network sees larger pictures; None leaves every size.
    """
    size = image.shape[-2:]
    small = reduced_size((size[0], size[1]), max_side)
    raw = matting(resample(image, *small), resample(trimap, *small))
    return fuse(resample(raw.float(), *size).clamp(0, 1), trimap)
