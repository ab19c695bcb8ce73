"""Runs that stand on other runs: an alpha stage on its segmentation run, a method on its stages. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.config import derive, file_digest
from matting.errors import UserError
from matting.runs import Run, find_runs, make_run, open_run


@dataclass(frozen=True)
class Upstream:
    """What stands in for a key of a config: a run, done or still to be trained, or a checkpoint file.

    key: what counts in the digest. config: how to train the run, where it may not be done.
    """

    key: str
    checkpoint: Path
    run: Run | None = None
    config: DictConfig | None = None


def stage_run(config: DictConfig) -> tuple[Run, dict[str, Upstream]]:
    """The run of a train config, and the runs that it stands on by key."""
    upstream = {}
    if "coarse" in config.stage and config.stage.coarse != "ground_truth":
        upstream["stage__coarse"] = find_upstream(config, config.stage.coarse, "segmentation_gan")
    run = make_run(config.stage.name, config, **{key: found.key for key, found in upstream.items()})
    return run, upstream


def find_upstream(config: DictConfig, value: str | None, stage: str, **values: Any) -> Upstream:
    """What a config key names: a run folder, a digest, a checkpoint file, or null for the run that `config` implies.

    Raises UserError when there is no such run or file, or it is of another stage.
    """
    if value is None:
        derived = derive(config, "train", [f"stage={stage}"], **values)
        run, _ = stage_run(derived)
        return Upstream(run.digest, run.best, run, derived)
    path = Path(value)
    if path.is_dir():
        found = open_run(path)
    elif path.is_file():
        return Upstream(f"file:{file_digest(path)}", path)
    else:
        runs = [run for run in find_runs(Path(config.paths.output_dir)) if run.digest == value.split("/")[-1]]
        if not runs:
            raise UserError(
                f"{value}: neither a run folder, nor the digest of a run under {config.paths.output_dir}, nor a file; "
                "`matting runs` lists the runs"
            )
        found = runs[0]
    if found.kind != stage:
        raise UserError(f"{found.folder}: a run of {found.kind}, expected one of stage={stage}")
    if found.result() is None:
        raise UserError(f"{found.folder}: not done ({found.state()}); give its command again to finish it")
    return Upstream(found.digest, found.best, found)


def method_upstream(config: DictConfig) -> dict[str, Upstream]:
    """The trained stages of a config's method, by key of the method node: POMAGAN's alpha and segmentation runs.

    The segmentation network is the one that the alpha stage was trained with, unless the config names another.
    """
    segmentation, alpha = config.method.segmentation, config.method.alpha
    more = {} if segmentation is None else {"stage__coarse": segmentation}
    found_alpha = find_upstream(config, alpha, "alpha_gan", **more)
    if segmentation is None and found_alpha.run is not None:
        if found_alpha.config is not None:
            found = stage_run(found_alpha.config)[1].get("stage__coarse")
        else:
            coarse = found_alpha.run.config["stage"]["coarse"]
            named = coarse != "ground_truth" and not coarse.startswith("file:")
            found = find_upstream(config, coarse, "segmentation_gan") if named else None
    else:
        found = find_upstream(config, segmentation, "segmentation_gan")
    if found is None:
        raise UserError("method.segmentation: the alpha run stands on no segmentation run; name a run or a checkpoint")
    return {"method__segmentation": found, "method__alpha": found_alpha}


def method_run(config: DictConfig) -> tuple[Run, dict[str, Upstream]]:
    """The run of an evaluate config, and the trained stages that it stands on."""
    upstream = method_upstream(config)
    run = make_run(f"evaluate/{config.method.name}", config, **{key: found.key for key, found in upstream.items()})
    return run, upstream
