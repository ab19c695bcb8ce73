"""The keys of the border loss."""

from matting.config.fields import key, typed
from matting.stages.pomagan_terms.base_config import TermConfig


@typed
class BorderConfig(TermConfig):
    normalize: str = key("mean over the whole image, the literal reading, or the border", choices=("image", "border"))
    shape: str = key(
        "structuring element; ellipse: equally wide in all directions",
        "ellipse",
        choices=("ellipse", "rect", "cross"),
        added="ellipse",
    )
    kernel: int = key("width of the border at `kernel_side`, scaled with the shorter side", low=1, unit="px")
    kernel_side: int = key("shorter side of an image for which `kernel` is the width", low=1, unit="px")
    kernel_min: int = key("least width of the border", low=1, unit="px")
