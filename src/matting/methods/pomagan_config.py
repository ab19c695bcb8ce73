"""The keys of POMAGAN."""

from matting.config.fields import key, typed
from matting.methods.base_config import MethodConfig


@typed
class PomaganConfig(MethodConfig):
    rows = (("coarse", "coarse map as alpha"),)
    segmentation: str | None = key("segmentation run; null: the one that the alpha run was trained with", kind="run")
    alpha: str | None = key("alpha run; null: that of the same config, trained first", kind="run")
    height: int | None = key("height of the networks' input; null: that of the training", low=16, unit="px")
    width: int | None = key("width of the networks' input; null: that of the training", low=16, unit="px")
    fit: str = key("how images are fitted to it; native: their own size", choices=("pad", "stretch", "native"))
