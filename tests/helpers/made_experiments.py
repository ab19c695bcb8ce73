"""Experiments with runs as training and evaluation leave them, made without either."""

import json
from pathlib import Path

from matting.experiments.experiment import Experiment, Row
from matting.experiments.jobs import Job
from matting.runs.run import Run
from matting.utils.files import write_json
from tests.helpers.made_runs import METRICS

PUBLISHED = {
    "source": "A paper, Table 1",
    "units": "pomagan",
    "metrics": ["mse", "sad"],
    "region": "whole",
    "conditions": "other images",
    "rows": {},
}
CONFIG = {
    "data": {"name": "drawn"},
    "scale": {"name": "quick", "height": 32, "width": 48},
    "method": {"inputs": ["image"]},
}
CONFIG |= {"paths": {"output_dir": "outputs"}}


def made_job(
    folder: Path,
    seed: int = 0,
    mse: list[float] | None = None,
    error: str | None = None,
    test: str = "aim",
    region: str = "whole",
    size: tuple[int, int] = (32, 48),
    convention: str = "dim",
    dilation: int = 20,
) -> Job:
    """A job whose evaluation found these errors on its test samples; without any it is not run, or failed."""
    folder.mkdir(parents=True)
    data = {"subjects": {}, "test": {test: {"subjects": {}, "eval_size": "native"}}}
    config = {**CONFIG, "seed": seed, "data": {**CONFIG["data"], **data}}
    config["metrics"] = {"regions": [region], "unknown_dilation": dilation}
    run = Run("evaluate/pomagan", config, folder.name, folder)
    write_json(folder / "manifest.json", {} if error is None else {"error": error})
    if mse is not None:
        lines = [
            {"test": test, "id": f"person{number}", "row": row, "region": region, "mse": times * value}
            for number, value in enumerate(mse)
            for row, times in (("alpha", 1), ("coarse", 2))
        ]
        (folder / "images.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        mean = sum(mse) / len(mse)
        rows = {row: {region: dict.fromkeys(METRICS, times * mean)} for row, times in (("alpha", 1), ("coarse", 2))}
        rows["perfect_mask"] = {region: dict.fromkeys(METRICS, 0.004)}
        facts = {"samples": len(mse), "subjects": len(mse), "eval_size": "native", "sizes": [size, size]}
        result = {"names": {"alpha": "POMAGAN"}, "convention": convention, "tests": {test: {**facts, "rows": rows}}}
        write_json(folder / "result.json", result)
    return Job("train", (f"loss={folder.name}", f"seed={seed}"), seed, [], run)


def made_experiment(*rows: Row, **published: object) -> Experiment:
    jobs = [job for row in rows for job in row.jobs if not row.control]
    return Experiment("pomagan/made", "train", {**PUBLISHED, **published}, ("scale=quick",), jobs, list(rows))


def upstream_run(folder: Path, error: str) -> Run:
    folder.mkdir(parents=True)
    write_json(folder / "manifest.json", {"error": error})
    return Run("alpha_gan", {"stage": {"upstream": {}}, "net": {}, "loss": {}}, folder.name, folder)
