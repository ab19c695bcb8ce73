"""matting train: fit one stage, or find that it is done, or go on where it stopped."""

from typing import Any

from omegaconf import DictConfig

from matting.config import instantiate
from matting.data.build import fingerprint
from matting.errors import Interrupted
from matting.runs import lifecycle, log
from matting.runs.listing import show_plan
from matting.runs.run import Run
from matting.runs.upstream import Upstream, stage_run
from matting.utils import distributed
from matting.utils.console import say


def run(config: DictConfig) -> float:
    """The verb. Gives the validation MSE of the best checkpoint, which a sweeper minimises; NaN without validation."""
    if config.plan:
        show_plan(planned(config))
        return float("nan")
    this, result = ensure(config)
    say(f"{this.kind}: done, {this.folder}")
    for name, values in result.items():
        if isinstance(values, dict):
            say("  " + name + "  " + "  ".join(f"{key} {value:.5g}" for key, value in values.items()))
    return result["val"]["val/whole/mse"] if "val" in result else float("nan")


def planned(config: DictConfig) -> list[tuple[Run, bool]]:
    """The runs that a train config asks for, in order, each with whether it waits for one that is not done."""
    this, upstream = stage_run(config)
    rows = []
    for found in upstream.values():
        if found.config is not None:
            rows += planned(found.config)
    waits = any(found.run is not None and found.run.result() is None for found in upstream.values())
    return [*rows, (this, waits and this.result() is None)]


def ensure(config: DictConfig) -> tuple[Run, dict[str, Any]]:
    """A config's run and its result: found, or trained now, with the runs that it stands on first."""
    this, upstream = stage_run(config)
    data = fingerprint(this.config)
    if result := found_done(this, config):
        lifecycle.check_same_data(this, data)
        if config.trainer.devices == -1 and "ranks" in this.manifest:  # here it may be another number: other batches
            say(f"note: {this.folder.name} was trained where trainer.devices=-1 came to {this.manifest['ranks']}")
        if this.last.is_file() and config.checkpoint.keep != "all":  # it was stopped right after its result
            from matting.training import trainer

            trainer.tidy(this)
        return this, result
    distributed.check(this.config["trainer"])
    instantiate.check_built(this.config)
    for found in upstream.values():
        if found.config is not None:
            ensure(found.config)
    if not distributed.leads():
        return this, found_done(this, config) or follow(this, upstream)
    with lifecycle.lock(this.folder, this.kind):
        if result := found_done(this, config):  # another process made it while this one waited
            return this, result
        if this.last.is_file() and not config.rerun:
            lifecycle.check_same_data(this, data)
        fresh = config.rerun or this.state_unlocked() in ("new", "failed")
        lifecycle.begin(this, data, fresh)
        result = fit(this, upstream)
    distributed.join(config.trainer.accelerator)
    return this, result


def found_done(this: Run, config: DictConfig) -> dict[str, Any] | None:
    """The result of a run that is done and not to be made again."""
    result = None if config.rerun else this.result()
    if not distributed.agree(result is not None, config.trainer.accelerator):
        return None
    return result or this.result()


def follow(this: Run, upstream: dict[str, Upstream]) -> dict[str, Any]:
    """What a rank beside the first does: trains along, and reads what the first has measured."""
    from matting.training import trainer

    trainer.train(this, upstream)
    distributed.join(this.config["trainer"]["accelerator"])
    result = this.result()
    assert result is not None
    return result


def fit(this: Run, upstream: dict[str, Upstream]) -> dict[str, Any]:
    """Train under the folder's lock and write the result; what stops it is noted in the manifest."""
    say(f"{this.kind}: {'going on with' if this.last.is_file() else 'training'} {this.folder}")
    from matting.training import trainer

    try:
        with log.kept(this.folder / "train.log"):
            result = trainer.train(this, upstream)
    except (Interrupted, KeyboardInterrupt, SystemExit):  # what Lightning makes of Ctrl-C and SIGTERM is an exit
        raise Interrupted(
            f"stopped; {this.folder} keeps the last checkpoint, the same command goes on from there"
        ) from None
    except Exception as error:
        lifecycle.note_error(this, error)
        raise
    return result
