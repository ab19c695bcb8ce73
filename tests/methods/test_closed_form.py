"""Closed-form, KNN and information-flow matting: trimaps given or made by a network, degenerate ones; sizes."""

import pytest
import torch

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.methods.base import load_method
from matting.methods.closed_form import ClosedForm
from matting.methods.information_flow import InformationFlow
from matting.methods.knn import KNN
from matting.nets.morphology import ErosionDilation
from matting.ops.trimap import trimap_from_alpha
from tests.helpers.made_stages import BRIGHT, people, trained
from tests.helpers.reads import counted_reads
from tests.helpers.saved_stages import save_stage

METHODS = [ClosedForm, KNN, InformationFlow]


@pytest.fixture(scope="module")
def scene():
    """A soft disc of one colour on another: what both methods are made for. image, alpha, trimap."""
    batch = people(1, height=40, width=48)
    alpha = batch["alpha"]
    image = alpha * torch.tensor((0.9, 0.6, 0.3)).view(1, 3, 1, 1) + (1 - alpha) * 0.1
    return image, alpha, trimap_from_alpha(alpha, 5)


@pytest.mark.parametrize("method", METHODS)
def test_two_colours_are_told_apart_to_the_fraction(method, scene):
    image, alpha, trimap = scene
    found = method(max_side=1024)(image, trimap)
    assert found.keys() == {"alpha", "trimap"}
    assert found["alpha"].shape == alpha.shape
    assert found["alpha"].dtype == torch.float32
    unknown = trimap == 0.5
    error = (found["alpha"] - alpha)[unknown].abs().mean()
    assert error < (0.15 if method is KNN else 0.01)
    assert error < 0.5 * (0.5 - alpha)[unknown].abs().mean()


@pytest.mark.parametrize("method", METHODS)
def test_what_the_trimap_is_sure_of_stays(method, scene):
    image, _, trimap = scene
    alpha = method(max_side=1024)(image, trimap)["alpha"]
    known = trimap != 0.5
    torch.testing.assert_close(alpha[known], trimap[known])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("values", "expected"), [((0.0,), 0.0), ((1.0,), 1.0), ((0.5,), 0.0), ((0.5, 1.0), 1.0), ((0.5, 0.0), 0.0)]
)
def test_a_trimap_without_foreground_or_background_is_the_other(method, values, expected):
    trimap = torch.tensor(values).repeat(8)[:8].expand(1, 1, 8, 8)
    alpha = method(max_side=1024)(torch.rand(1, 3, 8, 8), trimap)["alpha"]
    torch.testing.assert_close(alpha, torch.full_like(alpha, expected))


@pytest.mark.parametrize("method", METHODS)
def test_an_image_of_one_colour_has_an_answer(method):
    trimap = torch.tensor([0.0] * 4 + [0.5] * 4 + [1.0] * 4).expand(1, 1, 12, 12)
    alpha = method(max_side=1024)(torch.full((1, 3, 12, 12), 0.5), trimap)["alpha"]
    assert torch.isfinite(alpha).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1


def test_a_large_picture_is_solved_smaller_and_that_is_said_once(scene, capsys):
    image, alpha, trimap = scene
    method, seen = ClosedForm(max_side=24), []
    solve = method.solve
    method.solve = lambda small, known: seen.append((small.shape, small.dtype.name)) or solve(small, known)
    found = method(image, trimap)["alpha"]
    method(image, trimap)
    assert seen == [((20, 24, 3), "float64")] * 2
    assert found.shape == alpha.shape
    assert (found - alpha).abs().mean() < 0.05
    said = capsys.readouterr().out
    assert "48x40" in said
    assert "24" in said
    assert said.count("\n") == 1  # once, for all images


def test_the_segmentation_network_makes_the_trimap(tmp_path):
    path, segmentation = tmp_path / "seg.ckpt", trained(BRIGHT)
    save_stage(path, "alphanet_segmentation", seg=segmentation)
    method = KNN(max_side=1024, segmentation=path, erode=0.1, dilate=0.1)
    image = people()["image"]
    found = method(image)
    with torch.no_grad():
        mask = segmentation.network(image).sigmoid()
    assert (method.wants_trimap, method.intermediates, method.measured) == (False, ("mask", "trimap"), ("mask",))
    torch.testing.assert_close(found["mask"], mask)
    torch.testing.assert_close(found["trimap"], ErosionDilation(0.1, 0.1)(mask))
    known = found["trimap"] != 0.5
    assert known.any()
    torch.testing.assert_close(found["alpha"][known], found["trimap"][known])


def test_the_box_of_the_trimap_is_a_choice(tmp_path):
    path = tmp_path / "seg.ckpt"
    save_stage(path, "alphanet_segmentation", seg=trained(BRIGHT))
    image = torch.zeros(1, 3, 60, 60)
    image[..., 5:25, 5:25] = image[..., 56:58, 56:58] = 1  # a person, and a stray blob
    bands = [
        (KNN(1024, path, 0.1, 0.1, box).forward(image)["trimap"] == 0.5)[..., 15, :].sum()
        for box in ("mask", "largest_component")
    ]
    assert bands == [20, 8]


@pytest.mark.parametrize("choice", ["closed_form", "knn", "closed_form_network", "knn_network"])
def test_configs_give_the_methods(choice, tmp_path):
    schema.register()
    config = plain(compose_config("evaluate", [f"method={choice}"]))
    paths = {}
    if choice.endswith("network"):
        paths = {"method.segmentation": tmp_path / "seg.ckpt"}
        save_stage(paths["method.segmentation"], "alphanet_segmentation", seg=trained(BRIGHT))
    with counted_reads() as reads:
        method, _ = load_method(config, paths)
    assert reads == ({"seg.ckpt": 1} if paths else {})
    assert method.max_side == 1024
    assert method.wants_trimap == (not paths)
    assert isinstance(method, KNN) == choice.startswith("knn")
