"""One person on one canvas: the parts, their place, and the order of the layers."""

import cv2
import numpy as np

from matting.data.sources.base import Subject
from matting.data.sources.procedural.accessories import Accessories
from matting.data.sources.procedural.body import Body, draw_skin
from matting.data.sources.procedural.canvas import Canvas, extend
from matting.data.sources.procedural.clothing import Wardrobe
from matting.data.sources.procedural.face import draw_beard, draw_head
from matting.data.sources.procedural.hair import Hair
from matting.data.sources.procedural.head import Frame, Head
from matting.data.sources.procedural.people import Person, draw_person


def draw_subject(seed: int, number: int, height: int, width: int) -> Subject:
    """Draw the person `number` of `seed`: fgr uint8 (height, width, 3) and alpha uint8 (height, width)."""
    # A random stream for each part: a change to one leaves the others as they are.
    who, face, locks, clothes, worn, film = (np.random.default_rng([seed, number, stream]) for stream in range(6))
    person = draw_person(who)
    canvas = Canvas(height, width)
    unit = max(min(height, 1.3 * width) * person.head_share, 0.2 * height)
    head = Head(Frame(unit, 0.0, 0.0), person.yaw, person.pitch, person.roll, person.head_width, person.jaw)
    hair = Hair(head, person, locks)
    # The place of the person depends on the hair, which must fit below the upper edge; the hair does not on the place.
    sway = max(0.5 * width - 0.75 * unit, 0.08 * width)
    head.frame = Frame(unit, 0.5 * width + person.place * sway, person.room * height + hair.crown() * unit)
    body = Body(head.frame, person, clothes)
    wardrobe = Wardrobe(canvas, body, head, person, clothes)
    accessories = Accessories(canvas, body, head, person, worn)
    smear = _smear(person.motion * unit, who.uniform(0, np.pi))
    tucked = person.headwear == "scarf"

    # From the back to the front.
    if not tucked:
        hair.draw_behind(canvas)
    arms = list(zip((-1, 1), person.poses, strict=True))
    hidden = ("hip", "cross", "chin", "rest") if body.back else ("hip",)
    for side, pose in arms:
        if pose in hidden:
            wardrobe.draw_arm(side, pose, smear)
    draw_skin(canvas, body, head, person)
    wardrobe.draw_trunk()
    accessories.draw_behind()
    for side, pose in arms:
        if pose == "down":
            wardrobe.draw_arm(side, pose, None)
    draw_head(canvas, head, person, face)
    draw_beard(canvas, head, person, face)
    if not tucked:
        hair.draw_before(canvas)
    accessories.draw_on_head()
    for side, pose in arms:
        if pose not in (*hidden, "down"):
            wardrobe.draw_arm(side, pose, smear)
    accessories.draw_over(smear)
    return _develop(canvas, person, film)


def _smear(length: float, angle: float) -> np.ndarray | None:
    """Return the kernel of a motion blur of `length` pixels, None where it is too short to show."""
    if length < 1:
        return None
    half = int(np.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    way = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (np.rint(half + sign * way).astype(int) for sign in (-1, 1))
    cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0)
    return kernel / kernel.sum()


def _develop(canvas: Canvas, person: Person, film: np.random.Generator) -> Subject:
    """Return the finished subject: lens blur, colours where alpha is 0, white balance, grain, 8 bits."""
    if person.lens:
        canvas.blur(person.lens * max(1.0, (canvas.height * canvas.width) ** 0.5 / 600))
    colour = extend(canvas.colour, np.clip(canvas.alpha, 0, 1)) * person.warmth
    grain = film.standard_normal((canvas.height, canvas.width), np.float32)[..., None] * 0.012
    fgr = np.rint(np.clip(colour + grain, 0, 1) * 255).astype(np.uint8)
    return Subject(fgr=fgr, alpha=np.rint(np.clip(canvas.alpha, 0, 1) * 255).astype(np.uint8))
