"""The training step of both GAN stages: the discriminator on detached fakes first, then the generator against it."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.data.batch import Batch
from matting.errors import UserError
from matting.nets.discriminator_config import MultiScaleDiscriminatorConfig
from matting.nets.recompute import recompute
from matting.nets.working_size import WorkingSize
from matting.ops.resample import resample
from matting.stages.base import MattingStage, StageConfig, require_nodes
from matting.stages.objective import Objective
from matting.stages.pomagan_terms.base import Example
from matting.stages.terms import add_scaled, log_values


class GANStage(MattingStage):
    """A generator that is trained by POMAGAN's objective against a multi-scale discriminator.

    A subclass gives `example`. config.stage: accumulate, clip_norm and disc_every (see conf/stage).
    With an adversarial weight of 0 there is no discriminator. Raises UserError for a generator of the other stage.
    """

    input_names: tuple[str, ...]  # the generator's arguments

    def __init__(self, config: StageConfig):
        require_nodes("net", config.net, ["gen", "disc"])
        super().__init__(config, {"gen": config.net["gen"]})
        self.gen: nn.Module = build(config.net["gen"])
        takes = getattr(self.gen, "input_names", self.input_names)
        if takes != self.input_names:
            raise UserError(
                f"net.gen: {type(self.gen).__name__} takes {' and '.join(takes)}; stage={config.stage['name']} has "
                f"{' and '.join(self.input_names)}; leave out net="
            )
        scales = config.net["disc"].get("scales", MultiScaleDiscriminatorConfig.scales)
        self.objective = Objective(config.loss, scales, config.data_root, self.mask_threshold)
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
        for network in self.objective.networks:
            recompute(network)

    def example(self, batch: Batch) -> Example:
        """Return the generator's inputs for a batch, and the map that it should give."""
        raise NotImplementedError

    def generate(self, example: Example) -> Tensor:
        """Return the generator's map (B, 1, H, W) in [0, 1]."""
        return self.gen(*example.inputs)

    @property
    def working_size(self) -> WorkingSize:
        """The size at which the networks see the pictures of validation and tests: that of the training samples."""
        height, width = self.stage["frame"]
        return WorkingSize(height, width, self.stage["inference"])

    def predict_map(self, batch: Batch) -> Tensor:
        def networks(image: Tensor) -> dict[str, Tensor]:
            alpha = resample(batch["alpha"], *image.shape[-2:])  # from which a stage may make a coarse map
            return {"map": self.generate(self.example({**batch, "image": image, "alpha": alpha}))}

        return self.working_size.predict(networks, batch["image"])["map"]

    def update(self) -> None:
        """Step the discriminator, then the generator, on the batches of the window, and empty the window."""
        examples = [self.example(batch) for batch in self.window]
        # One batch: the generator runs once, and both networks learn from the same fake. Several batches: the graphs of
        # all fakes would fill the memory, so the generator runs again, batch by batch, in its own step.
        with torch.set_grad_enabled(len(examples) == 1):
            fakes = [self.generate(example) for example in examples]
        row: dict[str, Any] = {}
        disc_terms: dict[str, Tensor] = {}
        if self.disc is not None and self.disc_turn():
            disc_terms = self.update_discriminator(self.disc, examples, fakes, row)
        self.update_generator(examples, fakes, disc_terms, row)
        self.window = []
        self.log_update(row)

    def update_discriminator(
        self, disc: nn.Module, examples: list[Example], fakes: list[Tensor], row: dict[str, Any]
    ) -> dict[str, Tensor]:
        """Step the discriminator on true and fake maps; write its values for the log into `row`.

        Returns its loss by the term's name, for `check_terms`.
        """
        share = 1 / len(examples)
        terms: dict[str, Tensor] = {}
        for example, fake in zip(examples, fakes, strict=True):
            # Detached: this loss must not reach the generator.
            loss, real_logits, fake_logits = self.objective.discriminator_loss(example, fake.detach(), disc)
            self.manual_backward(share * loss)
            add_scaled(terms, share, {"discriminator": loss.detach()})
            if self.logs:
                add_scaled(row, share, {"train/adv/disc": loss.detach(), **mean_verdicts(real_logits, fake_logits)})
        row |= self.step("disc")
        return terms

    def update_generator(
        self, examples: list[Example], fakes: list[Tensor], disc_terms: dict[str, Tensor], row: dict[str, Any]
    ) -> None:
        """Step the generator against the discriminator as it is now; write its values for the log into `row`.

        disc_terms: the discriminator's loss of this update, checked together with the generator's terms.
        """
        share = 1 / len(examples)
        with frozen(self.disc):
            for i, example in enumerate(examples):
                fake = fakes[i] if len(examples) == 1 else self.generate(example)
                losses = self.objective.generator_losses(example, fake, self.disc)
                self.check_terms({**losses.weighted, **disc_terms})
                self.manual_backward(share * losses.total)
                add_scaled(row, share, log_values(losses))
        row |= self.step("gen")

    def disc_turn(self) -> bool:
        """Return whether the discriminator steps in this update: it does in every `disc_every`-th."""
        return math.ceil(self.batches / self.stage["accumulate"]) % self.stage["disc_every"] == 0


@contextlib.contextmanager
def frozen(network: nn.Module | None) -> Iterator[None]:
    """Compute no gradients for the network's parameters inside the block; gradients still pass through it."""
    if network is not None:
        network.requires_grad_(False)
    yield
    if network is not None:
        network.requires_grad_(True)


def mean_verdicts(real_logits: list[Tensor], fake_logits: list[Tensor]) -> dict[str, Tensor]:
    """Return D(real) and D(fake) under their log keys: the mean probability of "real", over all scales and at each."""
    row = {}
    for name, logits in (("d_real", real_logits), ("d_fake", fake_logits)):
        scales = [scale.detach().float().sigmoid().mean() for scale in logits]
        row[f"train/adv/{name}"] = torch.stack(scales).mean()
        row |= {f"train/adv/{name}/{k}": value for k, value in enumerate(scales, 1)}
    return row
