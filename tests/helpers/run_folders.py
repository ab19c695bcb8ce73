"""Run folders of a few lines, for tests of lists: configs that no training could use."""

import json
from pathlib import Path

import yaml
from omegaconf import OmegaConf

from matting.commands import runs
from matting.config.identity import CONFIG_VERSION

SEGMENTATION, ALPHA, FAILED, OLD, EVALUATION = (12 * letter for letter in "abcde")


def make(folder: Path, config: dict, version: int = CONFIG_VERSION, **manifest: object) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"config_version": version, **config}))
    (folder / "manifest.json").write_text(json.dumps({"started": "2026-01-02T03:04:05+00:00", **manifest}))
    return folder


def finish(folder: Path, result: dict) -> Path:
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def make_five(root: Path) -> None:
    """A done segmentation run, an alpha run made from it, a failed one, one of another version, an evaluation."""
    segmentation = {"stage": {"name": "segmentation_gan"}}
    first = make(root / "segmentation_gan" / f"drawn-{SEGMENTATION}", segmentation, seconds=12.4)
    finish(first, {"val": {"val/whole/mse": 0.0461}, "aim": {"whole/mse": 0.05}, "d646": {"whole/mse": 0.07}})
    make(root / "segmentation_gan" / f"drawn-{FAILED}", segmentation, error="a loss is NaN")
    make(root / "segmentation_gan" / f"ancient-{OLD}", segmentation, version=0)
    stage = {"name": "alpha_gan", "coarse": SEGMENTATION, "upstream": {"coarse": {}}}
    alpha = make(root / "alpha_gan" / f"drawn-{ALPHA}", {"stage": stage}, total_batches=160)
    (alpha / "checkpoints" / "last.ckpt").touch()
    (alpha / "metrics.csv").write_text("batch,name,value\n10,train/lr/gen,0.1\n40,train/lr/gen,0.1\n50,trai")
    keys = {"segmentation": SEGMENTATION, "alpha": ALPHA}
    method = {"name": "pomagan", **keys, "upstream": dict.fromkeys(keys, "")}
    rows = {"alpha": {"whole": {"mse": 0.02, "n_empty": 0}}, "constant": {"whole": {"mse": 0.2, "n_empty": 0}}}
    evaluation = make(root / "evaluate" / "pomagan" / f"drawn-{EVALUATION}", {"method": method})
    finish(evaluation, {"tests": {"aim": {"rows": rows}}})
    of_a_logger = first / "wandb" / "files"
    of_a_logger.mkdir(parents=True)
    (of_a_logger / "config.yaml").write_text("stage: {}")


def make_reports(root: Path) -> tuple[Path, Path]:
    """A recipe's report of the evaluation and an experiment's of the segmentation run; return their pages."""
    recipe, experiment = root / "reports" / f"pomagan-{EVALUATION}", root / "experiments" / "pomagan" / "gan"
    for folder in (recipe, experiment):
        folder.mkdir(parents=True)
        (folder / "report.html").touch()
    row = {"runs": [{"kind": "segmentation_gan", "digest": SEGMENTATION, "folder": "elsewhere"}]}
    (experiment / "rows.jsonl").write_text(f"{json.dumps(row)}\n[1]\n{{cut")
    return recipe / "report.html", experiment / "report.html"


def list_runs(root: Path, **asked: object) -> None:
    """Run the verb with the keys of conf/runs.yaml, some of them changed."""
    keys = {"state": None, "kind": None, "match": None, "sort": "kind", "action": "list", "prune": False, "plan": False}
    runs.run(OmegaConf.create({"paths": {"output_dir": str(root)}, **keys, **asked}))
