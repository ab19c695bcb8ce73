"""AlphaNet's person segmentation, pre-trained alone (section 3.1)."""

import torch
from torch import Tensor, nn

from matting.data.batch import Batch
from matting.losses.segmentation import dice_loss, focal_loss
from matting.losses.weighted import LossSum, WeightedSum
from matting.metrics.mask import BoundaryF1, MaskIoU
from matting.stages.base import MattingStage, StageConfig, build_network, require_nodes


class AlphaNetSegmentation(MattingStage):
    """The segmentation network, trained by focal and dice loss on person masks, or on the true masks of composites.

    Validation measures the probability of a person as the other stages measure alpha, and IoU and boundary F1 of the
    mask. Pixels that are not `valid` count nowhere.
    """

    def __init__(self, config: StageConfig):
        require_nodes("net", config.net, ["seg"])
        require_nodes("loss", config.loss, ["focal", "dice"])
        super().__init__(config, {"seg": config.net["seg"]})
        self.seg = build_network(config.net["seg"], config.data_root)
        self.gamma = config.loss["focal"]["gamma"]
        self.sum = WeightedSum({name: config.loss[name]["weight"] for name in ("focal", "dice")}, {})
        self.iou, self.boundary_f1 = MaskIoU(), BoundaryF1(config.stage["boundary"])

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"seg": self.seg}

    def losses(self, batch: Batch) -> LossSum:
        """Return focal and dice loss over the valid pixels."""
        mask, valid = self.true_mask(batch["alpha"]), batch.get("valid")
        seed_dropout(batch)
        logits = self.seg(batch["image"])
        return self.sum(
            {
                "focal": focal_loss(logits, mask, valid, self.gamma).mean(),
                "dice": dice_loss(logits, mask, valid).mean(),
            }
        )

    def predict_map(self, batch: Batch) -> Tensor:
        """Return the probability of a person, (B, 1, H, W)."""
        return self.seg(batch["image"]).sigmoid()

    def measure(self, pred: Tensor, true: Tensor, valid: Tensor | None) -> None:
        super().measure(pred, true, valid)
        pred_mask, true_mask = pred >= 0.5, self.true_mask(true)
        self.iou.update(pred_mask, true_mask, valid)
        self.boundary_f1.update(pred_mask, true_mask, valid)

    def validation_values(self) -> dict[str, float]:
        values = {"val/iou": float(self.iou.compute()), "val/boundary_f1": float(self.boundary_f1.compute())}
        self.iou.reset()
        self.boundary_f1.reset()
        return {**super().validation_values(), **values}


def seed_dropout(batch: Batch) -> None:
    """Seed torch's generator from the batch.

    The library's dropout draws from it, and a resumed run must drop the same channels as an uninterrupted one.
    """
    torch.manual_seed(batch["seeds"][0])
