"""Tests of the subject cache: it returns what the source returns, is built once, and never reads damaged files."""

import errno
import json
import os
import pickle
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from matting.data import cache as cache_module
from matting.data.build import check_disjoint
from matting.data.cache import SubjectCache, estimate_bytes
from matting.data.decoding import DamagedFile
from matting.data.foreground import reduce_subject
from matting.data.images import write_image
from matting.data.sources.base import Subject
from matting.data.sources.folder import FolderSubjects
from matting.errors import UserError
from matting.utils.files import amount


def drawn(seed: int, with_image: bool = False) -> Subject:
    """Return a subject whose alpha is nowhere 0, where the cache may change colours."""
    pixels = np.random.default_rng(seed).integers(1, 256, (20 + seed, 30, 7), dtype=np.uint8)
    return Subject(pixels[..., :3], pixels[..., 3], pixels[..., 4:] if with_image else None)


class Drawn:
    """A source without files that counts its loads."""

    def __init__(self, count: int = 5, with_image: bool = False, parameters: str = "a") -> None:
        self.name = "drawn"
        self.ids = tuple(f"{number:02}" for number in range(count))
        self.with_image = with_image
        self.parameters = parameters
        self.loads: Counter[str] = Counter()
        self.wait: Callable[[], object] = lambda: None

    def files(self, id: str) -> tuple[Path, ...]:
        return ()

    def fingerprint(self) -> str:
        return self.parameters

    def load(self, id: str) -> Subject:
        self.loads[id] += 1
        self.wait()
        return drawn(int(id), self.with_image)


@pytest.fixture
def tree(tmp_path) -> Path:
    """Write four subjects as fgr/ and alpha/."""
    for seed, id in enumerate(["a", "b", "c", "d"]):
        subject = drawn(seed)
        write_image(tmp_path / f"data/fgr/{id}.png", subject.fgr)
        write_image(tmp_path / f"data/alpha/{id}.png", subject.alpha)
    return tmp_path / "data"


def truncate(file: Path, kept: float) -> None:
    os.truncate(file, int(file.stat().st_size * kept))


def folders(cache_dir: Path) -> list[str]:
    return sorted(path.name for path in cache_dir.iterdir() if path.is_dir())


@pytest.mark.parametrize("with_image", [False, True])
def test_gives_what_the_source_gives(tmp_path, with_image):
    source = Drawn(40, with_image)
    cache = SubjectCache.open(source, tmp_path)
    assert cache.ids == source.ids
    for number, id in enumerate(cache.ids):
        cached, subject = cache.load(id), drawn(number, with_image)
        np.testing.assert_array_equal(cached.fgr, subject.fgr)
        np.testing.assert_array_equal(cached.alpha, subject.alpha)
        np.testing.assert_array_equal(cached.rgba(), np.dstack([subject.fgr, subject.alpha]))
        np.testing.assert_array_equal(subject.rgba(), cached.rgba())
        assert cache.size(id) == subject.alpha.shape
        if with_image:
            np.testing.assert_array_equal(cached.image, subject.image)
        else:
            assert cached.image is None


def test_load_gives_views_of_one_mapping(tmp_path):
    cache = SubjectCache.open(Drawn(), tmp_path)
    first, again = cache.load("03"), cache.load("03")
    assert np.shares_memory(first.fgr, again.fgr)
    assert np.shares_memory(first.rgba(), again.alpha)
    assert isinstance(cache.pixels, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        first.alpha[0, 0] = 1


def test_built_once(tmp_path):
    source = Drawn()
    SubjectCache.open(source, tmp_path)
    source.loads.clear()
    SubjectCache.open(source, tmp_path)
    assert not source.loads


def test_pickles_without_the_pixels(tmp_path):
    cache = SubjectCache.open(Drawn(), tmp_path)
    cache.load("02")
    data = pickle.dumps(cache)
    assert len(data) < 2000
    again = pickle.loads(data)  # noqa: S301
    np.testing.assert_array_equal(again.load("02").fgr, drawn(2).fgr)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: write_image(tree / "fgr/b.png", drawn(1).fgr[::-1]),
        lambda tree: os.utime(tree / "alpha/b.png", ns=(1, 1)),
        lambda tree: [(tree / kind / "d.png").unlink() for kind in ("fgr", "alpha")],
        lambda tree: [(tree / kind / "d.png").rename(tree / kind / "e.png") for kind in ("fgr", "alpha")],
    ],
)
def test_changed_files_make_another_cache(tmp_path, tree, change):
    before = SubjectCache.open(FolderSubjects(tree), tmp_path / "cache")
    change(tree)
    source = FolderSubjects(tree)
    after = SubjectCache.open(source, tmp_path / "cache")
    assert after.folder != before.folder
    assert after.ids == source.ids
    np.testing.assert_array_equal(after.load("b").fgr, source.load("b").fgr)


