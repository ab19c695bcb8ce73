"""Tests of the training step: equal to a literal one, without waiting for the device, with recomputed blocks."""

import math

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from matting.errors import JobError
from tests.helpers.literal_step import FOREACH, KEPT, NETS_LAST, ONE_PASS, Step, check_equal, stage_of
from tests.helpers.made_stages import MATTING, make_batch, make_stage, people, snapshot, trained

STAGES = ("segmentation_gan", "alpha_gan", "alphanet_segmentation", "alphanet_matting", "alphanet")


COARSE = {"_target_": "matting.nets.pomagan.SegmentationGenerator", "width": 4, "depth": 1, "blocks": 1}
DEEPLAB = {"_target_": "matting.nets.person.PersonSegmentation", "encoder": "tu-mobilenetv3_small_050", "size": 32}
UPSTREAM = {"alpha_gan": {"coarse": COARSE}, "alphanet": {"segmentation": DEEPLAB, "matting": MATTING}}


def any_stage(name, optimizer="torch.optim.SGD"):
    upstream = {key: trained(node) for key, node in UPSTREAM.get(name, {}).items()}
    return make_stage(name, optimizer=optimizer, **upstream)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [(), *((one,) for one in (*KEPT, ONE_PASS, NETS_LAST, FOREACH)), KEPT], ids=lambda some: "+".join(some)
)
def test_losses_and_gradients_are_those_of_the_literal_step(changes):
    """With each change to the literal step separately, and with all of them."""
    stage = stage_of(1 / 16, "net.gen.width=4", "net.disc.width=4", optimizer="torch.optim.SGD")
    check_equal(Step(stage, changes), stage, people(2, 0, 48, 64))


@pytest.mark.parametrize("name", STAGES)
def test_the_host_waits_for_the_device_only_where_a_row_is_logged(name):
    """Meta tensors have no data: reading one raises."""
    stage = any_stage(name).to("meta")
    stage.optim = {
        key: {**node, "fused": False} if isinstance(node, dict) else node for key, node in stage.optim.items()
    }
    optimizers = stage.configure_optimizers()
    stage.optimizers, stage.log_every = lambda: optimizers if len(optimizers) > 1 else optimizers[0], 3
    batch = {key: value.to("meta") if isinstance(value, torch.Tensor) else value for key, value in people().items()}
    for at in range(2):
        stage.training_step(batch, at)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        stage.training_step(batch, 2)


@pytest.fixture
def gpu_without_data():
    """Return a function that moves tensors to a fake GPU, which refuses to mix devices."""
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # a parameter cannot be moved there in place
    with FakeTensorMode():
        yield lambda tensor: torch.empty(tensor.shape, dtype=tensor.dtype, device="cuda")
    torch.__future__.set_overwrite_module_params_on_conversion(False)


@pytest.mark.parametrize("name", STAGES)
def test_a_step_keeps_to_the_device_of_its_batch(name, request):
    stage, batch = any_stage(name, "torch.optim.Adam"), people()
    moved = request.getfixturevalue("gpu_without_data")  # a stage is made of numbers
    stage._apply(moved)
    optimizers = stage.configure_optimizers()
    stage.optimizers, stage.log_every = lambda: optimizers if len(optimizers) > 1 else optimizers[0], 3

    def backward(loss):
        """Set gradients without autograd, which would ask the driver for the device's stream."""
        assert loss.device.type == "cuda"
        assert loss.requires_grad
        for network in stage.trained.values():
            for parameter in network.parameters():
                parameter.grad = moved(parameter)

    stage.manual_backward = backward
    batch = {key: moved(value) if isinstance(value, torch.Tensor) else value for key, value in batch.items()}
    stage.training_step(batch, 0)
    assert all(optimizer.defaults["fused"] and optimizer.state for optimizer in optimizers)
    with torch.no_grad():
        map = stage.predict_map(batch)
    assert (map.device.type, map.dtype, map.shape) == ("cuda", torch.float32, batch["alpha"].shape)


