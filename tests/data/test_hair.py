"""Tests of drawn hair: smooth, tapering, painted by area at every size, and of its own colour where it is soft."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from matting.data.sources.procedural import ProceduralSubjects
from matting.data.sources.procedural.canvas import Canvas, Layer
from matting.data.sources.procedural.hair import CUTS, Hair
from matting.data.sources.procedural.head import Frame, Head
from matting.data.sources.procedural.people import draw_person
from matting.data.sources.procedural.strands import curved, dabs, strides, taper, tresses

LINE = np.linspace([2, 8.3], [14, 9.1], 200, dtype=np.float32)[None]


def drawn(cut, number, size):
    """Draw the hair of a person alone: premultiplied colour, alpha and the dark and light tone."""
    person = replace(draw_person(np.random.default_rng([3, number, 0])), haircut=cut, headwear="none")
    canvas = Canvas(size, size)
    frame = Frame(size * 0.42, 0.5 * size, 0.68 * size)
    head = Head(frame, person.yaw, person.pitch, person.roll, person.head_width, person.jaw)
    hair = Hair(head, person, np.random.default_rng([3, number, 2]))
    hair.draw_behind(canvas)
    hair.draw_before(canvas)
    return canvas.colour, canvas.alpha, person.hair


def painted(width, scale=4):
    """Paint one strand of a width in pixels: coverage, and coverage times its tone of 0.5."""
    layer = Layer(Canvas(16, 16), LINE, margin=8, scale=scale)
    widths = np.full(LINE.shape[:2], width * scale, np.float32)
    layer.strands(layer.placed(LINE).astype(np.float32), widths, np.full_like(widths, 0.5))
    return layer.strand_cover()


@pytest.mark.parametrize("width", [0.001, 0.02, 0.1])
def test_a_strand_thinner_than_a_pixel_covers_its_area_and_keeps_its_tone(width):
    cover, tone, area = painted(width)
    length = np.hypot(*(LINE[0, -1] - LINE[0, 0]))
    assert area.sum() == pytest.approx(width * length, rel=0.02)
    assert cover.sum() == pytest.approx(width * length, rel=0.15)
    np.testing.assert_allclose(tone[cover > 0] / cover[cover > 0], 0.5, atol=1e-3)


def test_a_strand_wider_than_a_pixel_is_as_wide():
    cover, _, area = painted(3.0, scale=1)
    assert area.sum() == pytest.approx(36, rel=0.03)
    assert 2 <= (cover[:, 8] > 0.3).sum() <= 5


def test_what_leaves_the_plane_is_left_out():
    lines = np.linspace([-5, -3], [9, 7], 50, dtype=np.float32)[None]
    at, area, tones = dabs(lines, np.ones((1, 50), np.float32), np.ones((1, 50), np.float32), 6, 8)
    assert 0 <= at.min() <= at.max() < 48
    assert len(at) == len(area) == len(tones) < 50


def test_strides_add_up_to_the_length():
    turn = np.linspace(0, np.pi, 400)
    arc = np.stack([np.cos(turn), np.sin(turn)], 1).astype(np.float32)[None] * 50
    assert strides(arc)[:, 1:].sum() == pytest.approx(50 * np.pi, rel=1e-3)


def test_strands_have_no_corners():
    """Samples four times as dense turn by a quarter of the angle, while the corners of a polyline would keep theirs."""
    guides = np.cumsum(np.random.default_rng(0).normal(0, 1, (20, 12, 2)), axis=1)

    def sharpest(samples):
        strands = tresses(np.random.default_rng(1), guides, 3, samples, 0.1, 0.5, 0.2, 2, 0.1).reshape(-1, samples, 2)
        way = np.diff(strands, axis=1)
        turns = np.diff(np.unwrap(np.arctan2(way[..., 1], way[..., 0])), axis=1)
        return np.quantile(np.abs(turns), 0.99)

    assert sharpest(1600) < 0.3 * sharpest(400)


def test_a_spline_begins_and_ends_where_its_control_points_do():
    controls = np.random.default_rng(0).normal(size=(5, 7, 2))
    np.testing.assert_allclose(curved(controls, 30)[:, [0, -1]], controls[:, [0, -1]], atol=1e-5)


def test_strands_taper_to_a_point():
    widths = taper(np.linspace(0, 1, 101, dtype=np.float32), np.array([[0.8], [1.0]], np.float32))
    assert (np.diff(widths[:, 20:], axis=1) <= 0).all()
    assert (widths[0, 80:] == 0).all()
    assert widths[1, 99] > 0 == widths[1, 100]
    assert (widths[:, 0] < 0.5).all()


@pytest.mark.parametrize("cut", [cut for cut in CUTS if cut != "bald"])
def test_hair_on_a_small_canvas_is_the_area_average_of_the_large_one(cut):
    _, large, _ = drawn(cut, 1, 512)
    _, small, _ = drawn(cut, 1, 64)
    mean = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    soft = (mean > 0.02) & (mean < 0.98)
    assert small.sum() == pytest.approx(mean.sum(), rel=0.12)
    assert np.abs(small - mean)[soft].mean() < 0.13
    faint = (mean > 0.02) & (mean < 0.2)
    assert small[faint].mean() == pytest.approx(mean[faint].mean(), abs=0.12)  # flyaways do not vanish


def test_soft_hair_has_the_colours_of_hair():
    """Under soft alpha each channel lies between the dark and the light tone, up to the shading."""
    for number, cut in enumerate(["short", "curly", "long", "afro"]):
        colour, alpha, (dark, light) = drawn(cut, number, 256)
        soft = (alpha > 0.05) & (alpha < 0.6)
        straight = colour[soft] / alpha[soft][:, None]
        assert (straight.mean(0) > 0.9 * dark).all()
        assert (straight.mean(0) < 1.1 * light).all()
        assert soft.sum() > 500


def test_soft_values_are_those_of_real_hair():
    """As in mattes of photographs, faint values are more frequent than those next to them."""
    source = ProceduralSubjects(11, 40, 256, 160, drawing=2)
    alphas = np.stack([source.load(id).alpha for id in source.ids]) / 255
    soft = alphas[(alphas > 0.02) & (alphas < 0.98)]
    shares = np.histogram(soft, 4, (0, 1))[0] / len(soft)
    assert shares[0] > 1.15 * shares[1]
    assert shares.min() > 0.15