def test_other_parameters_make_another_cache(tmp_path):
    opened = [
        SubjectCache.open(Drawn(), tmp_path),
        SubjectCache.open(Drawn(parameters="b"), tmp_path),
        SubjectCache.open(Drawn(), tmp_path, long_side=16),
    ]
    assert len({cache.folder for cache in opened}) == 3


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: truncate(folder / "subjects.bin", 0.5),
        lambda folder: (folder / "subjects.bin").unlink(),
        lambda folder: (folder / "index.json").unlink(),
        lambda folder: truncate(folder / "index.json", 0.5),
        lambda folder: (folder / "index.json").write_text(json.dumps({"subjects": {}})),
        lambda folder: folder.rename(folder.with_name(f"{folder.name}.building")),
    ],
)
def test_a_cache_that_is_not_whole_is_rebuilt(tmp_path, harm):
    source = Drawn()
    folder = SubjectCache.open(source, tmp_path).folder
    harm(folder)
    source.loads.clear()
    cache = SubjectCache.open(source, tmp_path)
    assert set(source.loads) == set(source.ids)
    np.testing.assert_array_equal(cache.load("04").alpha, drawn(4).alpha)
    assert folders(tmp_path) == [folder.name]


def test_an_interrupted_build_leaves_nothing(tmp_path):
    source = Drawn()

    def interrupt() -> None:
        if source.loads.total() > 3:
            raise KeyboardInterrupt

    source.wait = interrupt
    with pytest.raises(KeyboardInterrupt):
        SubjectCache.open(source, tmp_path)
    assert folders(tmp_path) == []


def test_of_two_builders_one_waits(tmp_path, capsys):
    first, second = Drawn(), Drawn()
    started = threading.Event()

    def slowly() -> None:
        started.set()
        time.sleep(0.1)

    first.wait = slowly
    with ThreadPoolExecutor(2) as pool:
        building = pool.submit(SubjectCache.open, first, tmp_path)
        assert started.wait(10)
        waiting = pool.submit(SubjectCache.open, second, tmp_path)
        assert waiting.result(20).folder == building.result(20).folder
    assert not second.loads
    assert "waiting for another process" in capsys.readouterr().out


@pytest.mark.parametrize("file", ["fgr/b.png", "alpha/b.png", "alpha/a.png"])
def test_damaged_subjects_are_skipped_by_name(tmp_path, tree, file, capsys):
    truncate(tree / file, 0.5)
    id = Path(file).stem
    for _ in ("built", "opened again"):
        cache = SubjectCache.open(FolderSubjects(tree), tmp_path / "cache")
        assert cache.ids == tuple(other for other in "abcd" if other != id)
        assert file in cache.skipped[id]
        warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
        assert len(warnings) == 1
        assert str(tree / file) in warnings[0]
    np.testing.assert_array_equal(cache.load("d").fgr, drawn(3).fgr)


@pytest.mark.parametrize("skipped_before", [False, True])
def test_damaged_subjects_can_stop(tmp_path, tree, skipped_before, pool_threads):
    truncate(tree / "alpha/c.png", 0.5)
    if skipped_before:
        SubjectCache.open(FolderSubjects(tree), tmp_path / "cache")
    with pytest.raises(DamagedFile, match=r"alpha/c\.png") as caught:
        SubjectCache.open(FolderSubjects(tree), tmp_path / "cache", on_damaged="raise")
    assert pool_threads() == [], caught  # which holds the frames: nothing is left to the garbage collector
    assert len(folders(tmp_path / "cache")) == skipped_before


def test_all_damaged_is_an_error(tmp_path, tree):
    for file in (tree / "alpha").iterdir():
        truncate(file, 0.5)
    with pytest.raises(UserError, match=r"4 subjects.*alpha/a\.png"):
        SubjectCache.open(FolderSubjects(tree), tmp_path / "cache")


def test_disk_need_is_printed(tmp_path, tree, capsys):
    cache = SubjectCache.open(FolderSubjects(tree), tmp_path / "cache")
    need = sum(4 * height * width for height, width in map(cache.size, cache.ids))
    assert (cache.folder / "subjects.bin").stat().st_size == need
    assert f"cache: 4 subjects, {amount(need)} in {cache.folder}" in capsys.readouterr().out


@pytest.mark.parametrize(("with_image", "planes"), [(False, 4), (True, 7)])
def test_disk_need_of_drawn_subjects_is_that_of_the_first(with_image, planes):
    assert estimate_bytes(Drawn(3, with_image), None) == 3 * 20 * 30 * planes
    assert estimate_bytes(Drawn(3, with_image), 15) == 3 * 10 * 15 * planes


def test_too_small_disk_is_told_before_building(tmp_path, monkeypatch):
    source = Drawn(50)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**6, 10**6, 100_000))
    with pytest.raises(UserError, match=r"0\.1 MB.*0\.1 MB"):
        SubjectCache.open(source, tmp_path)
    assert source.loads.total() == 1
    assert folders(tmp_path) == []


