"""The private part of wandb-workspaces that the suite needs."""

import pytest

from matting.tracking.wandb_internals import data_of


@pytest.mark.parametrize("module", ["reports.v2", "workspaces"])
def test_what_is_sent_can_be_had_as_data(module):
    name = {"reports.v2": "Report", "workspaces": "Workspace"}[module]
    made = getattr(pytest.importorskip(f"wandb_workspaces.{module}"), name)
    assert hasattr(made, "_to_model"), f"wandb-workspaces {name} has no _to_model: adapt tracking/wandb_internals.py"
    assert data_of(made(entity="e", project="p"))
