"""Tests of the drawn default data: pure functions of their parameters, exact mattes, colours without fringes."""

import multiprocessing
from functools import partial

import cv2
import numpy as np
import pytest

from matting.data.sources import procedural
from matting.data.sources.procedural import ProceduralBackgrounds
from matting.data.sources.procedural.canvas import Canvas, Layer, extend
from matting.errors import UserError

HEIGHT, WIDTH = 128, 96
ProceduralSubjects = partial(procedural.ProceduralSubjects, drawing=2)
SOURCES = [ProceduralSubjects, ProceduralBackgrounds]


def pixels(source, id):
    """Return all bytes of an item."""
    item = source.load(id)
    return item.tobytes() if isinstance(item, np.ndarray) else item.fgr.tobytes() + item.alpha.tobytes()


def load_backwards(kind, ids):
    """Load items in another process, in another order, with other global state."""
    np.random.seed(99)  # noqa: NPY002
    cv2.setRNGSeed(99)
    cv2.setNumThreads(1)
    source = kind(7, 4, HEIGHT, WIDTH)
    return {id: pixels(source, id) for id in reversed(ids)}


@pytest.fixture(scope="module")
def subjects():
    """Draw sixty people at the size for which the share of soft pixels is given."""
    source = ProceduralSubjects(11, 60, 256, 160)
    return [source.load(id) for id in source.ids]


@pytest.mark.parametrize("kind", SOURCES)
def test_items_depend_on_nothing_but_parameters(kind):
    source = kind(7, 4, HEIGHT, WIDTH)
    here = {id: pixels(source, id) for id in source.ids}
    assert here == {id: pixels(source, id) for id in source.ids}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(load_backwards, (kind, source.ids)) == here


@pytest.mark.parametrize("kind", SOURCES)
def test_ids_and_seeds_give_different_items(kind):
    one, other = kind(0, 12, HEIGHT, WIDTH), kind(1, 12, HEIGHT, WIDTH)
    items = [pixels(source, id) for source in (one, other) for id in source.ids]
    assert len(set(items)) == 24


@pytest.mark.parametrize("kind", SOURCES)
def test_range_of_ids(kind):
    source = kind(3, 3, HEIGHT, WIDTH, first=11)
    assert source.name == "procedural"
    assert source.ids == ("000011", "000012", "000013")
    assert source.files("000012") == ()
    assert pixels(source, "000012") == pixels(kind(3, 20, HEIGHT, WIDTH), "000012")


@pytest.mark.parametrize("id", ["000014", "000010", "12", "abcdef"])
def test_unknown_id_is_named(id):
    with pytest.raises(UserError, match=f"{id}.*000011 to 000013"):
        ProceduralSubjects(3, 3, HEIGHT, WIDTH, first=11).load(id)


@pytest.mark.parametrize(
    ("key", "value"), [("seed", -1), ("count", 0), ("height", 8), ("width", 8), ("first", -1), ("first", 10**6)]
)
def test_bad_parameter_is_named(key, value):
    parameters = {"seed": 0, "count": 1, "height": 64, "width": 64, "first": 0} | {key: value}
    with pytest.raises(UserError, match=key):
        ProceduralBackgrounds(**parameters)


@pytest.mark.parametrize("kind", SOURCES)
def test_fingerprint_tells_every_parameter(kind):
    base = {"seed": 0, "count": 5, "height": 64, "width": 48, "first": 0}
    prints = {kind(**base).fingerprint()} | {kind(**base | {key: base[key] + 1}).fingerprint() for key in base}
    assert len(prints) == 6
    assert kind(**base).fingerprint() in prints


def test_the_former_drawing_is_refused_in_one_line():
    source = procedural.ProceduralSubjects(0, 1, 64, 64)
    with pytest.raises(UserError, match=r"drawing=1.*set drawing=2") as error:
        source.load("000000")
    assert "\n" not in str(error.value)


def test_people_and_scenes_have_different_fingerprints():
    assert len({kind(0, 5, 64, 64).fingerprint() for kind in SOURCES}) == 2


@pytest.mark.parametrize(("height", "width"), [(97, 161), (96, 160), (161, 97), (16, 16), (301, 64), (64, 301)])
def test_sizes(height, width):
    person = ProceduralSubjects(2, 1, height, width).load("000000")
    scene = ProceduralBackgrounds(2, 1, height, width).load("000000")
    assert person.fgr.shape == scene.shape == (height, width, 3)
    assert person.alpha.shape == (height, width)
    assert person.fgr.dtype == person.alpha.dtype == scene.dtype == np.uint8
    assert person.alpha.any()


