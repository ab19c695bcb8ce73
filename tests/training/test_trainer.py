"""A training reads each checkpoint once, and measures its test sets as an evaluation does."""

import json

import pytest

from matting.errors import Interrupted
from tests.helpers.reads import counted_reads
from tests.helpers.trained_runs import only_run

WORDS = ("loss.perceptual.weight=0", "val.pictures=0", "checkpoint.every_batches=2")


@pytest.mark.parametrize("keep", ["weights", "best"])
def test_a_training_reads_its_best_checkpoint_once(tiny, keep, tmp_path):
    with counted_reads() as reads:
        assert tiny("train", *WORDS, f"checkpoint.keep={keep}")[0] == 0
    assert reads == {"best.ckpt": 1}
    assert [file.name for file in (only_run(tmp_path) / "checkpoints").iterdir()] == ["best.ckpt"]


@pytest.mark.parametrize("where", ["callbacks.lifecycle.Limit.on_train_batch_end", "trainer.measure"])
def test_a_resumed_training_reads_each_checkpoint_once(tiny, monkeypatch, where):
    """One that was stopped after a validation, and one that was stopped after its last batch."""

    def stop(*arguments):
        if where == "trainer.measure" or arguments[2].batches == 5:
            raise Interrupted("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(f"matting.training.{where}", stop)
        assert tiny("train", *WORDS)[0] == 130
    with counted_reads() as reads:
        assert tiny("train", *WORDS)[0] == 0
    assert reads == {"last.ckpt": 1, "best.ckpt": 1}


def test_a_stage_is_measured_as_the_method_that_it_is(tiny, tmp_path):
    """AlphaNet's segmentation network on the test set: by its training, and as the mask of a method."""
    assert tiny("train", "stage=alphanet_segmentation", "val.pictures=0")[0] == 0
    run = only_run(tmp_path, "alphanet_segmentation")
    means = json.loads((run / "result.json").read_text())["procedural"]
    nobody = [f"without_people/{name}" for name in ("mean_alpha", "above_half", "mse")]
    assert means.keys() == {*nobody, *(f"whole/{name}" for name in ("sad", "mse", "mae", "grad", "conn", "n_empty"))}
    found = tiny("evaluate", "method=knn_network", f"method.segmentation={run}", "method.max_side=64", "pictures=0")
    assert found[0] == 0, found
    (file,) = tmp_path.glob("outputs/evaluate/knn_network/*/result.json")
    test = json.loads(file.read_text())["tests"]["procedural"]
    figures = {f"whole/{name}": test["rows"]["mask"]["whole"][name] for name in ("sad", "mse", "mae", "grad", "conn")}
    figures |= {f"without_people/{name}": value for name, value in test["without_people"]["rows"]["mask"].items()}
    assert figures == pytest.approx({name: means[name] for name in figures}, rel=1e-4)
