"""Run folders of a recipe as training and evaluation leave them, made without either."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from omegaconf import DictConfig

from matting.config import schema
from matting.config.compose import compose_config
from matting.data.build import fingerprint
from matting.experiments.recipe import RecipeRuns
from matting.runs.provenance import git_state
from matting.runs.run import Run
from matting.utils.files import write_json

OVERRIDES = ["scale=quick", "paths.output_dir=outputs", "scale.test_subjects=4"]
METRICS = ("mse", "mae", "sad", "grad", "conn")
ROWS = {"alpha": 0.02, "coarse": 0.04, "constant": 0.2, "perfect_mask": 0.004}  # MSE; the others are multiples of it


def compose(*overrides: str, verb: str = "reproduce") -> DictConfig:
    schema.register()
    return compose_config(verb, [*OVERRIDES, *overrides])


def start(run: Run, **facts: Any) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "config.yaml").write_text(yaml.safe_dump(run.config))
    manifest = {"command": f"matting made {run.kind}", "git": git_state(), "started": "2026-01-02T03:04:05+00:00"}
    manifest |= {"starts": ["2026-01-02T03:04:05+00:00"], "seconds": 12.0, "device": "cpu"}
    write_json(run.folder / "manifest.json", {**manifest, "data_fingerprint": fingerprint(run.config), **facts})


def finish_stage(run: Run, **facts: Any) -> dict[str, Any]:
    start(run, **{"subjects": 184, "samples": 18400, "skipped": [], **facts})
    with (run.folder / "metrics.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("batch", "name", "value"))
        for batch in range(10, 100, 10):
            names = ("train/loss/adversarial", "train/loss/border", "train/loss/perceptual", "train/adv/d_real")
            table.writerows((batch, name, 0.5 / batch) for name in (*names, "train/adv/d_fake", "val/whole/mse"))
    result = {"batch": 80, "batches": 90, "val": {"val/whole/mse": 0.03}}
    write_json(run.folder / "result.json", result)
    return result


def finish_evaluation(run: Run, tests: tuple[str, ...] = ("procedural",), **mse: float) -> dict[str, Any]:
    start(run)
    result: dict[str, Any] = {"names": {"alpha": "POMAGAN", "coarse": "coarse"}, "convention": "dim", "tests": {}}
    pictures = []
    for test in tests:
        rows = {
            row: {region: figures(value) for region in ("whole", "unknown")} for row, value in {**ROWS, **mse}.items()
        }
        sizes = {"eval_size": 112, "sizes": [[64, 112], [64, 112]]}
        result["tests"][test] = {"samples": 4, "subjects": 4, **sizes, "rows": rows}
        for kind in ("first", "best", "worst"):
            for number in range(2):
                files = write_planes(run.folder / "pictures" / test, f"{kind}-{number}")
                entry = {"test": test, "kind": kind, "id": f"{test}/{number}@<b>", "mse": 0.0123}
                pictures.append({**entry, "files": {name: f"pictures/{test}/{file}" for name, file in files.items()}})
    write_json(run.folder / "pictures.json", pictures)
    write_json(run.folder / "result.json", result)
    return result


def figures(mse: float) -> dict[str, float]:
    return {**{name: mse * factor for name, factor in zip(METRICS, (1, 2, 1e4, 1e4, 1e4), strict=True)}, "n_empty": 0}


def write_planes(folder: Path, stem: str) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[:48, :80]
    disk = np.clip(255 * (20 - np.hypot(rows - 24, columns - 40)) / 6, 0, 255).astype(np.uint8)
    planes = {
        "image": np.stack([disk, 255 - disk, disk // 2], -1),
        "alpha": disk,
        "truth": np.where(disk > 127, 255, 0).astype(np.uint8),
        "coarse": disk,
    }
    for name, plane in planes.items():
        cv2.imwrite(str(folder / f"{stem}-{name}.png"), plane)
    return {name: f"{stem}-{name}.png" for name in planes}


def finish_all(recipe: RecipeRuns) -> None:
    for step in recipe.steps[:-1]:
        finish_stage(step)
    finish_evaluation(recipe.evaluation)


def a_result(**mse: float) -> dict[str, Any]:
    """The result of an evaluation on `aim`, whole image; `mse` by row."""
    rows = {row: {"whole": figures(value)} for row, value in {**ROWS, **mse}.items()}
    sizes = {"samples": 4, "subjects": 4, "eval_size": 112, "sizes": [[64, 112], [64, 112]]}
    return {"names": {"alpha": "POMAGAN"}, "convention": "dim", "tests": {"aim": {**sizes, "rows": rows}}}
