"""Ranks meet, each on its own device, and agree."""

import torch

from matting.utils import distributed
from tests.helpers.ranks import on_two_ranks


def test_what_the_first_rank_finds_holds_for_all(tmp_path):
    assert (
        on_two_ranks(tmp_path, lambda at: [distributed.agree(at == one, "cpu") for one in range(2)])
        == [[True, False]] * 2
    )


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
