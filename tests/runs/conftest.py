"""What tests of run folders share."""

import sys

import pytest

from matting.config import schema
from matting.config.compose import compose_config
from matting.data.build import fingerprint
from matting.runs import lifecycle
from matting.runs.upstream import stage_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The run of a config, begun and not trained."""
    schema.register()
    monkeypatch.setattr(sys, "argv", ["matting", "train", "seed=3"])
    found, _ = stage_run(compose_config("train", ["seed=3", "scale=quick", f"paths.output_dir={tmp_path / 'outputs'}"]))
    found.folder.mkdir(parents=True)
    lifecycle.begin(found, fingerprint(found.config), fresh=True)
    return found
