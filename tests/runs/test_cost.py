"""The rule of thumb against counted operations, and how it grows."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.config.instantiate import build
from matting.runs import cost

STAGES = ("segmentation_gan", "alpha_gan", "alphanet_segmentation", "alphanet_matting", "alphanet")


def config_of(*words):
    schema.register()
    return plain(compose_config("train", words))


def counted(node, *channels, height=64, width=96):
    """Operations of a network's way forward for each pixel, on no device."""
    with torch.device("meta"):
        network = build(node)
        inputs = [torch.zeros(1, count, height, width) for count in channels]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*inputs)
    return counter.get_total_flops() / height / width


@pytest.mark.parametrize("scale", ["quick", "small", "paper"])
@pytest.mark.parametrize(("stage", "channels"), [("segmentation_gan", (3,)), ("alpha_gan", (3, 1))])
def test_generators_are_what_torch_counts(stage, channels, scale):
    node = config_of(f"stage={stage}", f"scale={scale}")["net"]["gen"]
    assert cost.generator(node) / 3 == pytest.approx(counted(node, *channels), rel=0.15)


# Counted in whole steps of one batch at 64x64 (float32, CPU), by Throughput: operations for each pixel.
STEPS = {
    "stage=segmentation_gan": 2.959e5,
    "stage=segmentation_gan loss.perceptual.weight=0": 2.259e5,
    "stage=segmentation_gan scale.blocks=6": 4.065e5,
    "stage=segmentation_gan scale.net_width=32": 7.569e5,
    "stage=segmentation_gan scale.disc_width=32": 4.641e5,
    "stage=segmentation_gan scale.vgg_width=0.25": 5.007e5,
    "stage=alphanet_segmentation": 5.766e5,
    "stage=alphanet_matting": 1.84e5,
    "stage=alphanet_matting scale.alphanet.width=1": 6.452e5,
}


@pytest.mark.parametrize("line", STEPS)
def test_whole_steps_are_near_those_that_were_counted(line):
    config = config_of("scale=quick", *line.split())
    assert cost.operations(config) / cost.pixels(config) == pytest.approx(STEPS[line], rel=0.2)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_cost_that_grows_with_its_scale(stage):
    quick, small, paper = (config_of(f"stage={stage}", f"scale={name}") for name in ("quick", "small", "paper"))
    for rule in (cost.operations, cost.forward, cost.memory):
        assert 0 < rule(quick) < rule(small)
        assert rule(quick) < rule(paper)


def test_memory_is_near_the_measured(tmp_path):
    """docs/measurements/memory.md: the alpha stage of the paper, one sample, GB."""
    words = ("stage=alpha_gan", "scale=paper")
    for more, measured in (
        (("scale.height=384", "scale.width=640"), 7.2),
        (("scale.height=384", "scale.width=640", "trainer.precision=bf16-mixed"), 6.3),
        (("trainer.precision=bf16-mixed",), 13.5),
        (("runtime.recompute=true",), 13.1),
    ):
        assert cost.memory(config_of(*words, *more)) / 1e9 == pytest.approx(measured, rel=0.3)


def test_a_stage_that_the_rule_does_not_know_has_none():
    config = config_of("scale=quick")
    config["net"] = {"own": {"width": 3}}
    assert cost.operations(config) is cost.memory(config) is cost.forward(config) is None
