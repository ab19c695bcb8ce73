"""Tests of photographs with masks: pure functions of (seed, epoch, index), whose planes move together."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import digest_of, identity, plain
from matting.data.augment import Geometry
from matting.data.batch import check_batch
from matting.data.build import fingerprint
from matting.data.collate import collate, start_worker
from matting.data.compositing import DRAWS, compose_batch, recolour
from matting.data.datamodule import CompositeData
from matting.data.dataset import Composites, EvalComposites
from matting.data.decoding import DamagedFile
from matting.data.images import write_image
from matting.data.pairing import validation_subjects
from matting.data.photographs import EvalPhotographs, Photographs
from matting.data.samplers import TrainingOrder
from matting.data.sources.base import Labelled
from matting.errors import UserError
from tests.helpers import trees
from tests.helpers.augment import AUGMENT
from tests.helpers.tiny import TINY

PLAIN = dict.fromkeys(AUGMENT, 0.0) | {"scale": [1.0, 1.0], "jpeg": [50, 95]}
IDS = [f"{number:02d}" for number in range(7)]


class Photos:
    """A source: a person is a block, which is also the image's first channel; one column is not valid."""

    def __init__(self, damaged=(), size=(40, 30)):
        self.damaged, self.size = damaged, size

    def load(self, id):
        if id in self.damaged:
            raise DamagedFile(f"photograph {id} is damaged")
        image = np.random.default_rng(int(id)).integers(0, 255, (*self.size, 3), np.uint8)
        mask, valid = np.zeros(self.size, bool), np.ones(self.size, bool)
        mask[8:30, 6 : 12 + int(id)] = True
        valid[:, -4:] = False
        image[..., 0] = 255 * mask
        image[..., 1] = 255 * valid
        return Labelled(image, mask, valid)


def photographs(seed=0, damaged=(), fit="crop", frame=(24, 32), **augment):
    settings = {**AUGMENT, **augment}
    return Photographs(Photos(damaged), IDS, Geometry(*frame, fit, settings), settings, seed)


def loaded(workers: int, trained: int = 0) -> list:
    dataset = photographs()
    order = TrainingOrder(len(dataset), 2, 10, 0, position=lambda: trained)
    context = "fork" if workers else None
    options = {"worker_init_fn": start_worker, "multiprocessing_context": context}
    return list(DataLoader(dataset, batch_sampler=order, num_workers=workers, collate_fn=collate, **options))


def same(one, other) -> None:
    assert (one["ids"], one["seeds"]) == (other["ids"], other["seeds"])
    assert np.array_equal(one["draws"], other["draws"])
    for key in ("image", "alpha", "valid"):
        assert torch.equal(one[key], other[key]), key


def test_neither_workers_nor_an_interruption_change_a_sample():
    whole = loaded(0)
    assert len(whole) == 5  # 10 samples of 7 photographs: the second pass has begun
    for one, other in zip(whole, loaded(2), strict=True):
        same(one, other)
    for one, other in zip(whole[3:], loaded(0, trained=3), strict=True):
        same(one, other)


def test_passes_and_seeds_differ():
    one, again, later, other = (photographs(seed)[turn, 3] for seed, turn in ((0, 0), (0, 0), (0, 1), (1, 0)))
    assert np.array_equal(one["image"], again["image"])
    for changed in (later, other):
        assert changed["id"] == one["id"]
        assert not np.array_equal(changed["draws"], one["draws"])
        assert not np.array_equal(changed["image"], one["image"])
        assert changed["seed"] != one["seed"]


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_planes_are_bytes_and_move_together(fit):
    dataset, seen = photographs(fit=fit), []
    for index in range(len(dataset)):
        sample = dataset[0, index]
        image, alpha, valid = (sample[key] for key in ("image", "alpha", "valid"))
        assert (image.shape, alpha.shape, valid.shape) == ((24, 32, 3), (24, 32), (24, 32))
        assert image.dtype == alpha.dtype == valid.dtype == np.uint8
        assert set(np.unique(alpha)) == {0, 255}
        assert set(np.unique(valid)) <= {0, 255}
        assert np.array_equal(alpha > 0, image[..., 0] > 127)
        assert not (valid > 0)[image[..., 1] < 128].any()
        seen.append(valid.mean() / 255)
    assert 0.2 < np.mean(seen) < 0.95


def test_flips_mirror_every_plane():
    one, other = (photographs(fit="stretch", **PLAIN | {"flip": flip})[0, 2] for flip in (0.0, 1.0))
    for key in ("image", "alpha", "valid"):
        assert np.array_equal(one[key][:, ::-1], other[key]), key
    assert not np.array_equal(one["alpha"], other["alpha"])


