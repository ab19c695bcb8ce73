"""The work behind matting predict: bounded batches, decoding ahead, pictures too large, results whole or not there."""

import errno
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
import torch

from matting.data.images import read_rgb, write_image
from matting.errors import JobError
from matting.methods.base import Method
from matting.prediction import predictor
from matting.prediction.predictor import AHEAD, MAX_PIXELS, Picture, Predictor, batches, read_ahead, write_whole


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_batches_are_of_one_size_and_bounded():
    def pictures(*sizes: tuple[int, int]) -> list[Picture]:
        return [Picture(Path(), str(i), np.empty((*size, 0), np.uint8)) for i, size in enumerate(sizes)]

    def names(found: list[list[Picture]]) -> list[str]:
        return ["".join(picture.name for picture in batch) for batch in found]

    wide, tall, large, half = (2, 3), (3, 2), (4096, 4097), (2048, 2049)
    assert names(list(batches(pictures(wide, tall, wide, tall, tall, wide), 2))) == ["02", "13", "4", "5"]
    assert names(list(batches(pictures(large, wide, large, wide), 2))) == ["0", "2", "13"]
    assert names(list(batches(pictures(half, half, half, half, half), 9))) == ["012", "34"]
    taken: list[Picture] = []
    each = pictures(*[(1024, 1024 + i) for i in range(40)])
    for given, _ in enumerate(batches((taken.append(picture) or picture for picture in each), 4)):
        assert len(taken) - given <= MAX_PIXELS // 1024**2 + 1
    assert given == 39


def test_only_a_few_pictures_are_decoded_ahead(monkeypatch):
    decoded = []
    monkeypatch.setattr(predictor, "read_rgb", lambda path: decoded.append(path))
    for used, (path, picture) in enumerate(read_ahead(((Path(f"{i}"), f"n{i}") for i in range(20)), {}), 1):
        assert (path.name, picture.result().name) == (f"{used - 1}", f"n{used - 1}")
        assert len(decoded) <= used + AHEAD
    assert used == len(decoded) == 20


class Short(Method):
    """Runs out of memory above a number of pixels; else alpha is the image's red."""

    def __init__(self, pixels: int, error: Exception):
        super().__init__()
        self.pixels, self.error = pixels, error

    def forward(self, image, trimap=None):
        if image[:, 0].numel() > self.pixels:
            raise self.error
        return {"alpha": image[:, :1]}


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_what_is_too_large_for_the_memory_is_tried_alone_then_skipped(error, capsys):
    work = Predictor(Short(100, error), torch.device("cpu"), False)
    batch = [Picture(Path(f"{i}.png"), f"{i}", scene(10, 10, i)) for i in range(2)]
    large = [Picture(Path("large.png"), "large", scene(20, 10))]
    found = {picture.name: alpha for one in (batch, large, batch[:1]) for picture, alpha in work.alphas(one)}
    assert list(found) == ["0", "1"]
    np.testing.assert_array_equal(found["1"], batch[1].image[..., 0])
    assert work.skipped == [Path("large.png")]
    assert "skipped: large.png: out of memory at 10x20 pixels" in capsys.readouterr().out


class Guided(Method):
    """Alpha is the trimap; remembers what it was given."""

    name, wants_trimap = "guided", True

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[torch.Tensor, torch.Tensor | None]] = []

    def forward(self, image, trimap=None):
        self.given.append((image, trimap))
        return {"alpha": trimap if trimap is not None else image[:, :1]}


def test_trimaps_go_with_their_pictures_as_three_exact_values():
    levels = np.array([[0, 128, 255]] * 2, np.uint8)
    turned = levels[:, ::-1].copy()
    batch = [Picture(Path(), "a", scene(2, 3), levels), Picture(Path(), "b", scene(2, 3, 1), turned)]
    method = Guided()
    found = list(Predictor(method, torch.device("cpu"), False).alphas(batch))
    ((image, trimap),) = method.given
    assert (image.shape, trimap.shape, trimap.dtype) == ((2, 3, 2, 3), (2, 1, 2, 3), torch.float32)
    assert trimap[0, 0].tolist() == [[0, 0.5, 1]] * 2
    assert trimap[1, 0].tolist() == [[1, 0.5, 0]] * 2
    for (picture, alpha), given in zip(found, batch, strict=True):
        assert picture is given
        np.testing.assert_array_equal(alpha, given.trimap)


