"""Peak of resident memory by case, each in a process of its own: a training step at 1280x768, evaluation at 4K.

Full width, random weights. Without arguments the cases of seconds; `all`, or names as printed, for the others.
"""

import json
import resource
import subprocess
import sys
from contextlib import nullcontext
from time import perf_counter
from typing import Any

import torch
from torch import nn

from benchmarks.as_command import as_command, has_bf16
from matting.nets.alphanet import AlphaNet
from matting.nets.matting_net import MattingNet
from matting.nets.morphology import ErosionDilation
from matting.nets.person import PersonSegmentation
from matting.nets.pomagan import AlphaGenerator, SegmentationGenerator
from matting.ops.resample import fit_image, resample
from tests.helpers.made_stages import make_stage, people

LIMIT_GB = 19  # of the process's data: a case that needs more is told so, and the machine goes on
NO_MEMORY = "can't allocate memory", "bad_alloc", "MemoryError"  # torch's, C++'s and Python's words for it
FULL = (768, 1280)
UHD = (2160, 3840)
ALPHA_STAGE = (
    *("net.gen.width=64", "net.gen.depth=4", "net.gen.blocks=9", "net.disc.width=64"),
    *("loss.perceptual.width=1", "loss.perceptual.weights=none"),
)


class Pomagan(nn.Module):
    """Both generators in a row, on the image as large as fits into height x width."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.segmentation, self.alpha = SegmentationGenerator(), AlphaGenerator()
        self.size = height, width

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        fitted = fit_image(image, *self.size, "pad")
        return resample(self.alpha(fitted, self.segmentation(fitted)), *image.shape[-2:])


def alphanet(max_side: int) -> nn.Module:
    return AlphaNet(PersonSegmentation(), MattingNet(), ErosionDilation(0.04, 0.04), max_side)


def step(bf16: bool, recompute: bool, size: tuple[int, int]) -> float:
    """Seconds of the alpha stage's step on one sample, with the optimizers' moments there already."""
    stage = make_stage("alpha_gan", *ALPHA_STAGE, optimizer="torch.optim.Adam")
    stage.log_every = 10
    if recompute:
        stage.recompute()
    with torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext():
        stage.training_step(people(1, 0, 64, 64), 0)
        batch, start = people(1, 0, *size), perf_counter()
        stage.training_step(batch, 1)
    return perf_counter() - start


@torch.no_grad()
def evaluation(network: nn.Module, bf16: bool) -> float:
    network.eval()
    with torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext():
        network(people(1, 0, 64, 64)["image"])
        image, start = people(1, 0, *UHD)["image"], perf_counter()
        network(image)
    return perf_counter() - start


CASES = {
    f"alpha step, batch 1, {size[1]}x{size[0]}, {precision}{', recompute' if again else ''}": (
        lambda bf16=precision == "bf16", again=again, size=size: step(bf16, again, size)
    )
    for size in ((384, 640), FULL)
    for precision in ("float32", "bf16")
    for again in (False, True)
} | {
    f"{name}, one {UHD[1]}x{UHD[0]} image, {precision}": (
        lambda build=build, bf16=precision == "bf16": evaluation(build(), bf16)
    )
    for name, build in (
        ("POMAGAN at 1280x768", lambda: Pomagan(*FULL)),
        ("POMAGAN at its own size", lambda: Pomagan(*UHD)),
        ("AlphaNet, longer side 1500", lambda: alphanet(1500)),
        ("AlphaNet at its own size", lambda: alphanet(max(UHD))),
    )
    for precision in ("float32", "bf16")
}
SHORT = [name for name in CASES if ("640x384" in name and "bf16" in name) or "1500" in name]


def run_case(name: str) -> dict[str, Any]:
    """Within the case's own process."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(LIMIT_GB * 1e9), hard))
    as_command()
    seconds = CASES[name]()
    return {"gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, "seconds": seconds}


def measure(names: list[str] | None = None) -> list[dict[str, Any]]:
    """Rows of name, unit and value: the peak of each case, and its seconds."""
    rows = []
    for name in names or [name for name in SHORT if "float32" in name or has_bf16()]:
        done = subprocess.run([sys.executable, "-m", __name__, "case", name], capture_output=True, text=True)
        if done.returncode:
            if not any(word in done.stderr for word in NO_MEMORY):
                raise SystemExit(f"{name}:\n{done.stderr}")
            rows.append({"name": f"{name}: does not fit in", "unit": "GB", "value": LIMIT_GB})
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        rows.append({"name": f"{name}: peak", "unit": "GB", "value": found["gb"]})
        rows.append({"name": f"{name}: time", "unit": "s", "value": found["seconds"]})
    return rows


if __name__ == "__main__":
    __name__ = "benchmarks.bench_memory"
    if sys.argv[1:2] == ["case"]:
        print(json.dumps(run_case(sys.argv[2])))
    else:
        chosen = list(CASES) if sys.argv[1:] == ["all"] else sys.argv[1:]
        for row in measure(chosen or None):
            print("{name} {value:.1f} {unit}".format(**row), flush=True)
