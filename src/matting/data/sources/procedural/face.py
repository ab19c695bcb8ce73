"""Skin, ears and the features of a face."""

import numpy as np

from matting.data.sources.procedural.canvas import Canvas, Layer, ellipse, fineness, relief, smooth
from matting.data.sources.procedural.head import CRANIUM, Head
from matting.data.sources.procedural.people import Person
from matting.data.sources.procedural.strands import grow, taper, tresses

# The outline of an eye, a unit wide to each side, the inner corner on the left.
ALMOND = np.array(
    [[-1, -0.1], [-0.6, 0.55], [0, 0.8], [0.6, 0.55], [1, 0.05], [0.5, -0.5], [-0.1, -0.62], [-0.65, -0.45]]
)


def draw_head(canvas: Canvas, head: Head, person: Person, rng: np.random.Generator) -> None:
    """Draw ears, head and face in one layer."""
    unit = head.frame.unit
    layer = Layer(canvas, head.outline(grow=0.16), painted=True)
    skin = person.skin
    # The far ear lies behind the head, the near one before it.
    ears = [(side, float((head.rotation @ (side, 0, 0))[2])) for side in (-1, 1)]
    for side, near in ears:
        if near <= 0.05:
            draw_ear(layer, head, side, skin * 0.88)
    layer.fill(head.outline(), colour=skin)
    if head.facing(0, 0.3) > -0.2:
        draw_features(layer, head, person, rng)
    for side, near in ears:
        if near > 0.05:
            draw_ear(layer, head, side, skin * 0.95)
    cover, colour = layer.cover(), layer.painted()
    shade = relief(cover, 0.17 * unit, person.light)[..., None]
    # Soft shadows and blush change the brightness around their places on the face.
    x, y = layer.grid()
    for u, v, radius, tint in soft_spots(person):
        if head.facing(u, v) > 0.15:
            centre = head.on_face(np.array([[u, v]]))[0]
            reach = 2 * (radius * unit) ** 2
            spot = np.exp(-((x - centre[0]) ** 2) / reach) * np.exp(-((y - centre[1]) ** 2) / reach)
            shade = shade * (1 + spot[..., None] * np.asarray(tint, np.float32))
    canvas.over(layer, np.minimum(colour * shade, cover[..., None]), cover)


def soft_spots(person: Person) -> list[tuple[float, float, float, tuple[float, float, float]]]:
    """Return shadows and blush of a face, each as place x and y, radius, and the relative change of each channel."""
    blush = person.blush
    spots = [(side * 0.19, 0.32, 0.09, (0.02, -blush, -blush)) for side in (-1, 1)]
    spots += [(side * 0.14, 0.49, 0.075, (-0.16, -0.18, -0.18)) for side in (-1, 1)]
    spots += [(0.0, 0.24, 0.05, (-0.1, -0.1, -0.1)), (0.0, 0.095, 0.06, (-0.12, -0.12, -0.12))]
    spots += [(person.light[0] * 0.1, 0.72, 0.13, (0.12, 0.11, 0.1)), (0.0, 0.35, 0.04, (0.1, 0.07, 0.06))]
    return spots


def draw_ear(layer: Layer, head: Head, side: int, colour: np.ndarray) -> None:
    """Draw an ear and, darker, its inside."""
    for size, shade in ((1.0, 1.0), (0.6, 0.78)):
        ring = ellipse(0.062 * size, 0.115 * size)
        x = side * (head.skull[0] * 0.97 + 0.3 * (0.062 - ring[:, 0]))
        layer.fill(head.pixels(np.stack([x, 0.43 + ring[:, 1], -0.07 + ring[:, 0]], 1)), colour=colour * shade)


def draw_features(layer: Layer, head: Head, person: Person, rng: np.random.Generator) -> None:
    """Draw the shadow of a beard, mouth, eyes, nose, freckles and glasses."""
    if person.beard > 0.3 and person.beard_cover:
        jaw = [[-0.33, 0.42], [-0.27, 0.3], [-0.14, 0.27], [0, 0.29], [0.14, 0.27], [0.27, 0.3], [0.33, 0.42]]
        jaw += [[0.31, 0.22], [0.2, 0.05], [0, -0.03], [-0.2, 0.05], [-0.31, 0.22]]
        mix = 0.75 if person.beard > 0.5 else 0.35
        layer.fill(head.on_face(np.array(jaw)), colour=person.skin * (1 - mix) + person.hair[0] * mix)
    draw_mouth(layer, head, person)
    for side in (-1, 1):
        if head.facing(side * 0.15, 0.5) > 0.16:
            draw_eye(layer, head, person, side)
    draw_nose(layer, head, person)
    for _ in range(person.freckles):
        spot = np.array([rng.normal(0, 0.12), rng.normal(0.38, 0.05)])
        if head.facing(*spot) > 0.2:
            layer.fill(head.on_face(spot + ellipse(0.006, 0.006, 6)), colour=person.skin * 0.8)
    if person.glasses:
        draw_glasses(layer, head, person)


