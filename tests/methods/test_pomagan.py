"""POMAGAN end to end: both generators from their checkpoints, any size in, the same size out."""

import pytest
import torch

from matting.errors import UserError
from matting.methods.base import load_method
from matting.methods.pomagan import Pomagan
from matting.nets.working_size import WorkingSize
from tests.helpers.reads import counted_reads
from tests.helpers.saved_stages import NETS, save_generator


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(checkpoint, network) of both stages."""
    folder = tmp_path_factory.mktemp("stages")
    paths = {stage: folder / f"{stage}.ckpt" for stage in NETS}
    return {stage: (path, save_generator(path, stage)) for stage, path in paths.items()}


@pytest.fixture
def pomagan(trained):
    def make(fit="native", height=32, width=48, **paths):
        paths = {"segmentation": trained["segmentation_gan"][0], "alpha": trained["alpha_gan"][0], **paths}
        return Pomagan(**paths, height=height, width=width, fit=fit)

    return make


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(shape[-1]))


def test_alpha_is_that_of_both_networks_in_a_row(trained, pomagan):
    image = picture(2, 3, 32, 48)
    found = pomagan()(image)
    with torch.no_grad():
        coarse = trained["segmentation_gan"][1](image)
        alpha = trained["alpha_gan"][1](image, coarse)
    assert alpha.std() > 0.05
    torch.testing.assert_close(found["coarse"], coarse)
    torch.testing.assert_close(found["alpha"], alpha)


def test_the_coarse_map_matters(tmp_path, pomagan):
    path = tmp_path / "other.ckpt"
    save_generator(path, "segmentation_gan", blocks=2)
    image = picture(1, 3, 32, 48)
    assert (pomagan(segmentation=path)(image)["alpha"] - pomagan()(image)["alpha"]).abs().max() > 1e-3


@pytest.mark.parametrize("fit", ["pad", "stretch", "native"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (33, 47), (200, 9), (64, 128)])
def test_any_size_gives_its_own_size_back(pomagan, fit, size):
    for plane in pomagan(fit)(picture(2, 3, *size)).values():
        assert plane.shape == (2, 1, *size)
        assert plane.dtype == torch.float32
        assert plane.min() >= 0
        assert plane.max() <= 1


@pytest.mark.parametrize(("fit", "size"), [("pad", (32, 16)), ("stretch", (32, 48)), ("native", (100, 50))])
def test_fit_sets_the_size_that_the_networks_see(pomagan, fit, size):
    method, seen = pomagan(fit), []
    for network in (method.segmentation, method.alpha):
        network.register_forward_pre_hook(lambda _, inputs: seen.extend(plane.shape[-2:] for plane in inputs))
    method(picture(1, 3, 100, 50))
    assert seen == [size] * 3


def test_a_wrong_fit_is_named(pomagan):
    with pytest.raises(UserError, match=r"method\.fit=crop.*pad, stretch, native"):
        pomagan("crop")(picture(1, 3, 8, 8))


def test_a_batch_is_the_same_as_one_by_one(pomagan):
    method, images = pomagan("pad"), picture(3, 3, 50, 70)
    single = torch.cat([method(image[None])["alpha"] for image in images])
    torch.testing.assert_close(method(images)["alpha"], single, atol=1e-5, rtol=0)


def test_networks_are_frozen_and_evaluating(pomagan):
    method = pomagan()
    assert not any(parameter.requires_grad for parameter in method.parameters())
    assert not method.segmentation.training
    assert not method.alpha.training


def test_a_checkpoint_of_the_other_stage_is_refused(trained, pomagan):
    with pytest.raises(UserError, match=r"segmentation_gan\.ckpt.*stage=segmentation_gan.*stage=alpha_gan"):
        pomagan(alpha=trained["segmentation_gan"][0])


def test_a_checkpoint_that_does_not_fit_its_network_is_refused(trained, tmp_path, pomagan):
    checkpoint = torch.load(trained["alpha_gan"][0], weights_only=True)
    checkpoint["state_dict"].pop("gen.decoder.head.bias")
    torch.save(checkpoint, tmp_path / "cut.ckpt")
    with pytest.raises(UserError, match=r"cut\.ckpt.*decoder\.head\.bias"):
        pomagan(alpha=tmp_path / "cut.ckpt")


def test_a_config_gives_the_method_on_its_device(trained):
    node = {"name": "pomagan", "_target_": "matting.methods.pomagan.Pomagan", "segmentation": "a", "alpha": "b"}
    config = {"method": {**node, "height": 32, "width": 48, "fit": "pad"}, "trainer": {"accelerator": "cpu"}}
    paths = {"method.segmentation": trained["segmentation_gan"][0], "method.alpha": trained["alpha_gan"][0]}
    with counted_reads() as reads:
        method, device = load_method(config, paths)
    assert reads == {path.name: 1 for path in paths.values()}
    assert device == torch.device("cpu")
    assert method.working_size == WorkingSize(32, 48, "pad")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="trainer=cpu"):
            load_method({**config, "trainer": {"accelerator": "gpu"}}, paths)


def test_without_a_size_images_are_fitted_to_that_of_the_training(pomagan):
    method = pomagan("pad", None, None)
    assert method.working_size == WorkingSize(64, 80, "pad")
