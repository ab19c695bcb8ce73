"""The Metric: means over samples, empty masks, two processes, Lightning."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.multiprocessing import start_processes
from torch.utils.data import DataLoader

from matting.metrics.functional import NAMES, matting_metrics
from matting.metrics.modular import MattingMetrics

SIZES = (3, 2, 1)  # batches that differ in size: a mean of their means is another number


def batches() -> list[tuple[Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    out = []
    for size in SIZES:
        pred, true, mask = (torch.rand(size, 1, 12, 15, generator=generator) for _ in range(3))
        out.append((pred, true, mask < 0.5))
    out[0][2][1] = False
    return out


def expected() -> dict[str, float]:
    pred, true, mask = (torch.cat(part) for part in zip(*batches(), strict=True))
    filled = mask.flatten(1).any(1)
    measured = matting_metrics(pred[filled], true[filled], mask[filled])
    return {**{name: value.mean().item() for name, value in measured.items()}, "n_empty": 1}


def plain(values: dict[str, Tensor]) -> dict[str, float]:
    return {name: value.item() for name, value in values.items()}


def test_means_are_over_samples_and_leave_empty_ones_out() -> None:
    metrics = MattingMetrics()
    for batch in batches():
        metrics.update(*batch)
    assert plain(metrics.compute()) == pytest.approx(expected(), rel=1e-12)
    metrics.reset()
    metrics.update(*batches()[2])
    assert metrics.compute()["n_empty"] == 0


def test_without_a_sample_that_counts_there_is_no_mean() -> None:
    metrics = MattingMetrics()
    pred, true, mask = batches()[0]
    metrics.update(pred[1:2], true[1:2], mask[1:2])
    values = plain(metrics.compute())
    assert all(math.isnan(values[name]) for name in NAMES)
    assert values["n_empty"] == 1


def test_prefix_and_convention() -> None:
    pred, true, mask = batches()[1]
    metrics = MattingMetrics(prefix="val/unknown/", convention="mmagic")
    metrics.update(pred, true, mask)
    values = metrics.compute()
    assert set(values) == {f"val/unknown/{name}" for name in (*NAMES, "n_empty")}
    assert values["val/unknown/grad"] == matting_metrics(pred, true, mask, "mmagic")["grad"].mean()


def one_of_two(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    metrics = MattingMetrics()
    for batch in batches()[rank::2]:
        metrics.update(*batch)
    (folder / f"{rank}.json").write_text(json.dumps(plain(metrics.compute())))
    torch.distributed.destroy_process_group()


def test_two_processes_give_what_one_does(tmp_path: Path) -> None:
    # Forked, as the workers of a DataLoader are: a spawned process would import torchmetrics for several seconds.
    start_processes(one_of_two, (tmp_path,), nprocs=2, start_method="fork")
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == pytest.approx(expected(), rel=1e-12)


def test_lightning_logs_the_means(tmp_path: Path) -> None:
    from lightning import LightningModule, Trainer

    class Stage(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.metrics = MattingMetrics(prefix="val/whole/")

        def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> None:
            self.metrics.update(*batch)

        def on_validation_epoch_end(self) -> None:
            self.log_dict(self.metrics.compute())
            self.metrics.reset()

    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    (logged,) = trainer.validate(Stage(), DataLoader(batches(), batch_size=None), verbose=False)
    assert logged == pytest.approx({f"val/whole/{name}": value for name, value in expected().items()}, rel=1e-6)
