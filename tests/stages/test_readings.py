"""What a paper leaves open and a key decides: another choice changes what the key names, nothing else."""

import pytest
import torch

from matting.errors import UserError
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
    assert stage.objective.border_term(example, pred) == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("name", ["alphanet_segmentation", "alphanet"])
def test_the_threshold_makes_the_mask_of_alphanets_segmentation(name):
    networks = {"segmentation": trained(BRIGHT), "matting": trained(MATTING)} if name == "alphanet" else {}
    batch = people()
    first, second = (
        make_stage(name, f"stage.mask_threshold={threshold}", **networks).losses(batch).raw for threshold in (0.1, 0.9)
    )
    assert {"focal", "dice"} <= {term for term in first if not torch.equal(first[term], second[term])}


def test_unknown_taps():
    with pytest.raises(UserError, match=r"taps: .*first.*johnson.*last"):
        VGGFeatures(width=0.125, taps="last")
