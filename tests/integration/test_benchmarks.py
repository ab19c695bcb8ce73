"""The benchmarks' rows of a GPU, rehearsed on the CPU: each checks what it times. What a killed one leaves."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import label

from benchmarks import bench_gpu
from benchmarks.__main__ import benchmarks
from benchmarks.bench_device import raw_batch
from benchmarks.bench_metrics import golden
from tests.helpers.literal_step import stage_of
from tests.helpers.made_stages import people

HAIR = (slice(160), slice(160))
ROWS = {  # and the bars
    "composite": (lambda: [bench_gpu.composite("", raw_batch(2, 64, 96), "cpu", 1)], [5]),
    "pinned": (lambda: [bench_gpu.pinned("", raw_batch(2, 64, 96), "cpu", 1)], [None]),
    "metrics": (lambda: [bench_gpu.metrics("", *(plane[HAIR] for plane in golden()), "cpu", 1)], [None]),
    "step": (lambda: bench_gpu.step("", stage_of(1 / 8), people(2, 0, 32, 48), "cpu", 1), [None, 3]),
}


@pytest.mark.parametrize(("measured", "bars"), ROWS.values(), ids=ROWS)
def test_rows_of_a_gpu(measured, bars):
    rows = measured()
    assert [row["bar"] for row in rows] == bars
    assert all(row["ours_ms"] > 0 < row["naive_ms"] for row in rows)


@pytest.mark.parametrize("name", benchmarks())
def test_every_benchmark_finds_what_it_measures(name):
    """Running them takes minutes: this is what a renamed function would break."""
    assert callable(importlib.import_module(f"benchmarks.bench_{name}").measure)


def test_labels_spread_along_a_winding_component():
    mask = np.zeros((41, 60), bool)
    mask[::2] = True  # rows, joined at alternating ends
    mask[1::4, -1] = mask[3::4, 0] = True
    mask[14] = False  # 7 rows above, 13 below
    labels, _ = label(mask)
    assert np.array_equal(bench_gpu.largest(torch.from_numpy(mask)).numpy(), labels == 2)


@pytest.mark.slow
def test_a_killed_bench_leaves_no_benchmark_at_work():
    command, root = [sys.executable, "-m", "benchmarks", "changes"], Path(__file__).parents[2]
    bench = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    while not (begun := [pid for pid in started_by(bench.pid) if "libtorch" in Path(f"/proc/{pid}/maps").read_text()]):
        assert bench.poll() is None
        time.sleep(0.05)
    bench.kill()
    bench.wait()
    within = time.monotonic() + 90  # less than the benchmark takes, more than it may still import
    while at_work(begun[0]) and time.monotonic() < within:
        time.sleep(0.05)
    if left := at_work(begun[0]):
        os.kill(begun[0], signal.SIGKILL)
    assert not left


def started_by(process):
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def at_work(process):
    """Neither gone nor waiting for whoever asks how it ended."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
