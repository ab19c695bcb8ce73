"""What all stages share: a step counter in batches, logging on it, evaluation, and what a checkpoint holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from matting.config.identity import NO_FILE, find_file
from matting.config.instantiate import build
from matting.data.batch import Batch
from matting.errors import UserError
from matting.losses.weighted import LossSum
from matting.metrics.modular import MattingMetrics
from matting.nets.checkpoint import CHECKPOINT_VERSION, check_stage
from matting.nets.recompute import recompute
from matting.stages.schedule import rate_factor
from matting.stages.terms import PendingTerms, add, named


@dataclass(frozen=True)
class StageConfig:
    """The nodes of a config that a stage is made of.

    stage: name, accumulate, clip_norm and what is its own. optim: see conf/optim; one optimizer a trained network.
    data_root: where files of weights are looked for.
    """

    stage: Mapping[str, Any]
    net: Mapping[str, Any]
    loss: Mapping[str, Any]
    optim: Mapping[str, Any]
    data_root: str


class MattingStage(LightningModule):
    """A trainable part of a method, optimized by hand.

    Lightning counts every optimizer's step in `global_step`, with two optimizers twice the batches. `batches` is the
    count of training batches seen: checkpoints, schedules and the logged x-axis use it and nothing else.
    nets: config nodes of the networks, kept in the checkpoint so that it can be opened without its run folder.
    """

    def __init__(self, config: StageConfig, nets: Mapping[str, Any]):
        super().__init__()
        self.automatic_optimization = False
        self.stage, self.nets, self.optim = config.stage, dict(nets), config.optim
        self.batches = 0
        self.total_batches = self.log_every = 1
        self.frame = (0, 0)  # height and width of its training samples
        self.window: list[Batch] = []
        self.pending_terms = PendingTerms()
        self.skipped: set[str] = set()
        self.results: dict[str, dict[str, float]] = {}
        self.validation = MattingMetrics()
        self.tests: dict[str, MattingMetrics] = {}

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The networks that have an optimizer, by its name in the config."""
        raise NotImplementedError

    @property
    def cycle(self) -> int:
        """Batches after which the work that they make repeats itself."""
        return self.stage["accumulate"]

    def losses(self, batch: Batch) -> LossSum:
        """What the trained networks descend on for a batch, all at once (a GAN's take turns: see `GANStage`)."""
        raise NotImplementedError

    def recompute(self) -> None:
        """Trade time for memory: see `matting.nets.recompute`."""
        for network in self.trained.values():
            recompute(network)

    def update(self) -> None:
        """One step of each network on the batches of the window; empties it."""
        share, row = 1 / len(self.window), dict[str, Any]()
        for batch in self.window:
            losses = self.losses(batch)
            self.check_terms(losses.weighted)
            self.manual_backward(share * losses.total)
            add(row, share, named(losses))
        for name in self.trained:
            row |= self.step(name)
        self.window = []
        self.log_update(row)

    def predict_map(self, batch: Batch) -> Tensor:
        """What the stage predicts for a batch: (B, 1, H, W) in [0, 1]."""
        raise NotImplementedError

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        required("optim", self.optim, self.trained)
        return [build(self.optim[name], params=net.parameters()) for name, net in self.trained.items()]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect `accumulate` batches, then update once: as one batch of them all would.

        Across epochs: an update's batches are known by their count. The last of a training may have fewer.
        """
        self.window.append(batch)
        self.batches += 1
        if self.batches % self.stage["accumulate"] == 0 or self.batches >= self.total_batches:
            self.set_rates()
            self.update()

    def optimizer_of(self, name: str) -> Any:
        optimizers = self.optimizers()
        return (optimizers if isinstance(optimizers, list) else [optimizers])[list(self.trained).index(name)]

    def step(self, name: str) -> dict[str, Tensor]:
        """Step one network's optimizer; gives the norm of its gradient, before it is clipped, for a row of the log.

        A norm that is neither logged nor needed to clip by is not computed: it reads every gradient once more.
        """
        limit, optimizer, row = self.stage["clip_norm"], self.optimizer_of(name), {}
        if self.logs or limit is not None:
            parameters = [p for p in self.trained[name].parameters() if p.grad is not None]
            norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
            if limit is not None:
                torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
            row = {f"train/grad_norm/{name}": norm}
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return row

    def set_rates(self) -> None:
        """Learning rates are a function of the batch count: nothing to save, nothing to get out of step."""
        factor = rate_factor(self.batches, self.total_batches, self.optim["scheduler"], self.optim["warmup"])
        for name in self.trained:
            for group in self.optimizer_of(name).param_groups:
                group["lr"] = self.optim[name]["lr"] * factor

    @property
    def logs(self) -> bool:
        """Whether this update is logged, every `log_every` batches: only then does the host wait for the device."""
        return self.batches % self.log_every < self.stage["accumulate"]

    def check_terms(self, terms: Mapping[str, Tensor]) -> None:
        """Have a loss term that is NaN or infinite stop the run: where the update is logged, before its step.

        Terms of other updates are read with the next row, before a validation or before a checkpoint: no checkpoint and
        no row is ever written after a bad term.
        """
        self.pending_terms.add(self.batches, [id for batch in self.window for id in batch["ids"]], terms)
        if self.logs:
            self.pending_terms.read()

    def log_update(self, row: Mapping[str, float | Tensor]) -> None:
        """Log an update's figures and the rates."""
        if self.logs:
            rates = {f"train/lr/{name}": self.optimizer_of(name).param_groups[0]["lr"] for name in self.trained}
            self.log_row({**row, **rates})

    def log_row(self, values: Mapping[str, float | Tensor]) -> None:
        """Log on the batch axis, to every logger, and to what the progress bar shows."""
        row = {key: float(value) for key, value in values.items()}
        for logger in self.loggers:
            logger.log_metrics(row, step=self.batches)

    def on_validation_epoch_start(self) -> None:
        self.pending_terms.read()
        self.validation.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.measure(self.predict_map(batch), batch)

    def measure(self, pred: Tensor, batch: Batch) -> None:
        self.validation.update(pred.float(), batch["alpha"], batch.get("valid"))

    def validation_values(self) -> dict[str, float]:
        """What a validation found, by log key."""
        return {f"val/whole/{name}": float(value) for name, value in self.validation.compute().items()}

    def on_validation_epoch_end(self) -> None:
        self.results["val"] = self.validation_values()
        self.log_row(self.results["val"])

    def on_test_start(self) -> None:
        names = self.trainer.datamodule.tests  # type: ignore[attr-defined]
        # one rank measures, however many have trained
        self.tests = {name: MattingMetrics(sync_on_compute=False).to(self.device) for name in names}

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        list(self.tests.values())[dataloader_idx].update(self.predict_map(batch).float(), batch["alpha"])

    def on_test_epoch_end(self) -> None:
        for name, metrics in self.tests.items():
            self.results[name] = {f"whole/{key}": float(value) for key, value in metrics.compute().items()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.pending_terms.read()
        checkpoint["matting"] = {
            "version": CHECKPOINT_VERSION,
            "stage": self.stage["name"],
            "nets": self.nets,
            "frame": list(self.frame),
            "batches": self.batches,
            "ranks": self.trainer.world_size if self._trainer is not None else 1,
            "skipped": sorted(self.skipped),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        facts = check_stage(checkpoint, self.stage["name"], "checkpoint")
        self.batches, self.skipped = facts["batches"], set(facts["skipped"])


def required(config: str, node: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise UserError where a node of the config (`loss`) is that of another stage: it lacks one of `names`."""
    if missing := [name for name in names if name not in node]:
        there = ", ".join(name for name, value in node.items() if isinstance(value, Mapping))
        raise UserError(f"{config}: no {' and no '.join(missing)} in it (it has {there}); choose one of this stage's")


def build_network(node: Mapping[str, Any], root: str) -> nn.Module:
    """A network of a config; a file of weights is looked for here and under the data root."""
    weights = node.get("weights")
    return build(node if weights in NO_FILE else {**node, "weights": str(find_file(weights, root))})
