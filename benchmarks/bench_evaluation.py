"""Evaluating a test set against one image after another with its metrics in the same process.

The plain side has no workers and no batches: it loads an image, predicts it with both threads, then measures each row
in each region with one, by the suite's own metrics: those that are commonly used would be slower.
"""

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from benchmarks.timing import milliseconds
from benchmarks.worker_files import SCENES, write_people, write_scenes
from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.config.instantiate import build
from matting.data.collate import collate
from matting.data.compositing import compose_batch
from matting.data.datamodule import CompositeData
from matting.data.dataset import EvalComposites
from matting.evaluation.evaluator import best_constant, evaluator_of
from matting.methods.base import Method
from matting.methods.pomagan import Pomagan
from matting.metrics.functional import matting_metrics
from matting.nets.working_size import WorkingSize
from matting.ops.trimap import scaled_size, unknown_region
from matting.utils import process

HEIGHT, WIDTH = 512, 768
STAGES = ("segmentation_gan", "alpha_gan")
ROUNDS = 5
BAR = 1.7
# Scale, where its networks see the images: (height, width); images.
CASES: dict[str, tuple[str, tuple[int, int], int]] = {
    "the quick networks at 112x64": ("quick", (64, 112), 24),
    "the small networks at 256x256": ("small", (256, 256), 12),
    "the quick networks at 768x512": ("quick", (HEIGHT, WIDTH), 4),
}


class Untrained(Pomagan):
    """POMAGAN with random weights: its time does not depend on them."""

    def __init__(self, networks: list[nn.Module], height: int, width: int):
        Method.__init__(self)
        self.segmentation, self.alpha = (network.requires_grad_(False).eval() for network in networks)
        self.working_size = WorkingSize(height, width, "pad")


@dataclass
class TestSet:
    """A test set of JPEG and PNG files on the disk, its subjects decoded; and the config of an evaluation."""

    config: Mapping[str, Any]
    data: CompositeData

    @property
    def dataset(self) -> EvalComposites:
        return self.data.tests["folder"]


def write_files(root: Path, images: int, height: int, width: int) -> None:
    write_people(root / "people/test/fgr", root / "people/test/alpha", images, height, width)
    write_scenes(root / "backgrounds/test", SCENES)


def opened(root: Path, scale: str) -> TestSet:
    paths = (f"paths.data_root={root}", f"paths.cache_dir={root}/cache")
    words = [f"scale={scale}", "data=folder", *paths, "scale.eval_size=native", "scale.test_backgrounds_per_subject=1"]
    schema.register()
    config = plain(compose_config("evaluate", words))
    data = CompositeData(config, config["batch_size"])
    data.setup("test")
    return TestSet(config, data)


def untrained(scale: str, height: int, width: int) -> Untrained:
    schema.register()
    torch.manual_seed(0)
    # the alpha stage would be trained after another: here its network is built alone
    configs = [compose_config("train", [f"scale={scale}", f"stage={stage}"]) for stage in STAGES]
    return Untrained([build(plain(config)["net"]["gen"]) for config in configs], height, width)


def ours(tests: TestSet, method: Method) -> list[list[dict[str, Any]]]:
    device = torch.device("cpu")
    evaluator = evaluator_of(method, best_constant(tests.dataset), device, tests.config)
    loader = tests.data.eval_loader(tests.dataset)
    return [rows for rows, _ in evaluator.samples("folder", loader, tests.config["runtime"]["workers"])]


def one_after_another(tests: TestSet, method: Method) -> list[list[dict[str, Any]]]:
    threads, dataset = torch.get_num_threads(), tests.dataset
    constant, dilation, found = best_constant(dataset), tests.config["metrics"]["unknown_dilation"], []
    for at in range(len(dataset)):
        batch = compose_batch(collate([dataset[at]]), colour=False)
        true, predicted = batch["alpha"], method(batch["image"])
        maps = {"alpha": predicted["alpha"], "coarse": predicted["coarse"]}
        maps |= {"constant": torch.full_like(true, constant), "perfect_mask": (true >= 0.5).float()}
        masks = {"whole": None, "unknown": unknown_region(true, scaled_size(*true.shape[-2:], dilation, 1024, 3))}
        torch.set_num_threads(1)
        found.append(
            [
                {"row": row, "region": region}
                | {name: value.item() for name, value in matting_metrics(pred, true, mask).items()}
                for row, pred in maps.items()
                for region, mask in masks.items()
            ]
        )
        torch.set_num_threads(threads)
    return found


def network_alone(tests: TestSet, method: Method, pictures: list[torch.Tensor]) -> None:
    """The batches of an evaluation predicted, nothing else."""
    for batch in torch.cat(pictures).split(tests.config["batch_size"]):
        method(batch)


def check_equal(found: list[list[dict[str, Any]]], expected: list[list[dict[str, Any]]]) -> None:
    """A batch's predictions differ from one image's by rounding, which a threshold may make larger."""
    for sample, other in zip(found, expected, strict=True):
        for entry, figures in zip(sample, other, strict=True):
            exact = entry["row"] in ("constant", "perfect_mask")
            for name in ("mse", "mae", "sad", "grad", "conn"):
                close = math.isclose(entry[name], figures[name], rel_tol=1e-9 if exact else 1e-2)
                assert close, (entry["row"], name, entry[name], figures[name])


def rows_of(root: Path) -> Iterator[dict[str, Any]]:
    for title, (scale, frame, images) in CASES.items():
        folder = root / f"{images}"
        if not folder.exists():
            write_files(folder, images, HEIGHT, WIDTH)
        tests, method = opened(folder, scale), untrained(scale, *frame)
        check_equal(ours(tests, method), one_after_another(tests, method))
        # real ones: of a black image instance norms make denormal numbers, ten times as slow on some processors
        samples = [tests.dataset[at] for at in range(images)]
        pictures = [compose_batch(collate([sample]), colour=False)["image"] for sample in samples]
        sides = [partial(side, tests, method) for side in (ours, one_after_another)]
        sides.append(partial(network_alone, tests, method, pictures))
        times = [[milliseconds(side) / images for side in sides] for _ in range(ROUNDS)]
        fast, slow, network = (median(side) for side in zip(*times, strict=True))
        name = f"evaluating an image of {WIDTH}x{HEIGHT}, {title}"
        row = {"ours_ms": fast, "naive_ms": slow, "ratio": slow / fast, "bar": BAR}
        yield {"name": f"{name}, against one after another", **row}
        yield {"name": f"{name}: its networks alone", "unit": "ms", "value": network}


def measure() -> list[dict[str, Any]]:
    """Rows of name, ours_ms and naive_ms for an image, ratio and bar; both sides in turns."""
    process.keep_freed()  # as the command does
    with tempfile.TemporaryDirectory() as folder:
        return list(rows_of(Path(folder)))


if __name__ == "__main__":
    for row in measure():
        print(row)
