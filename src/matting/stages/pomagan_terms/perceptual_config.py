"""The keys of the perceptual loss."""

from matting.config.fields import key, typed
from matting.config.schema import Vgg
from matting.stages.pomagan_terms.base_config import TermConfig


@typed
class PerceptualConfig(TermConfig, Vgg):
    targets: str = key("targets that are compared: section 4.2 | section 3.2", choices=("all", "alpha_fgr"))
    coefficients: list[float] = key("c_i of the five layers", low=0, length=5)
