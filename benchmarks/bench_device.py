"""Composite and colour on the device against stock kornia augmentations: the same operations, the same chances.

Both sides start from the bytes of a batch and draw their own parameters. How far a colour may move is alike, the
formulas differ (ours is one matrix a sample, kornia's goes through HSV): equality is checked with colours left alone.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import kornia.augmentation as K
import numpy as np
import torch
from torch import Tensor

from benchmarks.timing import milliseconds
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.batch import RawBatch
from matting.data.compositing import DRAWS, compose_batch
from matting.data.dataset import draw_colour
from matting.utils import process

SIZES = {"4 of 512x512": (4, 512, 512, 15), "4 of 1280x768": (4, 768, 1280, 7)}
BAR = 3
WIDEST = (13, 13)  # three sigma each way of the strongest blur


class Stock:
    """The chain as its documentation has it, of the limits that ours draws within."""

    def __init__(self, limits: dict[str, Any]):
        around = {name: (1 - limits[name], 1 + limits[name]) for name in ("brightness", "contrast", "saturation")}
        hue = limits["hue"] / 360
        self.fgr, self.bgr = (K.ColorJiggle(**around, hue=(-hue, hue)) for _ in range(2))
        self.blur = K.RandomGaussianBlur(WIDEST, (0.1, limits["blur"]), p=1)
        self.noise = K.RandomGaussianNoise(std=limits["noise"] / 2, p=1)
        self.jpeg = K.RandomJPEG(tuple(map(float, limits["jpeg"])), p=limits["jpeg_p"])

    def __call__(self, raw: RawBatch) -> dict[str, Tensor]:
        planes = {key: raw[key].float() / 255 for key in ("fgr", "alpha", "bgr", "new_bgr")}  # type: ignore[literal-required]
        fgr, bgr, alpha = self.fgr(planes["fgr"]), self.blur(self.bgr(planes["bgr"])), planes["alpha"]
        image = self.jpeg(self.noise(alpha * fgr + (1 - alpha) * bgr).clamp(0, 1))
        return {**planes, "fgr": fgr, "bgr": bgr, "image": image}


def raw_batch(count: int, height: int, width: int) -> RawBatch:
    """Smooth planes: white noise would be no picture."""
    draw = torch.Generator().manual_seed(0)

    def plane(channels: int) -> Tensor:
        coarse = 255 * torch.rand(count, channels, height // 32, width // 32, generator=draw)
        return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").byte()

    planes = {"fgr": plane(3), "alpha": plane(1), "bgr": plane(3), "new_bgr": plane(3)}
    rest = {"draws": np.zeros((count, len(DRAWS)), np.float32), "seeds": list(range(count)), "skipped": []}
    return {**planes, **rest, "ids": [str(i) for i in range(count)]}  # type: ignore[return-value,typeddict-item]


def ours(raw: RawBatch, limits: dict[str, Any], draw: np.random.Generator) -> Any:
    return compose_batch({**raw, "draws": np.stack([draw_colour(draw, limits) for _ in raw["ids"]])})


def check(raw: RawBatch, limits: dict[str, Any]) -> None:
    """One sigma and one quality on both sides, colours and noise left alone: the same pictures."""
    sigma, quality = 2.0, 70.0  # the blur of ours reaches as far as the chain's
    alone = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "noise"), 0.0)
    stock = Stock({**limits, **alone, "jpeg": (quality, quality), "jpeg_p": 1.0})
    stock.blur = K.RandomGaussianBlur(WIDEST, (sigma, sigma), p=1)
    draws = np.zeros_like(raw["draws"])
    draws[:, DRAWS.index("blur")], draws[:, DRAWS.index("jpeg")] = sigma, quality
    one, other = compose_batch({**raw, "draws": draws}), stock(raw)
    for key in ("bgr", "image"):
        away = (one[key] - other[key]).abs().max()  # type: ignore[literal-required]
        assert away < 1e-3, (key, away)


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar; both sides in turns."""
    process.keep_freed()
    schema.register()
    limits = plain(compose_config("train", ["scale=paper"]))["augment"]
    rows = []
    for title, (count, height, width, rounds) in SIZES.items():
        torch.manual_seed(0)
        raw, draw = raw_batch(count, height, width), np.random.default_rng(0)
        check(raw, limits)
        sides: list[Callable[[], Any]] = [partial(Stock(limits), raw), partial(ours, raw, limits, draw)]
        for side in sides:
            side()
        times = [[milliseconds(side) for side in sides] for _ in range(rounds)]
        stock_ms, ours_ms = (median(side) for side in zip(*times, strict=True))
        name = f"composite and colour, {title}, CPU, against stock kornia augmentations"
        row = {"name": name, "ours_ms": ours_ms, "naive_ms": stock_ms, "ratio": stock_ms / ours_ms, "bar": BAR}
        rows.append(row)
    return rows


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.0f} ms, {naive_ms:.0f} ms, {ratio:.2f}x (bar {bar}x)".format(**row))
