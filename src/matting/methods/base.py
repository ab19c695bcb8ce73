"""What a reader of the papers calls a system: an image in, an alpha out, at the image's own size."""

from torch import Tensor, nn
from torch.nn import functional as F

FITS = ("pad", "stretch", "native")


class Method(nn.Module):
    """A trained system, frozen.

    name: as in the reports. stages: what it also shows beside its alpha, by name and in order (`coarse`, `trimap`).
    """

    name: str
    stages: tuple[str, ...] = ()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """image (B, 3, H, W) float32 in [0, 1] -> `alpha` and each of `stages`, (B, 1, H, W) float32 in [0, 1]."""
        raise NotImplementedError


def fit_image(image: Tensor, height: int, width: int, fit: str) -> Tensor:
    """The image at the size that the networks were trained at (POMAGAN 3.3 resizes to 1280x768; how is not said).

    `pad` scales until it fits inside height x width and keeps its proportions (the networks pad to their stride),
    `stretch` gives them up, `native` leaves the image as it is. Area going down, bilinear going up.
    """
    if fit not in FITS:
        raise ValueError(f"method.fit={fit}: expected one of {', '.join(FITS)}")
    rows, columns = image.shape[-2:]
    if fit == "pad":
        scale = min(height / rows, width / columns)
        height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    return image if fit == "native" else resample(image, height, width)


def resample(planes: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width): area going down, bilinear going up, the same planes at the same size."""
    rows, columns = planes.shape[-2:]
    if (rows, columns) == (height, width):
        return planes
    if height <= rows and width <= columns:
        return F.interpolate(planes, (height, width), mode="area")
    return F.interpolate(planes, (height, width), mode="bilinear", align_corners=False).clamp(0, 1)
