"""Tests of the geometry: the same for all planes and for the same seed; cut edges stay at the frame's edge."""

import cv2
import numpy as np
import pytest

from matting.data.augment import A, Geometry, cover, soft_pixel, transformed, warp
from matting.ops.resize import resize

NONE = {"flip": 0.0, "scale": [1.0, 1.0], "rotate": 0, "shift": 0.0}
SIZE = (48, 80)
SOME = {"flip": 0.5, "scale": [0.8, 1.25], "rotate": 10, "shift": 0.15}


def person(height=60, width=40, bottom=True):
    """Return RGBA of a soft disc on a block. Red equals alpha, so that planes can be compared."""
    y, x = np.mgrid[0:height, 0:width]
    alpha = np.clip(255 * (1.5 - np.hypot(y - height / 2, x - width / 2) / (width / 4)), 0, 255)
    if bottom:
        alpha[height // 2 :, width // 3 : 2 * width // 3] = 255
    alpha = alpha.astype(np.uint8)
    return np.stack([alpha, 255 - alpha, alpha // 2, alpha], 2)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "unknown"])
@pytest.mark.parametrize("seed", range(5))
def test_planes_move_together(fit, seed):
    fgr, alpha = Geometry(48, 80, fit, SOME).frame_subject(person(), seed)
    assert fgr.shape == (48, 80, 3)
    assert alpha.shape == (48, 80)
    assert fgr.dtype == alpha.dtype == np.uint8
    assert np.abs(fgr[..., 0].astype(int) - alpha).max() <= 1
    assert alpha.any()


def test_the_same_seed_gives_the_same_picture_whatever_came_before():
    one, other = Geometry(48, 80, "crop", SOME), Geometry(48, 80, "crop", SOME)
    other.frame_subject(person(), 99)
    for a, b in zip(one.frame_subject(person(), 7), other.frame_subject(person(), 7), strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(one.frame_subject(person(), 7)[1], one.frame_subject(person(), 8)[1])
    scene = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    assert np.array_equal(one.frame_background(scene, 5, SIZE), other.frame_background(scene, 5, SIZE))


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "unknown", "whole"])
def test_a_sample_is_drawn_as_composed_transforms_draw_it(fit):
    """A generator that `transformed` did not seed would be the same in all workers, or another sample's."""
    geometry, rgba = Geometry(32, 48, fit, SOME), person()
    subject, scene = {"image": rgba, "masks": rgba[..., 3][None]}, {"image": rgba[..., :3].copy()}
    for transforms, planes in ((geometry.subject, subject), (geometry.background, scene)):
        composed = A.Compose(transforms)
        for seed in range(20):
            before = [part.random_generator.bit_generator.state for part in transforms]
            ours = transformed(transforms, seed, **planes)
            assert before == [part.random_generator.bit_generator.state for part in transforms]
            composed.set_random_seed(seed)
            expected = composed(**planes)
            assert ours.keys() == expected.keys()
            assert all(np.array_equal(ours[key], expected[key]) for key in ours)


def test_flip_mirrors_every_plane():
    rgba = person()
    rgba[:, :15, ::3] = 0
    plain = Geometry(60, 40, "stretch", NONE).frame_subject(rgba, 1)
    flipped = Geometry(60, 40, "stretch", {**NONE, "flip": 1.0}).frame_subject(rgba, 1)
    for a, b in zip(plain, flipped, strict=True):
        assert np.array_equal(a[:, ::-1], b)
    assert np.array_equal(np.dstack(plain), rgba)


@pytest.mark.parametrize("seed", range(20))
def test_a_person_cut_by_the_picture_is_cut_by_the_frame(seed):
    _, alpha = Geometry(64, 96, "crop", SOME).frame_subject(person(bottom=True), seed)
    assert alpha[-1].any()


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("seed", range(10))
def test_a_person_cut_on_both_sides_spans_the_frame(fit, seed):
    """Otherwise the last row of the plane would be stretched out."""
    cut = np.zeros((60, 40, 4), np.uint8)
    cut[..., 0] = 4 * np.arange(60)[:, None]
    cut[:, 10:30, 3] = 255
    rows = Geometry(64, 96, fit, {**SOME, "rotate": 0}).frame_subject(cut, seed)[0][:, 48, 0]
    assert max((rows == rows[0]).sum(), (rows == rows[-1]).sum()) <= 3


@pytest.mark.parametrize("times", [0.45, 0.1])
def test_a_margin_narrower_than_a_reduced_pixel_stays_empty(times):
    plane = np.zeros((100, 100), np.uint8)
    plane[1:-1, 1:-1] = 255
    frame = warp(plane, np.array([[times, 0, 20], [0, times, 20], [0, 0, 1]]), 90, 90)
    end = 20 + int(100 * times)
    assert frame[22 : end - 2, 22 : end - 2].min() > 200
    frame[18 : end + 2, 18 : end + 2] = 0
    assert not frame.any()


def test_crops_look_at_soft_pixels():
    tall = person(400, 100, bottom=False)
    seen = [Geometry(40, 90, "crop", NONE).frame_subject(tall, seed)[1] for seed in range(20)]
    assert all(((plane > 0) & (plane < 255)).any() for plane in seen)


def test_soft_pixel():
    alpha = np.zeros((16, 16), np.uint8)
    alpha[8, 5] = 100
    alpha[4, 9] = 255
    assert soft_pixel(alpha, 0.99) == (8, 5)
    assert soft_pixel(np.zeros((16, 16), np.uint8), 0.5) == (8, 8)


def test_shrinking_keeps_the_mean():
    rows = np.zeros((64, 64), np.uint8)
    rows[::2] = 255  # nearest or plain linear sampling by a quarter would see all or none of these
    assert abs(int(warp(rows, np.diag([0.25, 0.25, 1.0]), 16, 16).mean()) - 127) <= 2


def test_an_unknown_fit_is_refused():
    with pytest.raises(ValueError, match=r"stage\.fit=squeeze.*crop, pad, stretch"):
        Geometry(8, 8, "squeeze", NONE)


@pytest.mark.parametrize("shape", [(30, 200), (200, 30), (5, 5), (2, 2_000_000)])
def test_cover_never_stretches(shape):
    ramp = np.broadcast_to(np.arange(shape[1], dtype=np.float32)[None, :, None], (*shape, 3))
    picture = (ramp * 255 / max(1, shape[1] - 1)).astype(np.uint8)
    out = cover(picture, 40, 60)
    assert out.shape == (40, 60, 3)
    scale = max(40 / shape[0], 60 / shape[1])
    expected = 255 / (shape[1] * scale) * 59
    assert abs(int(out[0, -1, 0]) - int(out[0, 0, 0]) - expected) < 10


def test_a_background_that_is_enlarged_has_no_blocks():
    ramp = np.broadcast_to(np.arange(0, 256, 16, dtype=np.uint8)[None, :, None], (16, 16, 3)).copy()
    background = Geometry(160, 160, "crop", NONE).frame_background(ramp, 3, (160, 160))
    assert np.abs(np.diff(background[80, :, 0].astype(int))).max() <= 3  # a block's edge is a step of 16


@pytest.mark.parametrize(
    ("picture", "frame", "times"),
    [
        ((480, 640), (768, 1280), 1),
        ((480, 640), (256, 256), 1),
        ((480, 640), (64, 112), 4),
        ((3024, 4032), (512, 512), 4),
        ((3024, 4032), (64, 112), 8),
        ((300, 4000), (256, 256), 1),
        ((4000, 520), (256, 256), 2),
    ],
)
def test_a_background_is_reduced_as_far_as_its_smallest_cut_allows(picture, frame, times):
    assert Geometry(*frame, "crop", SOME).reduction(frame, *picture) == times


def test_a_whole_subject_needs_its_background_at_its_own_size():
    assert Geometry(64, 112, "whole", SOME).reduction((700, 500), 3024, 4032) == 4


@pytest.mark.parametrize("seed", range(5))
def test_a_background_is_cut_in_the_frames_proportions(seed):
    rows, columns = np.mgrid[:200, :250].astype(np.uint8)
    out = Geometry(*SIZE, "crop", SOME).frame_background(np.dstack([rows, columns, rows]), seed, SIZE).astype(int)
    down, across = abs(out[-1, 0, 0] - out[0, 0, 0]) / 47, abs(out[0, -1, 1] - out[0, 0, 1]) / 79
    assert down == pytest.approx(across, rel=0.05)


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_a_reduced_background_is_cut_at_the_same_place(times, seed):
    coarse = np.random.default_rng(3).integers(0, 256, (30, 40, 3), np.uint8)
    whole = cv2.resize(coarse, (1600, 1200), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(whole, (1600 // times, 1200 // times), interpolation=cv2.INTER_AREA)
    geometry = Geometry(150, 200, "crop", SOME)
    one, other = (geometry.frame_background(picture, seed, (150, 200)).astype(int) for picture in (whole, small))
    elsewhere = geometry.frame_background(whole, seed + 1, (150, 200))
    assert np.abs(one - other).mean() < 0.15 * np.abs(one - elsewhere).mean()  # a pixel off at most


@pytest.mark.parametrize("shape", [(401, 333), (1001, 999)])
def test_a_reduction_before_the_warp_is_within_one_level_of_the_exact_one(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    half = tuple(side // 2 for side in shape)
    reduced = cv2.resize(picture, half[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - resize(picture, *half)).max() <= 1