def test_soft_share_of_the_box(subjects):
    shares = []
    for subject in subjects:
        rows, columns = (np.flatnonzero((subject.alpha > 0).any(axis)) for axis in (1, 0))
        box = subject.alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        shares.append(((box > 0) & (box < 255)).mean())
    assert 0.04 < np.mean(shares) < 0.07
    assert min(shares) > 0.005


def test_subject_fills_a_person_sized_part(subjects):
    for subject in subjects:
        assert (subject.alpha == 255).mean() > 0.2
        assert (subject.alpha == 0).mean() > 0.08
        assert (subject.alpha[-1] == 255).any()


def test_landscape_leaves_room_beside_the_person():
    source = ProceduralSubjects(4, 10, 96, 160)
    shares = [(source.load(id).alpha > 127).mean() for id in source.ids]
    assert min(shares) > 0.12
    assert max(shares) < 0.65
    assert 0.2 < np.mean(shares) < 0.45


def test_alpha_takes_many_values(subjects):
    """Coverage of a 4x4 grid, crossing strands and translucent cloth give far more than two values."""
    assert np.mean([len(np.unique(subject.alpha)) for subject in subjects]) > 60
    alpha = np.stack([subject.alpha for subject in subjects]) / 255
    assert ((alpha - (alpha >= 0.5)) ** 2).mean() > 2e-3


def test_colours_go_on_beyond_the_support(subjects):
    """Beside an outline the colour is the outline's, never black, so that interpolation leaves no fringe."""
    gaps, outside = [], []
    for subject in subjects:
        support = (subject.alpha > 127).astype(np.uint8)
        ring = cv2.dilate(support, np.ones((5, 5))) - cv2.dilate(support, np.ones((3, 3)))
        colour, weight = subject.fgr.astype(np.float32) * support[..., None], support.astype(np.float32)
        near = cv2.blur(colour, (11, 11)) / np.maximum(cv2.blur(weight, (11, 11)), 1e-6)[..., None]
        gaps.append(np.abs(subject.fgr - near)[ring > 0].mean())
        outside.append(subject.fgr[subject.alpha == 0].max(-1).mean())
    assert np.mean(gaps) < 22
    assert min(outside) > 15


def test_extend_keeps_what_is_covered_and_spreads_it():
    rng = np.random.default_rng(0)
    alpha = np.zeros((40, 33), np.float32)
    alpha[10:30, 8:20] = rng.uniform(0.1, 1, (20, 12))
    colour = np.array([0.2, 0.5, 0.8], np.float32)
    filled = extend(colour * alpha[..., None], alpha)
    np.testing.assert_allclose(filled, np.broadcast_to(colour, filled.shape), atol=1e-4)


def test_coverage_is_the_area_under_a_shape():
    canvas = Canvas(20, 20)
    square = np.array([[4.0, 4.0], [12.0, 4.0], [12.0, 9.0], [4.0, 9.0]])
    layer = Layer(canvas, square)
    layer.fill(square)
    cover = layer.cover()
    assert cover.max() == 1
    assert cover.sum() == pytest.approx(40, rel=0.1)
    half = Layer(canvas, square)
    half.fill(square + np.array((0.5, 0.5)))
    edge = half.cover()[4 - half.y + 2, 4 - half.x]
    assert 0.3 < edge < 0.7


def test_layers_of_one_colour_show_no_seam():
    """Two layers of one colour composite to that colour wherever anything is covered."""
    canvas = Canvas(24, 24)
    colour = np.array([0.6, 0.4, 0.3], np.float32)
    for shift in (0.0, 3.3):
        square = np.array([[4.2, 4.2], [15.7, 4.2], [15.7, 15.7], [4.2, 15.7]]) + shift
        layer = Layer(canvas, square)
        layer.fill(square)
        cover = layer.cover()
        canvas.over(layer, colour * cover[..., None], cover)
    np.testing.assert_allclose(canvas.colour, colour * canvas.alpha[..., None], atol=1e-6)
    assert canvas.alpha[10, 10] == 1


def test_scenes_vary():
    source = ProceduralBackgrounds(5, 24, 64, 96)
    scenes = np.stack([source.load(id) for id in source.ids]).astype(np.float32)
    assert scenes.mean((1, 2)).std(0).min() > 20
    assert (scenes.std((1, 2)).mean(1) > 4).all()
    detail = np.array([cv2.Laplacian(scene, cv2.CV_32F).std() for scene in scenes])
    assert detail.max() > 4 * detail.min()
