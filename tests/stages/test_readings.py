"""What a paper leaves open and a key decides: another choice changes what the key names, nothing else."""

import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.config.instantiate import build
from matting.errors import UserError
from matting.nets.attention import attention_unpool
from matting.nets.matting_net import MattingNet
from matting.nets.vgg import VGGFeatures
from matting.ops.trimap import border_map
from tests.helpers.made_stages import BRIGHT, MATTING, make_stage, people, trained


def losses(stage, batch, pred):
    example = stage.example(batch)
    return stage.objective.generator_losses(example, pred.expand_as(example.true_map), stage.disc).raw


@pytest.mark.parametrize(
    ("key", "term"), [("loss.perceptual.taps=johnson", "perceptual"), ("loss.border.shape=cross", "border")]
)
@pytest.mark.parametrize("name", ["segmentation_gan", "alpha_gan"])
def test_a_choice_changes_its_term_alone(name, key, term):
    batch, pred = people(), torch.full((1, 1, 1, 1), 0.3)
    before, after = (losses(make_stage(name, *words), batch, pred) for words in ([], [key]))
    assert {one for one in before if not torch.equal(before[one], after[one])} == {term}


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_the_threshold_makes_the_true_map_of_the_segmentation_stage(threshold):
    batch = people()
    stage = make_stage("segmentation_gan", f"stage.mask_threshold={threshold}")
    assert torch.equal(stage.example(batch).true_map, (batch["alpha"] >= threshold).float())


def test_the_threshold_makes_the_border_of_the_alpha_stage():
    stage, batch = make_stage("alpha_gan", "stage.mask_threshold=0.05", "loss.border.kernel_min=3"), people()
    pred = torch.zeros(2, 1, 64, 64)
    example = stage.example(batch)
    border = border_map(batch["alpha"] >= 0.05, 3)
    node = stage.objective.loss["border"]
    assert (node["kernel"], node["kernel_side"]) == (15, 768)
    expected = sum((border * example.true_map * plane).mean() for plane in (1, batch["image"]))
    difference = example.image - example.new_bgr
    expected += (border * example.true_map * difference).abs().mean()
    assert losses(stage, batch, pred)["border"].item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("name", ["alphanet_segmentation", "alphanet"])
def test_the_threshold_makes_the_mask_of_alphanets_segmentation(name):
    networks = {"segmentation": trained(BRIGHT), "matting": trained(MATTING)} if name == "alphanet" else {}
    batch = people()
    first, second = (
        make_stage(name, f"stage.mask_threshold={threshold}", **networks).losses(batch).raw for threshold in (0.1, 0.9)
    )
    assert {"focal", "dice"} <= {term for term in first if not torch.equal(first[term], second[term])}


@pytest.mark.parametrize("scale", ["quick", "small", "paper"])
def test_the_default_tells_a_coarse_map_of_nobody_from_one_of_everywhere(scale):
    schema.register()
    node = plain(compose_config("train", ["stage=alpha_gan", f"scale={scale}"]))["net"]["gen"]
    torch.manual_seed(0)
    network, image = build({**node, "width": 16, "depth": 3, "blocks": 1}), torch.rand(1, 3, 48, 40)
    with torch.no_grad():
        nobody, everywhere = (network(image, torch.full((1, 1, 48, 40), level)) for level in (0.0, 1.0))
    assert (nobody - everywhere).abs().mean() > 0.01


def test_the_kind_of_un_pooling():
    feature, ones = torch.arange(4.0).view(1, 1, 2, 2), torch.ones(1, 1, 4, 4)
    assert torch.equal(attention_unpool(feature, ones), feature.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert attention_unpool(feature, ones, "bilinear")[0, 0, 0].tolist() == [0, 0.25, 0.75, 1]
    alphas = []
    for kind in ("nearest", "bilinear"):
        torch.manual_seed(0)
        network, inputs = (
            MattingNet(width=0.25, unpool=kind).eval(),
            (torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)),
        )
        with torch.no_grad():
            alphas.append(network(*inputs))
    assert (alphas[0] - alphas[1]).abs().max() > 1e-4
    with pytest.raises(UserError, match=r"unpool: .*nearest.*bilinear.*area"):
        MattingNet(width=0.25, unpool="area")


def test_unknown_taps():
    with pytest.raises(UserError, match=r"taps: .*first.*johnson.*last"):
        VGGFeatures(width=0.125, taps="last")
