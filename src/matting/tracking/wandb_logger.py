"""The logger of Weights & Biases: figures, pictures, tables and weights."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightning.pytorch.loggers.logger import rank_zero_experiment
from lightning.pytorch.utilities import rank_zero_only

from matting.runs.figures import figure_text, of_all
from matting.runs.run import Run
from matting.tracking.run_logger import RunLogger
from matting.tracking.wandb_metadata import changed_keys, config_of, per_image, was_asked_for
from matting.tracking.wandb_session import beside_agent, check_settings, open_wandb, staged_in, usable
from matting.utils.home_paths import abbreviate_home
from matting.visualization.grid import sheet
from matting.visualization.samples import Sample, columns


class WandbRun(RunLogger):
    """Log a run on the batch axis; offline where there is no key, for which it never asks.

    The id is the digest of the run. goes_on: whether the run resumes from a checkpoint: W&B then adds to the run of
    that id instead of replacing it. project, entity, group, mode, log_model: see conf/logger/wandb.yaml. Raise
    UserError for an unknown mode, and for `online` without a key.
    """

    name, version = "wandb", ""

    def __init__(
        self, project: str, entity: str | None, group: str | None, mode: str, log_model: bool, run: Run, goes_on: bool
    ):
        super().__init__()
        self.version = run.digest
        self.run, self.log_model, self.opened, self.spawned = run, log_model, None, False
        self.facts = {
            "project": project or None,
            "entity": entity or None,
            "mode": usable(mode),
            "id": run.digest,
            "resume": "allow" if goes_on else None,
            "name": changed_keys(run),
            "group": group or run.config["experiments"] or run.kind,
            "job_type": run.kind,
            "config": config_of(run),
            "dir": str(run.folder),
        }

    @classmethod
    def check_node(cls, node: Mapping[str, Any]) -> None:
        check_settings(node["mode"], project=node["project"], entity=node["entity"], run_group=node["group"])

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """Return wandb's run; the first use opens it."""
        if self.opened is None:
            with contextlib.nullcontext() if was_asked_for(self.run) else beside_agent():
                self.opened = open_wandb(**self.facts)
        return self.opened

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        # Not as wandb's step, which cannot go back as a resumed run does.
        self.experiment.log({**metrics, "batch": step})

    @rank_zero_only
    def log_pictures(self, name: str, sheets: Mapping[str, np.ndarray], batch: int | None = None) -> None:
        """Show pictures, uint8 (H, W, 3) by caption, in the panel `pictures/<name>`."""
        import wandb

        images = [wandb.Image(sheet, caption=caption) for caption, sheet in sheets.items()]
        self.experiment.log({f"pictures/{name}": images} | ({} if batch is None else {"batch": batch}))

    @rank_zero_only
    def log_result(self, result: Mapping[str, Any]) -> None:
        """Log the figures of a training on the test sets and, with `log_model`, its weights as an Artifact.

        The file of the run folder is uploaded without a copy.
        """
        import wandb

        self.experiment.summary.update({key: value for key, value in of_all(result).items() if key.startswith("test/")})
        if self.log_model:
            best = self.run.best if self.run.best.is_file() else self.run.last
            artifact = wandb.Artifact(
                f"{self.run.kind}-{self.run.digest}", "model", metadata={"batch": result["batch"]}
            )
            with staged_in(self.run.folder):
                artifact.add_file(str(best.absolute()), policy="immutable")
                self.experiment.log_artifact(artifact)

    @rank_zero_only
    def log_evaluation(self, result: Mapping[str, Any], samples: Sequence[Sample]) -> None:
        """Log the means of an evaluation and, by test set, a Table of all images and the kept samples as pictures."""
        import wandb

        self.experiment.summary.update(of_all(result))
        for test in result["tests"]:
            columns, lines = per_image(self.run.folder / "images.jsonl", test)
            with staged_in(self.run.folder):
                self.experiment.log({f"images/{test}": wandb.Table(columns=columns, data=lines)})
            shown = {caption_of(one): sheet_of(one) for one in samples if one.test == test}
            self.log_pictures(test, shown)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle for a spawned rank, which opens the run and ends it with the fit; this process adds the rest."""
        state = {**self.__dict__, "facts": {**self.facts}, "spawned": True}
        self.facts["resume"] = "allow"
        return state

    def finalize(self, status: str) -> None:
        """End the run at the end of a spawned rank's fit; elsewhere the test sets are still to be logged."""
        if self.spawned:
            self.close(failed=status != "success")

    @rank_zero_only
    def close(self, failed: bool) -> None:
        if self.opened is not None:
            self.opened.finish(exit_code=int(failed))
            for log in self.run.folder.glob("wandb/*/logs/debug*.log"):  # logs of wandb itself, which name folders
                text = log.read_text(errors="replace")
                if abbreviate_home(text) != text:
                    log.write_text(abbreviate_home(text))


def caption_of(sample: Sample) -> str:
    return f"{sample.kind} {sample.id}, mse {figure_text(sample.mse)}"


def sheet_of(sample: Sample) -> np.ndarray:
    """Return a kept sample of an evaluation as one picture: its planes and what a report derives from them."""
    maps = {name: plane[..., 0] for name, plane in sample.planes.items() if name != "image"}
    planes = columns(sample.planes["image"], maps)
    return sheet([list(planes.values())], list(planes))
