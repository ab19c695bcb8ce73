"""AlphaNet end to end: segmentation, erosion-dilation layer and matting network trained together (section 4)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.data.batch import Batch
from matting.losses.segmentation import dice_loss, focal_loss
from matting.losses.weighted import LossSum, WeightedSum
from matting.nets.alphanet import AlphaNet
from matting.nets.checkpoint import Trained
from matting.nets.matting_net import fuse
from matting.stages.alphanet_matting import drawn_trimap, matting_losses, trimap_widths
from matting.stages.alphanet_segmentation import seed_dropout
from matting.stages.base import MattingStage, StageConfig, require_nodes

MATTING, SEGMENTATION = ("alpha", "compositional"), ("focal", "dice")


class AlphaNetEndToEnd(MattingStage):
    """Both trained networks together: one backward pass, an optimizer for each.

    No gradient passes the erosion-dilation layer, and the paper lets "only the loss value" of the matting network flow
    back (section 4). stage.feedback chooses how: `value` (each sample's segmentation loss is weighted by 1 + its
    detached matting loss), `own` (the segmentation loss alone, unweighted: the control of `value`), `none` (the
    segmentation network is frozen), `straight_through` (hard trimap forward, the gradient of the soft layer back) or
    `soft` (the soft layer both ways). With the last two the segmentation network learns from the matting loss too.
    `apart` trains the segmentation network as `own` does, and the matting network as in its pre-training, on trimaps
    from the true alpha and with the loss on the raw alpha: the control of training together.
    """

    system: AlphaNet

    def __init__(self, config: StageConfig, segmentation: Trained, matting: Trained):
        require_nodes("net", config.net, ["trimap"])
        require_nodes("loss", config.loss, ["loss_on", *MATTING, *SEGMENTATION])
        self.feedback = config.stage["feedback"]
        gradient = self.feedback if self.feedback in ("straight_through", "soft") else "none"
        trimap = {**config.net["trimap"], "gradient": gradient}
        super().__init__(config, {"seg": segmentation.node, "mat": matting.node, "trimap": trimap})
        self.seg = segmentation.network if self.feedback == "none" else thawed(segmentation)
        self.mat = thawed(matting)
        self.trimap: nn.Module = build(trimap)
        # For prediction. Put past nn.Module's __setattr__: its three parts are registered already.
        self.__dict__["system"] = AlphaNet(self.seg, self.mat, self.trimap, config.stage["max_side"])
        self.widths = trimap_widths(config.stage, "true_trimap") if self.feedback == "apart" else None
        self.fused = config.loss["loss_on"] == "fused" and self.widths is None
        self.gamma = config.loss["focal"]["gamma"]
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
        """Return the matting losses and, unless it is frozen, those of the segmentation network."""
        image = batch["image"]
        # The way of the data is that of prediction, unless the networks learn apart: mask, trimap, raw and fused alpha.
        seed_dropout(batch)
        logits = self.seg(image)
        trimap = self.trimap(logits.sigmoid()) if self.widths is None else drawn_trimap(batch, self.widths)
        raw = self.mat(image, trimap)
        pred = fuse(raw, trimap) if self.fused else raw
        matting = matting_losses(pred, batch)
        terms = {name: by_sample.mean() for name, by_sample in matting.items()}
        if self.feedback != "none":
            mask, weights = self.true_mask(batch["alpha"]), self.sample_weights(matting)
            terms["focal"] = (weights * focal_loss(logits, mask, None, self.gamma)).mean()
            terms["dice"] = (weights * dice_loss(logits, mask)).mean()
        return self.sum(terms)

    def sample_weights(self, matting: Mapping[str, Tensor]) -> Tensor:
        """Return the weight (B,) of each sample's segmentation loss: 1, or with `value` 1 + its detached matting loss.

        matting: the matting losses by name, (B,) each.
        """
        losses = [self.sum.factors[name] * matting[name].detach() for name in MATTING if name in self.sum.factors]
        ones = torch.ones_like(matting["alpha"])
        return ones + torch.stack(losses).sum(0) if self.feedback == "value" and losses else ones

    def predict_map(self, batch: Batch) -> Tensor:
        """Return the fused alpha (B, 1, H, W)."""
        alpha: Tensor = self.system(batch["image"])["alpha"]
        return alpha


def thawed(trained: Trained) -> nn.Module:
    """Return a trainable copy of a frozen network. Norms that its config keeps fixed stay fixed."""
    network: nn.Module = build(trained.node)
    network.load_state_dict(trained.network.state_dict())
    return network
