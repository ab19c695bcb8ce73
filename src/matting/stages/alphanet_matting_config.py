"""The keys of AlphaNet's matting network alone."""

from typing import Any

from matting.config.fields import key, typed
from matting.stages.alphanet_segmentation_config import Weight
from matting.stages.base_config import Optimizer, Schedule, StageConfig, network

WIDTHS = {"low": 1, "length": 2, "rising": True, "unit": "px"}


@typed
class Loss:
    name: str = key("name of the loss; part of a run folder's name")
    loss_on: str = key("the network's alpha, or with the trimap's certain regions set", choices=("raw", "fused"))
    alpha: Weight = key("alpha prediction loss")
    compositional: Weight = key("compositional loss")


@typed
class Networks:
    mat: Any = network("the matting network")


@typed
class Optimizers(Schedule):
    mat: Optimizer = key("of the matting network")


@typed
class AlphaNetMattingConfig(StageConfig):
    net, loss, optim = Networks, Loss, Optimizers
    val_frame: list[int] = key("validation images are whole and have its longer side", low=16, length=2, unit="px")
    trimap: list[int] = key("range of the ellipse that widens the unknown region, for a frame of 320", **WIDTHS)
