"""Tests of the GAN step: which networks move, how often, and that it equals the algorithm written out."""

import math

import pytest
import torch

from matting.losses.adversarial import discriminator_loss, generator_loss
from matting.losses.matte import border_loss, l1_loss, matte_targets
from matting.nets.checkpoint import Trained
from matting.ops.trimap import border_map
from matting.stages.base import StageConfig
from matting.stages.pomagan_terms.border import Border
from matting.stages.schedule import rate_factor
from tests.helpers.made_stages import make_batch, make_stage, moved, part, snapshot

STAGES = ("segmentation_gan", "alpha_gan")


@pytest.mark.parametrize("name", STAGES)
def test_one_update_moves_every_parameter_of_both_networks(name):
    stage = make_stage(name, optimizer="torch.optim.Adam")
    gen, disc = snapshot(stage.gen), snapshot(stage.disc)
    stage.training_step(make_batch(), 0)
    assert sorted(moved(stage.gen, gen)) == sorted(gen)
    assert sorted(moved(stage.disc, disc)) == sorted(disc)
    assert stage.batches == 1


@pytest.mark.parametrize("name", STAGES)
def test_each_step_leaves_the_other_network_alone(name):
    stage = make_stage(name)
    seen = {}
    plain_step = stage.step

    def spy(name):
        grads = {net: [p.grad is not None for p in getattr(stage, net).parameters()] for net in ("gen", "disc")}
        seen[name] = {net: any(values) for net, values in grads.items()}
        return plain_step(name)

    stage.step = spy
    stage.training_step(make_batch(), 0)
    assert seen == {"disc": {"gen": False, "disc": True}, "gen": {"gen": True, "disc": False}}
    assert all(p.requires_grad for p in stage.disc.parameters())


def test_a_term_of_weight_zero_is_not_computed(monkeypatch):
    stage = make_stage("alpha_gan", *(f"loss.{name}.weight=0" for name in ("adversarial", "perceptual", "border")))
    monkeypatch.delattr(Border, "forward")
    stage.training_step(make_batch(), 0)
    assert list(stage.objective.terms) == ["alpha"]
    assert [key for key in stage.rows[0] if key.startswith("train/loss/")] == ["train/loss/alpha"]


def test_the_generator_runs_once_a_batch():
    stage = make_stage("segmentation_gan")
    calls = []
    stage.gen.register_forward_hook(lambda *_: calls.append(1))
    stage.training_step(make_batch(), 0)
    assert len(calls) == 1


def test_the_step_equals_the_algorithm_written_out():
    """The discriminator steps on the detached fake, then the generator against the new discriminator (eq. 11)."""
    overrides = ("loss.perceptual.weight=0", "scale.warmup=0")
    stage, twin = make_stage("alpha_gan", *overrides), make_stage("alpha_gan", *overrides)
    batch = make_batch()
    stage.training_step(batch, 0)

    example = twin.example(batch)
    fake = twin.gen(*example.inputs)
    names, image, new_bgr = ("alpha", "fgr", "comp"), batch["image"], batch["new_bgr"]

    def see(alpha):
        return twin.disc(image, torch.cat(list(matte_targets(image, alpha, new_bgr, names).values()), 1))

    disc_loss = discriminator_loss(see(batch["alpha"]), see(fake.detach()), "bce")
    disc_grads = torch.autograd.grad(disc_loss, list(twin.disc.parameters()))
    with torch.no_grad():
        for p, grad in zip(twin.disc.parameters(), disc_grads, strict=True):
            p -= twin.optim["disc"]["lr"] * grad
    pairs = (matte_targets(image, alpha, new_bgr, names) for alpha in (fake, batch["alpha"]))
    border = border_map(batch["alpha"] >= 0.5, 5)
    total = generator_loss(see(fake), "bce") + 3 * 100 * l1_loss(*pairs)
    total = total + 3 * 100 * border_loss(image, fake, batch["alpha"], border, new_bgr, names)
    gen_grads = torch.autograd.grad(total, list(twin.gen.parameters()))
    with torch.no_grad():
        for p, grad in zip(twin.gen.parameters(), gen_grads, strict=True):
            p -= twin.optim["gen"]["lr"] * grad
    for net in ("gen", "disc"):
        for ours, plain_value in zip(getattr(stage, net).parameters(), getattr(twin, net).parameters(), strict=True):
            assert torch.allclose(ours, plain_value, atol=1e-6)
    assert stage.rows[0]["train/total"] == pytest.approx(total.item(), rel=1e-5)


@pytest.mark.parametrize("name", STAGES)
def test_accumulating_two_of_one_is_a_batch_of_two(name):
    one, other = make_stage(name), make_stage(name, "stage.accumulate=2")
    other.total_batches = one.total_batches
    # small rates: with the weights of eq. 11 a plain gradient step would leave the region where rounding stays small
    rates = {net: {**one.optim[net], "lr": 1e-6} for net in ("gen", "disc")}
    other.optim = one.optim = {**one.optim, **rates, "warmup": 0}
    for seed in range(3):
        batch = make_batch(2, seed)
        one.training_step(batch, seed)
        before = snapshot(other.gen)
        other.training_step(part(batch, 0), 2 * seed)
        assert not moved(other.gen, before)
        other.training_step(part(batch, 1), 2 * seed + 1)
    for net in ("gen", "disc"):
        for a, b in zip(getattr(one, net).parameters(), getattr(other, net).parameters(), strict=True):
            assert torch.allclose(a, b, atol=2e-6)
    assert (one.batches, other.batches) == (3, 6)
    for key in ("train/total", "train/adv/disc", "train/loss/border"):
        assert one.rows[-1][key] == pytest.approx(other.rows[-1][key], rel=1e-4)


