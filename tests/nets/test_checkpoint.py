"""Tests of checkpoints that cannot be read or written: the error names the file, and the old file is intact."""

from pathlib import Path

import pytest
import torch

from matting.errors import NoSpace, UserError
from matting.nets.checkpoint import read_checkpoint
from matting.training.checkpoint_io import AtomicCheckpointIO


@pytest.fixture
def last(tmp_path):
    """Write a checkpoint and return its file."""
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"weight": torch.ones(1000)}}, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def test_a_checkpoint_that_was_written_is_read(last):
    assert torch.equal(read_checkpoint(last)["state_dict"]["weight"], torch.ones(1000))
    assert list(last.parent.iterdir()) == [last]


@pytest.mark.parametrize("size", [0, 1, 2000, -1])
def test_a_checkpoint_that_is_cut_short(last, size):
    last.write_bytes(last.read_bytes()[:size])
    with pytest.raises(UserError, match=r"last\.ckpt: .*rerun=true"):
        read_checkpoint(last)


def test_an_empty_one_is_said_to_be_empty(last):
    last.write_bytes(b"")
    with pytest.raises(UserError, match=r"last\.ckpt: .*empty"):
        read_checkpoint(last)


def test_what_is_no_checkpoint_at_all(last):
    torch.save([1], last)
    with pytest.raises(UserError, match=r"last\.ckpt: .*list"):
        read_checkpoint(last)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("size", [1, 10**6])
def test_a_full_disk_leaves_the_last_checkpoint(last, monkeypatch, size):
    """The error is the system's own, of a real full disk."""
    before, opened = last.read_bytes(), Path.open

    def full(self, mode):
        return opened(Path("/dev/full"), mode)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(NoSpace, match=r"last\.ckpt: "):
            AtomicCheckpointIO().save_checkpoint({"state_dict": {"weight": torch.zeros(size)}}, last)
    assert last.read_bytes() == before
    assert list(last.parent.iterdir()) == [last]
