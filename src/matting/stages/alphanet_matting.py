"""AlphaNet's matting network alone: image and trimap to alpha (section 4)."""

import numpy as np
from torch import Tensor, nn

from matting.data.batch import Batch
from matting.errors import UserError
from matting.losses.compositional import alpha_prediction_loss, compositional_loss
from matting.losses.weighted import LossSum, WeightedSum
from matting.nets.matting_net import fuse
from matting.ops.resample import resized
from matting.ops.resize import reduced_size
from matting.ops.trimap import scaled_size, trimap_from_alpha
from matting.stages.base import MattingStage, StageConfig, build_network, required

TRIMAP_SIDE = 320  # px, to which the widths of the trimaps refer


class AlphaNetMatting(MattingStage):
    """Trained on trimaps from the true alpha, as wide as each sample draws; measured with a width in the middle."""

    def __init__(self, config: StageConfig):
        required("net", config.net, ["mat"])
        required("loss", config.loss, ["loss_on", "alpha", "compositional"])
        super().__init__(config, {"mat": config.net["mat"]})
        widths = config.stage["trimap"]
        if not isinstance(widths, list) or len(widths) != 2 or widths[0] > widths[1]:
            raise UserError(f"stage.trimap={widths}: expected a list of two widths in px, the smaller one first")
        self.mat = build_network(config.net["mat"], config.data_root)
        self.fused = config.loss["loss_on"] == "fused"
        self.sum = WeightedSum({name: config.loss[name]["weight"] for name in ("alpha", "compositional")}, {})

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"mat": self.mat}

    def losses(self, batch: Batch) -> LossSum:
        trimap = self.drawn_trimap(batch)
        raw = self.mat(batch["image"], trimap)
        pred, true = fuse(raw, trimap) if self.fused else raw, batch["alpha"]
        return self.sum(
            {
                "alpha": lambda: alpha_prediction_loss(pred, true).mean(),
                "compositional": lambda: compositional_loss(pred, true, batch["fgr"], batch["bgr"]).mean(),
            }
        )

    def drawn_trimap(self, batch: Batch) -> Tensor:
        """A width for each sample, drawn from its own seed: the same wherever it is trained."""
        low, high = self.stage["trimap"]
        height, width = batch["alpha"].shape[-2:]
        draws = [int(np.random.default_rng(seed).integers(low, high + 1)) for seed in batch["seeds"]]
        return trimap_from_alpha(batch["alpha"], [scaled_size(height, width, n, TRIMAP_SIDE, 3) for n in draws])

    def predict_map(self, batch: Batch) -> Tensor:
        height, width = batch["alpha"].shape[-2:]
        # pictures at their own sizes take a GB a megapixel
        small = reduced_size((height, width), self.stage["long_side"])
        # as wide where the network sees it as in training, whatever the picture's size
        side = round(min(self.stage["frame"]) * height / small[0])
        size = scaled_size(side, side, sum(self.stage["trimap"]) // 2, TRIMAP_SIDE, 3)
        trimap = trimap_from_alpha(batch["alpha"], size)
        raw = self.mat(resized(batch["image"], *small), resized(trimap, *small))
        return fuse(resized(raw, height, width).clamp(0, 1), trimap)
