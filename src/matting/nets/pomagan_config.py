"""The keys of POMAGAN's generators."""

from matting.config.fields import key, typed
from matting.nets.discriminator_config import NORMS


@typed
class Generator:
    width: int = key("channels of the first layer; each level has twice as many", 64, low=1)
    depth: int = key("levels of the U-Net; each halves the map", 4, low=1)
    blocks: int = key("residual blocks at the bottom", 9, low=0)
    norm: str = key("norm of each layer", "instance", choices=NORMS)
    up: str = key("transposed convolution, or resize and convolution", "deconv", choices=("deconv", "resize"))


@typed
class SegmentationGeneratorConfig(Generator):
    aspp_rates: list[int] = key("dilation rates at the bottom", (1, 6, 12, 18), low=1)


@typed
class AlphaGeneratorConfig(Generator):
    encoder: str = key("two encoders, or one of image and map", "two", choices=("two", "concat"))
    seg_width: int | None = key("channels of the map's encoder; null: a quarter of width", None, low=1)
    seg_norm: str = key(
        "norm of the map's encoder; none_first: none behind its first convolution",
        "as_norm",
        choices=("as_norm", "none_first", "wide_group"),
        added="as_norm",
    )