def test_outside_of_the_photograph_nothing_is_valid():
    """A tall photograph takes 18 of 64 columns of a wide frame; the last 4 of its own 30 are not valid."""
    sample = photographs(fit="pad", frame=(24, 64), **PLAIN)[0, 0]
    rows = sample["valid"] > 0
    assert (rows == rows[0]).all()
    assert np.count_nonzero(rows[0]) == pytest.approx(26 / 40 * 24, abs=1)
    stretched = photographs(fit="stretch", frame=(24, 64), **PLAIN)[0, 0]["valid"] > 0
    assert np.count_nonzero(stretched[0]) == pytest.approx(26 / 30 * 64, abs=1)


def test_a_damaged_photograph_is_passed_over_and_named():
    sample = photographs(damaged=["06"], **PLAIN)[0, 6]
    assert sample["skipped"] == ["photograph 06 is damaged"]
    assert np.array_equal(sample["image"], photographs_of_00())
    held_out = EvalPhotographs(Photos(["03"]), IDS, (24, 32), "crop")[3]
    assert held_out["skipped"] == ["photograph 03 is damaged"]
    with pytest.raises(UserError, match=r"7 photographs.*photograph 02"):
        photographs(damaged=IDS)[0, 2]


def photographs_of_00():
    """Return the photograph that replaces the last one, framed by the same draws."""
    dataset = photographs(**PLAIN)
    dataset.ids = [*IDS[:6], "00"]
    return dataset[0, 6]["image"]


def test_validation_shows_the_whole_photograph_in_the_frame():
    dataset = EvalPhotographs(Photos(), IDS, (20, 40), "pad", [1, 4])
    assert [dataset.shape(index) for index in range(len(dataset))] == [(20, 40)] * 2
    sample, item = dataset[1], Photos().load("04")
    assert sample["id"] == "04"
    assert not sample["draws"].any()
    inner = slice(12, 27)  # 15 columns of 30, in the middle
    assert np.array_equal(sample["valid"] > 0, np.pad(item.valid[::2, ::2], ((0, 0), (12, 13))))
    assert np.array_equal(sample["alpha"][:, inner] > 0, item.mask[::2, ::2])
    assert np.array_equal(sample["image"][:, 0], sample["image"][:, 12])
    stretched = EvalPhotographs(Photos(), IDS, (20, 45), "stretch")[4]
    assert np.count_nonzero(stretched["valid"][0]) == 39
    assert np.array_equal(dataset[1]["image"], sample["image"])


def raw(**draws):
    sample = photographs()[0, 1]
    batch = collate([sample, sample])
    row = np.array([draws.get(name, 0) for name in DRAWS], np.float32)
    return {**batch, "draws": np.tile(row, (2, 1))}


@pytest.mark.parametrize("colour", [True, False])
def test_a_batch_of_photographs_says_that_it_is_one(colour):
    sample = raw()
    batch = check_batch(compose_batch(sample, colour))
    assert (batch["valid"].dtype, batch["valid"].shape) == (torch.bool, (2, 1, 24, 32))
    assert torch.equal(batch["valid"], sample["valid"] == 255)
    assert torch.equal(batch["alpha"], sample["alpha"].float() / 255)
    assert torch.allclose(batch["image"], sample["image"].float() / 255, atol=1e-6)
    for key in ("fgr", "bgr"):
        assert torch.equal(batch[key], batch["image"])


def test_photographs_get_the_foregrounds_colour_and_the_cameras_noise():
    plain_image = compose_batch(raw())["image"]
    draws = torch.tensor([[0.1, 0.05, -0.1, 8.0]] * 2)
    coloured = raw(fgr_brightness=0.1, fgr_contrast=0.05, fgr_saturation=-0.1, fgr_hue=8, bgr_brightness=0.5, blur=3)
    assert torch.allclose(compose_batch(coloured)["image"], recolour(plain_image, draws), atol=1e-6)
    assert torch.equal(compose_batch(coloured, colour=False)["image"], plain_image)
    for camera in ({"noise": 0.05}, {"jpeg": 30}):
        assert (compose_batch(raw(**camera))["image"] - plain_image).abs().mean() > 0.01


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("valid", torch.ones(2, 1, 24, 32), r"batch\.valid: .*float32.*bool"),
        ("valid", torch.ones(2, 24, 32, dtype=torch.bool), r"batch\.valid: \(2, 24, 32\)"),
        ("alpha", torch.full((2, 1, 24, 32), 0.5), r"batch\.alpha: .*batch\.valid"),
    ],
)
def test_a_wrong_batch_is_named(key, value, says):
    with pytest.raises(ValueError, match=says):
        check_batch({**compose_batch(raw()), key: value})


