"""POMAGAN's second stage: image and coarse map to alpha (section 3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from matting.data.batch import Batch
from matting.nets.checkpoint import Trained
from matting.stages.base import StageConfig
from matting.stages.coarse import perturbed
from matting.stages.gan import GANStage
from matting.stages.objective import Example


class AlphaGAN(GANStage):
    """Trained on alpha by eq. 11, given the map of a frozen segmentation network.

    coarse: the trained segmentation network, or None with `coarse: ground_truth`, where a perturbed s* stands in for
    it. It belongs to no optimizer and to no checkpoint of this stage.
    """

    pixel, gives = "alpha", ("image", "coarse")
    segmentation: nn.Module | None

    def __init__(self, config: StageConfig, coarse: Trained | None = None):
        super().__init__(config)
        # straight into the instance: an ordinary assignment would register it
        self.__dict__["segmentation"] = None if coarse is None else coarse.network

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "AlphaGAN":
        super()._apply(fn, recurse)
        if self.segmentation is not None:
            self.segmentation._apply(fn, recurse)
        return self

    def example(self, batch: Batch) -> Example:
        image, alpha = batch["image"], batch["alpha"]
        if self.segmentation is None:
            coarse = perturbed((alpha >= 0.5).float(), batch["seeds"])
        else:
            with torch.no_grad():
                coarse = self.segmentation(image)
        return Example(image, (image, coarse), alpha, batch.get("new_bgr"), batch["ids"])
