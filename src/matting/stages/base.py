"""What all stages share: a step counter in batches, logging on it, evaluation, and what a checkpoint holds."""

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from matting.batch import Batch
from matting.errors import UserError
from matting.metrics.modular import MattingMetrics

CHECKPOINT_VERSION = 1


class MattingStage(LightningModule):
    """A trainable part of a method.

    Lightning counts every optimizer's step in `global_step`, with two optimizers twice the batches. `batches` is the
    count of training batches seen: checkpoints, schedules and the logged x-axis use it and nothing else.
    name: the stage's config name. nets: config nodes of the networks, kept in the checkpoint so that it can be opened
    without its run folder.
    """

    def __init__(self, name: str, nets: Mapping[str, Any]):
        super().__init__()
        self.automatic_optimization = False
        self.stage_name, self.nets = name, dict(nets)
        self.batches = 0
        self.total_batches = 1
        self.frame = (0, 0)  # height and width of its training samples
        self.skipped: set[str] = set()
        self.results: dict[str, dict[str, float]] = {}
        self.validation = MattingMetrics()
        self.tests: dict[str, MattingMetrics] = {}

    def predict_map(self, batch: Batch) -> Tensor:
        """What the stage predicts for a batch: (B, 1, H, W) in [0, 1]."""
        raise NotImplementedError

    def log_row(self, values: Mapping[str, float | Tensor]) -> None:
        """Log on the batch axis, to every logger, and to what the progress bar shows."""
        row = {key: float(value) for key, value in values.items()}
        for logger in self.loggers:
            logger.log_metrics(row, step=self.batches)

    def on_validation_epoch_start(self) -> None:
        self.validation.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.validation.update(self.predict_map(batch).float(), batch["alpha"])

    def on_validation_epoch_end(self) -> None:
        values = {f"val/whole/{name}": float(value) for name, value in self.validation.compute().items()}
        self.results["val"] = values
        self.log_row(values)

    def on_test_start(self) -> None:
        names = self.trainer.datamodule.tests  # type: ignore[attr-defined]
        self.tests = {name: MattingMetrics().to(self.device) for name in names}

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        list(self.tests.values())[dataloader_idx].update(self.predict_map(batch).float(), batch["alpha"])

    def on_test_epoch_end(self) -> None:
        for name, metrics in self.tests.items():
            self.results[name] = {f"whole/{key}": float(value) for key, value in metrics.compute().items()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["matting"] = {
            "version": CHECKPOINT_VERSION,
            "stage": self.stage_name,
            "nets": self.nets,
            "frame": list(self.frame),
            "batches": self.batches,
            "skipped": sorted(self.skipped),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        facts = check_stage(checkpoint, self.stage_name, "checkpoint")
        self.batches, self.skipped = facts["batches"], set(facts["skipped"])


def check_stage(checkpoint: Mapping[str, Any], stage: str, where: object) -> dict[str, Any]:
    """What a checkpoint says of itself; raises UserError for another stage, another version or no stage of ours."""
    facts = checkpoint.get("matting")
    if facts is None:
        raise UserError(f"{where}: not a checkpoint of this suite; expected one of stage={stage}")
    if facts["version"] != CHECKPOINT_VERSION:
        raise UserError(
            f"{where}: checkpoint version {facts['version']}, this reads {CHECKPOINT_VERSION}; train it again"
        )
    if facts["stage"] != stage:
        raise UserError(f"{where}: a checkpoint of stage={facts['stage']}, expected one of stage={stage}")
    return facts


def load_strict(module: nn.Module, state: Mapping[str, Tensor], where: object) -> None:
    """Load a state dict that must fit; raises UserError naming the first keys and shapes that differ."""
    own = module.state_dict()
    differ = [f"missing {key}" for key in own if key not in state]
    differ += [f"unexpected {key}" for key in state if key not in own]
    differ += [
        f"{key} is {tuple(state[key].shape)}, expected {tuple(value.shape)}"
        for key, value in own.items()
        if key in state and state[key].shape != value.shape
    ]
    if differ:
        more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise UserError(f"{where}: does not fit the configured network: {'; '.join(differ[:3])}{more}")
    with torch.no_grad():
        module.load_state_dict(dict(state))
