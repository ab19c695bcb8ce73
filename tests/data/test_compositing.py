"""Tests of compositing on the device: the equation, the colour augmentation, and its random numbers."""

import numpy as np
import pytest
import torch

from matting.data.batch import check_batch
from matting.data.compositing import DRAWS, camera, colour_map, compose_batch, composite, defocus, recolour
from tests.helpers.made_stages import on


def raw(batch=2, height=16, width=24, **draws):
    generator = torch.Generator().manual_seed(0)

    def plane(channels):
        return torch.randint(0, 256, (batch, channels, height, width), generator=generator, dtype=torch.uint8)

    row = np.array([draws.get(name, 0) for name in DRAWS], np.float32)
    planes = {"fgr": plane(3), "alpha": plane(1), "bgr": plane(3), "new_bgr": plane(3)}
    ids = [str(i) for i in range(batch)]
    return {**planes, "draws": np.tile(row, (batch, 1)), "seeds": list(range(batch)), "ids": ids, "skipped": []}


def test_composite_is_the_equation_by_hand():
    fgr, bgr = torch.full((1, 3, 1, 2), 0.8), torch.full((1, 3, 1, 2), 0.2)
    alpha = torch.tensor([[[[0.25, 1.0]]]])
    assert torch.allclose(composite(fgr, bgr, alpha)[0, 0, 0], torch.tensor([0.35, 0.8]))


@pytest.mark.parametrize("colour", [True, False])
def test_without_draws_the_image_is_the_composite_of_the_planes(colour):
    sample = raw()
    batch = check_batch(compose_batch(sample, colour))
    planes = {key: sample[key].double() / 255 for key in ("fgr", "bgr", "alpha")}
    expected = planes["alpha"] * planes["fgr"] + (1 - planes["alpha"]) * planes["bgr"]
    assert (batch["image"] - expected).abs().max() < 1e-6
    assert torch.equal(batch["alpha"], sample["alpha"].float() / 255)


def test_another_background_is_there_where_the_workers_give_one():
    sample = raw()
    assert torch.equal(check_batch(compose_batch(sample))["new_bgr"], sample["new_bgr"].float() / 255)
    del sample["new_bgr"]
    assert "new_bgr" not in check_batch(compose_batch(sample))


def test_a_photograph_is_its_own_image():
    sample = {**raw(), "image": torch.full((2, 3, 16, 24), 51, dtype=torch.uint8)}
    assert torch.allclose(compose_batch(sample, False)["image"], torch.tensor(0.2))


def test_colour_of_foreground_and_background_are_apart():
    plain, changed = compose_batch(raw()), compose_batch(raw(fgr_brightness=0.1))
    assert torch.equal(plain["bgr"], changed["bgr"])
    assert torch.allclose(changed["fgr"], (plain["fgr"] + 0.1).clamp(max=1), atol=1e-6)
    plain, changed = compose_batch(raw()), compose_batch(raw(bgr_hue=20))
    assert torch.equal(plain["fgr"], changed["fgr"])
    assert not torch.allclose(plain["bgr"], changed["bgr"])


@pytest.mark.parametrize(
    ("draws", "colour", "expected"),
    [
        ([0.1, 0, 0, 0], [0.2, 0.4, 0.6], [0.3, 0.5, 0.7]),
        ([0, 0.5, 0, 0], [0.5, 0.4, 0.6], [0.5, 0.35, 0.65]),
        ([0, 0, -1, 0], [1.0, 0.0, 0.0], [0.299, 0.299, 0.299]),
        ([0, 0, 0, 120], [0.9, 0.1, 0.2], [0.2, 0.9, 0.1]),
        ([0, 0, 0.5, 77], [0.3, 0.3, 0.3], [0.3, 0.3, 0.3]),
    ],
    ids=["brightness", "contrast", "saturation", "hue", "grey stays grey"],
)
def test_colour_by_hand(draws, colour, expected):
    out = recolour(torch.tensor(colour).view(1, 3, 1, 1), torch.tensor([draws]))
    assert torch.allclose(out.flatten(), torch.tensor(expected), atol=1e-5)


