"""The keys of AlphaNet's person segmentation."""

from typing import Any

from matting.config.fields import TARGET, key, typed
from matting.stages.base_config import Masked, Optimizer, Schedule, network


@typed
class Weight:
    weight: float = key("factor in the sum; 0: the term does not count", low=0)


@typed
class Focal(Weight):
    gamma: float = key("exponent of the focal loss; 0: binary cross-entropy", low=0)


@typed
class Loss:
    name: str = key("name of the loss; part of a run folder's name")
    focal: Focal = key("focal loss")
    dice: Weight = key("soft dice loss")


@typed
class Networks:
    seg: Any = network("the segmentation network")


@typed
class Optimizers(Schedule):
    seg: Optimizer = key("of the segmentation network")


@typed
class AlphaNetSegmentationConfig(Masked):
    net, loss, optim = Networks, Loss, Optimizers
    persons: Any = key(
        "photographs with person masks; null: composites, with the mask alpha >= mask_threshold",
        node=TARGET,
        many=True,
        optional=True,
        null=True,
    )
    boundary: int = key("largest distance at which boundary F1 counts a boundary as found", low=0, unit="px")
