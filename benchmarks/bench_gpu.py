"""The rows of a GPU: what `make bench` adds where there is one. Each function takes any device, so that tests can
rehearse it on the CPU at a small size.
"""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.bench_device import SIZES, Stock, ours, raw_batch
from benchmarks.bench_memory import ALPHA_STAGE, FULL
from benchmarks.bench_metrics import golden, row_of
from benchmarks.timing import milliseconds
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.batch import RawBatch
from matting.metrics.filters import GAUSS, SLOPE
from matting.metrics.functional import matting_metrics
from matting.utils.process import settle
from tests.helpers.literal_step import Step
from tests.helpers.made_stages import make_stage, on, people

STRIDE = 64  # passes of the labelling between two looks at whether it is done


def wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def in_turns(sides: Sequence[Callable[[], Any]], device: str, rounds: int) -> list[float]:
    """Milliseconds of each side, whole: the device is done when the clock stops."""

    def whole(side: Callable[[], Any]) -> None:
        side()
        wait(device)

    for side in sides:
        whole(side)
    times = [[milliseconds(partial(whole, side)) for side in sides] for _ in range(rounds)]
    return [median(side) for side in zip(*times, strict=True)]


def composite(title: str, raw: RawBatch, device: str, rounds: int) -> dict[str, Any]:
    """Composite and colour, as `bench_device` compares them."""
    schema.register()
    limits, draw = plain(compose_config("train", ["scale=paper"]))["augment"], np.random.default_rng(0)
    there = on(device, raw)
    plain_ms, ours_ms = in_turns([partial(Stock(limits), there), partial(ours, there, limits, draw)], device, rounds)
    return row_of(f"composite and colour, {title}, GPU, against stock kornia augmentations", ours_ms, plain_ms, 5)


def pinned(title: str, raw: RawBatch, device: str, rounds: int) -> dict[str, Any]:
    """A raw batch to the device, from pinned memory as the loader hands it over, against pageable memory."""
    kept = {key: value.pin_memory() if device != "cpu" else value for key, value in tensors(raw).items()}

    def move(planes: dict[str, Tensor]) -> list[Tensor]:
        return [plane.to(device, non_blocking=True) for plane in planes.values()]

    plain_ms, ours_ms = in_turns([partial(move, tensors(raw)), partial(move, kept)], device, rounds)
    return row_of(f"raw batch to the GPU, {title}, pinned against pageable", ours_ms, plain_ms, None)


def tensors(raw: RawBatch) -> dict[str, Tensor]:
    return {key: value for key, value in raw.items() if isinstance(value, Tensor)}


def step(title: str, stage: Any, batch: Any, device: str, rounds: int) -> list[dict[str, Any]]:
    """The alpha stage's step against the literal one; bf16 and channels_last are what `trainer=gpu` sets."""
    stage, batch = stage.to(device), on(device, batch)
    stage.log_every = 10  # as the config has it
    literal = partial(Step(stage), stage.example(batch))
    for network in (stage.gen, stage.disc):
        network.to(memory_format=torch.channels_last)

    def ours_in(precision: str) -> None:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            stage.training_step(batch, 0)

    plain_ms, *measured = in_turns([literal, partial(ours_in, "float32"), partial(ours_in, "bf16")], device, rounds)
    name = f"alpha step, {title}, GPU, against the literal step in float32"
    bars = {"float32": None, "bf16": 3}
    return [row_of(f"{name}, {key}", ms, plain_ms, bars[key]) for key, ms in zip(bars, measured, strict=True)]


def largest(mask: Tensor) -> Tensor:
    """The largest 4-connected component of (H, W), found on the mask's device: labels spread until none changes."""
    labels = (torch.arange(1.0, mask.numel() + 1, device=mask.device).view(mask.shape) * mask)[None]  # exact to 2^24
    while True:
        before = labels
        for _ in range(STRIDE):
            spread = torch.maximum(F.max_pool2d(labels, (3, 1), 1, (1, 0)), F.max_pool2d(labels, (1, 3), 1, (0, 1)))
            labels = spread * mask
        if torch.equal(labels, before):
            break
    counts = labels.long().flatten().bincount()
    counts[0] = 0
    return (labels[0] == counts.argmax()) & mask


def on_device(pred: Tensor, true: Tensor) -> dict[str, Tensor]:
    """The metrics in float64 where the tensors are, in place of a copy to the host. pred, true: uint8 (H, W)."""
    pred, true = pred.double() / 255, true.double() / 255
    leaves_at = torch.ones_like(pred)
    for i in range(10, 0, -1):
        omega = largest((pred >= i / 10) & (true >= i / 10))
        leaves_at = torch.where(omega, leaves_at, (i - 1) / 10)
    phi = [1 - (image - leaves_at) * (image - leaves_at >= 0.15) for image in (pred, true)]
    return {
        "mse": ((pred - true) ** 2).mean(),
        "mae": (pred - true).abs().mean(),
        "sad": (pred - true).abs().sum(),
        "grad": ((amplitude(pred) - amplitude(true)) ** 2).sum(),
        "conn": (phi[0] - phi[1]).abs().sum(),
    }


def amplitude(image: Tensor) -> Tensor:
    image = (image - image.min()) / (image.max() - image.min())
    smooth, steep = (torch.from_numpy(taps.copy()).to(image) for taps in (GAUSS, SLOPE))
    padded = F.pad(image[None, None], (len(GAUSS) // 2,) * 4, mode="replicate")
    gx, gy = (
        F.conv2d(F.conv2d(padded, down.view(1, 1, -1, 1)), along.view(1, 1, 1, -1))[0, 0]
        for down, along in ((smooth, steep), (steep, smooth))
    )
    return torch.sqrt(gx**2 + gy**2)


def metrics(title: str, pred: np.ndarray, true: np.ndarray, device: str, rounds: int) -> dict[str, Any]:
    """All five of a pair that lies on the device: copied to the host, as ours are, against computed there."""
    pair = [torch.from_numpy(image).to(device) for image in (pred, true)]
    of_host, of_device = matting_metrics(*pair), on_device(*pair)
    for key, value in of_device.items():
        np.testing.assert_allclose(of_host[key].item(), value.item(), rtol=1e-6, err_msg=key)
    plain_ms, ours_ms = in_turns([partial(on_device, *pair), partial(matting_metrics, *pair)], device, rounds)
    return row_of(
        f"all five metrics of a pair on the GPU, {title}, copied against computed there", ours_ms, plain_ms, None
    )


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms, naive_ms, ratio and bar; none without a GPU."""
    if not torch.cuda.is_available():
        print("no GPU here: no rows of one", flush=True)
        return []
    settle(None)
    rows = []
    for title, (count, height, width, rounds) in SIZES.items():
        raw = raw_batch(count, height, width)
        rows += [composite(title, raw, "cuda", rounds), pinned(title, raw, "cuda", rounds)]
    rows.append(metrics("1280x768", *golden(), "cuda", 5))
    full = make_stage("alpha_gan", *ALPHA_STAGE, optimizer="torch.optim.Adam")
    return [*rows, *step("1 of 1280x768, full width", full, people(1, 0, *FULL), "cuda", 15)]


if __name__ == "__main__":
    for row in measure():
        print("{name}: {ours_ms:.2f} ms, {naive_ms:.2f} ms, {ratio:.2f}x (bar {bar})".format(**row))
