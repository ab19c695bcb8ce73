"""The alpha stage's step as the equations read, and the changes that made the stage's own step of it, one by one.

Literal: the generator forward twice, VGG once a target and with a graph for the truth too, contiguous memory, torch's
own instance norm, a plain 7x7 head, Adam that is not fused.
"""

import copy
from collections.abc import Collection
from contextlib import nullcontext
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.losses.adversarial import discriminator_loss, generator_loss
from matting.losses.matte import border_loss, l1_loss, matte_targets
from matting.losses.perceptual import perceptual_loss, stacked
from matting.nets.blocks import InstanceNorm, MapConv
from matting.ops.trimap import border_map, scaled_size
from matting.stages.gan import frozen
from matting.stages.objective import Example
from tests.helpers.made_stages import make_stage

# What the stage does otherwise, in the order in which the table of `bench_changes` adds them up.
ONCE, NO_GRAPH, STACKED = "one generator forward", "true features without a graph", "VGG once over stacked targets"
VGG_LAST, POOLED = "VGG in channels_last", "VGG pools before its ReLUs"
NORM, ROWS, FUSED = "instance norm as groups of one channel", "7x7 head as rows", "fused Adam"
FROZEN = "discriminator frozen in the generator's turn"
KEPT = (ONCE, NO_GRAPH, STACKED, FROZEN, VGG_LAST, POOLED, NORM, ROWS, FUSED)
# What it does not do, or only where the config asks for it.
ONE_PASS, NETS_LAST, FOREACH = "discriminator once over real and fake", "networks in channels_last", "foreach Adam"


def stage_of(vgg_width: float, *overrides: str, optimizer: str = "torch.optim.Adam") -> Any:
    """The alpha stage with the quick scale's networks and weights."""
    return make_stage(
        "alpha_gan",
        *("net.gen.width=16", "net.gen.depth=4", "net.gen.blocks=2", "net.disc.width=16"),
        *(f"loss.perceptual.width={vgg_width}", "optim.warmup=0", *overrides),
        optimizer=optimizer,
    )


