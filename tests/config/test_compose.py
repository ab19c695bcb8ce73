"""Values set on a shared composition, against what Hydra composes of the whole line; how often Hydra composes."""

import hydra
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from matting.config import compose, derive
from matting.config.compose import compose_config, compose_job, options
from matting.data.build import fingerprint
from matting.experiments.grid import grid, read_file
from matting.runs import run, upstream
from matting.utils.files import write_json

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
    row, whole = compose_config(verb, words), hydra.compose(verb, list(words))
    assert list(nodes(row)) == list(nodes(whole))
    assert OmegaConf.to_yaml(row) == OmegaConf.to_yaml(whole)
    job, whole = compose_job(verb, words), hydra.compose(verb, list(words), return_hydra_config=True)
    job.hydra.runtime.choices = whole.hydra.runtime.choices = dict(sorted(whole.hydra.runtime.choices.items()))
    assert OmegaConf.to_yaml(job) == OmegaConf.to_yaml(whole)


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
        hydra.compose("train", list(words))
    with pytest.raises(type(told.value)) as found:
        compose_config("train", words)
    assert str(found.value) == str(told.value)


def forget():
    """Empty the caches of compositions."""
    caches = (compose.composed_without_hydra, derive.derived, derive.with_nodes, derive.derived_plain)
    for cached in (*caches, upstream.implied, run.identity_of):
        cached.cache_clear()
    compose.COMPOSED.clear()


@pytest.fixture
def compositions(monkeypatch):
    """The words of each composition that Hydra makes, in a process that has composed nothing yet."""
    forget()
    load, made = ConfigLoaderImpl.load_configuration, []

    def counted(self, config_name, overrides, *more, **named):
        made.append((config_name, *overrides))
        return load(self, config_name, overrides, *more, **named)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    return made


def test_rows_that_differ_in_values_are_composed_once(compositions):
    rows = [compose_config("train", ("scale=quick", f"seed={seed}")) for seed in range(5)]
    assert [row.seed for row in rows] == [0, 1, 2, 3, 4]
    assert compositions == [("train", "scale=quick")]
    rows[0].scale.height = 7
    assert compose_config("train", ("scale=quick", "seed=0")).scale.height != 7


@pytest.mark.parametrize(("stage", "below"), [("segmentation_gan", []), ("alpha_gan", ["segmentation_gan"])])
def test_a_done_run_asked_again_composes_each_run_once(matting, compositions, stage, below):
    made, _ = upstream.stage_run(compose_config("train", [f"stage={stage}", "scale=quick"]))
    made.folder.mkdir(parents=True)
    write_json(made.folder / "manifest.json", {"data_fingerprint": fingerprint(made.config)})
    write_json(made.folder / "result.json", {"val": {"val/whole/mse": 0.125}})
    forget()
    compositions.clear()
    code, out, _ = matting("train", f"stage={stage}", "scale=quick", "seed=0")
    assert code == 0
    assert "0.125" in out
    assert [words[1] for words in compositions] == [f"stage={name}" for name in (stage, *below)]


def test_the_plan_of_a_grid_composes_each_choice_once(matting, compositions):
    code, out, _ = matting("train", "experiments=pomagan/table3_terms", "scale=quick", "seed=0,1", "plan=true")
    assert code == 0
    assert out.count("outputs/alpha_gan/") == 6
    losses = [word for words in compositions for word in words if word.startswith("loss=")]
    assert losses == ["loss=cgan_alpha", "loss=cgan_per_alpha", "loss=full"]
    assert len(compositions) <= 8
