"""AlphaNet's runs stand on runs: derived from its own networks, or named by digest, folder or file. No torch."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from hydra import initialize_config_dir

from matting.config import schema
from matting.config.compose import compose_config, config_dir
from matting.errors import UserError
from matting.runs.upstream import method_run, stage_run
from tests.helpers.made_runs import finish_stage, start

HALVES = {"segmentation": "alphanet_segmentation", "matting": "alphanet_matting"}


@pytest.fixture(scope="module", autouse=True)
def hydra():
    schema.register()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def run_of(*words, verb="train"):
    """A command line's run and the runs that it stands on."""
    config = compose_config(verb, ["scale=quick", *words])
    return (stage_run if verb == "train" else method_run)(config)


@cache
def digest(*words):
    return run_of(*words)[0].digest


def keys(found):
    return {key.name: each.key for key, each in found.items()}


@pytest.mark.parametrize(
    ("word", "changed"),
    [
        (None, ()),
        ("net.mat.attention=none", ("matting",)),
        ("seed=3", ("segmentation", "matting")),
        ("stage.feedback=soft", ()),
        ("net.trimap.erode=0.1", ()),
        ("scale.alphanet.mat_lr=1e-4", ("matting",)),
        ("scale.alphanet.seg_epochs=9", ("segmentation",)),
    ],
)
def test_both_halves_are_the_runs_of_the_same_command_line(word, changed):
    words = [word] if word else []
    this, upstream = run_of("stage=alphanet", *words)
    own = {  # keys of the end-to-end stage alone are none of a half's command line
        key: digest(f"stage={stage}", *(words if key in changed else [])) for key, stage in HALVES.items()
    }
    assert keys(upstream) == own
    assert {key: this.config["stage"][key] for key in HALVES} == own
    for key, stage in HALVES.items():
        assert (own[key] != digest(f"stage={stage}")) == (key in changed)
    assert (this.digest == digest("stage=alphanet")) == (word is None)


def test_photographs_with_masks_are_the_segmentations_alone():
    rows = [["data=fashion"], ["data=fashion", "data.persons.coco.images=elsewhere"]]
    one, other = (keys(run_of("stage=alphanet", *row)[1]) for row in rows)
    assert one["segmentation"] != other["segmentation"]
    assert one["matting"] == other["matting"]


def finished(*words):
    run, _ = run_of(*words)
    finish_stage(run)
    run.checkpoints.mkdir()
    run.best.write_bytes(b"weights")
    return run


@pytest.mark.parametrize("name", [lambda run: run.digest, lambda run: str(run.folder)], ids=["digest", "folder"])
def test_a_half_is_named_by_digest_or_folder(name):
    half = finished("stage=alphanet_matting", "seed=7")
    this, upstream = run_of("stage=alphanet", f"stage.matting={name(half)}")
    assert upstream["stage.matting"].run == half
    assert upstream["stage.matting"].config is None
    assert upstream["stage.matting"].checkpoint == half.best
    assert this.config["stage"]["matting"] == half.digest
    assert upstream["stage.segmentation"].key == digest("stage=alphanet_segmentation")


def test_of_hundreds_of_runs_only_the_one_that_a_digest_names_is_opened():
    half, other = finished("stage=alphanet_matting", "seed=7"), finished("stage=alphanet_matting", "seed=8")
    (other.folder / "config.yaml").write_text("}")  # whoever reads it fails
    for name in (half.digest, f"alphanet_matting/{half.digest}"):
        assert run_of("stage=alphanet", f"stage.matting={name}")[1]["stage.matting"].run == half


@pytest.mark.parametrize("part", [lambda run: run.digest[1:], lambda run: run.folder.name, lambda run: "*"])
def test_a_digest_is_the_whole_of_it_and_no_pattern(part):
    word = f"stage.matting='{part(finished('stage=alphanet_matting'))}'"
    with pytest.raises(UserError, match="outputs"):
        run_of("stage=alphanet", word)


def test_of_several_folders_of_a_digest_it_is_the_first():
    half = finished("stage=alphanet_matting", "seed=7")
    shutil.copytree(half.folder, copy := half.folder.with_name(f"a_copy-{half.digest}"))
    assert run_of("stage=alphanet", f"stage.matting={half.digest}")[1]["stage.matting"].run.folder == copy


