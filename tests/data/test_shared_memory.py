"""Tests of batches in reused memory: the same values, and no slot is written while its batch is in use."""

import os
from functools import partial

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from matting.data.collate import collate, start_worker
from matting.data.shared_memory import COUNT, Slots

SIZE = 2 * 10 * 8 * 6  # of a batch: two of 8x6, three colours three times and alpha


class Pictures:
    """A data set in which all values of sample i are i."""

    def __len__(self):
        return 60

    def __getitem__(self, at):
        colours, alpha = np.full((8, 6, 3), at, np.uint8), np.full((8, 6), at, np.uint8)
        side = {"draws": np.full(3, at, np.float32), "seed": at, "id": str(at)}
        return {"fgr": colours, "alpha": alpha, "bgr": colours + 1, "new_bgr": colours + 2, **side}


def loader(workers=2, size=SIZE):
    slots = [Slots(size) for _ in range(workers)]
    how = {"num_workers": workers, "worker_init_fn": start_worker, "multiprocessing_context": "fork"}
    return DataLoader(Pictures(), batch_size=2, collate_fn=partial(collate, slots=slots), **how), slots


def right(batch, at):
    """Return whether a batch holds the samples of its position in the epoch."""
    shift = {"fgr": 0, "alpha": 0, "bgr": 1, "new_bgr": 2}
    assert batch["seeds"] == [2 * at, 2 * at + 1]
    assert batch["ids"] == [str(2 * at), str(2 * at + 1)]
    assert batch["draws"].tolist() == [[2 * at] * 3, [2 * at + 1] * 3]
    for key, more in shift.items():
        assert batch[key].shape == (2, 1 if key == "alpha" else 3, 8, 6)
        assert batch[key].dtype == torch.uint8
        for picture, value in zip(batch[key], (2 * at, 2 * at + 1), strict=True):
            assert (picture == value + more).all()


def addresses(batch):
    return {batch[key].untyped_storage().data_ptr() for key in ("fgr", "alpha", "bgr", "new_bgr")}


def within(slots, address):
    start = slots.memory.ctypes.data
    return start <= address < start + COUNT * slots.size


def test_batches_come_in_the_slots_again_and_again():
    batches, slots = loader()
    met = []
    for at, batch in enumerate(batches):
        right(batch, at)
        (address,) = addresses(batch)
        met.append(address)
    assert len(met) == 30
    assert all(any(within(own, address) for own in slots) for address in met)
    del batch
    assert not any(own.taken.any() for own in slots)


def test_batches_that_are_kept_stay_as_they_are():
    batches, slots = loader()
    kept = list(batches)  # more than there are slots
    for at, batch in enumerate(kept):
        right(batch, at)
    here = [any(within(own, address) for own in slots) for batch in kept for address in addresses(batch)]
    assert any(here)
    assert not all(here)


def test_a_plane_alone_holds_its_slot():
    batches, slots = loader(workers=1)
    alphas = [batch["alpha"][1:] for batch in batches]
    assert slots[0].taken.all()
    for at, alpha in enumerate(alphas):
        assert (alpha == 2 * at + 1).all()
    del alphas
    assert not slots[0].taken.any()


def test_arrays_of_a_plane_hold_its_slot():
    batches, slots = loader(workers=1)
    alphas = [batch["alpha"].numpy()[1] for batch in batches]
    assert slots[0].taken.all()
    for at, alpha in enumerate(alphas):
        assert (alpha == 2 * at + 1).all()


def test_a_forked_process_gives_nothing_back():
    batches, slots = loader(workers=1)
    kept = list(batches)
    child = os.fork()
    if child == 0:
        kept.clear()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert slots[0].taken.all()
    for at, batch in enumerate(kept):
        right(batch, at)


def test_a_batch_outlives_its_loader():
    batches, slots = loader(workers=1)
    batch = next(iter(batches))
    del batches, slots
    right(batch, 0)


@pytest.mark.parametrize("size", [1, SIZE - 1])
def test_a_larger_batch_goes_the_usual_way(size):
    batches, slots = loader(size=size)
    for at, batch in enumerate(batches):
        right(batch, at)
        assert not any(within(own, address) for own in slots for address in addresses(batch))


def test_left_epochs_cost_slots_and_no_batch():
    batches, _ = loader()
    for _ in range(COUNT + 1):
        for at, batch in enumerate(batches):
            right(batch, at)
            if at == 3:
                break
    assert [batch["seeds"][0] for batch in batches] == list(range(0, 60, 2))


def test_the_process_itself_needs_no_slot():
    slots = [Slots(SIZE)]
    kept = list(DataLoader(Pictures(), batch_size=2, collate_fn=partial(collate, slots=slots)))
    for at, batch in enumerate(kept):
        right(batch, at)
    assert len(kept) == 30
    assert not slots[0].taken.any()
