"""The keys of AlphaNet end to end."""

from typing import Any

from matting.config.fields import key, typed
from matting.stages import alphanet_matting_config as matting
from matting.stages import alphanet_segmentation_config as segmentation
from matting.stages.alphanet_matting_config import WIDTHS
from matting.stages.base_config import Masked, network


@typed
class Networks(matting.Networks, segmentation.Networks):
    trimap: Any = network("the erosion-dilation layer")


@typed
class Loss(matting.Loss, segmentation.Loss): ...


@typed
class Optimizers(matting.Optimizers, segmentation.Optimizers): ...


@typed
class AlphaNetEndToEndConfig(Masked):
    net, loss, optim = Networks, Loss, Optimizers
    segmentation: str | None = key("run of the first network; null: that of the same config", kind="run")
    matting: str | None = key("run of the second network; null: that of the same config", kind="run")
    feedback: str = key(
        "how the matting loss reaches the segmentation network; own and apart are controls",
        choices=("value", "own", "none", "straight_through", "soft", "apart"),
    )
    true_trimap: list[int] = key(
        "of apart: range of the ellipse that widens the unknown region, for a frame of 320",
        (3, 41),
        **WIDTHS,
        added=[3, 41],
    )
    max_side: int = key("longer side at which the networks work; larger pictures are scaled down", low=16, unit="px")