def draw_eye(layer: Layer, head: Head, person: Person, side: int) -> None:
    """Draw an eye: lid, white, iris, pupil, a glint, lashes and brow."""
    size = np.array([0.072, 0.036 * person.eye_open])
    centre = np.array([side * 0.152, 0.475])
    shape = smooth(ALMOND * (-side, 1), closed=True, between=3)
    lid = shape * size
    layer.fill(head.on_face(centre + lid * (1.25, 1.6)), colour=person.skin * 0.86)
    layer.fill(head.on_face(centre + lid), colour=np.array([0.93, 0.91, 0.89]))
    gaze = centre + np.array((person.gaze * 0.022, -0.002))
    for radius, colour in ((0.034, person.iris * 0.5), (0.029, person.iris), (0.015, person.iris * 0.1)):
        disc = ellipse(radius, min(radius, size[1] * 0.9), 16)
        layer.fill(head.on_face(gaze + disc), colour=colour)
    layer.fill(head.on_face(gaze + np.array((0.009, 0.01)) + ellipse(0.006, 0.006, 8)), colour=np.ones(3))
    upper = smooth(np.array([[-1.05, -0.1], [-0.6, 0.58], [0, 0.85], [0.6, 0.58], [1.1, 0.1]]) * (-side, 1)) * size
    band = np.concatenate([centre + upper, (centre + upper + (0, 0.008 + 0.012 * person.lashes))[::-1]])
    layer.fill(head.on_face(band), colour=person.skin * 0.2)
    arch = person.brow_arch
    brow = np.array([[0.06, 0.56], [0.14, 0.585 + arch], [0.215, 0.575 + arch * 0.8], [0.265, 0.535]])
    line = smooth(brow) * (side, 1)
    thick = np.linspace(1, 0.25, len(line))[:, None] * (0, 0.032 * person.brow)
    layer.fill(head.on_face(np.concatenate([line, (line - thick)[::-1]])), colour=person.brows)


def draw_nose(layer: Layer, head: Head, person: Person) -> None:
    """Draw the sides of the nose, lit and in shadow, nostrils, wings and tip."""
    wide, long = person.nose
    for side in (-1, 1):
        # In profile the far side is hidden.
        towards = float((head.rotation @ (side, 0, 0.6))[2])
        if towards < 0 and abs((head.rotation @ (0, 0, 1))[0]) > 0.9:
            continue
        shade = 0.98 if side * person.light[0] > 0 else 0.85
        ridge = [[0, 0.5, 0.02], [0, 0.42, 0.07], [0, 0.33, long], [0, 0.288, 0.6 * long]]
        low_flank = [[side * 0.045 * wide, 0.283, 0.04], [side * 0.075 * wide, 0.305, 0.01]]
        high_flank = [[side * 0.06 * wide, 0.345, 0.02], [side * 0.032, 0.42, 0.015]]
        shape = np.array([*ridge, *low_flank, *high_flank])
        layer.fill(head.on_face(shape[:, :2], shape[:, 2]), colour=person.skin * shade)
        nostril = np.array([side * 0.035 * wide, 0.29]) + ellipse(0.017, 0.009, 10)
        layer.fill(head.on_face(nostril, 0.05), colour=person.skin * 0.42)
        wing = smooth(np.array([[0.072, 0.335], [0.08, 0.305], [0.06, 0.283]])) * (side * wide, 1)
        crease = np.concatenate([wing, wing[::-1] - (side * 0.012, 0)])
        layer.fill(head.on_face(crease, 0.01), colour=person.skin * 0.68)
    layer.fill(head.on_face(np.array([0.0, 0.335]) + ellipse(0.02, 0.016), long), colour=person.skin * 1.06)


def draw_mouth(layer: Layer, head: Head, person: Person) -> None:
    """Draw upper and lower lip, the gap between them, and teeth."""
    half, smile, gap = 0.125 * person.mouth, person.smile * 0.035, person.teeth * 0.035
    # Curves from corner to corner: the bow above, the seam, the lower edge of the gap, the edge of the lower lip.
    x = np.linspace(-1, 1, 13)
    lift = 0.02 * (1 - x**2)
    seam = np.stack([x * half, 0.195 + smile * (x**2 - 0.3)], 1)
    bow = seam + np.stack([0 * x, 0.036 * (1 - x**2) * (1 - 0.25 * np.exp(-((x / 0.18) ** 2)))], 1)
    lower = seam - np.stack([0 * x, gap * (1 - x**2)], 1)
    chin = lower - np.stack([0 * x, 0.05 * np.sqrt(1 - x**2 * 0.999)], 1)
    lift = lift + 0.012
    lift = np.concatenate([lift, lift])
    layer.fill(head.on_face(np.concatenate([bow, lower[::-1]]), lift), colour=person.lips * 0.85)
    layer.fill(head.on_face(np.concatenate([lower, chin[::-1]]), lift), colour=person.lips)
    inner = np.concatenate([seam + np.array((0, 0.004)), (lower - (0, 0.004))[::-1]])
    layer.fill(head.on_face(inner, lift), colour=person.lips * 0.35)
    if person.teeth > 0.3:
        white = np.concatenate([seam[2:-2], (0.25 * seam + 0.75 * lower)[2:-2][::-1]])
        layer.fill(head.on_face(white, 0.02), colour=np.array([0.92, 0.9, 0.86]))


