"""A recipe whose runs are made without training, and its report."""

from pathlib import Path

import pytest

from matting.experiments.recipe import RecipeRuns, recipe_runs
from matting.reports.write import write_recipe
from tests.helpers.made_runs import compose, finish_all


@pytest.fixture(scope="session")
def composed_recipe() -> RecipeRuns:
    return recipe_runs(compose(verb="report"))


@pytest.fixture
def done(composed_recipe: RecipeRuns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RecipeRuns:
    """A recipe whose runs are done, in the current folder."""
    monkeypatch.chdir(tmp_path)
    finish_all(composed_recipe)
    return composed_recipe


@pytest.fixture(scope="session")
def written(composed_recipe: RecipeRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a recipe's report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("written"))
        finish_all(composed_recipe)
        return write_recipe(composed_recipe).parent.resolve()