def test_disk_that_fills_up_is_one_line(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_module.os, "fsync", full)
    with pytest.raises(UserError, match="disk is full") as caught:
        SubjectCache.open(Drawn(), tmp_path)
    assert "\n" not in str(caught.value)
    assert folders(tmp_path) == []


def test_cache_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written"):
        SubjectCache.open(Drawn(), tmp_path / "file/cache")


def test_content_is_of_the_alpha_alone_at_its_full_size(tmp_path, tree):
    write_image(tree / "alpha/b.png", drawn(0).alpha)
    write_image(tree / "fgr/b.png", drawn(0).fgr // 2)
    source = FolderSubjects(tree)
    cache = SubjectCache.open(source, tmp_path / "cache")
    small = SubjectCache.open(source, tmp_path / "cache", long_side=10)
    assert cache.content("a") == cache.content("b")
    assert len({cache.content(id) for id in cache.ids}) == 3
    assert [small.content(id) for id in small.ids] == [cache.content(id) for id in cache.ids]


@pytest.mark.parametrize("value", [0, 255])
def test_an_alpha_that_is_constant_is_no_persons_own(tmp_path, tree, value):
    for seed, id in [(0, "a"), (0, "b"), (1, "c")]:
        write_image(tree / f"fgr/{id}.png", drawn(seed).fgr[:20])
        write_image(tree / f"alpha/{id}.png", np.full((20, 30), value, np.uint8))
    cache = SubjectCache.open(FolderSubjects(tree), tmp_path / "cache", long_side=10)
    contents = {id: cache.content(id) for id in cache.ids}
    check_disjoint({"training": {"a": contents["a"]}, "testing": {"c": contents["c"]}})
    with pytest.raises(UserError, match=r"\bb\b.*testing.*\ba\b.*training"):
        check_disjoint({"training": {"a": contents["a"]}, "testing": {"b": contents["b"]}})


def test_long_side_reduces_larger_subjects_only(tmp_path):
    cache = SubjectCache.open(Drawn(20), tmp_path, long_side=32)
    assert cache.size("02") == (22, 30)
    assert cache.size("19") == (32, 25)
    np.testing.assert_array_equal(cache.load("02").fgr, drawn(2).fgr)
    assert cache.load("19").fgr.shape == (32, 25, 3)
    assert abs(cache.load("19").alpha.mean() - drawn(19).alpha.mean()) < 2


def test_reduction_leaves_no_fringe():
    """Gray where alpha is 255 and white outside: a plain average would lighten the edge."""
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:, :18] = 255
    fgr = np.where(alpha[..., None] > 0, np.uint8(100), np.uint8(255)).repeat(3, 2)
    reduced = reduce_subject(Subject(fgr, alpha, fgr), 10)
    np.testing.assert_array_equal(reduced.alpha[0, :6], [255, 255, 255, 255, 128, 0])
    assert (reduced.fgr == 100).all()
    assert abs(int(reduced.image[0, 4, 0]) - 178) <= 1


def test_outside_of_a_person_go_on_the_colours_of_the_edge():
    fgr = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    alpha = np.zeros((30, 40), np.uint8)
    alpha[10:20, 15:25] = 90
    kept = reduce_subject(Subject(fgr, alpha), 40).fgr
    np.testing.assert_array_equal(kept[10:20, 15:25], fgr[10:20, 15:25])
    np.testing.assert_array_equal(kept[12, :15], np.broadcast_to(fgr[12, 15], (15, 3)))
    np.testing.assert_array_equal(kept[0, 0], fgr[10, 15])
    for none in (np.zeros_like(alpha), np.full_like(alpha, 255)):
        np.testing.assert_array_equal(reduce_subject(Subject(fgr, none), 40).fgr, fgr)
    np.testing.assert_array_equal(reduce_subject(Subject(fgr, alpha), None).fgr, fgr)


def test_a_binary_alpha_is_worth_a_line_once(tmp_path, capsys):
    (tmp_path / "people").mkdir()
    colours = np.full((20, 16, 3), 90, np.uint8)
    for name, edge in (("a", 255), ("b", 128), ("c", 0)):
        alpha = np.zeros((20, 16), np.uint8)
        alpha[5:], alpha[5] = 255, edge
        write_image(tmp_path / "people" / f"{name}.png", np.dstack([colours, alpha]))
    source = FolderSubjects(tmp_path / "people")
    SubjectCache.open(source, tmp_path / "cache", long_side=10)  # reducing an alpha makes values between
    out, err = capsys.readouterr()
    assert ["2 of 3 alphas" in line for line in (out + err).splitlines()].count(True) == 1
    SubjectCache.open(source, tmp_path / "cache", long_side=10)
    assert "alphas" not in "".join(capsys.readouterr())
