"""What the command imports for verbs that compute nothing: no torch, and Hydra only where a config is composed."""

import subprocess
import sys

import pytest

from matting.experiments.recipe import recipe_runs
from tests.helpers.made_runs import OVERRIDES, compose, finish_evaluation, finish_stage

HEAVY = ("torch", "lightning", "albumentations", "torchvision", "torchmetrics", "kornia")
LINES = (
    ["--help"],
    ["train", "--help"],
    ["train", "--cfg", "job"],
    ["dashboard", "--help"],
    ["train", "stage=alphanet", "plan=true"],
    ["train", *OVERRIDES],
    ["runs"],
    ["reproduce", *OVERRIDES, "plan=true"],
    ["reproduce", *OVERRIDES],
    ["report", *OVERRIDES],
)
PROGRAM = f"""
import sys
from matting.cli.main import main
for line in {LINES}:
    code = main(line)
    print("imported", code, *(name for name in ("hydra", *{HEAVY}) if name in sys.modules))
"""


@pytest.mark.slow
def test_verbs_that_compute_nothing_import_no_torch(tmp_path, monkeypatch):
    """Help, a config, plans, and everything asked of a recipe that is done: found, listed and reported."""
    monkeypatch.chdir(tmp_path)
    *stages, evaluation = recipe_runs(compose()).steps
    for stage in stages:
        finish_stage(stage)
    finish_evaluation(evaluation)
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("imported ")]
    assert found == [["0"], *[["0", "hydra"]] * (len(LINES) - 1)], done.stderr
