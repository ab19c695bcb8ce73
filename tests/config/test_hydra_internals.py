"""The private parts of Hydra that the suite stands on, and that one module holds them."""

import importlib
import inspect
import re
from pathlib import Path

import hydra
import pytest

SOURCE = Path(__file__).parents[2] / "src/matting"
PARTS = {
    "hydra._internal.callbacks.Callbacks": ["config"],
    "hydra._internal.config_loader_impl.ConfigLoaderImpl.load_sweep_config": ["master_config", "sweep_overrides"],
    "hydra._internal.config_loader_impl.ConfigLoaderImpl.load_configuration": ["config_name", "overrides", "run_mode"],
    "hydra._internal.config_loader_impl.get_overrides_dirname": ["overrides", "exclude_keys", "item_sep", "kv_sep"],
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper.split_arguments": ["overrides", "max_batch_size"],
    "hydra._internal.hydra.Hydra.show_info": ["info", "config_name", "overrides"],
    "hydra.core.utils.run_job": ["task_function", "config", "job_dir_key", "job_subdir_key", "hydra_context"],
}


@pytest.mark.parametrize("path", PARTS)
def test_a_private_part_is_there(path):
    gone = f"Hydra {hydra.__version__} has no {path} as config/hydra_internals.py calls it: adapt that module"
    module = re.match(r"[a-z_.0-9]+(?=\.)", path)[0]
    names = path.removeprefix(f"{module}.").split(".")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        pytest.fail(gone)
    for name in names:
        found = getattr(found, name, None)
    assert found is not None, gone
    assert set(PARTS[path]) <= inspect.signature(found).parameters.keys(), gone


def test_no_other_module_has_private_parts_of_hydra_or_omegaconf():
    private = re.compile(r"hydra\._internal|omegaconf\._|Singleton\._|\._(get_node|is_none|is_missing|value)\(")
    found = [file for file in SOURCE.rglob("*.py") if private.search(file.read_text())]
    assert found == [SOURCE / "config/hydra_internals.py"]