def test_a_method_that_takes_no_trimap_gets_none():
    method = Guided()
    list(Predictor(method, torch.device("cpu"), False).alphas([Picture(Path(), "a", scene(2, 3))]))
    assert method.given[0][1] is None


def test_a_bad_trimap_skips_its_picture(tmp_path, capsys):
    for name, size in (("fine", (4, 6)), ("small", (2, 3))):
        write_image(tmp_path / f"{name}.png", scene(4, 6))
        write_image(tmp_path / f"maps/{name}.png", np.full(size, 128, np.uint8))
    pictures = [(tmp_path / f"{name}.png", name) for name in ("small", "fine")]
    work = Predictor(Guided(), torch.device("cpu"), False)
    found = list(work.opened(read_ahead(pictures, {name: tmp_path / f"maps/{name}.png" for _, name in pictures})))
    assert [(picture.name, picture.trimap.tolist()) for picture in found] == [("fine", [[128] * 6] * 4)]
    assert work.skipped == [tmp_path / "small.png"]
    assert "small.png: a trimap of 3x2 pixels, its picture has 6x4" in capsys.readouterr().out


def test_other_errors_of_the_networks_are_not_hidden():
    work = Predictor(Short(0, RuntimeError("shapes differ")), torch.device("cpu"), False)
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(work.alphas([Picture(Path("a.png"), "a", scene(2, 2))]))


def test_a_picture_too_large_to_decode_is_skipped():
    work, large, fine = Predictor(Short(9, MemoryError()), torch.device("cpu"), False), Future(), Future()
    large.set_exception(MemoryError())
    fine.set_result(Picture(Path("b.png"), "b", scene(2, 2)))
    assert [p.name for p in work.opened([(Path("a.png"), large), (Path("b.png"), fine)])] == ["b"]
    assert work.skipped == [Path("a.png")]


def test_a_result_is_whole_or_not_there(tmp_path, monkeypatch):
    path, array = tmp_path / "alpha/a.png", scene(4, 4)
    write_whole(path, array)

    def fill_the_disk(path: Path, array: np.ndarray) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(predictor, "write_image", fill_the_disk)
    work = Predictor(Short(9, MemoryError()), torch.device("cpu"), False)
    with pytest.raises(JobError, match="disk full"):
        work.write(Picture(Path("a.png"), "a", array), array[..., 0], tmp_path, None)
    np.testing.assert_array_equal(read_rgb(path), array)
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


def test_a_full_disk_leaves_no_thread(tmp_path, monkeypatch, pool_threads):
    def full(*_):
        raise JobError("disk full")

    pictures = [(tmp_path / f"{i}.png", str(i)) for i in range(9)]
    for path, _ in pictures:
        write_image(path, scene(4, 4))
    config = {"trainer": {"precision": "32-true", "accelerator": "cpu", "compile": False}, "seed": 0, "batch_size": 1}
    config["runtime"] = {"progress": True, "threads": None}
    method = Short(99, MemoryError())
    monkeypatch.setattr(predictor, "load_method", lambda *_: (method, torch.device("cpu")))
    monkeypatch.setattr(Predictor, "write", full)
    with pytest.raises(JobError, match="disk full") as caught:
        predictor.predict(config, {}, pictures, tmp_path / "out", None, {})
    assert pool_threads() == [], caught  # which holds the frames


def test_a_result_that_cannot_be_written_is_skipped(tmp_path):
    (tmp_path / "alpha").write_text("a file where a folder should be")
    work = Predictor(Short(9, MemoryError()), torch.device("cpu"), False)
    work.write(Picture(Path("a.png"), "a", scene(4, 4)), scene(4, 4)[..., 0], tmp_path, None)
    assert work.skipped == [Path("a.png")]


def test_a_picture_without_foreground_colours_is_skipped_by_name(tmp_path, monkeypatch, capsys):
    def fails(image, alpha):
        raise ArithmeticError("no\ncolours")

    monkeypatch.setattr(predictor, "estimate_foreground", fails)
    work = Predictor(Guided(), torch.device("cpu"), False)
    work.write(Picture(Path("a.png"), "a", scene(2, 3)), scene(2, 3)[..., 0], tmp_path, None)
    assert work.skipped == [Path("a.png")]
    assert not list(tmp_path.rglob("*.png"))
    assert "a.png: " in capsys.readouterr().out
