"""Border map of a person's mask on a CPU: ours against kornia.morphology, the same mask, medians of one run."""

import time
from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import torch
from kornia.morphology import dilation, erosion

from matting.nets.morphology import border_map, ellipse_kernel

HEIGHT, WIDTH, SIZE = 768, 1280, 15
ROUNDS = 15
BAR = 40


def person_mask() -> torch.Tensor:
    """A head and shoulders with ragged edges: bool (1, 1, HEIGHT, WIDTH)."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (640, 300), (150, 200), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (640, 800), (380, 330), 0, 0, 360, 1, -1)
    rng = np.random.default_rng(0)
    for angle in rng.uniform(0, 2 * np.pi, 200):
        start = np.array([640 + 150 * np.cos(angle), 300 + 200 * np.sin(angle)])
        cv2.line(mask, start.astype(int).tolist(), (start + rng.normal(0, 40, 2)).astype(int).tolist(), 1, 2)
    return torch.from_numpy(mask).bool()[None, None]


def simple_border_map(mask: torch.Tensor) -> torch.Tensor:
    kernel = torch.from_numpy(ellipse_kernel(SIZE)).float()
    soft = mask.float()
    return dilation(soft, kernel) - erosion(soft, kernel)


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def measure() -> list[dict]:
    """One row a pair: its name, the milliseconds of both sides, their ratio and the bar."""
    mask = person_mask()
    assert torch.equal(border_map(mask, SIZE), simple_border_map(mask)), "the two sides give different borders"
    # In turns, so that a busy moment of the machine falls on both sides.
    rounds = [
        (milliseconds(lambda: border_map(mask, SIZE)), milliseconds(lambda: simple_border_map(mask)))
        for _ in range(ROUNDS)
    ]
    ours_ms, simple_ms = (median(times) for times in zip(*rounds, strict=True))
    name = f"border map, {SIZE} px at {WIDTH}x{HEIGHT}, CPU, against kornia.morphology"
    return [{"name": name, "ours_ms": ours_ms, "naive_ms": simple_ms, "ratio": simple_ms / ours_ms, "bar": BAR}]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.2f} ms, {naive_ms:.1f} ms, {ratio:.0f}x (bar {bar}x)".format(**row))