def test_the_run_of_the_same_config_is_the_same_by_name_or_without():
    half = finished("stage=alphanet_matting")
    assert run_of("stage=alphanet", f"stage.matting={half.digest}")[0].digest == digest("stage=alphanet")


def test_a_named_run_brings_its_network_into_the_config():
    """What the config says of a network is what the run has, whatever the command line implies."""
    half = finished("stage=alphanet_matting", "net.mat.attention=none")
    this, _ = run_of("stage=alphanet", f"stage.matting={half.digest}")
    assert this.config["net"]["mat"] == half.config["net"]["mat"]
    assert this.config["net"]["mat"]["attention"] == "none"
    assert this.digest == digest("stage=alphanet", "net.mat.attention=none")


def test_a_half_is_named_by_its_checkpoint(tmp_path):
    Path("mat.ckpt").write_bytes(b"weights")
    this, upstream = run_of("stage=alphanet", "stage.matting=mat.ckpt")
    assert upstream["stage.matting"].run is None
    assert upstream["stage.matting"].checkpoint == Path("mat.ckpt")
    assert this.config["stage"]["matting"].startswith("file:")
    Path("mat.ckpt").write_bytes(b"others")
    assert run_of("stage=alphanet", "stage.matting=mat.ckpt")[0].digest != this.digest


def test_a_run_of_another_stage_or_unfinished_is_refused():
    segmentation, _ = run_of("stage=alphanet_segmentation")
    start(segmentation)
    with pytest.raises(UserError, match=segmentation.digest):
        run_of("stage=alphanet", f"stage.segmentation={segmentation.digest}")
    finish_stage(segmentation)
    with pytest.raises(UserError, match=r"alphanet_segmentation.*stage=alphanet_matting"):
        run_of("stage=alphanet", f"stage.matting={segmentation.digest}")
    measured, _ = run_of("method=alphanet", verb="evaluate")
    start(measured)
    with pytest.raises(UserError, match=r"evaluate/alphanet.*stage=alphanet_matting"):
        run_of("stage=alphanet", f"stage.matting={measured.digest}")
    with pytest.raises(UserError, match="0123: "):
        run_of("stage=alphanet", "stage.matting='0123'")


def test_an_evaluation_stands_on_the_stages_of_its_config():
    _, upstream = run_of("method=alphanet", verb="evaluate")
    assert keys(upstream) == {
        "alphanet": digest("stage=alphanet"),
        **{key: digest(f"stage={stage}") for key, stage in HALVES.items()},
    }
    _, upstream = run_of("method=alphanet_matting", "seed=3", verb="evaluate")
    assert keys(upstream) == {"matting": digest("stage=alphanet_matting", "seed=3")}


def test_an_end_to_end_run_alone_names_the_halves_that_it_stands_on():
    words = ["net.mat.attention=none", "seed=5"]
    mat, seg = finished("stage=alphanet_matting", *words), finished("stage=alphanet_segmentation", "seed=5")
    whole = finished("stage=alphanet", *words)
    _, upstream = run_of("method=alphanet", f"method.alphanet={whole.digest}", verb="evaluate")
    assert {key: each.run.digest for key, each in upstream.items()} == {
        "method.alphanet": whole.digest,
        "method.segmentation": seg.digest,
        "method.matting": mat.digest,
    }


def test_a_half_that_the_method_names_is_the_one_that_it_is_trained_with():
    half = finished("stage=alphanet_segmentation", "seed=7")
    _, upstream = run_of("method=alphanet", f"method.segmentation={half.digest}", verb="evaluate")
    assert upstream["method.alphanet"].key == digest("stage=alphanet", f"stage.segmentation={half.digest}")
    assert keys(upstream)["segmentation"] == half.digest
    assert keys(upstream)["matting"] == digest("stage=alphanet_matting")


def test_a_run_that_stands_on_a_file_cannot_name_it():
    Path("mat.ckpt").write_bytes(b"weights")
    finished("stage=alphanet_segmentation")
    whole = finished("stage=alphanet", "stage.matting=mat.ckpt")
    words = ["method=alphanet", f"method.alphanet={whole.digest}"]
    with pytest.raises(UserError, match=r"method\.matting: "):
        run_of(*words, verb="evaluate")
    _, upstream = run_of(*words, "method.matting=mat.ckpt", verb="evaluate")
    assert upstream["method.matting"].checkpoint == Path("mat.ckpt")
