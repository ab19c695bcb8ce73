"""One training over machines: two agents of torchrun on this one, a rank each; and what ranks tell each other."""

import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.multiprocessing import start_processes

from matting.runs.upstream import stage_run
from matting.training.callbacks.lifecycle import Skipped
from matting.utils import distributed
from matting.utils.files import read_metrics, write_json
from tests.helpers.made_runs import OVERRIDES, compose, finish_stage
from tests.helpers.tiny import TINY

NODES = ["trainer=nodes", "trainer.accelerator=cpu", "trainer.devices=1", "trainer.precision=32-true"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


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


def on_two_ranks(folder, work):
    """What `work(rank)` gives on each of two ranks. Forked: a process that is spawned would import torch first."""
    port = free_port()

    def rank(at):
        os.environ |= {"WORLD_SIZE": "2", "RANK": f"{at}", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{port}"}
        torch.set_num_threads(1)
        distributed.join("cpu")
        write_json(folder / f"{at}.json", work(at))
        torch.distributed.destroy_process_group()

    start_processes(rank, nprocs=2, start_method="fork")
    return [json.loads((folder / f"{at}.json").read_text()) for at in range(2)]


def test_what_the_first_rank_finds_holds_for_all(tmp_path):
    assert (
        on_two_ranks(tmp_path, lambda at: [distributed.agree(at == one, "cpu") for one in range(2)])
        == [[True, False]] * 2
    )


def test_files_that_any_rank_skips_are_in_every_checkpoint_and_told_once(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("matting.training.callbacks.lifecycle.say", said.append)

    def work(at):
        stage, trainer = SimpleNamespace(skipped=set()), SimpleNamespace(world_size=2, is_global_zero=at == 0)
        skipped = Skipped()
        skipped.on_train_batch_end(trainer, stage, None, {"skipped": ["both", f"of {at}"]})
        for _ in range(2):
            skipped.on_save_checkpoint(trainer, stage, {})
        return sorted(stage.skipped), said

    (first, said), (other, quiet) = on_two_ranks(tmp_path, work)
    assert first == other == ["both", "of 0", "of 1"]
    assert [line.rpartition("skipped ")[2] for line in said] == first
    assert quiet == []


@pytest.mark.parametrize(("words", "told"), [(["trainer=ddp"], True), (["trainer=ddp", "trainer.devices=8"], False)])
def test_a_run_on_all_gpus_that_is_found_tells_how_many_they_were(words, told, matting):
    """Where there are others it is the same run, of other batches than a training here would see."""
    run, _ = stage_run(compose(*words, verb="train"))
    finish_stage(run, ranks=8)
    code, out, _ = matting("train", *OVERRIDES, *words)
    assert code == 0
    assert (f"note: {run.folder.name} " in out) is told


def test_ranks_on_gpus_meet_each_on_its_own(monkeypatch):
    """All of a machine's would otherwise meet on its first GPU, which NCCL refuses."""
    done = []
    for name, value in {"WORLD_SIZE": "8", "RANK": "6", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: done.append(("device", device)))
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda kind, **_: done.append(("meet", kind)))
    monkeypatch.setattr(torch.distributed, "barrier", lambda: done.append(("wait", None)))
    distributed.join("gpu")
    assert done == [("device", 2), ("meet", "nccl"), ("wait", None)]


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
