"""What starts from random weights is said before it is trained."""

import pytest

from matting.config import schema
from matting.config.compose import compose_config
from matting.runs.upstream import stage_run
from matting.runs.weights import from_scratch, random_weights


def lines(*words):
    schema.register()
    return list(random_weights(stage_run(compose_config("train", words))[0]))


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["stage=segmentation_gan", "scale=small", "trainer=gpu"], ["vgg.weights=imagenet"]),
        (["stage=segmentation_gan", "scale=quick"], ["vgg.weights=imagenet vgg.width=1"]),
        (["stage=alpha_gan", "scale=small"], ["vgg.weights=imagenet"]),
        (["stage=alpha_gan", "scale=small", "loss=cgan_alpha"], []),
        (["stage=alpha_gan", "scale=small", "vgg.weights=imagenet"], []),
        (["stage=alphanet_segmentation", "scale=small"], ["scale.alphanet.encoder_weights=imagenet"]),
        (["stage=alphanet_matting", "scale=small"], ["scale.alphanet.backbone_weights=imagenet"]),
        (["stage=alphanet", "scale=small"], []),  # its networks come from the runs before
        *(([f"stage={stage}", "scale=paper"], []) for stage in ("alpha_gan", "alphanet_segmentation")),
    ],
)
def test_a_line_for_all_that_is_random(words, keys):
    found = lines(*words)
    assert len(found) == len(keys)
    assert all(key + " " in line for key, line in zip(keys, found, strict=True))


def test_a_stage_from_scratch_is_named():
    schema.register()
    for scale, expected in (("small", ["alphanet_matting"]), ("paper", [])):
        run, _ = stage_run(compose_config("train", ["stage=alphanet_matting", f"scale={scale}"]))
        assert from_scratch([run]) == expected


def test_the_command_says_it_at_the_start_and_in_its_log(tiny, tmp_path):
    code, out, err = tiny("train", "trainer=debug", "val.pictures=0")
    assert code == 0, err
    (log,) = tmp_path.glob("outputs/segmentation_gan/*/train.log")
    for text in (out, log.read_text()):
        assert "vgg.weights=imagenet vgg.width=1" in text
