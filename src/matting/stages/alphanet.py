"""AlphaNet end to end: segmentation, erosion-dilation layer and matting network trained together (section 4)."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.data.batch import Batch
from matting.losses.compositional import alpha_prediction_loss, compositional_loss
from matting.losses.segmentation import dice_loss, focal_loss
from matting.losses.weighted import LossSum, WeightedSum
from matting.nets.alphanet import AlphaNet
from matting.nets.checkpoint import Trained
from matting.nets.matting_net import fuse
from matting.stages.alphanet_segmentation import seed_dropout
from matting.stages.base import MattingStage, StageConfig, required

MATTING, SEGMENTATION = ("alpha", "compositional"), ("focal", "dice")


class AlphaNetEndToEnd(MattingStage):
    """Both networks from their own runs, an optimizer each, one backward pass.

    The paper lets only the loss value of the matting network flow back, since no gradient passes the erosion-dilation
    layer. stage.feedback says what that is: `value` (each sample's segmentation loss weighs 1 + its detached matting
    loss), `none` (the segmentation network is frozen), `straight_through` (hard trimap forward, the soft layer's
    gradient back) or `soft` (the soft layer both ways); with the last two the segmentation network learns from its own
    loss and from the matting loss.
    """

    system: AlphaNet

    def __init__(self, config: StageConfig, segmentation: Trained, matting: Trained):
        required("net", config.net, ["trimap"])
        required("loss", config.loss, ["loss_on", *MATTING, *SEGMENTATION])
        self.feedback = config.stage["feedback"]
        through = self.feedback in ("straight_through", "soft")
        trimap = {**config.net["trimap"], "gradient": self.feedback if through else "none"}
        super().__init__(config, {"seg": segmentation.node, "mat": matting.node, "trimap": trimap})
        self.seg = segmentation.network if self.feedback == "none" else thawed(segmentation)
        self.mat = thawed(matting)
        self.trimap: nn.Module = build(trimap)
        # for prediction; straight into the instance: its parts are registered above
        self.__dict__["system"] = AlphaNet(self.seg, self.mat, self.trimap, config.stage["max_side"])
        self.fused, self.gamma = config.loss["loss_on"] == "fused", config.loss["focal"]["gamma"]
        names = MATTING if self.feedback == "none" else (*MATTING, *SEGMENTATION)
        self.sum = WeightedSum({name: config.loss[name]["weight"] for name in names}, {})

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"mat": self.mat} if self.feedback == "none" else {"seg": self.seg, "mat": self.mat}

    def train(self, mode: bool = True) -> "AlphaNetEndToEnd":
        super().train(mode)
        if self.feedback == "none":
            self.seg.eval()
        return self

    def losses(self, batch: Batch) -> LossSum:
        image, true = batch["image"], batch["alpha"]
        mask = true >= 0.5
        seed_dropout(batch)
        logits = self.seg(image)
        trimap = self.trimap(logits.sigmoid())
        raw = self.mat(image, trimap)
        pred = fuse(raw, trimap) if self.fused else raw
        by_sample = {
            "alpha": alpha_prediction_loss(pred, true),
            "compositional": compositional_loss(pred, true, batch["fgr"], batch["bgr"]),
        }
        own = self.sample_weights(by_sample)
        terms: dict[str, Callable[[], Tensor]] = {
            "alpha": lambda: by_sample["alpha"].mean(),
            "compositional": lambda: by_sample["compositional"].mean(),
            "focal": lambda: (own * focal_loss(logits, mask, None, self.gamma)).mean(),
            "dice": lambda: (own * dice_loss(logits, mask)).mean(),
        }
        return self.sum({name: terms[name] for name in self.sum.names})

    def sample_weights(self, matting: Mapping[str, Tensor]) -> Tensor:
        """(B,) What each sample's segmentation loss weighs: 1, or with `value` 1 + its detached matting loss."""
        losses = [self.sum.factors[name] * matting[name].detach() for name in MATTING if name in self.sum.factors]
        ones = torch.ones_like(matting["alpha"])
        return ones + torch.stack(losses).sum(0) if self.feedback == "value" and losses else ones

    def predict_map(self, batch: Batch) -> Tensor:
        alpha: Tensor = self.system(batch["image"])["alpha"]
        return alpha


def thawed(half: Trained) -> nn.Module:
    """A trained network as its config builds it: in training mode, but a norm that is to stay fixed stays fixed."""
    network: nn.Module = build(half.node)
    network.load_state_dict(half.network.state_dict())
    return network
