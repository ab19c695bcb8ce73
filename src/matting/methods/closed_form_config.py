"""The keys of matting by propagation."""

from matting.config.fields import key, typed
from matting.methods.base_config import MethodConfig
from matting.nets.morphology_config import Trimap


@typed
class ClosedFormConfig(MethodConfig, Trimap):
    rows = (("mask", "mask as alpha"),)
    max_side: int = key("longer side that is solved; larger pictures are scaled down", low=16, unit="px")
    segmentation: str | None = key(
        "segmentation run that makes the trimap; null: that of the same config", None, kind="run"
    )
