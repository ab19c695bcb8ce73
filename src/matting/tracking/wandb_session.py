"""Open Weights & Biases: offline without a key, without questions, and without private facts."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matting.errors import JobError, UserError

MODES = ("auto", "online", "offline", "disabled", "shared")
ALSO = {"": "auto", "dryrun": "offline", "run": "online"}  # what wandb takes in WANDB_MODE for the same

# Keys on the batch axis and what the summary keeps of them; a full name takes precedence over a pattern.
METRICS = {
    "train/*": None,
    "pictures/*": None,
    "speed/*": None,
    "val/*": "min,last",
    "val/iou": "max,last",
    "val/boundary_f1": "max,last",
}

# Settings that keep wandb from sending facts by itself.
PRIVATE: dict[str, Any] = {
    "disable_git": True,  # the address of a remote may hold a token; the config has the revision
    "x_disable_meta": True,  # command line, interpreter, mail address; the load of the GPU is sent still
    "x_save_requirements": False,  # it has addresses of local packages; the manifest has the versions
    "save_code": False,
    "console": "off",  # the output names folders of this machine
    "max_end_of_run_history_metrics": 0,  # a sweep prints enough
    "max_end_of_run_summary_metrics": 0,
}


def open_wandb(**facts: Any) -> Any:
    """Open a new run of wandb, even if one is open: the next job of a sweep must not log into that.

    Raise JobError where W&B cannot be reached.
    """
    import wandb

    if "WANDB_SWEEP_ID" in os.environ:
        wandb.teardown()  # an earlier run of this process was not the agent's
    try:
        opened = wandb.init(reinit="create_new", settings=wandb.Settings(**PRIVATE), **facts)
    except wandb.Error as error:
        raise JobError(f"W&B: {error}; use logger.wandb.mode=offline and send it later by `wandb sync`") from None
    for key, summary in METRICS.items():
        opened.define_metric(key, step_metric="batch", summary=summary)
    return opened


def usable(mode: str) -> str:
    """Return the mode as wandb.init takes it; `auto` becomes online where there is a key, else offline.

    Raises UserError for another word, and for a mode that needs a key where there is none.
    """
    known = ALSO.get(mode, mode)
    if known not in MODES:
        raise UserError(f"logger.wandb.mode={mode}: expected one of {', '.join([*MODES, *filter(None, ALSO)])}")
    if known in ("offline", "disabled"):
        return known
    if has_key():
        return "online" if known == "auto" else known
    if known != "auto":
        raise UserError(f"logger.wandb.mode={mode}: no key; run `wandb login`, set WANDB_API_KEY, or use mode=auto")
    return "offline"


def check_settings(mode: str, **settings: Any) -> None:
    """Raise UserError for a mode, other settings and WANDB_ variables that wandb would refuse once a run has begun."""
    import wandb

    try:
        found = wandb.Settings()
        found.update_from_env_vars({key: value for key, value in os.environ.items() if key != "WANDB_MODE"})
        found.update_from_dict({key: value for key, value in settings.items() if value})
    except (wandb.Error, ValueError, TypeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if "errors.pydantic.dev" not in line]
        raise UserError(f"W&B: {' '.join(lines)}; correct logger.wandb or the WANDB_ variable") from None
    usable(mode)


def has_key() -> bool:
    """Return whether wandb finds a key, in the environment or where `wandb login` keeps it, without asking."""
    import wandb

    try:
        return wandb.login(prompt=False, verify=False)
    except wandb.Error as error:
        raise UserError(f"W&B does not accept the key: {error}; replace it with `wandb login --relogin`") from None


@contextlib.contextmanager
def staged_in(folder: Path) -> Iterator[None]:
    """Have wandb keep copies of its uploads in the run folder within the block, instead of the home directory."""
    with environment(WANDB_DATA_DIR=str(folder.absolute() / "wandb")):
        yield


@contextlib.contextmanager
def beside_agent() -> Iterator[None]:
    """Hide the sweep agent of W&B in the block: only the run that it started may have the id that it chose."""
    if "WANDB_SWEEP_ID" not in os.environ:
        yield
        return
    import wandb

    wandb.teardown()  # wandb reads the environment only once
    with environment(WANDB_SWEEP_ID=None, WANDB_RUN_ID=None):
        yield


@contextlib.contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """Set environment variables within the block; None removes one."""
    before = {key: os.environ.pop(key, None) for key in values}
    os.environ.update({key: value for key, value in values.items() if value is not None})
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
