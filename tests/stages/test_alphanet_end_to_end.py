"""Tests of AlphaNet end to end: which gradients each kind of feedback lets through."""

import math

import pytest
import torch

from matting.errors import JobError
from tests.helpers.end_to_end import end_to_end, gradients, own_and_matting_losses
from tests.helpers.made_stages import make_stage, moved, part, people, snapshot

FEEDBACKS = ("value", "own", "none", "straight_through", "soft", "apart")
DEEPLAB = {"_target_": "matting.nets.person.PersonSegmentation", "encoder": "tu-mobilenetv3_small_050", "size": 32}


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_a_step_moves_what_the_feedback_lets_learn(feedback):
    # on the raw alpha: with an untrained segmentation there may be no unknown region
    stage = end_to_end(feedback, "loss.loss_on=raw", optimizer="torch.optim.Adam", seg=DEEPLAB)
    before, buffers = snapshot(stage), {name: value.clone() for name, value in stage.seg.named_buffers()}
    assert {module.training for module in stage.seg.modules()} == {feedback != "none"}
    assert all(module.training for module in stage.mat.decoder.modules())
    assert not any(norm.training for norm in stage.mat.encoder.norms)
    stage.training_step(people(), 0)
    fixed = {f"mat.{name}" for name, _ in stage.mat.named_parameters() if is_norm(stage.mat, name)}
    learns = {name for name in before if name.startswith("mat." if feedback == "none" else ("mat.", "seg."))}
    assert fixed
    assert {*moved(stage, before)} == learns - fixed
    statistics = [name for name in buffers if "running" in name]
    assert statistics
    after = dict(stage.seg.named_buffers())
    assert all(torch.equal(after[name], buffers[name]) == (feedback == "none") for name in statistics)


def is_norm(network, parameter):
    """Return whether a parameter belongs to a batch norm of the matting network's backbone."""
    return isinstance(network.get_submodule(parameter.rsplit(".", 1)[0]), torch.nn.BatchNorm2d)


def test_without_feedback_the_segmentation_is_frozen_and_kept():
    stage = end_to_end("none", seg=DEEPLAB)
    assert list(stage.trained) == ["mat"]
    assert len(stage.configure_optimizers()) == 1
    for _ in range(2):
        assert not any(module.training for module in stage.seg.modules())
        assert stage.mat.training
        stage.train()
    seg, mat = gradients(stage, people())
    assert all(gradient is None for gradient in seg)
    assert any(gradient is not None for gradient in mat)
    assert {key.split(".")[0] for key in stage.state_dict()} == {"seg", "mat"}
    checkpoint = {}
    stage.on_save_checkpoint(checkpoint)
    assert checkpoint["matting"]["nets"].keys() == {"seg", "mat", "trimap"}
    assert not any("focal" in key or "seg" in key for key in stage.losses(people()).raw)


def test_value_weighs_each_samples_own_loss_by_one_and_its_matting_loss():
    stage, batch = end_to_end("value"), people(3)
    batch["alpha"][1] = 1 - batch["alpha"][1]  # a sample that costs more
    own, matting = own_and_matting_losses(stage, batch)
    assert matting.detach().std() > 0.1
    expected = torch.autograd.grad((own * (1 + matting.detach())).mean(), list(stage.seg.parameters()))
    unweighted = torch.autograd.grad(own_and_matting_losses(stage, batch)[0].mean(), list(stage.seg.parameters()))
    seg, _ = gradients(stage, batch)
    for found, wanted, plain in zip(seg, expected, unweighted, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-7)
        assert not torch.allclose(found, plain, rtol=1e-2)


def test_value_lets_nothing_else_of_the_matting_loss_through():
    """Another background changes a sample's matting loss, and only the length of the gradient."""
    stage, batch = end_to_end("value"), people(1)
    other = {**batch, "bgr": 1 - batch["bgr"]}
    lengths, directions = [], []
    for each in (batch, other):
        seg, _ = gradients(stage, each)
        flat = torch.cat([gradient.flatten() for gradient in seg])
        lengths.append(float(flat.norm() / (1 + own_and_matting_losses(stage, each)[1].detach())))
        directions.append(flat / flat.norm())
    torch.testing.assert_close(*directions)
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-5)
    matting = [float(own_and_matting_losses(stage, each)[1].detach()) for each in (batch, other)]
    assert matting[0] != pytest.approx(matting[1], rel=1e-2)


@pytest.mark.parametrize(
    ("feedback", "reached"),
    [("value", False), ("own", False), ("apart", False), ("straight_through", True), ("soft", True)],
)
def test_matting_gradients_reach_the_segmentation_by_the_soft_layer_only(feedback, reached):
    stage = end_to_end(feedback, "loss.focal.weight=0", "loss.dice.weight=0")
    seg, mat = gradients(stage, people())
    assert any(gradient is not None and bool(gradient.any()) for gradient in seg) == reached
    assert any(gradient is not None and bool(gradient.any()) for gradient in mat)


