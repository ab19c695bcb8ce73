"""Values set on what was composed before, against what Hydra composes of the whole line."""

import omegaconf.base
import pytest
from hydra import compose
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from matting.config import compose as composing
from matting.config.compose import compose_config, composed, options
from matting.config.identity import plain
from matting.experiments.grid import grid, read_file

pytestmark = pytest.mark.usefixtures("hydra")

QUICK = ("scale=quick", "seed=1,2")


def nodes(config):
    """Every node: where it is, what it holds, of what type it must be and which flags it has."""
    for key in config if isinstance(config, DictConfig) else range(len(config)):
        node = config._get_node(key)
        about = node._metadata
        inner = OmegaConf.is_config(node) and not (node._is_none() or node._is_missing() or node._is_interpolation())
        yield key, type(node), about.ref_type, about.optional, about.flags, None if inner else node._value()
        if inner:
            yield from nodes(node)


def agree(verb, words):
    row, whole = compose_config(verb, words), compose(verb, list(words))
    assert list(nodes(row)) == list(nodes(whole))
    assert OmegaConf.to_yaml(row) == OmegaConf.to_yaml(whole)


@pytest.mark.parametrize("name", options("experiments"))
def test_the_rows_of_an_experiment_are_what_hydra_composes(name):
    verb = read_file(name)["verb"]
    lines = grid(name, verb, QUICK)
    for words in (lines[0], lines[-1]):
        agree(verb, words)


@pytest.mark.parametrize(
    "words",
    [
        ("stage=alpha_gan", "seed=3", "loss.alpha.weight=1e-3", "trainer=gpu"),
        ("loss.alpha.weight=2", "stage=alpha_gan", "loss.alpha.weight=3"),
        ("stage=alpha_gan", "stage.coarse='a b,c'", "paths.output_dir=${paths.data_root}/here"),
        ("stage=alpha_gan", "~loss.border", "+note=1", "++seed=4", "loss.alpha.weight=5"),
        ("stage=segmentation_gan", "optim.gen.betas=[0.1,0.2]", "seed=${scale.height}"),
    ],
)
def test_values_are_set_as_hydra_sets_them(words):
    agree("train", words)


WRONG = [("sed=1",), ("seed=many",), ("loss.none=1",), ("scale=none", "sed=1"), ("seed.a=1",), ("seed=1", "seed=2=3")]


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_told_as_hydra_tells_it(words):
    with pytest.raises((HydraException, OmegaConfBaseException)) as told:
        compose("train", list(words))
    with pytest.raises(type(told.value)) as found:
        compose_config("train", words)
    assert str(found.value) == str(told.value)


def test_rows_that_differ_in_values_ask_hydra_once(monkeypatch):
    asked = []
    monkeypatch.setattr(composing, "compose", lambda *words: asked.append(words) or compose(*words))
    composed.cache_clear()
    rows = [compose_config("train", ("scale=quick", f"seed={seed}")) for seed in range(5)]
    assert [row.seed for row in rows] == [0, 1, 2, 3, 4]
    assert asked == [("train", ["scale=quick"])]
    rows[0].scale.height = 7
    assert compose_config("train", ("scale=quick", "seed=0")).scale.height != 7


def test_resolving_again_parses_nothing():
    config = compose_config("train", ["stage=alpha_gan"])
    plain(config)
    parsed = omegaconf.base.parse.cache_info().misses
    assert plain(config) == plain(compose_config("train", ["stage=alpha_gan"]))
    assert omegaconf.base.parse.cache_info().misses == parsed
