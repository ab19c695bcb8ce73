"""The private parts of Hydra that this package needs, in one place. A test fails when one of them is gone.

- ConfigLoaderImpl: Hydra's sweepers and launchers compose a row by the loader that they are given.
- get_overrides_dirname: `hydra.job.override_dirname` of a config whose values were set after it was composed.
- Callbacks: `hydra.main` starts them; a job that is composed here is also started here.
- BasicSweeper.split_arguments: the rows of a grid, for reports that launch nothing.
- Hydra.show_info: what `--info` prints.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log, run_job
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig, OmegaConf

ComposeRow = Callable[[str, Sequence[str]], DictConfig]  # of a verb and a command line, with the node `hydra`


class RowLoader(ConfigLoaderImpl):
    """A loader whose rows come from `compose_row`. Hydra's own reads all files for each row, twice."""

    def __init__(self, compose_row: ComposeRow):
        super().__init__(GlobalHydra.instance().config_loader().get_search_path())
        self.compose_row = compose_row

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        node = master_config.hydra
        row = self.compose_row(node.job.config_name, [*node.overrides.hydra, *sweep_overrides])
        OmegaConf.copy_cache(from_config=master_config, to_config=row)
        return row


def dirname_of(overrides: Sequence[Override], node: DictConfig) -> str:
    """Return `hydra.job.override_dirname` for the overrides of a job; node: `hydra.job.config.override_dirname`."""
    return get_overrides_dirname(list(overrides), list(node.exclude_keys), node.item_sep, node.kv_sep)


def rows_of(overrides: Sequence[Override]) -> list[list[str]]:
    """Return the command line of each row of a grid, in the order of Hydra's basic sweeper."""
    (rows,) = BasicSweeper.split_arguments(list(overrides), None)
    return rows


def compose_sweep(verb: str, words: Sequence[str]) -> DictConfig:
    """Compose a sweep's own config: the launcher, the sweeper and the values that all rows share."""
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration(verb, [*words, "hydra.mode=MULTIRUN"], RunMode.MULTIRUN)


def run_alone(config: DictConfig, task: TaskFunction) -> None:
    """Run one job with a composed config, as `hydra.main` does after it has composed."""
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    config.hydra.mode = RunMode.RUN
    callbacks, name = Callbacks(config), config.hydra.job.config_name
    callbacks.on_run_start(config=config, config_name=name)
    context = HydraContext(config_loader=GlobalHydra.instance().config_loader(), callbacks=callbacks)
    done = run_job(task, config, job_dir_key="hydra.run.dir", job_subdir_key=None, hydra_context=context)
    callbacks.on_run_end(config=config, config_name=name, job_return=done)


def run_sweep(config: DictConfig, task: TaskFunction, compose_row: ComposeRow) -> None:
    """Run a sweep with its composed config, as `hydra.main` does after it has composed."""
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    callbacks, name = Callbacks(config), config.hydra.job.config_name
    callbacks.on_multirun_start(config=config, config_name=name)
    context = HydraContext(config_loader=RowLoader(compose_row), callbacks=callbacks)
    sweeper = Plugins.instance().instantiate_sweeper(config=config, hydra_context=context, task_function=task)
    sweeper.sweep(arguments=list(config.hydra.overrides.task))
    callbacks.on_multirun_end(config=config, config_name=name)


def show_info(topic: str, verb: str, words: Sequence[str]) -> None:
    """Print what `--info` asks for: all, config, defaults, defaults-tree, plugins or searchpath."""
    hydra: Any = GlobalHydra.instance().hydra
    hydra.show_info(topic, config_name=verb, overrides=list(words))
