"""Every data config trains on its layout; what is wrong with data, checkpoints, disks is one line that names it."""

import errno
import json
import os
import shutil
from types import SimpleNamespace

import pytest
import torch
import yaml

from matting.config.identity import CONFIG_VERSION
from matting.data.images import write_image
from tests.helpers import trees

FAST = ["loss.perceptual.weight=0", "trainer.max_batches=1", "scale.val_subjects=1", "scale.val_every=1"]
ALONE = ["stage=alpha_gan", "stage.coarse=ground_truth"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data root that a test may damage: data(layout) writes it. Foregrounds are not estimated, which takes long."""
    monkeypatch.setattr("matting.data.sources.folder.estimate_foreground", lambda image, alpha, **_: image)
    monkeypatch.setenv("MATTING_DATA_ROOT", str(tmp_path / "data"))

    def write(layout):
        getattr(trees, f"write_{layout}")(tmp_path / "data")
        return tmp_path / "data"

    return write


@pytest.fixture
def cached_here(matting, tmp_path, monkeypatch):
    """The caches of other tests are of other files; this one shows what is left of its own."""
    monkeypatch.setenv("MATTING_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def one_line(outcome, *words, code=2):
    """Exit code, and a last line on stderr that holds the words, without a traceback."""
    found, _, err = outcome
    assert found == code, err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err
    for word in words:
        assert str(word) in err


def read_run(folder, kind="segmentation_gan"):
    (run,) = (folder / "outputs" / kind).iterdir()
    return [json.loads((run / name).read_text()) for name in ("manifest.json", "result.json")]


@pytest.mark.parametrize(
    ("layout", "words", "tests", "samples"),
    [
        ("aim_d646_coco", ALONE, {"aim", "pm85", "d646"}, 7 * 4),
        ("fashion", [], {"photographs", "composites"}, 5 * 4),
    ],
)
def test_every_layout_trains(tiny, tmp_path, data, layout, words, tests, samples):
    data(layout)
    code, _, err = tiny("train", *FAST, f"data={layout}", *words)
    assert code == 0, err
    manifest, result = read_run(tmp_path, "alpha_gan" if words else "segmentation_gan")
    assert result.keys() == {"batch", "batches", "val"} | tests
    assert (manifest["samples"], manifest["skipped"]) == (samples, [])


def test_damaged_training_files_are_skipped_and_counted(tiny, tmp_path, data):
    root = data("folder")
    subject = trees.cut(root / "people/train/fgr/3.png")
    backgrounds = [trees.cut(root / f"backgrounds/train/000{number}.jpg") for number in (0, 1)]
    code, out, err = tiny("train", *FAST, "data=folder", "trainer.max_batches=4", "runtime.workers=1")
    assert code == 0, err
    manifest, result = read_run(tmp_path)
    assert result["batches"] == 4
    assert manifest["subjects"] == 4  # of 6: one is damaged, one validates
    assert len(manifest["skipped"]) == 3
    for file in (subject, *backgrounds):
        assert out.count(f"skipped {file}") + out.count(f"skipped: {file}") == 1
        assert any(str(file) in line for line in manifest["skipped"])


def remove(path):
    shutil.rmtree(path)
    return path


def other_size(path):
    write_image(path, trees.disc(0, (20, 20)))
    return path


def without(path):
    path.unlink()
    return path.name


def renamed(path, name):
    """By a name in bytes; gives what the message has of it."""
    path.rename(path.with_name(os.fsdecode(name)))
    return name.decode(errors="surrogateescape").encode(errors="backslashreplace").decode()


def linked(path):
    path.symlink_to("not-fetched")
    return path


def emptied(path):
    shutil.rmtree(path)
    path.mkdir()
    return path


DAMAGE = [
    ("folder", lambda root: remove(root), "people/train: "),
    ("folder", lambda root: emptied(root / "people/train"), "no images"),
    ("folder", lambda root: without(root / "people/train/fgr/2.png"), "alpha/2.png"),
    ("folder", lambda root: other_size(root / "people/train/alpha/2.png"), "20x20"),
    ("folder", lambda root: trees.cut(root / "people/test/11.png"), "damaged"),
    ("folder", lambda root: remove(root / "backgrounds/train"), "backgrounds/train: "),
    ("folder", lambda root: linked(root / "people/test/zz.png"), "people/test/zz.png: "),
    ("folder", lambda root: linked(root / "backgrounds/train/zz.png"), "backgrounds/train/zz.png: "),
    ("folder", lambda root: renamed(root / "backgrounds/test/0101.jpg", b"caf\xe9.jpg"), "UTF-8"),
    ("aim_d646_coco", lambda root: remove(root / "AIM"), "{Training_set,Test_set}/*/{fg,alpha}"),
    ("aim_d646_coco", lambda root: remove(root / "D646"), "{Train,Test}/{FG,GT}"),
    ("aim_d646_coco", lambda root: remove(root / "PhotoMatte85"), "RGBA"),
    ("aim_d646_coco", lambda root: remove(root / "coco/train2017"), "COCO"),
    ("aim_d646_coco", lambda root: remove(root / "coco/annotations"), "coco/annotations/"),
    ("aim_d646_coco", lambda root: remove(root / "voc"), "JPEGImages"),
]


@pytest.mark.parametrize(("layout", "damage", "words"), DAMAGE, ids=[f"{case[0]}-{case[2]}" for case in DAMAGE])
def test_data_that_no_run_can_be_made_of(tiny, tmp_path, data, cached_here, layout, damage, words):
    named = damage(data(layout))
    one_line(tiny("train", *FAST, f"data={layout}"), words, getattr(named, "name", named))
    assert not list(tmp_path.rglob("*.ckpt"))
    assert not list(tmp_path.rglob("result.json"))
    assert not list(cached_here.glob("*.building"))


def test_damage_that_leaves_nothing(tiny, data, cached_here):
    root = data("folder")
    files = [trees.cut(file) for file in (root / "people/train/fgr").iterdir()]
    one_line(tiny("train", *FAST, "data=folder"), "6 subjects", files[0].parent)
    shutil.rmtree(root)
    data("folder")
    for file in (root / "backgrounds/train").iterdir():
        trees.cut(file)
    one_line(tiny("train", *FAST, "data=folder"), "4 backgrounds", root / "backgrounds/train")


def test_one_subject_in_training_and_in_a_test_set(tiny, tmp_path, data, cached_here):
    root = data("folder")
    write_image(root / "people/train/alpha/4.png", trees.disc(11))
    one_line(tiny("train", *FAST, "data=folder"), "folder/11", "folder/4", "list_file")
    assert not list(tmp_path.rglob("*.ckpt"))


def test_two_test_sets_may_share_subjects(tiny, data):
    data("folder")
    same = ["+data.test.again=${data.test.folder}"]
    assert tiny("train", *FAST, "data=folder", *same)[0] == 0


def test_a_test_set_of_cut_out_people_needs_backgrounds(tiny, data):
    data("folder")
    one_line(
        tiny("train", *FAST, "data=folder", "data.test.folder.backgrounds=null"), "data.test.folder.backgrounds=null"
    )


def test_a_test_set_may_be_left_out_but_not_all(tiny, tmp_path, data):
    data("fashion")
    left_out = "data.test.composites=null"
    code, _, err = tiny("train", *FAST, "data=fashion", left_out)
    assert code == 0, err
    assert read_run(tmp_path)[1].keys() == {"batch", "batches", "val", "photographs"}
    none = tiny("train", *FAST, "data=fashion", left_out, "data.test.photographs=null")
    one_line(none, "data.test: ", "photographs, composites")


def test_a_list_that_names_what_is_not_there(tiny, tmp_path, data):
    root = data("folder")
    (root / "list.txt").write_text("1\nanna\n")
    key = "data.subjects.folder.list_file"
    one_line(tiny("train", "data=folder", f"{key}=list.txt"), root / "list.txt", "anna")
    one_line(tiny("train", "data=folder", f"{key}=missing.txt"), "missing.txt: ")
    assert not (tmp_path / "outputs").exists()


def save_checkpoint(path, stage, state, version=1, **net):
    nets = {"gen": {"_target_": "matting.nets.pomagan.SegmentationGenerator", **net}}
    facts = {"version": version, "stage": stage, "nets": nets, "batches": 1, "skipped": []}
    torch.save({"matting": facts, "state_dict": state}, path)


SMALL = {"width": 4, "depth": 1, "blocks": 1, "aspp_rates": [1], "norm": "instance", "up": "deconv"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: save_checkpoint(path, "alpha_gan", {}),
            "stage=segmentation_gan",
        ),
        (lambda path: save_checkpoint(path, "segmentation_gan", {}, 7), "version 7"),
        (lambda path: torch.save({"weight": torch.zeros(1)}, path), "checkpoint"),
        (lambda path: path.write_text("no checkpoint"), "checkpoint"),
    ],
)
def test_a_checkpoint_that_is_another(tiny, tmp_path, make, words):
    make(tmp_path / "some.ckpt")
    one_line(tiny("train", *FAST, "stage=alpha_gan", "stage.coarse=some.ckpt"), words, "some.ckpt")


def test_a_checkpoint_that_does_not_fit(tiny, tmp_path):
    """The first keys that differ, with their shapes."""
    from matting.nets.pomagan import SegmentationGenerator

    state = {f"gen.{key}": value for key, value in SegmentationGenerator(**SMALL).state_dict().items()}
    first = next(iter(state))
    save_checkpoint(tmp_path / "some.ckpt", "segmentation_gan", state, **{**SMALL, "width": 8})
    result = tiny("train", *FAST, "stage=alpha_gan", "stage.coarse=some.ckpt")
    one_line(result, "some.ckpt", first.removeprefix("gen."), str(tuple(state[first].shape)), "(8, ")


def test_a_run_of_another_version(tiny, tmp_path):
    folder = tmp_path / "old-0123456789ab"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({"config_version": 0, "stage": {"name": "segmentation_gan"}}))
    words = ["stage=alpha_gan", "stage.coarse=old-0123456789ab"]
    one_line(tiny("train", *words), "config_version 0", CONFIG_VERSION)
    (folder / "config.yaml").unlink()
    one_line(tiny("train", *words), "old-0123456789ab: ", "config.yaml")
    one_line(tiny("train", "stage=alpha_gan", "stage.coarse=0123"), "0123: ")


def test_weights_that_are_not_there_or_are_none(tiny, tmp_path):
    key = "loss.perceptual.weights"
    one_line(tiny("train", f"{key}=vgg.pt"), "vgg.pt: ")
    assert not (tmp_path / "outputs").exists()
    (tmp_path / "vgg.pt").write_text("not weights")
    one_line(tiny("train", f"{key}=vgg.pt", "loss.perceptual.width=1"), "vgg.pt: ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there(tiny):
    one_line(tiny("train", *FAST, "trainer=gpu"), "trainer.accelerator=gpu: ", "trainer=cpu")


def test_a_compiler_that_is_not_there(tiny, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    one_line(tiny("train", *FAST, "trainer.compile=true"), "trainer.compile=true: ", "no-such-compiler")


def test_an_output_folder_that_cannot_be_written(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    one_line(tiny("train", *FAST, "paths.output_dir=file/here"), "file/here", "Not a directory", "paths.output_dir")


def test_no_space_for_the_checkpoints(tiny, monkeypatch):
    disk = SimpleNamespace(disk_usage=lambda path: SimpleNamespace(free=10), rmtree=shutil.rmtree)
    monkeypatch.setattr("matting.utils.files.shutil", disk)
    one_line(tiny("train", *FAST), "checkpoints", "0.0 kB", "paths.output_dir")


def test_a_disk_that_fills_up_leaves_the_last_checkpoint(tiny, tmp_path, monkeypatch):
    save, written = torch.save, []

    def full(checkpoint, file):
        if len(written) == 2:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(checkpoint["matting"]["batches"])
        save(checkpoint, file)

    monkeypatch.setattr(torch, "save", full)
    words = ["loss.perceptual.weight=0", "checkpoint.every_batches=1", "scale.val_every=6"]
    one_line(tiny("train", *words), "last.ckpt", "No space left", code=4)
    (run,) = (tmp_path / "outputs/segmentation_gan").iterdir()
    assert written == [1, 2]
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["last.ckpt"]
    assert torch.load(run / "checkpoints/last.ckpt", weights_only=True)["matting"]["batches"] == 2


def test_a_disk_that_fills_up_elsewhere_is_one_line_and_no_failure(tiny, monkeypatch):
    """In the log this time: whatever is written, the run has not failed and goes on when there is room."""

    def full(self, row, step):
        raise OSError(errno.ENOSPC, "No space left on device", "metrics.csv")

    with monkeypatch.context() as patched:
        patched.setattr("matting.tracking.loggers.MetricsCSV.log_metrics", full)
        one_line(tiny("train", *FAST), "metrics.csv: ", code=4)
    assert tiny("train", "plan=true", *FAST)[1].split()[0] == "new"