def test_colour_map_shapes():
    matrix, offset = colour_map(torch.zeros(4, 4))
    assert torch.allclose(matrix, torch.eye(3).expand(4, 3, 3))
    assert torch.equal(offset, torch.zeros(4, 3, 1))


def test_defocus_blurs_the_chosen_samples_alone():
    bgr = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    out = defocus(bgr, torch.tensor([0.0, 1.5, 0.1]))
    assert torch.equal(out[0], bgr[0])
    assert torch.equal(out[2], bgr[2])
    assert out[1].std() < 0.5 * bgr[1].std()


def test_a_sample_is_blurred_the_same_whatever_lies_beside_it():
    bgr, sigma = torch.rand(3, 3, 20, 32, generator=torch.Generator().manual_seed(0)), torch.tensor([0.7, 3.0, 30.0])
    alone = torch.cat([defocus(bgr[i : i + 1], sigma[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(defocus(bgr, sigma), alone, rtol=0, atol=1e-6)
    assert torch.equal(alone[2], bgr[2])  # wider than the picture


def test_a_blurred_white_background_is_no_wrong_batch():
    white = defocus(torch.ones(200, 3, 16, 24), torch.linspace(0.3, 3, 200))
    assert white.max() > 1  # else nothing is tried
    for bgr in white.split(2):
        check_batch({**compose_batch(raw()), "bgr": bgr})


def test_noise_has_the_asked_deviation_and_comes_from_the_samples_seed():
    image = torch.full((2, 3, 64, 64), 0.5)
    one = camera(image, torch.tensor([0.05, 0.0]), torch.zeros(2), [1, 2])
    assert 0.045 < (one[0] - 0.5).std() < 0.055
    assert torch.equal(one[1], image[1])
    alone = camera(image[:1], torch.tensor([0.05]), torch.zeros(1), [1])
    assert torch.equal(alone[0], one[0])
    assert not torch.equal(camera(image[:1], torch.tensor([0.05]), torch.zeros(1), [2])[0], one[0])


def test_jpeg_loses_more_at_lower_quality():
    # grey: JPEG halves the colour planes at any quality
    image = torch.rand(1, 1, 33, 47, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
    none, zeros = torch.zeros(1), torch.zeros(1)
    low, high = (camera(image, zeros, torch.tensor([quality]), [0]) for quality in (20.0, 95.0))
    assert (low - image).abs().mean() > 2 * (high - image).abs().mean() > 0
    assert torch.equal(camera(image, zeros, none, [0]), image)


def test_the_host_reads_nothing_of_what_it_has_a_device_composite():
    """Meta tensors have no data: reading one raises, and so does drawing noise for it."""
    batch = compose_batch(on("meta", raw(bgr_hue=20, blur=1.5, jpeg=70)))
    assert {value.device.type for value in batch.values() if isinstance(value, torch.Tensor)} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_composites_the_same_without_waiting():
    sample = raw(height=64, width=80, bgr_hue=20, blur=1.5, noise=0.02, jpeg=70)
    first = on("cuda", sample)
    compose_batch(first)  # kornia makes its tables at first use
    torch.cuda.set_sync_debug_mode("error")
    try:
        batch = compose_batch(first)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = compose_batch(sample)
    for key in ("fgr", "bgr", "alpha", "new_bgr"):  # the image's noise is drawn by the device
        torch.testing.assert_close(batch[key].cpu(), expected[key], rtol=0, atol=1e-4)
    assert (batch["image"].cpu() - expected["image"]).abs().mean() < 0.05


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alpha", torch.full((2, 1, 16, 24), 1.00001)),
        ("alpha", torch.zeros(2, 3, 16, 24)),
        ("bgr", torch.zeros(2, 3, 16, 24).half()),
        ("new_bgr", torch.full((2, 3, 16, 24), -0.1)),
        ("image", torch.full((2, 3, 16, 24), float("nan"))),
    ],
)
def test_a_wrong_batch_is_named(key, value):
    batch = {**compose_batch(raw()), key: value}
    with pytest.raises(ValueError, match=rf"batch\.{key}"):
        check_batch(batch)
