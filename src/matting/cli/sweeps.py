"""What a sweep needs beside Hydra: a count of failed jobs under any launcher, and an Optuna study that resumes."""

import contextlib
import hashlib
import importlib.util
import io
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from matting.cli.sweep_table import read_records, table, write_record
from matting.cli.sweeps_config import Hydra
from matting.config.compose import config_dir
from matting.config.fields import node_of, shown
from matting.config.validate import check_values
from matting.errors import JobError, UserError
from matting.utils import locks
from matting.utils.console import say

INSTALL = "pip install 'matting[sweeps]'"
NOT_INSTALLED = r"Unknown plugin class : 'hydra_plugins\.(\w+)"  # Hydra's message


class SweepState:
    """The sweep of this process. records: the file in which each job is a JSON line, wherever it ran."""

    records: Path | None = None
    study = contextlib.ExitStack()


def prefer_own_files() -> None:
    """Let the files of conf/hydra/ replace the configs of the same name that plugins register.

    Hydra would take the plugins' configs for the types of our files, and warn.
    """
    Plugins.instance()  # registers them
    for file in (config_dir() / "hydra").rglob("*.yaml"):
        group = ConfigStore.instance().repo
        for name in file.relative_to(config_dir()).parts[:-1]:
            group = group.get(name, {})
        group.pop(file.name, None)


def check_plugins(config: DictConfig) -> None:
    """Raise UserError for values that no launcher or sweeper can be made of, and for a plan of a search."""
    node = config.hydra
    for part in ("launcher", "sweeper"):
        if not isinstance(node[part], DictConfig):
            raise UserError(f"hydra.{part}={shown(node[part])}: expected a node; hydra/{part}=... chooses one")
    parts = {part: OmegaConf.to_container(node[part], resolve=True) for part in ("launcher", "sweeper")}
    check_values({"hydra": parts}, node_of(Hydra))
    if node.runtime.choices["hydra/sweeper"] == "optuna" and config.get("plan"):
        raise UserError("plan=true: a search chooses each trial by those before it; leave hydra/sweeper=optuna out")


class Sweep(Callback):
    """Hydra's hooks. The object is sent with every job to the process or machine where the job runs."""

    records: Path | None = None  # none where one job runs alone

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        folder = Path(config.hydra.sweep.dir).absolute()
        self.records = SweepState.records = folder / f"jobs-{uuid4().hex}.jsonl"
        if "storage" in config.hydra.sweeper and importlib.util.find_spec("optuna") is not None:
            resume_study(config, folder)

    def on_job_start(self, config: DictConfig, **_: Any) -> None:
        remove_config(Path(config.hydra.sweep.dir))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        if self.records is None:
            return
        error = None
        if job_return.status == JobStatus.FAILED:
            try:
                with contextlib.redirect_stderr(io.StringIO()):  # each access prints a line
                    _ = job_return.return_value
            except Exception as raised:
                error = str(raised)
        job = config.hydra.job
        row = job_return.cfg
        assert row is not None
        if error is not None or not row.get("plan"):
            write_record(self.records, job.num, job_return.overrides or (), error, job.config_name, row)


def remove_config(folder: Path) -> None:
    """Remove the config that Hydra leaves in the sweep's folder: nothing reads it, and it may name the home."""
    with contextlib.suppress(OSError):
        (folder / "multirun.yaml").unlink()


def resume_study(config: DictConfig, folder: Path) -> None:
    """Set the sweeper's node to the number of trials that the study of these words still lacks.

    An interrupted trial comes first, with the same values, so that its run resumes. Waits while another process works
    on the same study.
    """
    import optuna

    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # stable for years
    optuna.logging.disable_default_handler()  # it writes colour codes into files too
    optuna.logging.enable_propagation()
    node, overrides = config.hydra.sweeper, config.hydra.overrides.task
    with read_write(node), open_dict(node):
        if node.study_name is None:
            words = json.dumps([config.hydra.job.config_name, sorted(overrides), str(node.params)])
            node.study_name = hashlib.blake2b(words.encode(), digest_size=6).hexdigest()
        waiting = f"study {node.study_name}: another process is at work on it; waiting for it"
        lock = locks.lock(folder / f".study-{node.study_name}", waiting, "set paths.output_dir to a folder of yours")
        SweepState.study.enter_context(lock)
        study = optuna.create_study(
            storage=node.storage, study_name=node.study_name, direction=node.direction, load_if_exists=True
        )
        for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params)
        complete = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
        node.n_trials = max(0, node.n_trials - len(complete))
        if node.sampler.get("seed") is not None:
            node.sampler.seed += len(study.trials)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Run a sweep in the block; print the table of its jobs. Raise JobError for the first failed job of any launcher.

    Raises UserError for a launcher or sweeper that is not installed.
    """
    try:
        errors: list[str] = []
        try:
            try:
                yield
            finally:
                say_jobs()
        except Exception as error:
            if missing := re.search(NOT_INSTALLED, str(error)):
                raise UserError(f"{missing[1].replace('_', '-')} is not installed: {INSTALL}") from None
            errors = failures()
            if not errors:
                raise
            if not isinstance(error, (JobError, ValueError)):  # Optuna's ValueError: no trial is complete
                errors.append(f"{type(error).__name__}: {error}")
        errors = errors or failures()
        if len(errors) > 1:
            print(*(f"failed: {text}" for text in errors), sep="\n", file=sys.stderr)
        if errors:
            raise JobError(errors[0] if len(errors) == 1 else f"{len(errors)} jobs failed, the first: {errors[0]}")
    finally:
        SweepState.study.close()
        file, SweepState.records = SweepState.records, None
        if file is not None:
            remove_config(file.parent)  # if composing a job failed, no job has begun
            with contextlib.suppress(OSError):  # no folder, no file
                file.unlink()


def say_jobs() -> None:
    """Print the table of the sweep's jobs so far."""
    if records := read_records(SweepState.records):
        say(table(records))


def failures() -> list[str]:
    """Return the message of each failed job of this process's sweep."""
    return [record["error"] for record in read_records(SweepState.records) if record["error"] is not None]
