"""What a stage's samples hold."""

import pytest

from matting import schema
from matting.config import compose_config, plain
from matting.data.datamodule import CompositeData
from tests.conftest import TINY

ALPHA = ("stage=alpha_gan", "stage.coarse=ground_truth")


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (["stage=segmentation_gan"], False),
        ([*ALPHA], True),
        ([*ALPHA, "loss.targets=[alpha,fgr]"], False),
        (["stage=alphanet_matting"], False),
    ],
)
def test_another_background_is_read_only_for_a_loss_that_composites_on_it(words, asks, tmp_path):
    schema.register()
    data = CompositeData(plain(compose_config("train", [*TINY, *words, f"paths.cache_dir={tmp_path}"])), 2, 1)
    data.setup("fit")
    assert data.training is not None
    assert data.validation is not None
    assert ("new_bgr" in data.training[0, 3]) is asks
    assert "new_bgr" not in data.validation[0]
