"""One training over machines: two agents of torchrun on this one, a rank each; and what ranks tell each other."""

import json
import os
import subprocess
import sys

import pytest
import torch

from matting.runs.upstream import stage_run
from matting.utils.files import read_metrics
from tests.helpers.made_runs import OVERRIDES, compose, finish_stage
from tests.helpers.ranks import free_port
from tests.helpers.tiny import TINY

NODES = ["trainer=nodes", "trainer.accelerator=cpu", "trainer.devices=1", "trainer.precision=32-true"]


def on_two_nodes(folder, *words):
    """Exit codes and outputs of the command as each of two nodes runs it."""
    rendezvous = ["--nnodes=2", "--nproc-per-node=1", "--master-addr=127.0.0.1", f"--master-port={free_port()}"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *rendezvous]
    agents = [
        subprocess.Popen(
            [*torchrun, f"--node-rank={node}", "-m", "matting", *words],
            cwd=folder,
            env={**os.environ, "MATTING_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node in range(2)
    ]
    outputs = [agent.communicate(timeout=240) for agent in agents]
    return [agent.returncode for agent in agents], outputs


@pytest.mark.slow
def test_both_stages_train_on_two_nodes(tmp_path):
    command = ("train", "stage=alpha_gan", *TINY, *NODES, "scale.val_every=2")
    codes, ((out, err), (quiet, _)) = on_two_nodes(tmp_path, *command)
    assert codes == [0, 0], err
    assert "alpha_gan: done" in out
    assert quiet == ""
    for stage in ("segmentation_gan", "alpha_gan"):
        (folder,) = (tmp_path / "outputs" / stage).iterdir()
        assert json.loads((folder / "result.json").read_text())["batches"] == 3  # of 2 on each rank, of 12 samples
        rows = read_metrics(folder / "metrics.csv")
        assert [row["batch"] for row in rows if row["name"] == "train/total"] == [1, 2, 3]
        state = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
        assert all(value.isfinite().all() for value in state.values())
        assert json.loads((folder / "manifest.json").read_text()).keys() >= {"ended", "device"}


@pytest.mark.parametrize(("words", "told"), [(["trainer=ddp"], True), (["trainer=ddp", "trainer.devices=8"], False)])
def test_a_run_on_all_gpus_that_is_found_tells_how_many_they_were(words, told, matting):
    """Where there are others it is the same run, of other batches than a training here would see."""
    run, _ = stage_run(compose(*words, verb="train"))
    finish_stage(run, ranks=8)
    code, out, _ = matting("train", *OVERRIDES, *words)
    assert code == 0
    assert (f"note: {run.folder.name} " in out) is told


@pytest.mark.parametrize("words", [["trainer.num_nodes=2"], ["trainer.devices=2"]])
def test_ranks_that_nothing_starts_are_refused(tiny, words):
    code, _, err = tiny("train", *words)
    assert code == 2
    assert err.count("\n") == 1
    assert "torchrun" in err or "trainer=ddp trainer.devices=2" in err


@pytest.mark.parametrize(
    "words",
    [
        ("train", "trainer=ddp"),
        ("train", "-m", "trainer=nodes", "seed=0,1"),
        ("train", "experiments=pomagan/gan", "trainer=nodes"),
        ("evaluate", "method=pomagan"),
    ],
)
@pytest.mark.parametrize("variable", ["WORLD_SIZE", "SLURM_STEP_NUM_TASKS"])
def test_ranks_of_anything_else_are_refused(matting, monkeypatch, variable, words):
    """Each would wait for the lock of the run that the first one holds."""
    monkeypatch.setenv(variable, "2")
    code, _, err = matting(*words)
    assert code == 2
    assert "trainer=ddp" in err
    assert err.count("\n") == 1


def test_srun_alone_does_not_name_the_ranks(matting, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    code, _, err = matting("train", "trainer=nodes")
    assert code == 2
    assert "torchrun" in err
