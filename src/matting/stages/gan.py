"""The one multi-optimizer step, shared by both GAN stages: discriminator on the detached fake, generator against it."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from matting.batch import Batch
from matting.errors import JobError
from matting.instantiate import build
from matting.losses.weighted import LossSum, NonFiniteTerm
from matting.stages.base import MattingStage
from matting.stages.objective import Example, Objective


class GANStage(MattingStage):
    """A generator trained by POMAGAN's objective against a multi-scale discriminator.

    Subclasses say what an example is. stage: accumulate, clip_norm, disc_every (see conf/stage). optim: conf/optim.
    Without an adversarial weight there is no discriminator.
    """

    pixel: str  # the L1 term's name in the config

    def __init__(
        self,
        stage: Mapping[str, Any],
        net: Mapping[str, Any],
        loss: Mapping[str, Any],
        optim: Mapping[str, Any],
        root: str,
    ):
        super().__init__(stage["name"], {"gen": net["gen"]})
        self.stage, self.optim = stage, optim
        self.gen: nn.Module = build(net["gen"])
        self.objective = Objective(loss, self.pixel, net["disc"]["scales"], root)
        self.disc: nn.Module | None = None
        if self.objective.adversarial:
            self.disc = build(net["disc"], in_channels=self.objective.disc_channels)
        self.window: list[Batch] = []
        self.log_every = 1

    def example(self, batch: Batch) -> Example:
        """What the generator takes and should give for a batch."""
        raise NotImplementedError

    def generate(self, example: Example) -> Tensor:
        return self.gen(*example.inputs)

    def predict_map(self, batch: Batch) -> Tensor:
        return self.generate(self.example(batch))

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        networks = {"gen": self.gen, "disc": self.disc}
        return [build(self.optim[name], params=net.parameters()) for name, net in networks.items() if net is not None]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect `accumulate` batches, then update once: as one batch of them all would."""
        self.window.append(batch)
        self.batches += 1
        if len(self.window) == self.stage["accumulate"]:
            self.update()

    def on_train_epoch_end(self) -> None:
        if self.window:
            self.update()

    def update(self) -> None:
        """One step of each network on the batches of the window."""
        gen_optimizer, disc_optimizer = self.both_optimizers()
        self.set_rates()
        share = 1 / len(self.window)
        examples = [self.example(batch) for batch in self.window]
        with torch.set_grad_enabled(len(examples) == 1):  # one graph is kept; more would hold the memory of all
            fakes = [self.generate(example) for example in examples]

        row: dict[str, Tensor | float] = {}
        if self.disc is not None and disc_optimizer is not None and self.disc_turn():
            for example, fake in zip(examples, fakes, strict=True):
                loss, real_logits, fake_logits = self.objective.discriminator(example, fake.detach(), self.disc)
                self.manual_backward(share * loss)
                add(row, share, {"train/adv/disc": loss.detach(), **health(real_logits, fake_logits)})
            row["train/grad_norm/disc"] = self.clip(self.disc)
            self.step(disc_optimizer)

        with frozen(self.disc):
            for i, example in enumerate(examples):
                fake = fakes[i] if len(examples) == 1 else self.generate(example)
                losses = self.objective.generator(example, fake, self.disc)
                self.check_finite(losses, row.get("train/adv/disc"))
                self.manual_backward(share * losses.total)
                add(row, share, named(losses))
        row["train/grad_norm/gen"] = self.clip(self.gen)
        self.step(gen_optimizer)
        self.window = []
        if self.batches % self.log_every < self.stage["accumulate"]:
            self.log_row({**row, **self.rates()})

    def both_optimizers(self) -> tuple[Any, Any]:
        optimizers = self.optimizers()
        both = optimizers if isinstance(optimizers, list) else [optimizers]
        return both[0], both[1] if len(both) > 1 else None

    def step(self, optimizer: Any) -> None:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def disc_turn(self) -> bool:
        """Whether the discriminator steps in this update: every `disc_every`-th."""
        return (self.batches // self.stage["accumulate"]) % self.stage["disc_every"] == 0

    def clip(self, network: nn.Module) -> Tensor:
        """The gradient's norm, clipped to `clip_norm` where that is set."""
        limit = self.stage["clip_norm"]
        return torch.nn.utils.clip_grad_norm_(network.parameters(), math.inf if limit is None else limit)

    def check_finite(self, losses: LossSum, disc_loss: Tensor | float | None) -> None:
        """Stop before a NaN or Inf reaches the weights; one wait for the device."""
        try:
            losses.check_finite()
            if disc_loss is not None and not math.isfinite(disc_loss):
                raise NonFiniteTerm("discriminator", float(disc_loss))
        except NonFiniteTerm as error:
            ids = ", ".join(id for batch in self.window for id in batch["ids"])
            raise JobError(f"{error}; at batch {self.batches}, samples {ids}; the last checkpoint is intact") from None

    def set_rates(self) -> None:
        """Learning rates are a function of the batch count: nothing to save, nothing to get out of step."""
        factor = rate_factor(self.batches, self.total_batches, self.optim["scheduler"], self.optim["warmup"])
        for name, optimizer in zip(("gen", "disc"), self.both_optimizers(), strict=True):
            if optimizer is not None:
                for group in optimizer.param_groups:
                    group["lr"] = self.optim[name]["lr"] * factor

    def rates(self) -> dict[str, float]:
        both = zip(("gen", "disc"), self.both_optimizers(), strict=True)
        return {f"train/lr/{name}": opt.param_groups[0]["lr"] for name, opt in both if opt is not None}


def rate_factor(batch: int, total: int, scheduler: str, warmup: int) -> float:
    """Of the base rate at the `batch`-th of `total` batches.

    `none` is the papers' constant rate; `linear_decay` is flat to the half, then falls to 2 %; `cosine` falls to 0. All
    rise over `warmup` batches first.
    """
    if batch < warmup:
        return batch / warmup
    done = batch / total
    if scheduler == "linear_decay":
        return 1 - 0.98 * max(0.0, min(1.0, 2 * done - 1))
    if scheduler == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return 1.0


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


def named(losses: LossSum) -> dict[str, Tensor]:
    """The generator's terms under their log keys, raw and weighted, and the total."""
    row = {f"train/loss/{name}": value for name, value in losses.raw.items()}
    row |= {f"train/weighted/{name}": value for name, value in losses.weighted.items()}
    if "adversarial" in losses.raw:
        row["train/adv/gen"] = losses.raw["adversarial"]
    return {**row, "train/total": losses.total.detach()}


def add(row: dict[str, Any], share: float, values: Mapping[str, Tensor]) -> None:
    for key, value in values.items():
        row[key] = row.get(key, 0.0) + share * value