@pytest.mark.parametrize("feedback", ["straight_through", "soft"])
def test_with_a_gradient_the_segmentations_own_loss_stays_as_it_is(feedback):
    """Samples have no weights where the matting loss itself has a gradient."""
    stage, batch = end_to_end(feedback), people(3)
    found = stage.losses(batch)
    own, _ = own_and_matting_losses(stage, batch)
    assert float(found.raw["focal"] + found.raw["dice"]) == pytest.approx(float(own.detach().mean()), rel=1e-4)


def test_the_matting_network_learns_the_same_with_and_without_feedback():
    names = ("none", "value", "own", "straight_through", "soft")
    (_, none), (_, value), (_, own), (_, hard), (_, soft) = (gradients(end_to_end(one), people()) for one in names)
    for expected, *same, other in zip(none, value, own, hard, soft, strict=True):
        assert all((expected is None and found is None) or torch.equal(expected, found) for found in same)
        assert expected is None or not torch.equal(expected, other)


def test_straight_through_is_hard_forward_and_soft_is_not():
    batch, found = people(), {}
    for feedback in ("value", "none", "own", "straight_through", "soft"):
        stage = end_to_end(feedback)
        losses = stage.losses(batch).raw
        with torch.no_grad():
            found[feedback] = float(losses["alpha"]), float(losses["compositional"]), stage.predict_map(batch)
        trimap = stage.trimap(stage.seg(batch["image"]).sigmoid())
        assert ({*trimap.detach().unique().tolist()} == {0, 0.5, 1}) == (feedback != "soft")
    for feedback in ("value", "own", "straight_through"):
        assert found[feedback][:2] == found["none"][:2]
        assert torch.equal(found[feedback][2], found["none"][2])
    assert found["soft"][:2] != found["none"][:2]


def test_the_loss_is_on_the_fused_alpha_or_on_the_raw_one():
    batch, stage = people(), end_to_end("none")
    _, matting = own_and_matting_losses(stage, batch)
    assert float(stage.losses(batch).total.detach()) == pytest.approx(float(matting.detach().mean()), rel=1e-5)
    raw = end_to_end("none", "loss.loss_on=raw").losses(batch)
    with torch.no_grad():
        pred = stage.mat(batch["image"], stage.trimap(stage.seg(batch["image"]).sigmoid()))
    assert float(raw.raw["alpha"]) == pytest.approx(float((pred - batch["alpha"]).abs().mean()), rel=1e-5)


@pytest.mark.parametrize("made", [lambda: make_stage("alphanet_matting"), lambda: end_to_end("value")])
def test_prediction_caps_the_longer_side(made):
    """Test images come at their own sizes, in batches."""
    stage, seen = made().eval(), []
    stage.mat.register_forward_pre_hook(lambda _, inputs: seen.extend(plane.shape[-2:] for plane in inputs))
    batch = people(1, height=64, width=96)
    with torch.no_grad():
        pred = stage.predict_map(batch)
    assert seen == [(32, 48)] * 2  # scale.alphanet.max_side of the tiny config is 48
    assert pred.shape == (1, 1, 64, 96)
    assert 0 <= pred.min() <= pred.max() <= 1


def test_norms_and_rates_of_both_networks_are_logged():
    stage = end_to_end("value", "scale.warmup=2")
    stage.training_step(people(), 0)
    row = stage.rows[0]
    for net in ("seg", "mat"):
        assert row[f"train/grad_norm/{net}"] > 0
        assert row[f"train/lr/{net}"] == pytest.approx(stage.optim[net]["lr"] / 2)
    for term in ("alpha", "compositional", "focal", "dice"):
        weight = 1 if term in ("focal", "dice") else 0.5
        assert row[f"train/weighted/{term}"] == pytest.approx(weight * row[f"train/loss/{term}"])
    assert row["train/total"] == pytest.approx(sum(value for key, value in row.items() if "weighted" in key))


def test_a_nan_of_either_network_is_named():
    stage, batch = end_to_end("value"), people(seed=4)
    before = snapshot(stage)
    for net, term in ((stage.mat.head, "alpha"), (stage.seg, "focal")):
        with torch.no_grad():
            bias = next(reversed(list(net.parameters())))
            kept = bias.clone()
            bias.fill_(math.nan)
        stage.window = []
        with pytest.raises(JobError, match=rf"{term} .*nan.*4/0, 4/1"):
            stage.training_step(batch, 0)
        with torch.no_grad():
            bias.copy_(kept)
    assert not moved(stage, before)


def test_accumulating_two_of_one_is_a_batch_of_two():
    one, other = end_to_end("value", "scale.warmup=0"), end_to_end("value", "scale.warmup=0", "stage.accumulate=2")
    batch, start = people(2), snapshot(one)
    one.training_step(batch, 0)
    for at in range(2):
        other.training_step(part(batch, at), at)
    assert {name.split(".")[0] for name in moved(one, start)} == {"seg", "mat"}
    for (name, ours), theirs in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-5, msg=name)
    assert one.rows[0] == pytest.approx(other.rows[0], rel=1e-3)
