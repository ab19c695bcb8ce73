"""Ranks that Lightning starts on one machine: they train one network, and what stops one comes out as itself."""

import json
import re
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.multiprocessing import ProcessRaisedException, start_processes
from torch.utils.data import DataLoader

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.datamodule import CompositeData
from matting.data.samplers import TrainingOrder
from matting.errors import JobError, NoSpace, UserError
from matting.training.callbacks.lifecycle import Settled
from matting.training.spawn import known
from matting.utils.files import read_metrics
from tests.helpers.tiny import TINY
from tests.helpers.trained_runs import weights
from tests.helpers.trees import cut, write_folder, write_scenes


def skipped_by_rank(seed, *words):
    """The files that each of two ranks passes over in an epoch of 3 batches of 2."""
    schema.register()
    data = CompositeData(plain(compose_config("train", [*TINY, *words, f"seed={seed}"])), 2, 2)
    data.setup("fit")
    orders = [TrainingOrder(len(data.training), 2, 12, seed, lambda: 0, rank, 2) for rank in range(2)]
    return [{file for keys in order for key in keys for file in data.training[key]["skipped"]} for order in orders]


def test_two_ranks_train_one_network_in_each_job_of_a_sweep(tiny, tmp_path):
    """Gloo on the CPU: the same number of samples, finite weights, one metrics.csv, one log, one result, nothing but
    news; in the manifest all files that either has skipped."""
    root = tmp_path / "data"
    write_folder(root)
    for name in write_scenes(root / "backgrounds/train", range(40))[::2]:
        cut(root / "backgrounds/train" / name)
    ranks = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true")
    data = ("data=folder", f"paths.data_root={root}")
    code, _, err = tiny("train", *ranks, *data, "trainer.channels_last=false", "scale.val_every=2", "-m", "seed=0,1")
    assert code == 0, err
    assert not re.search("weights_only|LeafSpec|Trainer.fit", err)
    runs = sorted(tmp_path.glob("outputs/segmentation_gan/*"))
    for run in runs:
        assert json.loads((run / "result.json").read_text())["batches"] == 3
        batches = [row["batch"] for row in read_metrics(run / "metrics.csv") if row["name"] == "train/total"]
        assert batches == [1, 2, 3]
        assert all(value.isfinite().all() for value in weights(run).values())
        manifest = json.loads((run / "manifest.json").read_text())
        assert len(manifest["starts"]) == 1
        log, skipped = (run / "train.log").read_text(), manifest["skipped"]
        assert "validation MSE" in log
        assert all(log.count(f"warning: skipped {file}") == 1 for file in skipped)
        first, other = skipped_by_rank(manifest["seed"], *data, f"paths.cache_dir={tmp_path.parent}/cache")
        assert other - first
        assert {*skipped} >= first | other
    assert len(runs) == 2


@pytest.mark.parametrize(("spawned", "first"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_spawned_rank_compiles_its_networks_and_the_first_keeps_the_log(
    spawned, first, compiled, tmp_path, monkeypatch
):
    """A process that was not spawned keeps it already."""
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, getattr(sys, stream))
    monkeypatch.setattr("multiprocessing.parent_process", lambda: object() if spawned else None)
    done, log = [], tmp_path / "train.log"
    stage = SimpleNamespace(trained={name: SimpleNamespace(compile=lambda n=name: done.append(n)) for name in "ab"})
    Settled(torch.get_num_threads(), compiled, log).setup(SimpleNamespace(is_global_zero=first), stage, "fit")
    print("said", flush=True)
    assert done == (["a", "b"] if compiled else [])
    assert (log.read_text() if log.exists() else None) == ("said\n" if spawned and first else None)


@pytest.fixture
def as_known(tmp_path, monkeypatch):
    """What this process makes of what a rank raises."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # torch leaves there how a rank ended

    def run(work):
        with pytest.raises(ProcessRaisedException) as found:
            start_processes(lambda rank: work(), nprocs=1, start_method="fork")
        return known(found.value)

    return run


def fail(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [
        UserError("a.png: damaged"),
        JobError("batch 3:\n  a term is nan\nmatting.nets: too\n\nlower it"),
        NoSpace("full"),
    ],
)
def test_an_error_of_ours_comes_out_as_itself(error, as_known):
    found = as_known(lambda: fail(error))
    assert type(found) is type(error)
    assert str(found) == str(error)


def test_an_error_of_ours_in_a_ranks_worker_comes_out_with_its_own_words(as_known):
    data = DataLoader([0], num_workers=1, collate_fn=lambda _: fail(UserError("a.png: damaged\nand b.png")))
    found = as_known(lambda: next(iter(data)))
    assert type(found) is UserError
    assert str(found) == "a.png: damaged\nand b.png"


def test_other_errors_stay_what_they_are(as_known):
    def after_ours():
        try:
            fail(UserError("handled"))
        except UserError:
            fail(ValueError("of something else"))

    assert as_known(after_ours) is None
    assert as_known(lambda: fail(ValueError("matting.errors.UserError: not at a line's start"))) is None
    assert known(ValueError("\nmatting.errors.UserError: of no rank")) is None
