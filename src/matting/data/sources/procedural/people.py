"""The traits of a person, drawn at random once, independent of the size of the canvas."""

from dataclasses import dataclass

import numpy as np

# RGB 0..255, from fair to deep.
SKINS = (
    (248, 219, 200),
    (240, 202, 176),
    (228, 184, 150),
    (214, 164, 126),
    (190, 138, 100),
    (160, 110, 78),
    (126, 82, 56),
    (96, 62, 44),
    (74, 47, 34),
)
# Dark and light tone of the strands, RGB 0..255.
HAIRS = (
    ((12, 10, 10), (62, 54, 50)),
    ((26, 17, 12), (92, 64, 44)),
    ((50, 32, 20), (134, 94, 60)),
    ((96, 66, 36), (216, 176, 116)),
    ((86, 34, 16), (196, 98, 50)),
    ((78, 76, 76), (186, 184, 182)),
    ((140, 138, 136), (240, 238, 234)),
    ((120, 86, 48), (244, 214, 160)),
    ((60, 20, 70), (200, 90, 170)),
)
HAIR_ODDS = (0.22, 0.2, 0.15, 0.12, 0.08, 0.07, 0.06, 0.07, 0.03)
# Choices with their odds, which need not add up to 1.
HAIRCUTS = {"bald": 0.03, "fringe": 0.04, "buzz": 0.06, "short": 0.2, "spiky": 0.04, "curly": 0.09, "afro": 0.06}
HAIRCUTS |= {"bob": 0.12, "long": 0.12, "wavy": 0.11, "ponytail": 0.06, "bun": 0.05}
LONG = ("bob", "long", "wavy", "ponytail", "bun")
GARMENTS = {"tee": 0.2, "shirt": 0.17, "jacket": 0.15, "sweater": 0.14, "hoodie": 0.12, "tank": 0.11, "fur": 0.06}
POSES = {"down": 0.5, "hip": 0.12, "cross": 0.1, "wave": 0.11, "chin": 0.05, "rest": 0.08}
HEADWEAR = {"none": 0.74, "cap": 0.06, "beanie": 0.06, "scarf": 0.08, "veil": 0.05}


@dataclass(frozen=True)
class Person:
    """The traits of a person. Colours are RGB in 0..1, angles radians, the rest factors around 1 or shares in 0..1.

    yaw, pitch, roll: of the head. body_yaw: of the shoulders. head_share: height of the head as a share of the frame.
    place: of the neck, -1 left to 1 right. room: above the hair, as a share of the frame. light: direction towards the
    light, x right, y down. hair: dark and light tone (2, 3). cloth: three colours of the garment (3, 3).
    """

    yaw: float
    pitch: float
    roll: float
    body_yaw: float
    head_share: float
    place: float
    room: float
    light: np.ndarray
    warmth: np.ndarray
    skin: np.ndarray
    blush: float
    lips: np.ndarray
    iris: np.ndarray
    brows: np.ndarray
    hair: np.ndarray
    haircut: str
    headwear: str
    head_width: float
    jaw: float
    eye_open: float
    gaze: float
    lashes: float
    brow: float
    brow_arch: float
    nose: tuple[float, float]
    mouth: float
    smile: float
    teeth: float
    freckles: int
    glasses: bool
    frames: np.ndarray
    beard: float
    beard_cover: bool
    shoulders: float
    garment: str
    fabric: str
    cloth: np.ndarray
    poses: tuple[str, str]
    shawl: bool
    lens: float
    motion: float


def pick(rng: np.random.Generator, odds: dict[str, float]) -> str:
    """Return one of the keys at random. odds: weight by key."""
    weights = np.array(list(odds.values()))
    return str(rng.choice(list(odds), p=weights / weights.sum()))


