"""POMAGAN's second stage: image and coarse map to alpha (section 3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from matting.data.batch import Batch
from matting.nets.checkpoint import Trained
from matting.stages.base import StageConfig
from matting.stages.coarse import perturbed
from matting.stages.gan import GANStage
from matting.stages.pomagan_terms.base import Example


class AlphaGAN(GANStage):
    """The alpha stage, trained by eq. 11 on image and coarse map.

    coarse: the trained segmentation network that makes the coarse map; it stays frozen and is in no checkpoint of this
    stage. None (with `stage.coarse=ground_truth`) puts a perturbed s* in its place.
    """

    input_names = ("image", "coarse")
    segmentation: nn.Module | None

    def __init__(self, config: StageConfig, coarse: Trained | None = None):
        super().__init__(config)
        # Put past nn.Module's __setattr__: a registered module would be trained and saved with the stage.
        self.__dict__["segmentation"] = None if coarse is None else coarse.network

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "AlphaGAN":
        # An unregistered module does not follow `.to()` by itself.
        super()._apply(fn, recurse)
        if self.segmentation is not None:
            self.segmentation._apply(fn, recurse)
        return self

    def example(self, batch: Batch) -> Example:
        """Return image and coarse map as inputs, and the true alpha."""
        image, alpha = batch["image"], batch["alpha"]
        if self.segmentation is None:
            coarse = perturbed(self.true_mask(alpha).float(), batch["seeds"])
        else:
            with torch.no_grad():
                coarse = self.segmentation(image)
        return Example(image, (image, coarse), alpha, batch.get("new_bgr"))
