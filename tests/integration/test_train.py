"""The verb train and the contract of a run: folder, digest, done, resume, failure, keep."""

import json
import os
import signal

import pytest
import torch
import yaml

from matting.config.identity import CONFIG_VERSION
from matting.errors import Interrupted
from matting.stages.alphanet_segmentation import AlphaNetSegmentation
from matting.utils.files import read_metrics
from tests.helpers.trained_runs import KILLED, only_run, same_weights, start, wait_for_batch, weights


def test_a_run_keeps_everything_and_is_found_again(tiny, tmp_path, trained):
    run = only_run(tmp_path)
    names = {path.name for path in run.iterdir()}
    assert names == {
        ".lock",
        "config.yaml",
        "manifest.json",
        "checkpoints",
        "metrics.csv",
        "images",
        "train.log",
        "result.json",
    }
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["best.ckpt"]
    assert {path.name for path in (run / "images").iterdir()} == {"val-0000003.png", "val-0000006.png"}
    manifest = json.loads((run / "manifest.json").read_text())
    keys = {
        "command",
        "git",
        "versions",
        "device",
        "seed",
        "data_fingerprint",
        "started",
        "ended",
        "skipped",
        "seconds",
    }
    assert keys <= manifest.keys()
    result = json.loads((run / "result.json").read_text())
    assert result["batches"] == 6
    assert {"val", "procedural"} <= result.keys()
    rows = read_metrics(run / "metrics.csv")
    assert {row["batch"] for row in rows if row["name"] == "train/total"} == {1, 2, 3, 4, 5, 6}
    logged = {row["name"] for row in rows}
    for term in ("adversarial", "perceptual", "segmentation", "border"):
        assert {f"train/loss/{term}", f"train/weighted/{term}"} <= logged
    for name in ("gen", "disc", "d_real", "d_fake", "d_real/1", "d_real/2", "d_real/3", "d_fake/3"):
        assert f"train/adv/{name}" in logged
    assert {"train/grad_norm/gen", "train/grad_norm/disc", "train/lr/gen", "train/lr/disc"} <= logged

    before = (run / "result.json").stat().st_mtime_ns
    code, out, _ = tiny("train", "checkpoint.keep=best", "runtime.log_every=3", "runtime.workers=1")
    assert code == 0
    assert str(run.name) in out
    assert (run / "result.json").stat().st_mtime_ns == before
    code, out, _ = tiny("train", "plan=true")
    assert out.split()[0] == "done"

    # the config that was kept is enough to run it again
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["config_version"] == CONFIG_VERSION
    assert config["stage"]["batch_size"] == 2


def test_another_data_fingerprint_is_an_error(tiny, tmp_path, trained):
    run = only_run(tmp_path)
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "data_fingerprint": "0123456789abcdef"}))
    code, _, err = tiny("train")
    assert code == 2
    assert "0123456789abcdef" in err
    assert manifest["data_fingerprint"] in err
    assert "rerun=true" in err


def test_the_plan_of_the_alpha_stage_names_both_runs(tiny):
    code, out, _ = tiny("train", "stage=alpha_gan", "plan=true")
    assert code == 0
    states = [line.split("  ")[0].strip() for line in out.splitlines() if "outputs/" in line]
    assert states == ["new", "waits for an upstream run"]


def test_the_alpha_stage_finds_the_run_that_it_was_trained_on(tiny, tmp_path, trained):
    segmentation, alpha = only_run(tmp_path), only_run(tmp_path, "alpha_gan")
    config = yaml.safe_load((alpha / "config.yaml").read_text())
    assert segmentation.name.endswith(config["stage"]["coarse"])
    assert not [key for key in weights(alpha) if "segmentation" in key or "features" in key]

    # other losses of the alpha stage stand on the same segmentation run
    code, out, _ = tiny("train", "stage=alpha_gan", "loss=cgan_alpha", "plan=true")
    assert [line.split()[0] for line in out.splitlines() if "outputs/" in line] == ["done", "new"]
    # naming it by digest, folder or checkpoint loads the same network
    for reference in (config["stage"]["coarse"], str(segmentation), str(segmentation / "checkpoints/best.ckpt")):
        code, out, err = tiny("train", "stage=alpha_gan", f"stage.coarse={reference}", "plan=true")
        assert code == 0, err
    code, _, err = tiny("train", "stage=alpha_gan", f"stage.coarse={alpha}")
    assert code == 2
    assert "alpha_gan" in err
    assert "segmentation_gan" in err