def test_the_last_update_is_of_what_is_left():
    stage = make_stage("segmentation_gan", "stage.accumulate=2", total=5)
    sizes, update = [], stage.update
    stage.update = lambda: sizes.append((stage.batches, len(stage.window))) or update()
    for at in range(5):
        stage.training_step(make_batch(seed=at), at)
    assert sizes == [(2, 2), (4, 2), (5, 1)]
    assert stage.window == []


def test_the_discriminators_cadence():
    stage = make_stage("segmentation_gan", "stage.disc_every=3")
    steps = []
    for i in range(2 * stage.cycle):
        before = snapshot(stage.disc)
        stage.training_step(make_batch(seed=i), i)
        steps.append(bool(moved(stage.disc, before)))
    assert steps == [False, False, True, False, False, True]
    assert "train/adv/disc" not in stage.rows[0]
    assert "train/adv/disc" in stage.rows[2]


def test_without_the_adversarial_term_there_is_no_discriminator():
    stage = make_stage("alpha_gan", "loss.adversarial.weight=0")
    assert stage.disc is None
    assert len(stage.configure_optimizers()) == 1
    before = snapshot(stage.gen)
    stage.training_step(make_batch(), 0)
    assert moved(stage.gen, before)
    assert not [key for key in stage.rows[0] if "adv" in key]


def test_clipping_bounds_the_step():
    stage = make_stage("segmentation_gan", "stage.clip_norm=0.5", "scale.warmup=0")
    before = snapshot(stage.gen)
    stage.training_step(make_batch(), 0)
    step = math.sqrt(sum(float((p.detach() - before[name]).square().sum()) for name, p in stage.gen.named_parameters()))
    assert stage.rows[0]["train/grad_norm/gen"] > 0.5
    assert step == pytest.approx(0.5 * stage.optim["gen"]["lr"], rel=1e-3)


@pytest.mark.parametrize(("choice", "factor"), [("literal", 3), ("once", 1)])
def test_sum_over_scales(choice, factor):
    """Eq. 7 has perceptual and segmentation inside the sum over k and border outside; eq. 11 has all inside."""
    seg = make_stage("segmentation_gan", f"loss.sum_over_scales={choice}")
    alpha = make_stage("alpha_gan", f"loss.sum_over_scales={choice}")
    for stage in (seg, alpha):
        stage.training_step(make_batch(), 0)
    for stage, name, expected in (
        (seg, "perceptual", 10 * factor),
        (seg, "segmentation", 10 * factor),
        (seg, "border", 10),
        (seg, "adversarial", 1),
        (alpha, "alpha", 100 * factor),
        (alpha, "border", 100 * factor),
    ):
        row = stage.rows[0]
        assert row[f"train/weighted/{name}"] == pytest.approx(expected * row[f"train/loss/{name}"], rel=1e-5)


@pytest.mark.parametrize(
    ("targets", "disc_input", "channels"),
    [
        ("[alpha]", "targets", 4),
        ("[alpha,fgr]", "targets", 7),
        ("[alpha,fgr,comp]", "targets", 10),
        ("[alpha,fgr]", "alpha", 4),
    ],
)
def test_targets_apply_to_every_loss(targets, disc_input, channels):
    stage = make_stage("alpha_gan", f"loss.targets={targets}", f"loss.adversarial.disc_input={disc_input}")
    assert stage.objective.disc_channels == channels
    stage.training_step(make_batch(), 0)
    assert math.isfinite(stage.rows[0]["train/total"])


def test_the_frozen_segmentation_network_is_neither_trained_nor_kept():
    from matting.stages.alpha_gan import AlphaGAN

    seg, alpha = make_stage("segmentation_gan"), make_stage("alpha_gan")
    coarse = Trained(seg.gen.eval(), seg.nets["gen"], (32, 24))
    net = {"gen": alpha.nets["gen"], "disc": DISC}
    stage = AlphaGAN(StageConfig(alpha.stage, net, alpha.objective.loss, alpha.optim, "."), coarse)
    stage.train()
    assert not stage.segmentation.training
    assert not any("segmentation" in key for key in stage.state_dict())
    batch = make_batch()
    example = stage.example(batch)
    assert torch.equal(example.inputs[1], seg.gen(batch["image"]))
    assert not example.inputs[1].requires_grad
    assert next(stage.double().segmentation.parameters()).dtype == torch.float64


DISC = {
    "_target_": "matting.nets.discriminator.MultiScaleDiscriminator",
    "width": 4,
    "layers": 3,
    "scales": 3,
    "norm": "instance",
}


def test_the_segmentation_truth_is_alpha_at_one_half():
    stage = make_stage("segmentation_gan")
    batch = make_batch()
    assert torch.equal(stage.example(batch).true_map, (batch["alpha"] >= 0.5).float())


@pytest.mark.parametrize(
    ("scheduler", "batch", "factor"),
    [
        ("none", 5, 0.25),
        ("none", 20, 1.0),
        ("none", 100, 1.0),
        ("linear_decay", 50, 1.0),
        ("linear_decay", 75, 0.51),
        ("linear_decay", 100, 0.02),
        ("cosine", 50, 0.5),
        ("cosine", 100, 0.0),
    ],
)
def test_rates_are_a_function_of_the_batch_count(scheduler, batch, factor):
    assert rate_factor(batch, 100, scheduler, 20) == pytest.approx(factor)


def test_rates_reach_the_optimizers():
    stage = make_stage("segmentation_gan", "scale.warmup=4")
    stage.training_step(make_batch(), 0)
    assert stage.rows[0]["train/lr/gen"] == pytest.approx(stage.optim["gen"]["lr"] / 4)
    assert stage.optimizers()[1].param_groups[0]["lr"] == pytest.approx(stage.optim["disc"]["lr"] / 4)
