"""Keys of the dataclasses, the config that is walked beside them, and the constructors that take them."""

import dataclasses
import importlib
import inspect
from pathlib import Path

import pytest

import matting
from matting.config import schema
from matting.config.compose import compose_config, options
from matting.config.fields import TARGET, node_of
from matting.config.files import merged, of_stage
from matting.config.identity import flat, plain
from matting.config.instantiate import resolve
from matting.config.nodes import beside, term_target, walk
from matting.config.schema import ROOT
from matting.config.sizes import sizes

ROOT_DIR = Path(matting.__file__).parent
READ_BY_VERBS = {"name", "inputs", "upstream"}  # of a method


def shipped():
    """Every class that a file of conf/ names: its dotted name, and what is not an argument of its constructor."""
    for group in ("net", "method", "data", "logger"):
        for choice in options(group):
            values = flat(merged(group, choice)).items()
            yield from ((value, group) for key, value in values if key.endswith(TARGET))


@pytest.mark.parametrize(("target", "group"), sorted(set(shipped())))
def test_a_constructor_takes_the_keys_of_the_dataclass_beside_it(target, group):
    found = beside(target)
    assert found is not None
    keys = {name: key for name, key in node_of(found).keys.items() if group != "method" or name not in READ_BY_VERBS}
    parameters = dict(inspect.signature(resolve(target)).parameters)
    for name in ("run", "goes_on") if group == "logger" else ("in_channels", "gradient"):  # that the code passes
        parameters.pop(name, None)
    assert keys.keys() == parameters.keys()
    for name, key in keys.items():
        given = parameters[name].default
        assert (key.default == "???") == (given is inspect.Parameter.empty), name
        assert given is inspect.Parameter.empty or key.default == given, name


@pytest.mark.parametrize("stage", options("stage"))
def test_a_stage_has_a_dataclass_with_its_keys_and_terms(stage):
    node = of_stage(stage)
    assert not [leaf.at for leaf in walk(node, ROOT) if leaf.key is None or (leaf.value is None and not leaf.key.null)]
    found = beside(node["stage"][TARGET])
    assert {key for key in node["stage"] if key != "defaults"} == {TARGET, *node_of(found).keys}
    run_keys = {name for name, key in node_of(found).keys.items() if key.kind == "run"}
    assert run_keys == node["stage"]["upstream"].keys()


@pytest.mark.parametrize("name", ["adversarial", "perceptual", "alpha", "segmentation", "border", "gradient"])
def test_a_term_is_a_module_of_its_name(name):
    assert issubclass(resolve(term_target("matting.stages.pomagan_terms", name)), resolve("torch.nn.Module"))


def test_a_default_fits_its_key():
    for file in ROOT_DIR.rglob("*_config.py"):
        module = importlib.import_module(".".join(["matting", *file.relative_to(ROOT_DIR).with_suffix("").parts]))
        for cls in [one for one in vars(module).values() if isinstance(one, type) and dataclasses.is_dataclass(one)]:
            for name, key in node_of(cls).keys.items():
                assert key.doc, (cls, name)
                default = list(key.default) if isinstance(key.default, tuple) else key.default
                if key.default != "???" and key.node is None and default is not None:
                    assert key.expected(default) is None, (cls, name)


def test_every_key_of_every_verb_says_why_it_is_there():
    schema.register()
    for verb in ("train", "evaluate", "reproduce", "dashboard", "runs"):
        for leaf in walk(plain(compose_config(verb)), ROOT):
            assert leaf.key is not None, leaf.at
            assert leaf.key.doc or leaf.at.startswith("scale."), leaf.at


def test_a_key_of_the_scale_holds_what_the_key_may_hold_that_reads_it():
    keys = sizes().keys
    assert (keys["alpha_epochs"].low, keys["row_epochs"].low, keys["height"].low) == (1, 1, 16)
    assert keys["scheduler"].choices == ("none", "linear_decay", "cosine")
    assert keys["epoch_samples"].null
    assert keys["eval_size"].also == ("native",)
    assert keys["zoom"].length == 2
    assert (keys["alphanet"].node.keys["seg_size"].low, keys["alphanet"].node.keys["seg_size"].null) == (16, False)
