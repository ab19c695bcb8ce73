"""What tests of experiments share."""

import pytest
from hydra import initialize_config_dir

from matting.config import schema
from matting.config.compose import config_dir


@pytest.fixture
def hydra():
    """Hydra set up once for what composes rows."""
    schema.register()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield
