"""Tests of AlphaNet's two pre-training stages: what moves, what is logged, what a sample's seed decides."""

import math

import pytest
import torch

from matting.errors import JobError, UserError
from matting.losses.segmentation import dice_loss, focal_loss
from matting.metrics.mask import boundary_f1, iou
from matting.nets.matting_net import fuse
from matting.ops.trimap import scaled_size, trimap_from_alpha
from matting.stages.alphanet_matting import drawn_trimap
from tests.helpers.made_stages import make_stage, moved, part, people, snapshot

STAGES = {"alphanet_segmentation": "seg", "alphanet_matting": "mat"}
TERMS = {"alphanet_segmentation": ("focal", "dice"), "alphanet_matting": ("alpha", "compositional")}


def statistics(network):
    return {name: value.clone() for name, value in network.named_buffers() if "running" in name}


@pytest.mark.parametrize(("name", "net"), STAGES.items())
def test_one_update_moves_every_parameter(name, net):
    stage = make_stage(name, optimizer="torch.optim.Adam")
    before, norms = snapshot(stage), statistics(getattr(stage, net))
    stage.training_step(people(), 0)
    assert sorted(moved(stage, before)) == sorted(before)
    assert all(key.startswith(f"{net}.") for key in before)
    assert norms
    assert not any(torch.equal(value, norms[key]) for key, value in statistics(getattr(stage, net)).items())
    assert stage.batches == 1


@pytest.mark.parametrize(("name", "net"), STAGES.items())
def test_terms_rates_and_the_gradients_norm_are_logged(name, net):
    first, second = TERMS[name]
    words = [f"loss.{first}.weight=3", f"loss.{second}.weight=0.5", "scale.warmup=4"]
    stage, twin = make_stage(name, *words), make_stage(name, *words)
    stage.training_step(people(), 0)
    losses = twin.losses(people())
    losses.total.backward()
    norm = math.sqrt(sum(float(p.grad.square().sum()) for p in twin.parameters()))
    (row,) = stage.rows
    assert row.pop(f"train/grad_norm/{net}") == pytest.approx(norm, rel=1e-4)
    assert row == {
        f"train/loss/{first}": pytest.approx(float(losses.raw[first])),
        f"train/loss/{second}": pytest.approx(float(losses.raw[second])),
        f"train/weighted/{first}": pytest.approx(3 * float(losses.raw[first])),
        f"train/weighted/{second}": pytest.approx(0.5 * float(losses.raw[second])),
        "train/total": pytest.approx(3 * float(losses.raw[first]) + 0.5 * float(losses.raw[second])),
        f"train/lr/{net}": pytest.approx(stage.optim[net]["lr"] / 4),
    }


def test_a_fixed_norm_stays_and_all_else_moves():
    stage = make_stage("alphanet_matting", "scale.alphanet.freeze_norm=true", optimizer="torch.optim.Adam")
    before, norms = snapshot(stage), statistics(stage.mat)
    for seed in range(2):
        stage.training_step(people(seed=seed), seed)
    assert norms
    assert all(torch.equal(value, norms[key]) for key, value in statistics(stage.mat).items())
    fixed = {f"mat.{name}" for name, p in stage.mat.named_parameters() if not p.requires_grad}
    assert fixed
    assert {*moved(stage, before)} == {*before} - fixed


def test_accumulating_two_of_one_is_a_batch_of_two():
    words = ["scale.alphanet.freeze_norm=true", "scale.warmup=0", "scale.alphanet.mat_lr=1e-2"]
    one, other = make_stage("alphanet_matting", *words), make_stage("alphanet_matting", *words, "stage.accumulate=2")
    start = snapshot(one)
    for seed in range(2):
        batch = people(2, seed)
        one.training_step(batch, seed)
        before = snapshot(other)
        other.training_step(part(batch, 0), 2 * seed)
        assert not moved(other, before)
        other.training_step(part(batch, 1), 2 * seed + 1)
    assert moved(one, start)
    for (name, ours), theirs in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4, msg=name)
    assert (one.batches, other.batches) == (2, 4)
    assert one.rows[-1] == pytest.approx(other.rows[-1], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "plane", "term"),
    [("alphanet_segmentation", "image", "focal"), ("alphanet_matting", "bgr", "compositional")],
)
def test_a_term_that_is_not_finite_stops_before_the_weights(name, plane, term):
    stage, batch = make_stage(name), people(seed=3)
    batch[plane][0, 0, 5, 5] = math.nan
    before = snapshot(stage)
    with pytest.raises(JobError, match=rf"{term} .*nan.*batch 1.*3/0, 3/1"):
        stage.training_step(batch, 0)
    assert not moved(stage, before)


def test_the_segmentation_learns_the_person_where_the_mask_says_something():
    """The truth is alpha >= 0.5; pixels that are not valid count nowhere."""
    stage = make_stage("alphanet_segmentation").eval()  # twice the same without dropout and batch statistics
    batch = people()
    logits, mask = stage.seg(batch["image"]).detach(), batch["alpha"] >= 0.5
    found = stage.losses(batch)
    assert found.raw["focal"] == pytest.approx(float(focal_loss(logits, mask).mean()))
    assert found.raw["dice"] == pytest.approx(float(dice_loss(logits, mask).mean()))
    valid = torch.ones_like(mask)
    valid[..., :20] = False
    hidden = {**batch, "valid": valid}
    expected = stage.losses(hidden)
    assert expected.total != found.total
    changed = torch.where(valid, batch["alpha"], 1 - batch["alpha"])
    assert stage.losses({**hidden, "alpha": changed}).total == expected.total


def test_dropout_is_a_function_of_the_batch():
    """Earlier draws from the generator, as in a resumed run, make no difference."""
    stage = make_stage("alphanet_segmentation")
    with torch.no_grad():
        losses = []
        for before, seed in ((1, 0), (2, 0), (1, 7)):
            torch.manual_seed(before)
            losses.append(float(stage.losses({**people(), "seeds": [seed, 1]}).total))
    assert losses[0] == losses[1] != losses[2]


def test_validation_measures_the_mask_too():
    stage = make_stage("alphanet_segmentation", "stage.boundary=0").eval()
    batches = [people(2, seed) for seed in range(2)]
    for batch in batches:
        batch["valid"] = torch.ones_like(batch["alpha"], dtype=torch.bool)
        batch["valid"][..., :24] = False
    stage.predict_map = lambda batch: batch["image"].mean(1, keepdim=True)
    for seen in (batches[:1], batches):  # what one validation saw is no part of the next
        stage.on_validation_epoch_start()
        for i, batch in enumerate(seen):
            stage.validation_step(batch, i)
        stage.on_validation_epoch_end()
    pred, true, valid = (
        torch.cat(planes)
        for planes in zip(*((stage.predict_map(b) >= 0.5, b["alpha"] >= 0.5, b["valid"]) for b in batches), strict=True)
    )
    values = stage.validated
    assert 0 < values["val/iou"] < 1
    assert values["val/iou"] == pytest.approx(float(iou(pred, true, valid).mean()))
    assert values["val/boundary_f1"] == pytest.approx(float(boundary_f1(pred, true, 0, valid).mean()))
    assert {"val/whole/mse", "val/whole/conn"} <= values.keys()
    assert stage.rows[-1] == values


def test_trimap_widths_are_drawn_from_each_samples_seed():
    batch = people(4)
    trimaps = drawn_trimap(batch, (5, 120))
    alone = torch.cat([drawn_trimap(part(batch, at), (5, 120)) for at in range(4)])
    assert torch.equal(trimaps, alone)
    unknown = (trimaps == 0.5).sum((1, 2, 3)).tolist()
    assert len({*unknown}) > 2
    bounds = [trimap_from_alpha(batch["alpha"], scaled_size(64, 64, n, 320, 3)) for n in (5, 120)]
    low, high = ((bound == 0.5).sum((1, 2, 3)).tolist() for bound in bounds)
    assert all(a <= b <= c for a, b, c in zip(low, unknown, high, strict=True))
    again = drawn_trimap({**batch, "seeds": [seed + 100 for seed in batch["seeds"]]}, (5, 120))
    assert not torch.equal(again, trimaps)


def test_the_stage_draws_from_its_key():
    stage, batch = make_stage("alphanet_matting", "stage.trimap=[5,120]"), people(4)
    seen = []
    stage.mat.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    stage.losses(batch)
    assert torch.equal(seen[0], drawn_trimap(batch, (5, 120)))
    assert not torch.equal(seen[0], drawn_trimap(batch, (3, 41)))


@pytest.mark.parametrize("widths", ["7", "[41,3]"])
def test_widths_are_a_range(widths):
    with pytest.raises(UserError, match=r"^stage\.trimap="):
        make_stage("alphanet_matting", f"stage.trimap={widths}")


@pytest.mark.parametrize("loss_on", ["raw", "fused"])
def test_the_matting_loss_is_on_the_raw_or_the_fused_alpha(loss_on):
    stage, batch = make_stage("alphanet_matting", f"loss.loss_on={loss_on}").eval(), people()
    with torch.no_grad():
        losses = stage.losses(batch)
        trimap = drawn_trimap(batch, stage.widths)
        raw = stage.mat(batch["image"], trimap)
    pred, true = raw if loss_on == "raw" else fuse(raw, trimap), batch["alpha"]
    assert not torch.equal(raw, fuse(raw, trimap))
    comp = [torch.lerp(batch["bgr"], batch["fgr"], alpha) for alpha in (pred, true)]
    assert losses.raw["alpha"] == pytest.approx(float((pred - true).abs().mean()), rel=1e-5)
    assert losses.raw["compositional"] == pytest.approx(float((comp[0] - comp[1]).abs().mean()), rel=1e-5)
    assert losses.total == pytest.approx(0.5 * float(losses.raw["alpha"] + losses.raw["compositional"]))


def test_the_matting_network_is_measured_with_a_trimap_of_middle_width():
    words = ("stage.trimap=[5,55]", "stage.frame=[64,64]", "stage.long_side=64")
    stage, batch = make_stage("alphanet_matting", *words).eval(), people()
    with torch.no_grad():
        pred = stage.predict_map(batch)
        trimap = trimap_from_alpha(batch["alpha"], scaled_size(64, 64, 30, 320, 3))
        expected = fuse(stage.mat(batch["image"], trimap), trimap)
    assert torch.equal(pred, expected)
    assert pred.unique().numel() > 3
    assert torch.equal(stage.predict_map({**batch, "seeds": [8, 9]}), pred)
