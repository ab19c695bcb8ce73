"""Pictures of the same validation samples after each validation of a training."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from torch import Tensor

from matting.data.compositing import composite
from matting.data.images import write_image
from matting.tracking.loggers import run_loggers
from matting.visualization.grid import sheet, to_bytes
from matting.visualization.samples import GREEN, reduced


class Pictures(Callback):
    """Show the first validation samples after each validation, as one sheet in `folder` and in the loggers.

    Columns: image, the network's second input (a coarse map or a trimap), alpha, truth, error, the person on green.
    """

    def __init__(self, folder: Path, count: int):
        self.folder, self.count = folder, count
        self.rows: dict[str, dict[str, np.ndarray]] = {}

    def on_validation_batch_end(self, trainer: Trainer, stage: Any, outputs: Any, batch: Any, *_: Any) -> None:
        room = self.count - len(self.rows)
        if room > 0 and trainer.state.fn == "fit" and trainer.is_global_zero:
            few = {key: value[:room] for key, value in batch.items()}
            # Eager, because the hook and another batch size would each compile the network again.
            with torch.compiler.set_stance("force_eager"), beside_image(stage.trained.values()) as given:
                pred = stage.predict_map(few).float()
            planes = {"image": few["image"], **given, "alpha": pred, "truth": few["alpha"]}
            green = torch.tensor(GREEN / 255, device=pred.device)[None, :, None, None]
            planes |= {"error": (pred - few["alpha"]).abs(), "on green": composite(few["fgr"], green, pred)}
            for i, id in enumerate(few["ids"]):
                self.rows[id] = {title: reduced(to_bytes(plane[i])) for title, plane in planes.items()}

    def on_validation_end(self, trainer: Trainer, stage: Any) -> None:
        if self.rows:
            titles = list(next(iter(self.rows.values())))
            sheets = {id: sheet([list(row.values())], titles) for id, row in self.rows.items()}
            self.folder.mkdir(exist_ok=True)
            page = sheet([list(row.values()) for row in self.rows.values()], titles)
            write_image(self.folder / f"val-{stage.batches:07d}.png", page)
            for logger in run_loggers(trainer.loggers):
                logger.log_pictures("validation", sheets, stage.batches)
            self.rows = {}


@contextlib.contextmanager
def beside_image(networks: Iterable[torch.nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Yield a dict that gets, as `given`, the second input of a network that runs in the block, where there is one."""
    found: dict[str, Tensor] = {}

    def note(network: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if len(inputs) > 1:
            found["given"] = inputs[1].float()

    hooks = [network.register_forward_pre_hook(note) for network in networks]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
