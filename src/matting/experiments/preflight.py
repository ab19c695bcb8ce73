"""Look at planned runs before the first begins: are the data there, the weights and the space, and how long is it?"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from omegaconf import DictConfig

from matting.data.space import check_caches, missing_bytes
from matting.errors import UserError
from matting.experiments.estimate import DAY, Estimate, check_data, estimate
from matting.nets.downloads import missing_downloads
from matting.runs import cost, speeds
from matting.runs.run import Run
from matting.utils.console import say
from matting.utils.files import DamagedRun, amount

ADVICE = "yes=true begins, trainer=gpu or a smaller scale (scale=quick) is faster"
DOWNLOAD_ADVICE = "yes=true downloads; weights of yours are vgg.weights=<file>, net.*.weights=<file>, or none"
Planned = Iterable[tuple[Run, bool]]


def left(planned: Planned) -> tuple[list[Run], list[Run]]:
    """Return the planned runs, each once, and those of them that are not done."""
    runs = list({run.digest: run for run, _ in planned}.values())
    return runs, [run for run in runs if run.result() is None]


def downloads(runs: Sequence[Run]) -> list[str]:
    """Return the files of weights that runs would download, each once."""
    return list(dict.fromkeys(file for run in runs for file in missing_downloads(run.config)))


def check_planned(plan: Callable[[], Planned], config: DictConfig) -> None:
    """Raise UserError before anything is written where the runs cannot begin, or should not unasked.

    plan: returns the planned runs. `yes=true` allows downloads, and more than a day without a GPU. Data and space are
    needed whatever it says.
    """
    try:
        runs, waiting = left(plan())
    except DamagedRun:
        if config.rerun:  # makes the damaged run anew; how much of it is done cannot be read
            return
        raise
    if not waiting:
        return
    for run in waiting:
        check_data(run.config)
    if not config.yes:
        too_long = too_long_text(estimate(runs), config)
        reasons = [too_long] if too_long else []
        if files := downloads(waiting):
            reasons.append(f"to be downloaded: {', '.join(files)}")
        if reasons:
            raise UserError(f"{'; '.join(reasons)}; {ADVICE if too_long else DOWNLOAD_ADVICE}")
    check_space(waiting)


def check_pictures(pictures: int, upstream: Sequence[Run], config: DictConfig) -> None:
    """Raise UserError where predicting so many pictures takes over a day without a GPU, unless `yes=true`."""
    works = [cost.forward(run.config) for run in upstream]
    known = [work for work in works if work is not None]
    if known and not config.yes:
        rate, how = speeds.rate_of(upstream[0].config)
        guess = Estimate(pictures * sum(known) / rate, None, how, [])
        if text := too_long_text(guess, config):
            raise UserError(f"{pictures} pictures: {text}; {ADVICE}")


def too_long_text(guess: Estimate, config: DictConfig) -> str | None:
    """Return the estimate of work that takes over a day without a GPU, None for other work."""
    long = guess.seconds is not None and guess.seconds > DAY
    return guess.text().removeprefix("estimate: ") if long and config.trainer.accelerator != "gpu" else None


def check_space(runs: Sequence[Run]) -> None:
    """Raise UserError where the caches of runs would not fit; nothing is built yet."""
    check_caches(Path(runs[0].config["paths"]["cache_dir"]), missing_bytes([run.config for run in runs]))


def show_preflight(planned: Planned) -> None:
    """Say what the planned runs will take: time, memory, cache, downloads. Raise UserError where data are missing."""
    runs, waiting = left(planned)
    if not waiting:
        return
    for run in waiting:
        check_data(run.config)
    say(estimate(runs).text())
    need = missing_bytes([run.config for run in waiting])
    folder = Path(waiting[0].config["paths"]["cache_dir"])
    say(f"cache: {amount(need)} more in {folder}" if need else f"cache: all in {folder}")
    for file in downloads(waiting):
        say(f"download: {file}, with yes=true")
    check_caches(folder, need)
