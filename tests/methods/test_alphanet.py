"""AlphaNet and its interactive half as methods: from their checkpoints, any size in, the same size out."""

import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.errors import UserError
from matting.methods.alphanet import AlphaNetInteractive, AlphaNetMethod
from matting.methods.base import load_method
from matting.nets.alphanet import AlphaNet
from matting.nets.matting_net import fuse
from matting.ops.resample import resample
from matting.ops.trimap import trimap_from_alpha
from tests.helpers.made_stages import BRIGHT, MATTING, people, trained
from tests.helpers.reads import counted_reads
from tests.helpers.saved_stages import save_stage

TRIMAP = {"_target_": "matting.nets.morphology.ErosionDilation", "erode": 0.1, "dilate": 0.1}
KEYS = {"alphanet": "alphanet", "segmentation": "alphanet_segmentation", "matting": "alphanet_matting"}


@pytest.fixture(scope="module")
def halves():
    """Both networks of each: as they were before, and trained together."""
    first = {"seg": trained(BRIGHT), "mat": trained(MATTING, 1)}
    with torch.no_grad():
        together = {"seg": trained(BRIGHT), "mat": trained(MATTING, 2), "trimap": trained(TRIMAP)}
        together["seg"].network.bias += 1
    return first, together


@pytest.fixture(scope="module")
def paths(halves, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    paths = {key: folder / f"{stage}.ckpt" for key, stage in KEYS.items()}
    first, together = halves
    save_stage(paths["alphanet"], "alphanet", **together)
    save_stage(paths["segmentation"], "alphanet_segmentation", seg=first["seg"])
    save_stage(paths["matting"], "alphanet_matting", mat=first["mat"])
    return paths


def test_alpha_is_of_the_joint_networks_and_halves_of_the_first_ones(halves, paths):
    first, together = halves
    image, layer = people()["image"], together["trimap"].network
    found = AlphaNetMethod(**paths, max_side=1500)(image)
    with torch.no_grad():
        expected = AlphaNet(together["seg"].network, together["mat"].network, layer)(image)
        before = AlphaNet(first["seg"].network, first["mat"].network, layer)(image)
    assert found.keys() == {"alpha", *AlphaNetMethod.intermediates, *AlphaNetMethod.measured}
    for name in ("alpha", "trimap"):
        assert torch.equal(found[name], expected[name]), name
    assert torch.equal(found["probability"], expected["mask"])
    assert torch.equal(found["mask"], (expected["mask"] >= 0.5).float())
    assert torch.equal(found["halves"], before["alpha"])
    assert not torch.equal(found["halves"], found["alpha"])
    assert {*found["trimap"].unique().tolist()} == {0, 0.5, 1}
    assert {*AlphaNetMethod.measured} == {"mask", "probability", "halves"}


def test_a_picture_s_alpha_needs_no_halves(paths):
    method, image = AlphaNetMethod(**paths, max_side=1500), people()["image"]
    expected = method(image)["alpha"]
    method.halves = None
    assert torch.equal(method.matte(image), expected)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (33, 47), (100, 9)])
def test_any_size_gives_its_own_size_back(paths, size):
    method, interactive = AlphaNetMethod(**paths, max_side=48), AlphaNetInteractive(paths["matting"], max_side=48)
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    trimap = (image[:, :1] * 3).floor().clamp(0, 2) / 2
    for planes in (method(image), interactive(image, trimap)):
        for plane in planes.values():
            assert plane.shape == (2, 1, *size)
            assert plane.dtype == torch.float32
            assert plane.min() >= 0
            assert plane.max() <= 1


def test_a_longer_side_is_capped_and_scaled_back(paths):
    method, interactive = AlphaNetMethod(**paths, max_side=48), AlphaNetInteractive(paths["matting"], max_side=48)
    seen = []
    for network in (method.system.matting, method.halves.matting, interactive.matting):
        network.register_forward_pre_hook(lambda _, inputs: seen.extend(plane.shape[-2:] for plane in inputs))
    batch = people(1, height=64, width=96)
    method(batch["image"])
    interactive(batch["image"], trimap_from_alpha(batch["alpha"], 9))
    assert seen == [(32, 48)] * 6


@pytest.mark.parametrize("max_side", [64, 48])
def test_the_interactive_alpha_is_raw_where_the_given_trimap_is_unknown(halves, paths, max_side):
    batch = people()
    trimap = trimap_from_alpha(batch["alpha"], 9)
    found = AlphaNetInteractive(paths["matting"], max_side=max_side)(batch["image"], trimap)
    with torch.no_grad():
        small = [resample(plane, max_side, max_side) for plane in (batch["image"], trimap)]
        raw = resample(halves[0]["mat"].network(*small), 64, 64)
    assert torch.equal(found["trimap"], trimap)
    assert torch.equal(found["alpha"], fuse(raw, trimap))
    assert found["alpha"][trimap == 1].min() == 1
    assert found["alpha"][trimap == 0].max() == 0
    torch.testing.assert_close(found["alpha"][trimap == 0.5], raw[trimap == 0.5])


def test_networks_are_frozen_and_evaluating(paths):
    method, interactive = AlphaNetMethod(**paths, max_side=48), AlphaNetInteractive(paths["matting"], max_side=48)
    networks = [getattr(part, name) for part in (method.system, method.halves) for name in ("segmentation", "matting")]
    for network in (*networks, interactive.matting):
        assert not any(parameter.requires_grad for parameter in network.parameters())
        assert not any(module.training for module in network.modules())


def test_a_batch_is_the_same_as_one_by_one(paths):
    method, images = AlphaNetMethod(**paths, max_side=48), people(3)["image"]
    single = torch.cat([method(image[None])["alpha"] for image in images])
    torch.testing.assert_close(method(images)["alpha"], single, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("key", "given"), [("alphanet", "matting"), ("segmentation", "alphanet"), ("matting", "segmentation")]
)
def test_a_checkpoint_of_another_stage_is_refused(paths, key, given):
    message = rf"{KEYS[given]}\.ckpt: .*{KEYS[given]}.*stage={KEYS[key]}"
    with pytest.raises(UserError, match=message):
        AlphaNetMethod(**{**paths, key: paths[given]}, max_side=48)


def test_the_interactive_method_takes_the_matting_stage_only(paths):
    with pytest.raises(UserError, match=r"stage=alphanet\b.*stage=alphanet_matting"):
        AlphaNetInteractive(paths["alphanet"], max_side=48)


@pytest.mark.parametrize(("name", "keys"), [("alphanet", KEYS), ("alphanet_matting", ["matting"])])
def test_a_config_gives_the_method(paths, name, keys):
    schema.register()
    config = plain(compose_config("evaluate", [f"method={name}", "scale.alphanet.max_side=48"]))
    with counted_reads() as reads:
        method, _ = load_method(config, {f"method.{key}": paths[key] for key in keys})
    assert reads == {paths[key].name: 1 for key in keys}
    assert (method.system if name == "alphanet" else method).max_side == 48
    assert method.wants_trimap == (name == "alphanet_matting")
    other = ["image"] if method.wants_trimap else ["image", "trimap"]
    wrong = {**config, "method": {**config["method"], "inputs": other}}
    with pytest.raises(UserError, match=r"method\.inputs="):
        load_method(wrong, {f"method.{key}": paths[key] for key in keys})
