"""Speed of a training: what is counted as waiting, and where it is told."""

from types import SimpleNamespace

import pytest
import torch

from matting import throughput
from matting.loggers import MetricsCSV
from matting.throughput import Throughput, percentiles
from tests.test_train import only_run, same_weights, weights


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
        speed.on_train_batch_end(trainer, stage, None, {"ids": ["a", "b", "c"]})
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


def test_percentiles():
    assert percentiles([float(value) for value in range(101)]) == (50, 95)
    assert percentiles([1.0, 3.0]) == (2, pytest.approx(2.9))


def test_the_share_of_a_known_rate_and_the_same_weights(tiny, tmp_path, monkeypatch, capfd):
    assert tiny("train", "paths.output_dir=plain/outputs")[0] == 0
    monkeypatch.setattr(throughput, "rate_of", lambda device, precision: 1e12)
    code, out, err = tiny("train", "paths.output_dir=counted/outputs")
    assert (code, err) == (0, "")
    share = float(out.split("MFU ")[1].split("%")[0])
    assert 0 <= share < 100
    same_weights(*(weights(only_run(tmp_path / name)) for name in ("plain", "counted")))


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
        speed.on_train_batch_end(trainer, stage, None, {"ids": ["a"]})
    ((_, row),) = trainer.loggers[0].rows
    assert row["speed/mfu"] == pytest.approx(0.5)


def test_rates_are_by_device_and_precision(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100 80GB HBM3")
    cuda = torch.device("cuda")
    assert throughput.rate_of(cuda, "bf16-mixed") == 2 * throughput.rate_of(cuda, "32-true") - 1e12
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU of next year")
    assert throughput.rate_of(cuda, "bf16-mixed") is None
    assert throughput.rate_of(torch.device("cpu"), "32-true") is None
