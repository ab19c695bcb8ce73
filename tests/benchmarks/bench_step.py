"""The alpha stage's step against the literal one, the same losses: float32, and bf16 of ours.

Literal: the generator forward twice, VGG once a target and with a graph for the truth too, contiguous memory, a plain
7x7 head, Adam that is not fused.
"""

import copy
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from matting.losses.adversarial import discriminator_loss, generator_loss
from matting.losses.matte import border_loss, l1_loss, matte_targets
from matting.losses.perceptual import perceptual_loss
from matting.nets.blocks import MapConv
from matting.nets.morphology import border_map, scaled_size
from matting.stages.objective import Example
from tests.made_stages import make_batch, make_stage

SIZES = {"8 of 112x64, an eighth of VGG-19": (8, 64, 112, 1 / 8), "2 of 128x128, VGG-19": (2, 128, 128, 1.0)}
ROUNDS = 7


def stage_of(vgg_width: float) -> Any:
    """The quick scale's networks and weights."""
    return make_stage(
        "alpha_gan",
        *("net.gen.width=16", "net.gen.depth=4", "net.gen.blocks=2", "net.disc.width=16"),
        *(f"loss.perceptual.width={vgg_width}", "optim.warmup=0"),
        optimizer="torch.optim.Adam",
    )


class LiteralHead(nn.Module):
    """A 7x7 convolution as the library computes it."""

    def __init__(self, head: MapConv):
        super().__init__()
        self.head = head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = F.pad(x, (self.head.kernel_size[0] // 2,) * 4, mode="reflect")
        return F.conv2d(padded, self.head.weight, self.head.bias).float()


class LiteralVGG(nn.Module):
    """The same features without a change of layout."""

    def __init__(self, features: Any):
        super().__init__()
        self.vgg = features

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x, found = (x.expand(-1, 3, -1, -1) - self.vgg.mean) / self.vgg.std, []
        for at, layer in enumerate(self.vgg.trunk):
            x = layer(x)
            if at in self.vgg.taps:
                found.append(x)
        return found


class Literal:
    """The step as the equations read, on copies of a stage's networks."""

    def __init__(self, stage: Any):
        self.gen, self.disc = copy.deepcopy(stage.gen), copy.deepcopy(stage.disc)
        self.gen.decoder.head = LiteralHead(self.gen.decoder.head)
        self.vgg = LiteralVGG(copy.deepcopy(stage.objective.perceptual.features))
        self.node, self.coefficients = stage.objective.loss, stage.objective.perceptual.coefficients
        rates = [stage.optim[name]["lr"] for name in ("gen", "disc")]
        networks = (self.gen, self.disc)
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr, (0.5, 0.999), foreach=False)
            for network, lr in zip(networks, rates, strict=True)
        ]

    def step(self, example: Example) -> dict[str, float]:
        image, true = example.image, example.map
        names, node = self.node["targets"], self.node
        to_gen, to_disc = self.optimizers
        fake = self.gen(*example.inputs).detach()
        real_targets = matte_targets(image, true, example.new_bgr, names)
        judged = [
            torch.cat(list(matte_targets(image, map, example.new_bgr, names).values()), 1) for map in (true, fake)
        ]
        disc_loss = discriminator_loss(*(self.disc(image, one) for one in judged), "bce")
        to_disc.zero_grad()
        disc_loss.backward()
        to_disc.step()
        pred = self.gen(*example.inputs)
        targets = matte_targets(image, pred, example.new_bgr, names)
        adversarial = generator_loss(self.disc(image, torch.cat(list(targets.values()), 1)), "bce")
        perceptual = sum(
            perceptual_loss(self.vgg(targets[name]), self.vgg(real_targets[name].requires_grad_()), self.coefficients)
            for name in names
        )
        border = node["border"]
        size = scaled_size(*pred.shape[-2:], border["kernel"], border["kernel_side"], border["kernel_min"])
        at = border_map(true >= 0.5, size)
        losses = {
            "adversarial": adversarial,
            "perceptual": 3 * 10 * perceptual,
            "alpha": 3 * 100 * l1_loss(targets, real_targets),
            "border": 3 * 100 * border_loss(image, pred, true, at, example.new_bgr, names),
        }
        to_gen.zero_grad()
        sum(losses.values()).backward()
        to_gen.step()
        return {name: loss.item() for name, loss in losses.items()}


def ours(stage: Any, batch: Any, bf16: bool = False) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        stage.training_step(batch, 0)


def milliseconds(call: Callable[[], Any]) -> float:
    start = perf_counter()
    call()
    return 1e3 * (perf_counter() - start)


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar; both sides in turns, the first step of each left out."""
    rows = []
    for title, (size, height, width, vgg_width) in SIZES.items():
        stage, half = stage_of(vgg_width), stage_of(vgg_width)
        batch = make_batch(size, 0, height, width)
        literal, example = Literal(stage), stage.example(batch)
        expected = literal.step(example)
        stage.log_every = half.log_every = 1
        ours(stage, batch)
        for name, value in expected.items():
            found = stage.rows[-1][f"train/weighted/{name}"]
            assert abs(found - value) <= 2e-4 * abs(value), (title, name, found, value)
        sides = [partial(literal.step, example), partial(ours, stage, batch), partial(ours, half, batch, True)]
        sides[2]()
        times = [[milliseconds(side) for side in sides] for _ in range(ROUNDS)]
        plain, full, bf16 = (median(side) for side in zip(*times, strict=True))
        name = f"alpha step, {title}, against the literal step"
        rows += [
            {"name": f"{name}, float32", "ours_ms": full, "naive_ms": plain, "ratio": plain / full, "bar": 1.5},
            {"name": f"{name}, bf16", "ours_ms": bf16, "naive_ms": plain, "ratio": plain / bf16, "bar": 3},
        ]
    return rows


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.2f}x (bar {bar}x)".format(**row))
