"""On a GPU: the recipes from nothing to their reports, and the step without a wait."""

import json

import pytest
import torch

from tests.helpers.made_stages import make_stage, on, people

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("recipe", ["pomagan", "alphanet"])
def test_a_recipe_trains_and_is_measured(recipe, tiny, tmp_path):
    code, _, err = tiny("reproduce", f"recipe={recipe}", "trainer=gpu")
    assert code == 0, err
    assert list(tmp_path.glob("outputs/reports/*/report.html"))
    for file in tmp_path.glob("outputs/*/**/manifest.json"):
        assert json.loads(file.read_text())["device"] != "cpu"


def test_a_batch_of_the_alpha_stage_waits_only_where_it_is_logged():
    stage = make_stage("alpha_gan", optimizer="torch.optim.Adam").to("cuda")
    batch = on("cuda", people())
    stage.log_every = 1000
    with torch.autocast("cuda", torch.bfloat16):
        stage.training_step(batch, 0)  # libraries choose their kernels at first use, and the first batch is logged
        torch.cuda.set_sync_debug_mode("error")
        try:
            stage.training_step(batch, 1)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert all(parameter.isfinite().all() for parameter in stage.gen.parameters())