@pytest.fixture(scope="module", autouse=True)
def schemas():
    schema.register()


@pytest.fixture
def configured(tmp_path):
    """Return the plain config of a stage that trains on photographs."""
    trees.write_aim_d646_coco(tmp_path / "data")

    def make(*words):
        paths = [f"paths.data_root={tmp_path}/data", f"paths.cache_dir={tmp_path}/cache"]
        words = ["data=aim_d646_coco", "+stage.persons=${data.persons}", *paths, *words]
        return plain(compose_config("train", [*TINY, *words]))

    return make


def test_a_stage_that_names_photographs_trains_and_validates_on_them(configured):
    data = CompositeData(configured("seed=4"), 2, 1)
    data.setup("fit")
    ids = [f"coco/{number:04d}" for number in (0, *range(4, 9))]
    held_out = validation_subjects(ids, 2)
    assert isinstance(data.training, Photographs)
    assert isinstance(data.validation, EvalPhotographs)
    assert data.training.ids == sorted(set(ids) - set(held_out))
    assert (data.training.subject_count, len(data.training), data.training.seed) == (4, 4, 4)
    assert data.validation.ids == held_out
    assert len(data.validation) == 1  # of 2: val_samples
    assert {type(test) for test in data.tests.values()} == {EvalComposites}
    data.trainer = SimpleNamespace(lightning_module=SimpleNamespace(batches=0), global_rank=0, world_size=1)
    for loader, colour in ((data.train_dataloader(), True), (data.val_dataloader(), False)):
        for batch in loader:
            data.trainer.training = colour
            composed = data.on_after_batch_transfer(batch, 0)
            assert composed["image"].shape[1:] == (3, 32, 32)
            assert composed["valid"].any()
    assert "valid" not in next(iter(data.eval_loader(next(iter(data.tests.values())))))


@pytest.mark.parametrize("word", ["stage.persons=null", "data.persons=null"])
def test_without_photographs_it_trains_on_composites(configured, word):
    data = CompositeData(configured(word), 2, 1)
    data.setup("fit")
    assert isinstance(data.training, Composites)
    assert data.training.subject_count == 6
    assert isinstance(data.validation, EvalComposites)


def test_other_sources_of_persons_by_override(configured, tmp_path):
    trees.write_supervisely(tmp_path / "data/supervisely", range(50, 52))
    source = "{_target_: matting.data.sources.supervisely.SuperviselyPersons, root: supervisely, classes: null}"
    words = ["data.persons.coco=null", f"data.persons.supervisely={source}", "data.val_subjects=0"]
    data = CompositeData(configured(*words), 2)
    data.setup("fit")
    assert data.training.ids == ["supervisely/ds1/0050", "supervisely/ds1/0051"]
    assert data.validation is None
    with pytest.raises(UserError, match=r"data\.persons: .*coco, supervisely, voc"):
        CompositeData(configured("data.persons.coco=null"), 2).setup("fit")
    with pytest.raises(UserError, match=r"data\.val_subjects=6: "):
        CompositeData(configured("data.val_subjects=6"), 2).setup("fit")


def test_the_fingerprint_is_of_the_photographs_where_they_train(configured, tmp_path):
    on_photographs, on_composites = configured(), configured("stage.persons=null")
    before = fingerprint(on_photographs), fingerprint(on_composites)
    assert before[0] != before[1]
    write_image(tmp_path / "data/coco/train2017/0004.jpg", trees.scene(0, (41, 32)))
    between = fingerprint(on_photographs), fingerprint(on_composites)
    assert between[0] != before[0]
    assert between[1] == before[1]
    write_image(tmp_path / "data/D646/Train/FG/20.png", trees.scene(0, (41, 32)))
    assert fingerprint(on_photographs) == between[0]
    assert fingerprint(on_composites) != before[1]


def test_a_test_set_that_is_left_out_is_not_in_the_fingerprint(configured, tmp_path):
    less = configured("data.test.pm85=null")
    before = fingerprint(less)
    assert before != fingerprint(configured())
    write_image(tmp_path / "data/PhotoMatte85/40.png", trees.scene(0, (41, 32)))
    assert fingerprint(less) == before
    assert fingerprint(configured("data.test={aim: null, pm85: null, d646: null}"))


def test_photographs_count_in_the_digest_of_the_stage_that_uses_them():
    def digest(*words):
        return digest_of(identity(plain(compose_config("train", ["data=fashion", *words]))))

    other = "data.persons.coco.images=elsewhere"
    assert digest(other) == digest("data.persons=null") == digest()
    used = "+stage.persons=${data.persons}"
    assert len({digest(), digest(used), digest(used, other), digest(used, "data.persons=null")}) == 4