def draw_glasses(layer: Layer, head: Head, person: Person) -> None:
    """Draw temples, rims and bridge."""
    colour, thick = person.frames, 0.018
    for side in (-1, 1):
        near = float((head.rotation @ (side, 0, 0))[2])
        if near > -0.2:
            temple = np.array([[side * 0.27, 0.5, 0.36], [side * 0.38, 0.49, -0.05], [side * 0.37, 0.46, -0.12]])
            layer.limb(head.pixels(temple), np.full(3, thick * head.frame.unit * 0.5), colour)
        lens = np.array([[-1, 0], [-0.8, 0.85], [0.8, 0.95], [1, 0], [0.7, -0.95], [-0.7, -0.95]])
        ring = smooth(lens * (-side, 1), closed=True)
        rim = ring * (0.125, 0.09) + (side * 0.155, 0.47)
        flat = np.concatenate([rim, rim[:1]])
        points = np.stack([flat[:, 0], flat[:, 1], 0.40 - 0.25 * np.abs(flat[:, 0])], 1)
        layer.limb(head.pixels(points), np.full(len(points), thick * head.frame.unit * 0.5), colour)
    bridge = np.array([[-0.035, 0.49, 0.40], [0, 0.5, 0.42], [0.035, 0.49, 0.40]])
    layer.limb(head.pixels(bridge), np.full(3, thick * head.frame.unit * 0.5), colour)


def draw_beard(canvas: Canvas, head: Head, person: Person, rng: np.random.Generator) -> None:
    """Draw a beard of short hairs on cheeks, chin and lip; long ones reach beyond the outline of the face."""
    if person.beard < 0.1 or head.facing(0, 0.2) < -0.1:
        return
    count = 700
    spots = np.stack([rng.uniform(-0.33, 0.33, count), rng.uniform(-0.04, 0.4, count)], 1)
    cheek = spots[:, 1] < np.interp(np.abs(spots[:, 0]), [0, 0.07, 0.16, 0.26, 0.33], [0.1, 0.12, 0.2, 0.28, 0.42])
    lip = (np.abs(spots[:, 0]) < 0.13) & (np.abs(spots[:, 1] - 0.26) < 0.022)
    spots = spots[cheek | lip]
    roots = head.surface(spots)
    roots[:, 2] -= 0.35 * np.clip(0.12 - spots[:, 1], 0, None)
    headings = np.stack([spots[:, 0] * 1.2, np.full(len(spots), -0.8), np.full(len(spots), 0.35)], 1)
    headings += rng.normal(0, 0.35, headings.shape)
    lengths = 0.05 + 0.16 * person.beard * rng.uniform(0.2, 1, len(spots)) * (spots[:, 1] < 0.15)
    # Hairs fall along the face; only those on the side towards the viewer are drawn.
    guides = grow(roots, headings, lengths, np.array([0, -2.0, 0]), CRANIUM, head.skull, 6)
    seen = head.turned(guides[:, 0])[:, 2] > head.turned(np.array([0, 0.3, -0.05]))[2]
    if not seen.any():
        return
    layer = Layer(canvas, head.outline(grow=0.3), scale=fineness(head.frame.unit))
    each, unit = 6, head.frame.unit * layer.scale
    samples = int(np.clip(0.25 * unit, 8, 200))
    placed = layer.placed(head.pixels(guides))
    lines = tresses(rng, placed, each, samples, 0.014 * unit, 0.5, 0.004 * unit, 1.5, 0.008 * unit)
    shape = (each, len(guides), 1)
    along = np.linspace(0, 1, samples, dtype=np.float32)
    widths = taper(along, rng.uniform(0.6, 1, shape).astype(np.float32)) * np.float32(0.0018 * unit)
    tones = np.clip(rng.uniform(0.15, 0.7, shape[1:]) + rng.normal(0, 0.1, shape), 0.02, 1)
    tones = np.broadcast_to(tones.astype(np.float32), widths.shape)
    for part in range(each):
        layer.strands(lines[part][seen], widths[part][seen], tones[part][seen])
    cover, tone = (plane[..., None] for plane in layer.strand_cover()[:2])
    dark, light = person.hair
    colour = (cover * dark + tone * (light - dark)) * 0.95
    canvas.over(layer, np.minimum(colour, cover).astype(np.float32), cover[..., 0])
