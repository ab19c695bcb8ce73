"""The logger of Weights & Biases: figures, pictures, tables, weights."""

import contextlib
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger
from lightning.pytorch.loggers.logger import rank_zero_experiment
from lightning.pytorch.utilities import rank_zero_only

from matting.runs.run import Run
from matting.tracking.wandb_metadata import changed_keys, config_of, means_of, per_image, was_asked_for
from matting.tracking.wandb_session import beside_agent, open_wandb, staged_in, usable
from matting.utils.home_paths import abbreviate_home


class WandbRun(Logger):
    """A run's logger, on the batch axis; offline without a key, never asking for one.

    Its id is the run's digest. goes_on: from a checkpoint: W&B then adds to the run of that id, which it otherwise
    replaces. project, entity, group, mode, log_model: see conf/logger/wandb.yaml. Raises UserError for a mode that
    there is not, and for `online` without a key.
    """

    def __init__(
        self, project: str, entity: str | None, group: str | None, mode: str, log_model: bool, run: Run, goes_on: bool
    ):
        super().__init__()
        self.run, self.log_model, self.opened, self.spawned = run, log_model, None, False
        self.facts = {
            "project": project,
            "entity": entity,
            "mode": usable(mode),
            "id": run.digest,
            "resume": "allow" if goes_on else None,
            "name": changed_keys(run),
            "group": group or run.config["experiments"] or run.kind,
            "job_type": run.kind,
            "config": config_of(run),
            "dir": str(run.folder),
        }

    @property
    def name(self) -> str:
        return "wandb"

    @property
    def version(self) -> str:
        return self.run.digest

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """wandb's run, opened at first use."""
        if self.opened is None:
            with contextlib.nullcontext() if was_asked_for(self.run) else beside_agent():
                self.opened = open_wandb(**self.facts)
        return self.opened

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        # wandb's own step cannot go back, as that of a resumed run must
        self.experiment.log({**metrics, "batch": step})

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The config is given when the run is opened."""

    @rank_zero_only
    def log_pictures(self, name: str, sheets: Mapping[str, np.ndarray], batch: int | None = None) -> None:
        """Panel `pictures/<name>`: uint8 (H, W, 3) by caption."""
        import wandb

        images = [wandb.Image(sheet, caption=caption) for caption, sheet in sheets.items()]
        self.experiment.log({f"pictures/{name}": images} | ({} if batch is None else {"batch": batch}))

    @rank_zero_only
    def log_result(self, result: Mapping[str, Any]) -> None:
        """A trained run's figures on the test sets and, where `log_model` asks for them, its weights as an Artifact.

        The file is not copied: the run folder keeps it.
        """
        import wandb

        tests = {name: node for name, node in result.items() if isinstance(node, dict) and name != "val"}
        values = {f"test/{test}/{key}": value for test, node in tests.items() for key, value in node.items()}
        self.experiment.summary.update(values)
        if self.log_model:
            best = self.run.best if self.run.best.is_file() else self.run.last
            artifact = wandb.Artifact(
                f"{self.run.kind}-{self.run.digest}", "model", metadata={"batch": result["batch"]}
            )
            with staged_in(self.run.folder):
                artifact.add_file(str(best.absolute()), policy="immutable")
                self.experiment.log_artifact(artifact)

    @rank_zero_only
    def log_evaluation(self, result: Mapping[str, Any]) -> None:
        """The means of an evaluation; by test set a Table, a line an image, and the kept samples as pictures."""
        import wandb

        from matting.visualization.grid import sheet
        from matting.visualization.samples import read_samples

        self.experiment.summary.update(means_of(result))
        samples = read_samples(self.run)
        for test in result["tests"]:
            columns, lines = per_image(self.run.folder / "images.jsonl", test)
            with staged_in(self.run.folder):
                self.experiment.log({f"images/{test}": wandb.Table(columns=columns, data=lines)})
            shown = {
                f"{one.kind} {one.id}, MSE {1e3 * one.mse:.3g}e-3": sheet([list(one.planes.values())], list(one.planes))
                for one in samples
                if one.test == test
            }
            self.log_pictures(test, shown)

    def __getstate__(self) -> dict[str, Any]:
        """For a spawned rank, which opens the run and ends it with the fit; what is left is added from here."""
        state = {**self.__dict__, "facts": {**self.facts}, "spawned": True}
        self.facts["resume"] = "allow"
        return state

    def finalize(self, status: str) -> None:
        """Lightning's, with the fit: the test sets are still to be measured, but not by a spawned rank."""
        if self.spawned:
            self.close(failed=status != "success")

    @rank_zero_only
    def close(self, failed: bool) -> None:
        if self.opened is not None:
            self.opened.finish(exit_code=int(failed))
            for log in self.run.folder.glob("wandb/*/logs/debug*.log"):  # wandb's own, of what it does where
                text = log.read_text(errors="replace")
                if abbreviate_home(text) != text:
                    log.write_text(abbreviate_home(text))
