"""POMAGAN's first stage: image to coarse person map (section 3.1)."""

from matting.data.batch import Batch
from matting.stages.gan import GANStage
from matting.stages.pomagan_terms.base import Example


class SegmentationGAN(GANStage):
    """The segmentation stage, trained by eq. 7 on the binary map s*, the true mask.

    Validation measures its map against alpha, as a coarse alpha.
    """

    input_names = ("image",)

    def example(self, batch: Batch) -> Example:
        """Return the image as input, and s* as the true map."""
        mask = self.true_mask(batch["alpha"]).float()
        return Example(batch["image"], (batch["image"],), mask, batch.get("new_bgr"))
