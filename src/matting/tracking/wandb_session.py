"""Weights & Biases as the suite opens it: offline without a key, never asking, told nothing private. No torch here."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matting.errors import JobError, UserError

MODES = ("auto", "online", "offline", "disabled")

# Keys on the batch axis -> what the summary keeps of them; a whole name goes before a pattern.
METRICS = {
    "train/*": None,
    "pictures/*": None,
    "speed/*": None,
    "val/*": "min,last",
    "val/iou": "max,last",
    "val/boundary_f1": "max,last",
}

# What wandb would note and send by itself.
PRIVATE: dict[str, Any] = {
    "disable_git": True,  # a remote's address may hold a token; the revision is in the config
    "x_disable_meta": True,  # the command line, the interpreter, the mail address; what the GPU does stays
    "x_save_requirements": False,  # addresses of local packages; the manifest has the versions that count
    "save_code": False,
    "console": "off",  # what is printed names folders of this machine
    "max_end_of_run_history_metrics": 0,  # a sweep prints enough
    "max_end_of_run_summary_metrics": 0,
}


def open_wandb(**facts: Any) -> Any:
    """A run of wandb, beside any that is open: the next job of a sweep must not log into it.

    Raises JobError where W&B cannot be reached.
    """
    import wandb

    if "WANDB_SWEEP_ID" in os.environ:
        wandb.teardown()  # an earlier run of this process was none of the agent's
    try:
        opened = wandb.init(reinit="create_new", settings=wandb.Settings(**PRIVATE), **facts)
    except wandb.Error as error:
        raise JobError(f"W&B: {error}; logger.wandb.mode=offline needs no network, `wandb sync` sends later") from None
    for key, summary in METRICS.items():
        opened.define_metric(key, step_metric="batch", summary=summary)
    return opened


def usable(mode: str) -> str:
    """The mode, `auto` decided: online with a key, else offline."""
    if mode not in MODES:
        raise UserError(f"logger.wandb.mode={mode}: expected one of {', '.join(MODES)}")
    if mode in ("offline", "disabled"):
        return mode
    if has_key():
        return "online"
    if mode == "online":
        raise UserError(
            "logger.wandb.mode=online: no key; `wandb login` or WANDB_API_KEY gives one, mode=auto needs none"
        )
    return "offline"


def has_key() -> bool:
    """Whether wandb finds one, in the environment or where `wandb login` keeps it; sends nothing, asks nobody."""
    import wandb

    try:
        return wandb.login(prompt=False, verify=False)
    except wandb.Error as error:
        raise UserError(f"W&B's key: {error}; `wandb login --relogin` replaces it") from None


@contextlib.contextmanager
def staged_in(folder: Path) -> Iterator[None]:
    """wandb keeps a copy of what it is to upload in the home: in the block, in the run folder."""
    with environment(WANDB_DATA_DIR=str(folder.absolute() / "wandb")):
        yield


@contextlib.contextmanager
def beside_agent() -> Iterator[None]:
    """In the block, no sweep agent of W&B: the run that it started has the id that it gave, no other may take it."""
    if "WANDB_SWEEP_ID" not in os.environ:
        yield
        return
    import wandb

    wandb.teardown()  # it reads the environment once
    with environment(WANDB_SWEEP_ID=None, WANDB_RUN_ID=None):
        yield


@contextlib.contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """In the block, these variables; None: without it."""
    before = {key: os.environ.pop(key, None) for key in values}
    os.environ.update({key: value for key, value in values.items() if value is not None})
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
