"""The keys of AlphaNet, end to end and with a given trimap."""

from matting.config.fields import key, typed
from matting.methods.base_config import MethodConfig


@typed
class Matting(MethodConfig):
    matting: str | None = key("run of the matting network; null: that of the same config", kind="run")
    max_side: int = key("longer side at which the networks work", low=16, unit="px")


@typed
class AlphaNetInteractiveConfig(Matting): ...


@typed
class AlphaNetMethodConfig(Matting):
    rows = (("mask", "mask as alpha"), ("probability", "its probability as alpha"), ("halves", "pre-trained halves"))
    alphanet: str | None = key("end-to-end run; null: that of the same config", kind="run")
    segmentation: str | None = key("run of the segmentation network; null: that of the end-to-end run", kind="run")