def test_a_bad_term_is_reported_with_its_batch_at_the_next_logged_row():
    stage = make_stage("alpha_gan")
    stage.log_every = 4
    for at in range(3):
        batch = make_batch(2, at)
        if at == 1:
            batch["image"][0, 0, 3, 3] = math.nan
        stage.training_step(batch, at)
    with pytest.raises(JobError, match=r"nan.*batch 2.*1/0, 1/1"):
        stage.training_step(make_batch(2, 3), 3)
    assert stage.rows == []


@pytest.mark.parametrize("moment", ["on_validation_epoch_start", "on_save_checkpoint"])
def test_nothing_is_measured_or_written_after_a_bad_term(moment):
    stage, checkpoint = make_stage("alpha_gan"), {}
    stage.log_every = 10
    batch = make_batch()
    batch["new_bgr"].fill_(math.inf)
    stage.training_step(batch, 0)
    with pytest.raises(JobError, match=r"batch 1.*0/0, 0/1"):
        getattr(stage, moment)(*([checkpoint] if moment == "on_save_checkpoint" else []))
    assert checkpoint == {}


def test_where_a_row_is_logged_a_bad_term_stops_before_the_step():
    stage, batch = make_stage("alpha_gan"), make_batch()
    stage.log_every = 2
    stage.training_step(make_batch(seed=1), 0)
    before = snapshot(stage.gen)
    batch["alpha"].fill_(math.nan)
    with pytest.raises(JobError, match="batch 2"):
        stage.training_step(batch, 1)
    assert all(torch.equal(value, before[name]) for name, value in stage.gen.named_parameters())


def test_a_discriminator_that_is_not_finite_is_named(monkeypatch):
    stage = make_stage("alpha_gan")
    plain = stage.objective.discriminator_loss

    def poisoned(*arguments):
        loss, *logits = plain(*arguments)
        return loss + math.inf, *logits

    monkeypatch.setattr(stage.objective, "discriminator_loss", poisoned)
    with pytest.raises(JobError, match=r"discriminator.*inf"):
        stage.training_step(make_batch(), 0)


@pytest.mark.parametrize("clip", ["null", "0.5"])
def test_a_norm_is_computed_where_it_is_logged_or_clipped_by(clip, monkeypatch):
    stage, norms = make_stage("segmentation_gan", f"stage.clip_norm={clip}"), []
    stage.log_every = 2
    plain = torch.nn.utils.get_total_norm
    monkeypatch.setattr(torch.nn.utils, "get_total_norm", lambda *some: norms.append(1) or plain(*some))
    for at in range(2):
        stage.training_step(make_batch(seed=at), at)
    assert len(norms) == (2 if clip == "null" else 4)
    assert stage.rows[0]["train/grad_norm/gen"] > 0


def test_recomputing_changes_no_weight_and_no_statistic():
    """Of a stage of two networks; tests/nets/test_recompute.py has each kind of network."""
    plain, frugal = any_stage("alphanet"), any_stage("alphanet")
    frugal.recompute()
    for at in range(2):
        for stage in (plain, frugal):
            stage.training_step(people(2, at), at)
    theirs = frugal.state_dict()
    assert {*plain.state_dict()} == {*theirs}
    assert all(torch.equal(value, theirs[key]) for key, value in plain.state_dict().items())
    assert plain.rows == frugal.rows


def test_recomputing_keeps_less_of_every_network_of_a_gan_step():
    """Of the generator, the discriminator and VGG."""
    kept = []
    for frugal in (False, True):
        stage, sizes = make_stage("alpha_gan", f"runtime.recompute={frugal}"), {}

        def keep(tensor, sizes=sizes):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            example = stage.example(make_batch(2, 0, 64, 64))
            losses = stage.objective.generator_losses(example, stage.generate(example), stage.disc)
        assert losses.total.requires_grad
        kept.append(sum(sizes.values()) - sum(p.nbytes for net in stage.trained.values() for p in net.parameters()))
    assert kept[1] < 0.6 * kept[0]
