"""Fixtures of the tests of configs."""

import pytest

from matting.config import schema
from matting.config.compose import hydra_ready


@pytest.fixture(scope="module")
def hydra():
    """Hydra, set up once for a module: that takes longer than to compose a config."""
    schema.register()
    with hydra_ready():
        yield