class PlainHead(nn.Module):
    """A 7x7 convolution as the library computes it."""

    def __init__(self, head: MapConv):
        super().__init__()
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (self.head.kernel_size[0] // 2,) * 4, mode="reflect")
        return F.conv2d(padded, self.head.weight, self.head.bias).float()


class PlainVGG(nn.Module):
    """The same features, layer by layer as the architecture has them."""

    def __init__(self, features: Any, layout: torch.memory_format):
        super().__init__()
        self.vgg, self.layout = features.to(memory_format=layout), layout

    def forward(self, x: Tensor) -> list[Tensor]:
        x, found, first = (x.expand(-1, 3, -1, -1) - self.vgg.mean) / self.vgg.std, [], True
        x = x.contiguous(memory_format=self.layout)
        for layer in self.vgg.trunk:
            x = layer(x)
            if first and isinstance(layer, nn.ReLU):  # the first of each resolution
                found.append(x)
            first = isinstance(layer, nn.MaxPool2d) or (first and not isinstance(layer, nn.ReLU))
        return found


class Step:
    """One step on copies of a stage's networks, with some of the changes."""

    def __init__(self, stage: Any, changes: Collection[str] = ()):
        self.changes, self.node = changes, stage.objective.loss
        self.gen, self.disc = copy.deepcopy(stage.gen), copy.deepcopy(stage.disc)
        if NORM not in changes:
            for norm in (module for net in (self.gen, self.disc) for module in net.modules()):
                if isinstance(norm, InstanceNorm):
                    norm.forward = MethodType(nn.InstanceNorm2d.forward, norm)
        if ROWS not in changes:
            self.gen.decoder.head = PlainHead(self.gen.decoder.head)
        if NETS_LAST in changes:
            for network in (self.gen, self.disc):
                network.to(memory_format=torch.channels_last)
        perceptual = stage.objective.terms["perceptual"].loss
        features, self.coefficients = perceptual.features, perceptual.coefficients
        layout = torch.channels_last if VGG_LAST in changes else torch.contiguous_format
        self.vgg = features if POOLED in changes else PlainVGG(copy.deepcopy(features), layout)
        self.optimizers = [
            self.optimizer(network, stage.optimizer_of(name))
            for name, network in (("gen", self.gen), ("disc", self.disc))
        ]

    def optimizer(self, network: nn.Module, like: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Of the class and the rate of the stage's, in another implementation."""
        group = like.param_groups[0]
        more = {"betas": group["betas"]} if "betas" in group else {}
        more |= {"fused": True} if FUSED in self.changes else {"foreach": FOREACH in self.changes}
        return type(like)(network.parameters(), lr=group["lr"], **more)

    def targets(self, example: Example, map: Tensor) -> dict[str, Tensor]:
        return matte_targets(example.image, map, example.new_bgr, self.node["targets"])

    def judge(self, example: Example, *maps: Tensor) -> list[list[Tensor]]:
        """The discriminator's logits on each map."""
        judged = [torch.cat(list(self.targets(example, map).values()), 1) for map in maps]
        if ONE_PASS not in self.changes:
            return [self.disc(example.image, one) for one in judged]
        logits = self.disc(torch.cat([example.image] * len(maps)), torch.cat(judged))
        return [[scale.chunk(len(maps))[at] for scale in logits] for at in range(len(maps))]

    def perceptual(self, pred: dict[str, Tensor], true: dict[str, Tensor]) -> Tensor:
        names = list(pred)
        batches = [([name], 1) for name in names] if STACKED not in self.changes else [(names, len(names))]
        total = torch.zeros(())
        for some, times in batches:
            with torch.set_grad_enabled(NO_GRAPH not in self.changes):
                of_true = stacked(true, some)
                true_features = self.vgg(of_true if NO_GRAPH in self.changes else of_true.requires_grad_())
            loss = perceptual_loss(self.vgg(stacked(pred, some)), true_features, self.coefficients)
            total = total + times * loss
        return total

    def __call__(self, example: Example) -> dict[str, Tensor]:
        """The weighted terms, detached."""
        to_gen, to_disc = self.optimizers
        first = self.gen(*example.inputs)
        real, fake = self.judge(example, example.true_map, first.detach())
        disc_loss = discriminator_loss(real, fake, "bce")
        to_disc.zero_grad()
        disc_loss.backward()
        to_disc.step()
        pred = first if ONCE in self.changes else self.gen(*example.inputs)
        targets, true = self.targets(example, pred), self.targets(example, example.true_map)
        border = self.node["border"]
        size = scaled_size(*pred.shape[-2:], border["kernel"], border["kernel_side"], border["kernel_min"])
        at = border_map(example.true_map >= 0.5, size)
        with frozen(self.disc) if FROZEN in self.changes else nullcontext():
            adversarial = generator_loss(self.judge(example, pred)[0], "bce")
        terms = {
            "adversarial": adversarial,
            "perceptual": 3 * 10 * self.perceptual(targets, true),
            "alpha": 3 * 100 * l1_loss(targets, true),
            "border": 3
            * 100
            * border_loss(example.image, pred, example.true_map, at, example.new_bgr, self.node["targets"]),
        }
        to_gen.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        to_gen.step()
        return {name: loss.detach() for name, loss in terms.items()}


def gradients_of(optimizers: list[torch.optim.Optimizer]) -> list[list[Tensor]]:
    """A list to which each step of the optimizers, in turn, adds its gradients."""
    found: list[list[Tensor]] = []

    def keep(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        found.append([p.grad.clone() for group in optimizer.param_groups for p in group["params"]])

    for optimizer in optimizers:
        optimizer.register_step_pre_hook(keep)
    return found


def check_equal(step: "Step", stage: Any, batch: Any) -> None:
    """Raise AssertionError where the first step's losses or gradients are not those of the stage.

    Both by plain gradient descent: where a gradient is nearly 0, Adam's first step is its sign, thus rounding.
    """
    theirs, ours = gradients_of(step.optimizers), gradients_of(stage.optimizers())
    terms = step(stage.example(batch))
    stage.training_step(batch, 0)
    for name, value in terms.items():
        torch.testing.assert_close(
            torch.tensor(stage.rows[-1][f"train/weighted/{name}"]), value, rtol=1e-4, atol=1e-6, msg=f"{name} differs"
        )
    for net, one, other in zip(("disc", "gen"), theirs, ours, strict=True):
        literal, found = (torch.cat([gradient.flatten() for gradient in some]) for some in (one, other))
        error = float((found - literal).norm() / literal.norm())
        assert error < 1e-3, f"{net}: the gradients differ by {error:.1e} of their norm"
