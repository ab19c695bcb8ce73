"""Border maps and trimaps of people's masks on a CPU, the same values on both sides, medians of one run."""

import math
from collections.abc import Callable
from functools import partial
from statistics import median

import cv2
import numpy as np
import torch
from kornia.morphology import dilation, erosion
from torch import Tensor
from torch.nn.functional import conv2d

from benchmarks.as_command import as_command
from benchmarks.timing import milliseconds
from matting.nets.morphology import box_radii, device_trimap, host_trimap
from matting.ops.ellipse import ellipse_kernel, ellipse_sums
from matting.ops.trimap import border_map

HEIGHT, WIDTH, SIZE = 768, 1280, 15
ROUNDS = 15
BAR = 40
SHARE = 0.04  # AlphaNet's erosion and dilation
# Where the layer works: the small scale, crops, the longest side of training end to end. Rounds, as it takes longer.
TRIMAPS = {(8, 1, 64, 112): 15, (4, 1, 320, 320): 5, (1, 1, 1000, 1500): 5}


def person_mask() -> Tensor:
    """A head and shoulders with ragged edges: bool (1, 1, HEIGHT, WIDTH)."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (640, 300), (150, 200), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (640, 800), (380, 330), 0, 0, 360, 1, -1)
    rng = np.random.default_rng(0)
    for angle in rng.uniform(0, 2 * np.pi, 200):
        start = np.array([640 + 150 * np.cos(angle), 300 + 200 * np.sin(angle)])
        cv2.line(mask, start.astype(int).tolist(), (start + rng.normal(0, 40, 2)).astype(int).tolist(), 1, 2)
    return torch.from_numpy(mask).bool()[None, None]


def simple_border_map(mask: Tensor) -> Tensor:
    kernel = torch.from_numpy(ellipse_kernel(SIZE)).float()
    soft = mask.float()
    return dilation(soft, kernel) - erosion(soft, kernel)


def simple_trimap(mask: Tensor, radii: Tensor) -> Tensor:
    kernels = [torch.from_numpy(ellipse_kernel(2 * int(radius) + 1)).float() for radius in radii[:, 0].flatten()]
    soft = [sample.float() for sample in mask.split(1)]
    return torch.cat([(dilation(m, k) + erosion(m, k)) / 2 for m, k in zip(soft, kernels, strict=True)])


def pair(name: str, ours: Callable[[], Tensor], simple: Callable[[], Tensor], bar: float, rounds: int = ROUNDS) -> dict:
    """Both sides in turns, so that a busy moment of the machine falls on both."""
    assert torch.allclose(ours(), simple()), f"{name}: the two sides give different values"
    times = [(milliseconds(ours), milliseconds(simple)) for _ in range(rounds)]
    ours_ms, simple_ms = (median(side) for side in zip(*times, strict=True))
    return {"name": name, "ours_ms": ours_ms, "naive_ms": simple_ms, "ratio": simple_ms / ours_ms, "bar": bar}


def trimap_rows(mask: Tensor, shape: tuple[int, int, int, int], rounds: int) -> list[dict]:
    """The layer's hard trimap by both of its paths and by kornia; the sums of its soft one by a plain convolution."""
    batch, _, height, width = shape
    small = cv2.resize(mask[0, 0].numpy().astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    people = torch.from_numpy(small).bool().expand(shape).contiguous()
    radii = box_radii(people, SHARE).expand(-1, 2, 1, 1)
    limit = math.ceil(SHARE * (height + width) / 2)
    host, device = partial(host_trimap, people, radii), partial(device_trimap, people, radii, limit)
    name = f"trimap, {batch} of {width}x{height}, CPU"
    rows = [pair(f"{name}, on the host against the device's scans", host, device, 1, rounds)]
    if height <= 320:  # beyond, windows that are written out take tens of GB
        rows.append(pair(f"{name}, against kornia.morphology", host, partial(simple_trimap, people, radii), 5, rounds))
    if height == 320:  # smaller ones come out alike, larger ones take minutes
        values = torch.rand(batch, 2, height, width, dtype=torch.float64)
        spectra, plain = partial(spectral_sums, values, radii, limit), partial(simple_sums, values, radii)
        rows.append(pair(f"soft {name}, its sums against conv2d", spectra, plain, 10, rounds))
    return rows


def spectral_sums(values: Tensor, radii: Tensor, limit: int) -> Tensor:
    return ellipse_sums(values, radii, limit)[0]


def simple_sums(values: Tensor, radii: Tensor) -> Tensor:
    sums = []
    for sample, radius in zip(values.split(1), radii[:, 0].flatten().tolist(), strict=True):
        kernel = torch.from_numpy(ellipse_kernel(2 * radius + 1)).double().expand(2, 1, -1, -1)
        sums.append(conv2d(sample, kernel, padding=radius, groups=2))
    return torch.cat(sums)


def measure() -> list[dict]:
    """One row a pair: its name, the milliseconds of both sides, their ratio and the bar."""
    mask = person_mask()
    name = f"border map, {SIZE} px at {WIDTH}x{HEIGHT}, against kornia.morphology"
    as_command()
    both = [partial(border_map, mask, SIZE), partial(simple_border_map, mask)]
    rows = [pair(f"{name} with all cores", *both, BAR)]
    torch.set_num_threads(1)
    rows.append(pair(f"{name}, one thread each", *both, BAR))
    as_command()
    return rows + [row for shape, rounds in TRIMAPS.items() for row in trimap_rows(mask, shape, rounds)]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.2f} ms, {naive_ms:.1f} ms, {ratio:.1f}x (bar {bar}x)".format(**row))
