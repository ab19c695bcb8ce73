"""Every stage trains and validates on samples without a person: nothing is divided by an empty region."""

import math

import pytest
import torch

from tests.helpers.made_stages import BRIGHT, MATTING, make_stage, people, trained

STAGES = {
    "segmentation_gan": ["loss.border.normalize=image"],
    "segmentation_gan border": ["loss.border.normalize=border"],
    "alpha_gan": ["loss.border.normalize=image"],
    "alpha_gan border": ["loss.border.normalize=border"],
    "alphanet_segmentation": [],
    "alphanet_matting": [],
    "alphanet_matting fused": ["loss.loss_on=fused"],
    **{f"alphanet {feedback}": [f"stage.feedback={feedback}"] for feedback in ("value", "straight_through", "soft")},
}


@pytest.mark.parametrize("empty", [[0], [0, 1]], ids=["one of two", "both"])
@pytest.mark.parametrize("case", STAGES)
def test_a_step_and_a_validation_are_finite(case, empty):
    name = case.split()[0]
    networks = {"segmentation": trained(BRIGHT), "matting": trained(MATTING)} if name == "alphanet" else {}
    stage = make_stage(name, *STAGES[case], **networks)
    batch = people()
    batch["alpha"][empty] = 0
    batch["image"][empty] = batch["bgr"][empty]
    stage.training_step(batch, 0)
    assert stage.rows
    assert all(math.isfinite(value) for row in stage.rows for value in row.values()), stage.rows
    assert all(parameter.isfinite().all() for parameter in stage.parameters())
    stage.eval()
    with torch.no_grad():
        stage.validation_step(batch, 0)
    values = {key: value for key, value in stage.validation_values().items() if "boundary" not in key}
    assert all(map(math.isfinite, values.values())), values