def test_the_alpha_stage_can_be_trained_alone(tiny, tmp_path):
    assert (
        tiny("train", "stage=alpha_gan", "stage.coarse=ground_truth", "loss=cgan_alpha", "net.gen.encoder=concat")[0]
        == 0
    )
    assert not (tmp_path / "outputs/segmentation_gan").exists()
    assert only_run(tmp_path, "alpha_gan")


def test_a_run_whose_output_nobody_reads_any_more_goes_on(tiny, monkeypatch):
    def unread(text):
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr("matting.training.callbacks.progress.say", unread)  # what a validation found
        with pytest.raises(BrokenPipeError):
            tiny("train", "checkpoint.every_batches=1")
    _, out, _ = tiny("train", "plan=true")
    assert "resume" in [line.split()[0] for line in out.splitlines()]
    assert tiny("train")[0] == 0


def test_a_term_that_is_not_finite_stops_the_run(tiny, tmp_path, monkeypatch):
    from matting.stages.segmentation_gan import SegmentationGAN

    plain = SegmentationGAN.example

    def poisoned(stage, batch):
        example = plain(stage, batch)
        if stage.training and stage.batches == 5:
            example.image.fill_(float("nan"))
        return example

    monkeypatch.setattr(SegmentationGAN, "example", poisoned)
    code, _, err = tiny("train", "checkpoint.every_batches=1")
    assert code == 4
    assert "batch 5" in err
    assert "procedural/" in err
    assert "loss term" in err
    run = only_run(tmp_path)
    last = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    assert last["matting"]["batches"] == 4
    assert all(value.isfinite().all() for value in last["state_dict"].values())
    assert "loss term" in json.loads((run / "manifest.json").read_text())["error"]
    code, out, _ = tiny("train", "plan=true")
    assert out.split()[0] == "failed"
    monkeypatch.undo()


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_result(tmp_path, tiny):
    """kill -9 at an epoch's end and in the last epoch; then the same command again."""
    assert tiny("train", "checkpoint.every_batches=2", *KILLED)[0] == 0
    whole = only_run(tmp_path)
    expected = {name: weights(whole, name) for name in ("last", "best")}
    rows = read_metrics(whole / "metrics.csv")

    folder = tmp_path / "killed"
    folder.mkdir()
    for batch in (8, 19):
        process = start(folder, tmp_path.parent / "cache", *KILLED)
        wait_for_batch(folder, batch, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (only_run(folder) / "result.json").exists()
    os.chdir(folder)
    code, out, err = tiny("train", "checkpoint.every_batches=2", *KILLED)
    assert code == 0, err
    assert "going on with" in out
    killed = only_run(folder)
    for name, state in expected.items():
        same_weights(state, weights(killed, name))
    assert read_metrics(killed / "metrics.csv") == rows
    assert json.loads((killed / "result.json").read_text()) == json.loads((whole / "result.json").read_text())
    assert len(json.loads((killed / "manifest.json").read_text())["starts"]) == 3


def test_a_network_with_dropout_goes_on_to_the_same_weights(tiny, tmp_path, monkeypatch):
    """What is random in it is a batch's own, not the run's: a start in the middle draws the same."""
    stage = "alphanet_segmentation"
    words = [f"stage={stage}", "checkpoint.every_batches=2", "checkpoint.keep=all"]
    assert tiny("train", *words)[0] == 0
    whole, losses = only_run(tmp_path, stage), AlphaNetSegmentation.losses

    def stop_at_five(self, batch):
        if self.batches == 5:
            raise Interrupted("stopped")
        return losses(self, batch)

    words.append("paths.output_dir=stopped/outputs")
    with monkeypatch.context() as patch:
        patch.setattr(AlphaNetSegmentation, "losses", stop_at_five)
        assert tiny("train", *words)[0] == 130
    stopped = only_run(tmp_path / "stopped", stage)
    assert torch.load(stopped / "checkpoints/last.ckpt", weights_only=True)["matting"]["batches"] == 4
    code, out, err = tiny("train", *words)
    assert (code, err) == (0, "")
    assert "going on with" in out
    for name in ("last", "best"):
        same_weights(weights(whole, name), weights(stopped, name))
    assert read_metrics(stopped / "metrics.csv") == read_metrics(whole / "metrics.csv")


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path):
    process = start(tmp_path, tmp_path.parent / "cache", "scale.seg_epochs=400", "runtime.workers=1")
    wait_for_batch(tmp_path, 3, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "same command" in err
    run = only_run(tmp_path)
    assert torch.load(run / "checkpoints/last.ckpt", weights_only=True)["matting"]["batches"] >= 3


@pytest.mark.parametrize("precision", ["bf16-mixed"])
def test_other_precisions_train(tiny, precision):
    assert tiny("train", f"trainer.precision={precision}", "trainer.max_batches=2")[0] == 0
