"""Callbacks that set up a rank and keep the files that were skipped."""

import warnings
from types import SimpleNamespace

import pytest
import torch

from matting.training.callbacks.lifecycle import Settled, Skipped
from matting.utils.console import LOG, say
from tests.helpers.ranks import on_two_ranks


@pytest.mark.parametrize(("spawned", "first"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_spawned_rank_compiles_its_networks_and_the_first_keeps_the_log(
    spawned, first, compiled, tmp_path, monkeypatch
):
    """A process that was not spawned keeps it already."""
    monkeypatch.setattr(LOG, "handlers", [*LOG.handlers])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr("multiprocessing.parent_process", lambda: object() if spawned else None)
    done, log = [], tmp_path / "train.log"
    stage = SimpleNamespace(trained={name: SimpleNamespace(compile=lambda n=name: done.append(n)) for name in "ab"})
    Settled(torch.get_num_threads(), compiled, log).setup(SimpleNamespace(is_global_zero=first), stage, "fit")
    say("said")
    assert done == (["a", "b"] if compiled else [])
    assert (log.read_text() if log.exists() else None) == ("said\n" if spawned and first else None)


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
