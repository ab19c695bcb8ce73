"""Every launcher runs a sweep's jobs and reports those that fail; one of them trains."""

import json

import pytest

from matting.config import schema
from matting.config.compose import compose_config
from matting.runs.upstream import stage_run
from tests.helpers.made_runs import finish_stage
from tests.helpers.swept import FAST, start, starts
from tests.helpers.tiny import TINY

pytestmark = pytest.mark.slow

LAUNCHERS = {
    "joblib": [],
    "submitit_local": [],
    "ray": ["hydra.launcher.ray.init.num_cpus=1", "hydra.launcher.ray.remote.num_cpus=0.5"],
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_launchers_run_every_job_and_report_those_that_fail(tmp_path, monkeypatch, launcher):
    """Jobs that need no torch: the data of seeds 1 and 3 have changed, seed 2 is done."""
    monkeypatch.chdir(tmp_path)
    schema.register()
    for seed, facts in ((1, {"data_fingerprint": "0123"}), (2, {}), (3, {"data_fingerprint": "0123"})):
        run, _ = stage_run(compose_config("train", [*TINY, *FAST, f"seed={seed}"]))
        finish_stage(run, **facts)
    words = [*FAST, "-m", "seed=1,2,3", f"hydra/launcher={launcher}", *LAUNCHERS[launcher]]
    _, err = (process := start(tmp_path, *words)).communicate(timeout=200)
    assert process.returncode == 4, err
    failed = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in failed] == ["seed=1", "seed=3"]
    assert "0123" in failed[1]
    assert err.splitlines()[-1].startswith("matting train: 2 jobs failed")


def test_jobs_side_by_side_share_their_upstream_run(tmp_path):
    """Two jobs that train: one makes their first stage, the other waits for it."""
    words = ["stage=alpha_gan", *FAST, "-m", "loss=cgan_alpha,cgan_per_alpha", "hydra/launcher=joblib"]
    out, err = (process := start(tmp_path, *words, "loss.alpha.weight=100")).communicate(timeout=200)
    assert process.returncode == 0, err
    assert list(starts(tmp_path, "segmentation_gan").values()) == [1]
    assert list(starts(tmp_path, "alpha_gan").values()) == [1, 1]
    assert "another process" in out
    for file in tmp_path.glob("outputs/alpha_gan/*/manifest.json"):
        assert json.loads(file.read_text())["command"].startswith("matting train ")
        assert "batch 2" in (file.parent / "train.log").read_text()
