"""Tests of samples: pure functions of (seed, epoch, index); a resumed order continues at the next batch."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from matting.data.augment import Geometry, cover
from matting.data.collate import collate, start_worker
from matting.data.dataset import Composites, EvalComposites, eval_shape, spread
from matting.data.decoding import DamagedFile
from matting.data.pairing import Pairing
from matting.data.samplers import SameSize, TrainingOrder
from matting.data.sources.base import Subject
from matting.errors import UserError
from tests.helpers.augment import AUGMENT


class Subjects:
    def load(self, id):
        draw = np.random.default_rng(int(id))
        alpha = np.zeros((40, 30), np.uint8)
        alpha[5:, 5:25] = draw.integers(100, 255, (35, 20))
        fgr = draw.integers(0, 255, (40, 30, 3), np.uint8)
        return Subject(fgr, alpha, image=255 - fgr)


class Scenes:
    def __init__(self, damaged=()):
        self.damaged = damaged

    def load(self, id, reduction=None):
        if id in self.damaged:
            raise DamagedFile(f"scene {id} is damaged")
        picture = np.random.default_rng(int(id)).integers(0, 255, (50, 60, 3), np.uint8)
        self.asked = reduction and [reduction(*size) for size in ((50, 60), (500, 600))]
        return picture


def composites(seed=0, subjects=4, damaged=(), **augment):
    pairing = Pairing([str(i) for i in range(subjects)], [f"{i:02d}" for i in range(9)], 5, seed, "train")
    settings = {**AUGMENT, **augment}
    return Composites(pairing, Subjects(), Scenes(damaged), Geometry(24, 32, "crop", settings), settings)


def loaded(workers, trained=0, seed=0, batches=None):
    dataset = composites(seed)
    order = TrainingOrder(len(dataset), 3, None, seed, position=lambda: trained)
    context = "fork" if workers else None
    loader = DataLoader(
        dataset,
        batch_sampler=order,
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=start_worker,
        multiprocessing_context=context,
    )
    return list(loader)


def same(one, other):
    assert one["ids"] == other["ids"]
    assert one["seeds"] == other["seeds"]
    assert np.array_equal(one["draws"], other["draws"])
    for key in ("fgr", "alpha", "bgr", "new_bgr"):
        assert torch.equal(one[key], other[key]), key


@pytest.mark.parametrize("key", [(0, 1), (2, 7)])
def test_without_another_background_the_rest_of_a_sample_stays(key):
    whole, less = composites(), composites()
    less.new_bgr = False
    one, other = whole[key], less[key]
    assert one.keys() - other.keys() == {"new_bgr"}
    for name, value in other.items():
        assert np.array_equal(one[name], value), name


@pytest.mark.parametrize("workers", [2, 4])
def test_worker_count_changes_nothing(workers):
    for one, other in zip(loaded(0), loaded(workers), strict=True):
        same(one, other)


@pytest.mark.parametrize("trained", [1, 4, 5])
def test_a_resumed_epoch_goes_on_at_the_next_batch(trained):
    whole = loaded(0)
    for one, other in zip(whole[trained:], loaded(0, trained), strict=True):
        same(one, other)


def test_epochs_differ_in_order_and_in_draws():
    first, second = loaded(0), loaded(0, trained=6)
    assert [batch["ids"] for batch in first] != [batch["ids"] for batch in second]
    dataset = composites()
    one, other = dataset[0, 5], dataset[1, 5]
    assert one["id"] == other["id"]
    assert not np.array_equal(one["draws"], other["draws"])
    assert not np.array_equal(one["alpha"], other["alpha"])
    assert not np.array_equal(one["bgr"], other["bgr"])


def test_seeds_differ():
    assert not np.array_equal(composites(0)[0, 5]["draws"], composites(1)[0, 5]["draws"])


def test_the_arbitrary_background_is_another_one():
    dataset = composites()
    plain, loaded = dataset.backgrounds.load, []
    dataset.backgrounds.load = lambda id, **how: loaded.append(id) or plain(id, **how)
    others = set()
    for turn in range(20):  # more passes than there are backgrounds
        dataset[turn, 7]
        own, other = loaded[-2:]
        assert own == dataset.pairing[7][1] != other
        others.add(other)
    assert len(others) == 8


def test_one_option_never_moves_anothers_draws():
    plain, noisy = composites(noise=0.0)[0, 3]["draws"], composites(noise=0.5)[0, 3]["draws"]
    assert (plain != noisy).sum() == 1


def test_every_sample_of_a_pass_comes_once():
    keys = [key for batch in TrainingOrder(20, 4, None, 0, lambda: 0) for key in batch]
    assert sorted(keys) == [(0, i) for i in range(20)]


def test_short_epochs_go_on_where_the_last_one_stopped():
    orders = [TrainingOrder(20, 4, 8, 0, lambda trained=trained: trained) for trained in (0, 2, 4)]
    keys = [key for order in orders for batch in order for key in batch]
    assert len(orders[0]) == 2
    assert len(set(keys)) == 24
    assert {key[1] for key in keys if key[0] == 0} == set(range(20))
    assert sorted(key[0] for key in keys) == [0] * 20 + [1] * 4


def test_ranks_share_a_batch_without_overlap():
    alone = TrainingOrder(24, 4, None, 0, lambda: 0)
    ranks = [TrainingOrder(24, 2, None, 0, lambda: 0, rank, 2) for rank in (0, 1)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == list(alone)


def test_a_damaged_background_is_passed_over_and_named():
    whole = composites()
    _, background = whole.pairing[7]
    sample = composites(damaged=(background,))[0, 7]
    assert sample["skipped"] == [f"scene {background} is damaged"]
    assert sample["bgr"].shape == (24, 32, 3)
    assert collate([sample, whole[0, 1]])["skipped"] == sample["skipped"]


def test_no_readable_background_is_an_error():
    with pytest.raises(UserError, match="9 backgrounds"):
        composites(damaged=[f"{i:02d}" for i in range(9)])[0, 0]


@pytest.mark.parametrize(
    ("eval_size", "expected"), [("native", (40, 30)), (20, (20, 15)), (80, (80, 60)), ([10, 12], (10, 12))]
)
def test_evaluation_sizes(eval_size, expected):
    assert eval_shape(eval_size, 40, 30) == expected


@pytest.mark.parametrize("eval_size", ["native", 20, [25, 60]])
def test_evaluation_composites_at_the_subjects_own_size(eval_size):
    """Whatever the size of the table is."""
    sample = EvalComposites(Pairing(["0"], ["00"], 1, 0, "test"), Subjects(), Scenes(), eval_size)[0]
    subject = Subjects().load("0")
    assert np.array_equal(sample["fgr"], subject.fgr)
    assert np.array_equal(sample["alpha"], subject.alpha)
    assert np.array_equal(sample["bgr"], cover(Scenes().load("00"), 40, 30))


def test_evaluation_stops_at_a_damaged_file():
    pairing = Pairing(["0"], ["00"], 1, 0, "test")
    with pytest.raises(DamagedFile):
        EvalComposites(pairing, Subjects(), Scenes(["00"]), "native")[0]


def test_photographs_are_evaluated_as_they_are():
    sample = EvalComposites(Pairing(["3"], ["itself"], 1, 0, "test"), Subjects(), None, "native")[0]
    assert np.array_equal(sample["image"], Subjects().load("3").image)
    assert collate([sample])["image"].shape == (1, 3, 40, 30)


def test_spread_and_same_size():
    assert spread(10, None) is None
    assert spread(10, 3) == [0, 4, 9]
    sizes = [(1, 1), (1, 1), (2, 1), (1, 1), (1, 1), (1, 1)]
    assert list(SameSize(sizes, 2)) == [[0, 1], [2], [3, 4], [5]]
    sizes = [(2, 3)] * 3 + [(9, 9)] * 2
    assert list(SameSize(sizes, 3, pixels=17)) == [[0, 1], [2], [3], [4]]
    assert list(SameSize(sizes, 3, pixels=18)) == [[0, 1, 2], [3], [4]]


def test_training_asks_for_backgrounds_as_small_as_its_frame_allows():
    dataset = composites()
    dataset[0, 5]
    assert dataset.backgrounds.asked == [1, 8]


@pytest.mark.parametrize("on_damaged", ["raise", "skip"])
def test_evaluation_reads_backgrounds_whole(on_damaged):
    scenes, pairing = Scenes(), Pairing(["0"], ["00", "01"], 1, 0, "test")
    EvalComposites(pairing, Subjects(), scenes, "native", on_damaged=on_damaged)[0]
    assert scenes.asked is None


def test_pictures_of_several_sizes_make_no_batch():
    one, other = composites()[0, 1], composites()[0, 2]
    with pytest.raises(ValueError, match="several sizes"):
        collate([one, {**other, "bgr": other["bgr"][1:]}])


def test_collate_puts_channels_first():
    items = [composites()[0, i] for i in (1, 2)]
    batch = collate(items)
    for key in ("fgr", "bgr", "new_bgr"):
        assert batch[key].is_contiguous()
        for picture, item in zip(batch[key], items, strict=True):
            assert np.array_equal(picture.permute(1, 2, 0), item[key])
    assert batch["alpha"].shape == (2, 1, 24, 32)