def palette(rng: np.random.Generator) -> np.ndarray:
    """Return three colours of cloth (3, 3) in 0..1: often muted, sometimes loud, sometimes close to skin."""
    hue, strength, value = rng.random(), rng.beta(1.6, 2.2), rng.uniform(0.12, 0.95)
    shifts = hue + np.array([0.0, rng.choice([0.0, 0.08, 0.5]), rng.random()])
    values = np.clip([value, value + rng.choice([-1, 1]) * rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.95)], 0.06, 0.97)
    # From hue, saturation and value to RGB.
    wheel = np.clip(np.abs((shifts[:, None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return (values[:, None] * (1 - strength * (1 - wheel))).astype(np.float32)


def draw_person(rng: np.random.Generator) -> Person:
    """Return a random person. Traits of feminine and masculine people have different odds."""
    feminine = rng.random() < 0.5
    skin = np.array(SKINS[rng.integers(len(SKINS))]) / 255 * rng.uniform(0.94, 1.04) + rng.normal(0, 0.008, 3)
    hair = np.array(HAIRS[rng.choice(len(HAIRS), p=HAIR_ODDS)]) / 255 * rng.uniform(0.85, 1.1)
    odds = {cut: share * (1.7 if (cut in LONG) == feminine else 0.3) for cut, share in HAIRCUTS.items()}
    # Half of the people face the camera, some are seen from the side, a few from behind.
    turned = rng.choice([rng.normal(0, 0.25), rng.uniform(0.4, 1.1), rng.uniform(2.6, 3.6)], p=[0.52, 0.43, 0.05])
    yaw = float(turned * rng.choice([-1, 1]))
    behind = abs(yaw) > 2
    headwear = pick(rng, HEADWEAR)
    red = np.array([0.72, 0.3, 0.32]) if feminine else np.array([0.66, 0.4, 0.36])
    light = np.array([rng.choice([-1, 1]) * rng.uniform(0.3, 0.9), -rng.uniform(0.3, 0.8)])
    return Person(
        yaw=yaw,
        pitch=rng.normal(0.04, 0.1),
        roll=rng.normal(0, 0.11),
        body_yaw=yaw + rng.normal(0, 0.25) if behind else yaw * rng.uniform(0.2, 0.9) + rng.normal(0, 0.15),
        head_share=rng.uniform(0.32, 0.53),
        place=float(np.clip(rng.normal(0, 0.4), -0.8, 0.8)),
        room=rng.uniform(0.025, 0.12),
        light=light,
        warmth=(rng.uniform(0.86, 1.06) * (1 + rng.uniform(-0.07, 0.07) * np.array([1, 0, -1]))).astype(np.float32),
        skin=np.clip(skin, 0.08, 0.97),
        blush=rng.uniform(0.04, 0.2),
        lips=np.clip(skin * (0.45, 0.4, 0.45) + red * rng.uniform(0.35, 0.55), 0, 1),
        iris=np.array([(0.3, 0.18, 0.1), (0.22, 0.13, 0.08), (0.3, 0.45, 0.6), (0.35, 0.45, 0.28)][rng.integers(4)]),
        brows=np.clip(hair[0] * 0.8 + hair[1] * 0.2, 0, 0.6) * 0.9 + skin * 0.1,
        hair=hair,
        haircut=pick(rng, odds),
        headwear=headwear,
        head_width=rng.uniform(0.92, 1.08),
        jaw=rng.uniform(0.75, 1.0) if feminine else rng.uniform(0.95, 1.35),
        eye_open=rng.uniform(0.7, 1.15),
        gaze=rng.uniform(-1, 1),
        lashes=rng.uniform(0.5, 1) if feminine else rng.uniform(0, 0.3),
        brow=rng.uniform(0.5, 0.9) if feminine else rng.uniform(0.8, 1.3),
        brow_arch=rng.uniform(-0.005, 0.02),
        nose=(rng.uniform(0.8, 1.25), rng.uniform(0.085, 0.14)),
        mouth=rng.uniform(0.85, 1.2),
        smile=rng.uniform(-0.3, 1.4),
        teeth=rng.choice([0.0, rng.uniform(0.4, 1.2)], p=[0.65, 0.35]),
        freckles=int(rng.choice([0, 25], p=[0.85, 0.15])),
        glasses=bool(rng.random() < 0.2),
        frames=np.array([(0.06, 0.06, 0.07), (0.3, 0.18, 0.1), (0.6, 0.55, 0.45)][rng.integers(3)]),
        beard=0.0 if feminine or headwear == "scarf" else float(rng.choice([0, 0.4, 0.7, 1.2], p=[0.5, 0.2, 0.2, 0.1])),
        beard_cover=bool(rng.random() < 0.8),
        shoulders=rng.uniform(0.74, 0.86) if feminine else rng.uniform(0.86, 1.0),
        garment=pick(rng, GARMENTS),
        fabric=str(rng.choice(["plain", "plain", "stripes", "check", "plaid", "dots", "blobs", "knit", "denim"])),
        cloth=palette(rng),
        poses=(pick(rng, POSES), pick(rng, POSES)),
        shawl=bool(rng.random() < 0.08),
        lens=float(rng.choice([0.0, rng.uniform(0.35, 0.7)], p=[0.95, 0.05])),
        motion=float(rng.choice([0.0, rng.uniform(0.02, 0.06)], p=[0.9, 0.1])),
    )
