"""What a sweep needs beside Hydra: failed jobs told whoever launched them, Optuna's study resumed. No torch here."""

import contextlib
import hashlib
import importlib.util
import io
import json
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra import compose
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import BooleanNode, DictConfig, OmegaConf, ValidationError, open_dict, read_write

from matting.config.compose import config_dir, hydra_ready
from matting.config.rules import shown
from matting.config.validate import check_values
from matting.errors import JobError, UserError
from matting.utils import locks

GRID = ("-m", "--multirun")
PACKAGE = "hydra_plugins"  # which Hydra's plugins are installed into
INSTALL = "pip install 'matting[sweeps]'"
NOT_INSTALLED = r"Unknown plugin class : 'hydra_plugins\.(\w+)"  # as Hydra says it


class SweepState:
    """The sweep of this process.

    failures: a JSON line for each failed job, written where the job ran. without_plugins: Hydra knows of none yet.
    """

    failures: Path | None = None
    study = contextlib.ExitStack()
    without_plugins = False


def register(arguments: Sequence[str]) -> None:
    """Load the plugins that are installed, and let the files of conf/hydra/ stand for their nodes, which Hydra would
    take for their types and warn.

    A command that makes one run needs none: reading them is a fifth of the time that a config takes to print.
    """
    if not any(word.startswith((*GRID, "-i", "--info")) or "hydra" in word for word in arguments):
        without_plugins()
        return
    plugins = Plugins.instance()
    if SweepState.without_plugins:
        plugins._initialize()  # Hydra looks only once by itself
        SweepState.without_plugins = False
    for file in (config_dir() / "hydra").rglob("*.yaml"):
        group = ConfigStore.instance().repo
        for name in file.relative_to(config_dir()).parts[:-1]:
            group = group.get(name, {})
        group.pop(file.name, None)


def without_plugins() -> None:
    """Have Hydra look for plugins where their package cannot be imported, unless it has looked already."""
    if Plugins not in Singleton._instances:
        sys.modules[PACKAGE] = None  # type: ignore[assignment]
        Plugins.instance()
        del sys.modules[PACKAGE]
        SweepState.without_plugins = True


class Sweep(Callback):
    """Hydra's hooks. The object goes with every job to the process or machine where it runs."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        folder = Path(config.hydra.sweep.dir).absolute()
        self.failures = SweepState.failures = folder / f"failures-{uuid4().hex}.jsonl"
        if "storage" in config.hydra.sweeper and importlib.util.find_spec("optuna") is not None:
            resume_study(config, folder)

    def on_job_start(self, config: DictConfig, **_: Any) -> None:
        remove_config(Path(config.hydra.sweep.dir))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        if job_return.status == JobStatus.FAILED:
            try:
                with contextlib.redirect_stderr(io.StringIO()):  # Hydra has a line for each time that it is asked
                    _ = job_return.return_value
            except Exception as error:
                with self.failures.open("a") as file:
                    file.write(json.dumps(str(error)) + "\n")


def remove_config(folder: Path) -> None:
    """Remove the sweep's config that Hydra leaves: nothing reads it, and it names the home where that is given."""
    with contextlib.suppress(OSError):
        (folder / "multirun.yaml").unlink()


def resume_study(config: DictConfig, folder: Path) -> None:
    """Make the sweeper's node ask for the trials that the study of these words still lacks.

    An interrupted trial comes first, with the same values: its run goes on. Another process at the same study is waited
    for.
    """
    import optuna

    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # long since stable
    optuna.logging.disable_default_handler()  # it colours its lines, into files too
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


def check_command(verb: str, arguments: Sequence[str]) -> None:
    """Raise UserError for a value that no launcher or sweeper can be made of, and for a plan of a search."""
    words = [word for word in arguments if re.match("~?[+]*hydra[./].*=|~hydra", word)]
    if not words:
        return
    with hydra_ready():
        node = compose(verb, words, return_hydra_config=True).hydra
    for part in ("launcher", "sweeper"):
        if not isinstance(node[part], DictConfig):
            raise UserError(f"hydra.{part}={shown(node[part])}: expected a node; hydra/{part}=... chooses one")
    parts = {part: OmegaConf.to_container(node[part], resolve=True) for part in ("launcher", "sweeper")}
    check_values({"hydra": parts})
    plan = next((word for word in arguments if word.startswith("plan=")), "plan=false")
    if node.runtime.choices["hydra/sweeper"] == "optuna" and is_true(plan.partition("=")[2]):
        raise UserError(f"{plan}: a search chooses each trial by those before it; leave hydra/sweeper=optuna out")


def is_true(text: str) -> bool:
    """As a key of the config takes it: true, True, yes, 1."""
    with contextlib.suppress(ValidationError):  # Hydra's to tell
        return BooleanNode(text)._value() is True
    return False


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Run a sweep; raise JobError if jobs failed, whatever launched them: the first, after a line for each.

    Raises UserError for a launcher or sweeper that is not installed.
    """
    try:
        errors = []
        try:
            yield
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
        file, SweepState.failures = SweepState.failures, None
        if file is not None:
            remove_config(file.parent)  # no job has begun where one has a choice that there is not
            with contextlib.suppress(OSError):  # where there is no folder of sweeps there is no file
                file.unlink()


def failures() -> list[str]:
    file = SweepState.failures
    return [json.loads(line) for line in file.read_text().splitlines()] if file is not None and file.is_file() else []
