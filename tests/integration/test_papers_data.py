"""Recipes and experiments of both papers on a drawn copy of the folders that the README lists for their data."""

import json
from pathlib import Path

import pytest

from matting.cli.main import main
from matting.config.compose import options
from tests.helpers import trees
from tests.helpers.tiny import fitting

DATA = ["data=aim_d646_coco", "scale.val_subjects=2", "trainer=debug"]
EXPERIMENTS = [name for name in options("experiments") if name.startswith("alphanet/")]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the data and, from one test to the next, its runs; the commands run there."""
    folder = tmp_path_factory.mktemp("papers")
    trees.write_aim_d646_coco(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MATTING_DATA_ROOT", str(folder / "data"))
        patch.setenv("MATTING_CACHE_DIR", str(folder / "cache"))
        yield folder


def go(verb, word):
    return main([verb, word, *DATA, *fitting([word, *DATA])])


def test_the_layout_is_that_of_the_readme(folder):
    data = folder / "data"
    assert {path.name for path in data.iterdir()} == {"AIM", "D646", "PhotoMatte85", "coco", "voc"}
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for path in ("coco/train2017", "coco/annotations/instances_train2017.json", "voc/VOCdevkit/VOC2012"):
        assert f"`{path}`" in readme
        assert (data / path).exists()


@pytest.mark.parametrize("recipe", ["alphanet", "pomagan"])
def test_a_recipe_runs(folder, recipe):
    assert go("reproduce", f"recipe={recipe}") == 0
    (result,) = folder.glob(f"outputs/evaluate/{recipe}/*/result.json")
    assert json.loads(result.read_text())["tests"].keys() == {"aim", "pm85", "d646"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_of_alphanet_runs(folder, name):
    assert go("reproduce", f"experiments={name}") == 0
    rows = [json.loads(line) for line in (folder / f"outputs/experiments/{name}/rows.jsonl").read_text().splitlines()]
    assert rows
    assert {row["state"] for row in rows if row["command"].split()[2] == f"experiments={name}"} == {"done"}
