"""Deterministic weights and inputs for the golden values of the compared systems. Needs only numpy.

    tensors = fill(keys, "modnet", "golden", calibration)     # {key: float32 array} from {key: [shape]}
    case = inputs("modnet", "golden", height=224, width=320)

No library's random generator takes part: raw 64-bit words of the counter-based Philox 4x64 generator (numpy's bit
stream, which numpy keeps stable), keyed with the first 16 bytes of sha256("<system>/<seed>/<key>"), turned into uniform
numbers in [-1, 1).
The values do not depend on the order of the keys.
"""

import hashlib
import math
import re

import numpy as np

# Gains: the first regular expression that is found in a key multiplies what the rule below gives. They, and the factors
# and biases of the last layers in calibration.json, keep activations finite and alpha spread over [0, 1].
GAINS = {
    "bgm_v2": [(r"backbone\.layer\d\.\d+\.bn3\.weight$", 0.3)],
    "fba": [],
    "dim": [],
    "lfm": [(r"^conv1_conv\.weight$", 0.02)],
}
# Two names of one tensor: the official MODNet registers its backbone twice.
SAME = {"modnet": [(r"^lr_branch\.backbone\.", "backbone.")]}


def uniform(name, count):
    """count float64 numbers in [-1, 1) that depend on the name alone."""
    digest = hashlib.sha256(name.encode()).digest()
    raw = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(count)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def rule(key, shape):
    """(kind, scale, offset): value = offset + scale * u."""
    last = key.rsplit(".", 1)[-1]
    if last == "num_batches_tracked":
        return "count", 0.0, 0.0
    if last == "running_mean":
        return "float", 0.1, 0.0
    if last == "running_var":
        return "float", 0.25, 1.0
    if last == "bias":
        return "float", 0.05, 0.0
    if len(shape) == 1:
        return "float", 0.1, 1.0
    fan_in = math.prod(shape[1:])
    return "float", math.sqrt(3.0) * math.sqrt(2.0 / fan_in), 0.0


def tensor(system, seed, key, shape, last=None):
    for pattern, replacement in SAME.get(system, []):
        key = re.sub(pattern, replacement, key)
    kind, scale, offset = rule(key, shape)
    if kind == "count":
        return np.zeros(shape, dtype=np.int64)
    value = offset + scale * uniform(f"{system}/{seed}/{key}", math.prod(shape))
    for pattern, gain in GAINS.get(system, []):
        if re.search(pattern, key):
            value = value * gain
            break
    value = value.reshape(shape)
    change = (last or {}).get(key, {})
    if "multiply" in change:  # one factor per output channel, the first axis
        value = value * np.array(change["multiply"]).reshape(-1, *[1] * (len(shape) - 1))
    if "values" in change:
        value = np.array(change["values"]).reshape(shape)
    return value.astype(np.float32)


def fill(keys, system, seed, calibration=None):
    """keys: {name: shape} as in <system>.keys.json; calibration: the object in calibration.json of the same folder."""
    last = (calibration or {}).get(f"{system}/{seed}")
    return {key: tensor(system, seed, key, tuple(shape), last) for key, shape in keys.items()}


def inputs(system, seed, height, width):
    """A synthetic portrait: uint8 arrays image, background, foreground (H, W, 3) RGB, alpha and trimap (H, W).

    The trimap has the levels 0, 128 and 255.
    """

    def noise(name, *shape):
        return uniform(f"inputs/{seed}/{height}x{width}/{name}", math.prod(shape)).reshape(shape)

    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = (x + 0.5) / width, (y + 0.5) / height
    shift = noise("shift", 8) * 0.04
    head = np.hypot((u - 0.5 - shift[0]) / 0.17, (v - 0.34 - shift[1]) / 0.22)
    body = np.hypot((u - 0.5 - shift[2]) / 0.34, (v - 1.02 - shift[3]) / 0.46)
    distance = np.minimum(head - 1.0, body - 1.0)
    strands = 0.05 * np.sin(37.0 * u + 11.0 * v + 3.0 * shift[4]) * np.sin(29.0 * v - 7.0 * u)
    alpha = np.clip(0.5 - (distance + strands) / 0.24, 0.0, 1.0)

    def colours(name, frequency):
        phase, slope = noise(name + "/phase", 3) * math.pi, noise(name + "/slope", 3, 2) * frequency
        waves = np.stack(
            [0.5 + 0.35 * np.sin(slope[c, 0] * u * 6 + slope[c, 1] * v * 6 + phase[c]) for c in range(3)], axis=-1
        )
        return np.clip(waves + 0.06 * noise(name + "/noise", height, width, 3), 0.0, 1.0)

    foreground, background = colours("foreground", 2.0), colours("background", 3.0)
    image = alpha[..., None] * foreground + (1.0 - alpha[..., None]) * background

    def level(a):
        return np.rint(a * 255.0).astype(np.uint8)

    alpha = level(alpha)
    trimap = np.full((height, width), 128, dtype=np.uint8)
    trimap[alpha == 0] = 0
    trimap[alpha == 255] = 255
    return {
        "image": level(image),
        "background": level(background),
        "foreground": level(foreground),
        "alpha": alpha,
        "trimap": trimap,
    }


def losses_case(seed, height=96, width=128):
    """Float32 arrays for the golden loss values (losses.json): a scene, and predictions that mix truth and noise.

    Colours are (3, H, W), maps (1, H, W), all in [0, 1]; the trimap has 0, 0.5 and 1. The arrays *_small are a quarter
    of the size, semantic a sixteenth.
    """
    scene = inputs("losses", seed, height, width)

    def unit(a):
        return a.astype(np.float64) / 255.0

    alpha = unit(scene["alpha"])[None]
    colours = {name: unit(scene[name]).transpose(2, 0, 1) for name in ("image", "foreground", "background")}
    trimap = np.where(alpha == 0, 0.0, np.where(alpha == 1, 1.0, 0.5))

    def noise(name, *shape):
        return uniform(f"losses/{seed}/{name}", math.prod(shape)).reshape(shape) * 0.5 + 0.5

    def pooled(a, n):
        return a.reshape(a.shape[0], a.shape[1] // n, n, a.shape[2] // n, n).mean(axis=(2, 4))

    def mixed(name, truth, part=0.7):
        return part * truth + (1.0 - part) * noise(name, *truth.shape)

    result = {
        "alpha": alpha,
        "trimap": trimap,
        **colours,
        "matte": mixed("matte", alpha),
        "detail": mixed("detail", alpha, 0.5),
        "semantic": mixed("semantic", pooled(alpha, 16)),
        "backup_matte": mixed("backup_matte", alpha),
        "backup_detail": mixed("backup_detail", alpha, 0.5),
        "pred_foreground": mixed("pred_foreground", colours["foreground"], 0.6),
        "error": noise("error", *alpha.shape),
        "matte_small": mixed("matte_small", pooled(alpha, 4)),
        "foreground_small": mixed("foreground_small", pooled(colours["foreground"], 4), 0.6),
        "error_small": noise("error_small", *pooled(alpha, 4).shape),
        "other_matte": mixed("other_matte", 1.0 - alpha),
    }
    return {name: value.astype(np.float32) for name, value in result.items()}


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
