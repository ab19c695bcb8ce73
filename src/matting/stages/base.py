"""The base class of all stages: the training step, the count of batches, logging, evaluation and checkpoints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from matting.config.identity import located
from matting.config.instantiate import build
from matting.config.nodes import built
from matting.data.batch import Batch
from matting.data.dataset import eval_shape
from matting.errors import UserError
from matting.losses.weighted import LossSum
from matting.metrics.modular import MattingMetrics
from matting.nets.checkpoint import CHECKPOINT_VERSION, check_stage
from matting.nets.recompute import recompute
from matting.ops.resample import at_size
from matting.stages.schedule import rate_factor
from matting.stages.terms import PendingTerms, add_scaled, log_values


@dataclass(frozen=True)
class StageConfig:
    """The config nodes that a stage is built from.

    stage: name, accumulate, clip_norm and the keys of the stage's kind. optim: one optimizer for each trained network
    (see conf/optim). data_root: a folder where files of weights are looked for.
    """

    stage: Mapping[str, Any]
    net: Mapping[str, Any]
    loss: Mapping[str, Any]
    optim: Mapping[str, Any]
    data_root: str


class MattingStage(LightningModule):
    """A part of a method that is trained by itself, with Lightning's manual optimization.

    batches: the number of training batches seen. Checkpoints, schedules and logs count in it, never in Lightning's
    `global_step`, which grows by one for each optimizer's step and so counts the batches of a GAN twice.
    nets: config nodes of the networks, kept in the checkpoint so that it can be opened without its run folder.
    """

    def __init__(self, config: StageConfig, nets: Mapping[str, Any]):
        super().__init__()
        self.automatic_optimization = False
        self.stage, self.nets, self.optim = config.stage, dict(nets), config.optim
        self.batches = 0
        self.total_batches = self.log_every = 1
        self.frame = (0, 0)  # (height, width) of the training samples
        self.window: list[Batch] = []  # the batches of the next update
        self.pending_terms = PendingTerms()
        self.skipped: set[str] = set()
        self.loss: float | None = None  # the total of the last update that was logged
        self.validated: dict[str, float] = {}  # by log key; empty once another batch is trained
        self.validation = MattingMetrics()

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The networks that have an optimizer, by the optimizer's name in the config."""
        raise NotImplementedError

    @property
    def mask_threshold(self) -> float:
        return float(self.stage.get("mask_threshold", 0.5))

    def true_mask(self, alpha: Tensor) -> Tensor:
        """Return the true mask of an alpha, bool of its shape: where it is at least `stage.mask_threshold`."""
        return alpha >= self.mask_threshold

    @property
    def cycle(self) -> int:
        """Number of batches after which the work of a step repeats, for measurements of speed."""
        return self.stage["accumulate"]

    def losses(self, batch: Batch) -> LossSum:
        """Return the loss of a batch for all trained networks at once; `GANStage` has one step for each instead."""
        raise NotImplementedError

    def recompute(self) -> None:
        """Spend time to save memory in every trained network (see `matting.nets.recompute`)."""
        for network in self.trained.values():
            recompute(network)

    def update(self) -> None:
        """Step each trained network on the batches of the window, and empty the window."""
        share, row = 1 / len(self.window), dict[str, Any]()
        # Gradients add up over the window: of losses scaled by 1 / n, they are those of one batch of them all.
        for batch in self.window:
            losses = self.losses(batch)
            self.check_terms(losses.weighted)
            self.manual_backward(share * losses.total)
            add_scaled(row, share, log_values(losses))
        for name in self.trained:
            row |= self.step(name)
        self.window = []
        self.log_update(row)

    def predict_map(self, batch: Batch) -> Tensor:
        """Return the stage's prediction for a batch, (B, 1, H, W) in [0, 1], to be measured against alpha."""
        raise NotImplementedError

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Build an optimizer for each trained network. Raises UserError when the config has none for one of them."""
        require_nodes("optim", self.optim, self.trained)
        return [build(self.optim[name], params=net.parameters()) for name, net in self.trained.items()]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Add a batch to the window, and update once the window holds `accumulate` batches.

        A window may span two epochs. The last one of a training may hold fewer batches.
        """
        self.window.append(batch)
        self.batches += 1
        self.validated = {}
        if self.batches % self.stage["accumulate"] == 0 or self.batches >= self.total_batches:
            self.set_rates()
            self.update()

    def optimizer_of(self, name: str) -> Any:
        """Return the optimizer of a trained network."""
        optimizers = self.optimizers()
        return (optimizers if isinstance(optimizers, list) else [optimizers])[list(self.trained).index(name)]

    def step(self, name: str) -> dict[str, Tensor]:
        """Clip one network's gradient, step its optimizer and clear the gradient.

        Returns the norm of the gradient before clipping under its log key. The norm is computed only to be logged or to
        clip by: it reads every gradient once more.
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
        """Set the learning rates. They depend on the count of batches alone, so no checkpoint has to keep them."""
        factor = rate_factor(self.batches, self.total_batches, self.optim["scheduler"], self.optim["warmup"])
        for name in self.trained:
            for group in self.optimizer_of(name).param_groups:
                group["lr"] = self.optim[name]["lr"] * factor

    @property
    def logs(self) -> bool:
        """Whether this update is logged: one in `log_every` batches is. Only then does the host wait for the device."""
        return self.batches % self.log_every < self.stage["accumulate"]

    def check_terms(self, terms: Mapping[str, Tensor]) -> None:
        """Stop the run when a loss term is NaN or infinite. terms: weighted terms by name, scalars. Raises JobError.

        An update that is logged is checked before its step. The terms of other updates are checked together before the
        next row, validation or checkpoint, so that none of these is written after a bad term.
        """
        self.pending_terms.add(self.batches, [id for batch in self.window for id in batch["ids"]], terms)
        if self.logs:
            self.pending_terms.read()

    def log_update(self, row: Mapping[str, float | Tensor]) -> None:
        """Log the values of an update and its learning rates, where it is logged."""
        if self.logs:
            self.loss = float(row["train/total"])
            rates = {f"train/lr/{name}": self.optimizer_of(name).param_groups[0]["lr"] for name in self.trained}
            self.log_row({**row, **rates})

    def log_row(self, values: Mapping[str, float | Tensor]) -> None:
        """Write a row to every logger, at the count of batches."""
        row = {key: float(value) for key, value in values.items()}
        for logger in self.loggers:
            logger.log_metrics(row, step=self.batches)

    def on_validation_epoch_start(self) -> None:
        """Check the loss terms so far, and start new metrics."""
        self.pending_terms.read()
        self.validation.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        pred, true = self.predict_map(batch), batch["alpha"]
        size = true.shape[-2], true.shape[-1]
        if "valid" not in batch:  # photographs with masks have the size of the frame already
            size = eval_shape(max(self.stage.get("val_frame", self.stage["frame"])), *size)
        self.measure(at_size(pred, size), at_size(true, size), batch.get("valid"))

    def measure(self, pred: Tensor, true: Tensor, valid: Tensor | None) -> None:
        """Add predictions and truths (B, 1, H, W) to the validation metrics. valid: pixels that count, None for all."""
        self.validation.update(pred, true, valid)

    def validation_values(self) -> dict[str, float]:
        """Return the results of a validation by log key."""
        return {f"val/whole/{name}": float(value) for name, value in self.validation.compute().items()}

    def on_validation_epoch_end(self) -> None:
        """Log the results of the validation, and keep them for the checkpoint of this batch."""
        self.validated = self.validation_values()
        self.log_row(self.validated)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add to a checkpoint what resuming needs, and what opening it without its run folder needs."""
        self.pending_terms.read()
        checkpoint["matting"] = {
            "version": CHECKPOINT_VERSION,
            "stage": self.stage["name"],
            "nets": self.nets,
            "frame": list(self.frame),
            "batches": self.batches,
            "ranks": self.trainer.world_size if self._trainer is not None else 1,
            "skipped": sorted(self.skipped),
            "val": self.validated,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the count of batches and the skipped files. Raises UserError for another stage's checkpoint."""
        facts = check_stage(checkpoint, self.stage["name"], "checkpoint")
        self.batches, self.skipped = facts["batches"], set(facts["skipped"])


def require_nodes(key: str, node: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise UserError when the node at `key` lacks one of `names`: it was made for another stage."""
    if missing := [name for name in names if name not in node]:
        found = ", ".join(name for name, value in node.items() if isinstance(value, Mapping))
        raise UserError(f"{key}: has {found}; expected {' and '.join(missing)} too; choose one for this stage")


def build_network(node: Mapping[str, Any], root: str) -> nn.Module:
    """Build the network of a config node. A file of weights is looked for in the current folder and under `root`."""
    network: nn.Module = build(located(node, built(node), root))
    return network
