"""Speed of a training: what is counted as waiting, and where it is told."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import _get_current_dispatch_mode

from matting.errors import JobError
from matting.stages.segmentation_gan import SegmentationGAN
from matting.tracking.loggers import MetricsCSV
from matting.training.callbacks import throughput
from matting.training.callbacks.throughput import Throughput
from tests.helpers.trained_runs import only_run, same_weights, weights


class Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Kept:
    def __init__(self):
        self.rows = []

    def log_metrics(self, row, step):
        self.rows.append((step, row))


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(throughput, "time", made)
    return made


def fitting(tmp_path):
    """A trainer of two ranks with a logger that keeps rows, and metrics.csv; and its stage."""
    trainer = SimpleNamespace(
        loggers=[Kept(), MetricsCSV(tmp_path / "metrics.csv")],
        precision="32-true",
        world_size=2,
        is_global_zero=True,
        state=SimpleNamespace(fn="fit"),
    )
    return trainer, SimpleNamespace(batches=0, device=torch.device("cpu"), cycle=1)


def batch_of(*ids, height=8, width=10):
    return {"ids": [*ids], "alpha": torch.zeros(len(ids), 1, height, width)}


def test_waiting_steps_and_images_by_a_clock(tmp_path, clock, capsys):
    """Each batch waits 1 s and works 3 s; a validation of 100 s is neither."""
    trainer, stage = fitting(tmp_path)
    speed = Throughput("a stage", 2)
    speed.on_train_start(trainer, stage)
    for _ in range(4):
        clock.now += 1
        speed.on_train_batch_start(trainer, stage)
        clock.now += 3
        stage.batches += 1
        speed.on_train_batch_end(trainer, stage, None, batch_of("a", "b", "c"))
        if stage.batches == 3:
            clock.now += 100
            speed.on_validation_end(trainer, stage)
    kept = trainer.loggers[0].rows
    assert [step for step, _ in kept] == [2, 4]
    for _, row in kept:
        assert row["speed/images_per_s"] == pytest.approx(2 * 3 / 4)
        assert row["speed/wait_share"] == pytest.approx(0.25)
        assert (row["speed/step_ms/p50"], row["speed/step_ms/p95"]) == (4000, 4000)
        assert 0.05 < row["speed/peak_gb"] < 100
        assert "speed/mfu" not in row
    assert "a stage: 1.5 images/s, 25% waiting for data, step 4000 ms (95 %: 4000)" in capsys.readouterr().out
    assert not (tmp_path / "metrics.csv").exists()


def test_percentiles_of_the_steps(tmp_path, clock):
    trainer, stage = fitting(tmp_path)
    speed = Throughput("a stage", 2)
    speed.on_train_start(trainer, stage)
    for seconds in (1, 3):
        speed.on_train_batch_start(trainer, stage)
        clock.now += seconds
        stage.batches += 1
        speed.on_train_batch_end(trainer, stage, None, batch_of("a"))
    [(_, row)] = trainer.loggers[0].rows
    assert (row["speed/step_ms/p50"], row["speed/step_ms/p95"]) == (2000, pytest.approx(2900))


def test_the_share_of_a_known_rate_and_the_same_weights(tiny, tmp_path, trained_once, monkeypatch, capfd):
    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: 1e12)
    code, out, err = tiny("train", "paths.output_dir=counted/outputs")
    assert (code, err) == (0, "")
    share = float(out.split("MFU ")[1].split("%")[0])
    assert 0 <= share < 100
    same_weights(*(weights(only_run(folder)) for folder in (trained_once, tmp_path / "counted")))


@pytest.mark.parametrize("cycle", [1, 3])
def test_work_is_counted_until_it_repeats_itself(tmp_path, clock, monkeypatch, cycle):
    """2,000 operations a batch, all in the last of a cycle; 4 s a batch, on a device that does 1,000 a second."""
    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: 1000)
    trainer, stage = fitting(tmp_path)
    stage.cycle = cycle
    speed = Throughput("a stage", 6)
    speed.on_train_start(trainer, stage)
    for at in range(1, 7):
        speed.on_train_batch_start(trainer, stage)
        clock.now += 4
        stage.batches = at
        for _ in range(0 if at % cycle else cycle):
            torch.ones(10, 10) @ torch.ones(10, 10)
        speed.on_train_batch_end(trainer, stage, None, batch_of("a"))
    ((_, row),) = trainer.loggers[0].rows
    assert row["speed/mfu"] == pytest.approx(0.5)


def test_work_goes_with_the_pixels_of_the_samples(tmp_path, clock, monkeypatch):
    """2,000 operations for 8 x 10 pixels, then samples of four times as many; 4 s each, 1,000 a second."""
    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: 1000)
    trainer, stage = fitting(tmp_path)
    speed = Throughput("a stage", 2)
    speed.on_train_start(trainer, stage)
    for at, side in enumerate((1, 1, 2, 1, 2, 2), 1):
        speed.on_train_batch_start(trainer, stage)
        clock.now += 4
        stage.batches = at
        torch.ones(10, 10) @ torch.ones(10, 10)
        speed.on_train_batch_end(trainer, stage, None, batch_of("a", height=8 * side, width=10 * side))
    assert [row["speed/mfu"] for _, row in trainer.loggers[0].rows] == pytest.approx([0.5, 1.25, 2])


def test_a_batch_that_fails_leaves_no_counter_behind(tiny, monkeypatch):
    def failing(stage, batch):
        raise JobError("a loss is NaN")

    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: 1e12)
    monkeypatch.setattr(SegmentationGAN, "example", failing)
    code, _, err = tiny("train")
    assert (code, "a loss is NaN" in err) == (4, True)
    assert _get_current_dispatch_mode() is None


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("NVIDIA H200", (989e12, 495e12)),
        ("NVIDIA H100 80GB HBM3", (989e12, 495e12)),
        ("NVIDIA A100-SXM4-80GB", (312e12, 156e12)),
        ("NVIDIA A100 80GB PCIe", (312e12, 156e12)),
        ("NVIDIA GeForce RTX 4090", (165e12, 83e12)),
        ("NVIDIA H100 PCIe", (None, None)),
        ("NVIDIA H100 NVL", (None, None)),
        ("NVIDIA GH200 480GB", (None, None)),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", (None, None)),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", (None, None)),
        ("a GPU of next year", (None, None)),
    ],
)
def test_rates_are_by_the_whole_name_of_a_device_and_by_precision(monkeypatch, name, rates):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    cuda = torch.device("cuda")
    assert (throughput.rate_of(cuda, "bf16-mixed"), throughput.rate_of(cuda, "32-true")) == rates
    assert throughput.rate_of(torch.device("cpu"), "32-true") is None


def test_the_peak_is_that_of_this_training(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", begun.append)
    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: None)
    trainer, stage = fitting(tmp_path)
    Throughput("a stage", 2).on_train_start(trainer, stage)
    assert begun == []
    stage.device = torch.device("cuda", 1)
    Throughput("a stage", 2).on_train_start(trainer, stage)
    assert begun == [stage.device]
