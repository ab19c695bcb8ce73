"""Ranks that Lightning starts on one machine: they train one network, and what stops one comes out as itself."""

import json
import re

import pytest

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.datamodule import CompositeData
from matting.data.samplers import TrainingOrder
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


@pytest.mark.slow
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
        assert "val/whole/mse " in log
        assert all(log.count(f"warning: skipped {file}") == 1 for file in skipped)
        first, other = skipped_by_rank(manifest["seed"], *data, f"paths.cache_dir={tmp_path.parent}/cache")
        assert other - first
        assert {*skipped} >= first | other
    assert len(runs) == 2
