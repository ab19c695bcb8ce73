"""Other test sets, or another size of them, train nothing: figures are measured anew from the checkpoints."""

import json

import pytest

SIZE = "scale.eval_size=[40,36]"


@pytest.fixture
def kept(trained, monkeypatch):
    """Both stages are trained; to train one again is an error."""
    monkeypatch.setattr("matting.experiments.execution.fit", lambda *_: pytest.fail("a stage is trained again"))


def only(tmp_path, pattern):
    (file,) = tmp_path.glob(f"outputs/{pattern}")
    return json.loads(file.read_text())


@pytest.mark.slow
def test_a_stage_and_its_method_are_measured_at_another_size(kept, tiny, tmp_path, monkeypatch):
    before = only(tmp_path, "alpha_gan/*/result.json")
    code, out, err = tiny("train", "stage=alpha_gan", SIZE)
    assert code == 0, err
    assert only(tmp_path, "alpha_gan/*/result.json") == before
    means = only(tmp_path, "alpha_gan/*/tests/*.json")["procedural"]
    assert f"mse {means['whole/mse']:.4g}" in out
    assert means["whole/mse"] != before["procedural"]["whole/mse"]
    monkeypatch.setattr("matting.training.trainer.measure_again", lambda *_: pytest.fail("measured once more"))
    assert tiny("train", "stage=alpha_gan", SIZE)[0] == 0
    assert tiny("train", "stage=alpha_gan")[0] == 0
    code, _, err = tiny("evaluate", SIZE, "pictures=0")
    assert code == 0, err
    rows = only(tmp_path, "evaluate/pomagan/*/result.json")["tests"]["procedural"]["rows"]
    for name in ("mse", "mae", "sad", "grad", "conn"):
        assert rows["alpha"]["whole"][name] == pytest.approx(means[f"whole/{name}"], rel=1e-5), name


@pytest.mark.slow
def test_another_test_set_is_measured_and_may_show_nobody_of_the_training(kept, tiny, tmp_path):
    node = "data.test.procedural.subjects"
    code, _, err = tiny("train", f"{node}.first=700000", f"{node}.count=3")
    assert code == 0, err
    assert only(tmp_path, "segmentation_gan/*/tests/*.json")["procedural"]["whole/mse"] > 0
    code, _, err = tiny("train", f"{node}.first=0")
    assert code == 2
    assert "training" in err
    code, _, err = tiny("evaluate", f"{node}.first=0")
    assert code == 2
    assert "training" in err
