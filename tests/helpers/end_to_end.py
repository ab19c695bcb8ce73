"""AlphaNet's end-to-end stage on two untrained halves, its gradients, and its losses written out."""

import torch

from matting.nets.matting_net import fuse
from tests.helpers.made_stages import BRIGHT, MATTING, make_stage, trained


def end_to_end(feedback, *words, seg=BRIGHT, **more):
    halves = {"segmentation": trained(seg), "matting": trained(MATTING)}
    return make_stage("alphanet", f"stage.feedback={feedback}", *words, **more, **halves)


def gradients(stage, batch):
    """Return the gradients of a batch's loss for both networks, None where there is none."""
    stage.zero_grad()
    stage.losses(batch).total.backward()
    return [[None if p.grad is None else p.grad.clone() for p in net.parameters()] for net in (stage.seg, stage.mat)]


def own_and_matting_losses(stage, batch):
    """Return the losses (B,) by the paper's sections: focal + dice of the mask, and (A + C) / 2 of the fused alpha."""
    logits, true = stage.seg(batch["image"]), batch["alpha"]
    mask = (true >= 0.5).float()
    prob = logits.sigmoid()
    of_truth = prob * mask + (1 - prob) * (1 - mask)
    focal = (-((1 - of_truth) ** 2) * of_truth.log()).mean((1, 2, 3))
    dice = 1 - (2 * (prob * mask).sum((1, 2, 3)) + 1) / ((prob + mask).sum((1, 2, 3)) + 1)
    trimap = stage.trimap(prob)
    pred = fuse(stage.mat(batch["image"], trimap), trimap)
    comp, true_comp = (torch.lerp(batch["bgr"], batch["fgr"], alpha) for alpha in (pred, true))
    matting = 0.5 * (pred - true).abs().mean((1, 2, 3)) + 0.5 * (comp - true_comp).abs().mean((1, 2, 3))
    return focal + dice, matting
