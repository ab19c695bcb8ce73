"""AlphaNet's matting network alone: image and trimap to alpha (section 4)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from matting.data.batch import Batch
from matting.errors import UserError
from matting.losses.compositional import alpha_prediction_loss, compositional_loss
from matting.losses.weighted import LossSum, WeightedSum
from matting.nets.matting_net import fuse
from matting.nets.working_size import matte_of_trimap
from matting.ops.resize import reduced_size
from matting.ops.trimap import scaled_size, trimap_from_alpha
from matting.stages.base import MattingStage, StageConfig, build_network, require_nodes

TRIMAP_SIDE = 320  # px; the shorter side of an image for which `stage.trimap` gives the widths


class AlphaNetMatting(MattingStage):
    """The matting network, pre-trained on trimaps from the true alpha.

    Each training sample draws the width of its unknown band from `stage.trimap`; validation takes the middle width.
    """

    def __init__(self, config: StageConfig):
        require_nodes("net", config.net, ["mat"])
        require_nodes("loss", config.loss, ["loss_on", "alpha", "compositional"])
        super().__init__(config, {"mat": config.net["mat"]})
        self.widths = trimap_widths(config.stage, "trimap")
        self.mat = build_network(config.net["mat"], config.data_root)
        self.fused = config.loss["loss_on"] == "fused"
        self.sum = WeightedSum({name: config.loss[name]["weight"] for name in ("alpha", "compositional")}, {})

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"mat": self.mat}

    def losses(self, batch: Batch) -> LossSum:
        """Return the matting losses of raw or fused alpha, on trimaps of random widths."""
        trimap = drawn_trimap(batch, self.widths)
        raw = self.mat(batch["image"], trimap)
        terms = matting_losses(fuse(raw, trimap) if self.fused else raw, batch)
        return self.sum({name: by_sample.mean() for name, by_sample in terms.items()})

    def predict_map(self, batch: Batch) -> Tensor:
        """Return the fused alpha (B, 1, H, W), with a trimap of the middle width and images at `stage.long_side`."""
        height, width = batch["alpha"].shape[-2:]
        # At full size the network takes about 1 GB of memory for each megapixel.
        small = reduced_size((height, width), self.stage["long_side"])
        # The band is as wide, in the network's pixels, as in training: measured back to the image's own size.
        side = round(min(self.stage["frame"]) * height / small[0])
        size = scaled_size(side, side, sum(self.widths) // 2, TRIMAP_SIDE, 3)
        trimap = trimap_from_alpha(batch["alpha"], size)
        return matte_of_trimap(self.mat, batch["image"], trimap, self.stage["long_side"])


def trimap_widths(stage: Mapping[str, Any], key: str) -> tuple[int, int]:
    """Return the least and the greatest width in px that a key of the stage gives; raises UserError for others."""
    widths = stage[key]
    if not isinstance(widths, list) or len(widths) != 2 or widths[0] > widths[1]:
        raise UserError(f"stage.{key}={widths}: expected a list of two widths in px, the smaller one first")
    return widths[0], widths[1]


def drawn_trimap(batch: Batch, widths: tuple[int, int]) -> Tensor:
    """Return trimaps (B, 1, H, W), each of a width drawn from its sample's seed, so the same in any batch.

    widths: least and greatest width of the ellipse, px in an image whose shorter side is TRIMAP_SIDE.
    """
    low, high = widths
    height, width = batch["alpha"].shape[-2:]
    drawn = [int(np.random.default_rng(seed).integers(low, high + 1)) for seed in batch["seeds"]]
    sizes = [scaled_size(height, width, size, TRIMAP_SIDE, 3) for size in drawn]
    return trimap_from_alpha(batch["alpha"], sizes)


def matting_losses(pred: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the two losses of an alpha (B, 1, H, W) by name, (B,) each."""
    alpha = alpha_prediction_loss(pred, batch["alpha"])
    return {"alpha": alpha, "compositional": compositional_loss(pred, batch["alpha"], batch["fgr"], batch["bgr"])}
