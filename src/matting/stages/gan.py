"""The one multi-optimizer step, shared by both GAN stages: discriminator on the detached fake, generator against it."""

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.data.batch import Batch
from matting.errors import UserError
from matting.nets.recompute import recompute
from matting.stages.base import MattingStage, StageConfig, required
from matting.stages.objective import Example, Objective
from matting.stages.terms import add, named


class GANStage(MattingStage):
    """A generator trained by POMAGAN's objective against a multi-scale discriminator.

    Subclasses say what an example is. stage: accumulate, clip_norm, disc_every (see conf/stage). optim: conf/optim.
    Without an adversarial weight there is no discriminator.
    """

    pixel: str  # the L1 term's name in the config
    gives: tuple[str, ...]  # what the generator is given

    def __init__(self, config: StageConfig):
        required("net", config.net, ["gen", "disc"])
        super().__init__(config, {"gen": config.net["gen"]})
        self.gen: nn.Module = build(config.net["gen"])
        takes = getattr(self.gen, "takes", self.gives)
        if takes != self.gives:
            raise UserError(
                f"net.gen: {type(self.gen).__name__} takes {' and '.join(takes)}, stage={config.stage['name']} gives "
                f"it {' and '.join(self.gives)}; leave net to the stage"
            )
        self.objective = Objective(config.loss, self.pixel, config.net["disc"]["scales"], config.data_root)
        self.disc: nn.Module | None = None
        if self.objective.adversarial:
            self.disc = build(config.net["disc"], in_channels=self.objective.disc_channels)

    @property
    def trained(self) -> dict[str, nn.Module]:
        networks = {"gen": self.gen, "disc": self.disc}
        return {name: network for name, network in networks.items() if network is not None}

    @property
    def cycle(self) -> int:
        return super().cycle * self.stage["disc_every"]

    def recompute(self) -> None:
        super().recompute()
        if self.objective.perceptual is not None:
            recompute(self.objective.perceptual.features)

    def example(self, batch: Batch) -> Example:
        """What the generator takes and should give for a batch."""
        raise NotImplementedError

    def generate(self, example: Example) -> Tensor:
        return self.gen(*example.inputs)

    def predict_map(self, batch: Batch) -> Tensor:
        return self.generate(self.example(batch))

    def update(self) -> None:
        share = 1 / len(self.window)
        examples = [self.example(batch) for batch in self.window]
        with torch.set_grad_enabled(len(examples) == 1):  # one graph is kept; more would hold the memory of all
            fakes = [self.generate(example) for example in examples]

        row: dict[str, Tensor | float] = {}
        judged: dict[str, Tensor] = {}
        if self.disc is not None and self.disc_turn():
            for example, fake in zip(examples, fakes, strict=True):
                loss, real_logits, fake_logits = self.objective.discriminator(example, fake.detach(), self.disc)
                self.manual_backward(share * loss)
                add(judged, share, {"discriminator": loss.detach()})
                if self.logs:
                    add(row, share, {"train/adv/disc": loss.detach(), **health(real_logits, fake_logits)})
            row |= self.step("disc")

        with frozen(self.disc):
            for i, example in enumerate(examples):
                fake = fakes[i] if len(examples) == 1 else self.generate(example)
                losses = self.objective.generator(example, fake, self.disc)
                self.check_terms({**losses.weighted, **judged})
                self.manual_backward(share * losses.total)
                add(row, share, named(losses))
        row |= self.step("gen")
        self.window = []
        self.log_update(row)

    def disc_turn(self) -> bool:
        """Whether the discriminator steps in this update: every `disc_every`-th."""
        return math.ceil(self.batches / self.stage["accumulate"]) % self.stage["disc_every"] == 0


@contextlib.contextmanager
def frozen(network: nn.Module | None) -> Iterator[None]:
    """Gradients pass through, none are kept for the network's parameters."""
    if network is not None:
        network.requires_grad_(False)
    yield
    if network is not None:
        network.requires_grad_(True)


def health(real_logits: list[Tensor], fake_logits: list[Tensor]) -> dict[str, Tensor]:
    """D(real) and D(fake), the mean probability of `real`, over all scales and at each."""
    row = {}
    for name, logits in (("d_real", real_logits), ("d_fake", fake_logits)):
        scales = [scale.detach().float().sigmoid().mean() for scale in logits]
        row[f"train/adv/{name}"] = torch.stack(scales).mean()
        row |= {f"train/adv/{name}/{k}": value for k, value in enumerate(scales, 1)}
    return row
