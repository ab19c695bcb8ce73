"""Check a config before its job starts, as far as the types of the schema leave it open."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.compose import KEPT, NAMING, compose_config, options
from matting.config.identity import flat, plain
from matting.config.rules import UNUSED, listed, rules_of, shown
from matting.config.texts import is_text
from matting.errors import UserError

CHECKED: set[tuple[str, str]] = set()  # (key, value) pairs that are right; the rows of a grid share most of them


def check(config: DictConfig) -> None:
    """Raise UserError for the first value that no run can be made of; it names the key and what is possible."""
    if missing := list(without_value(config)):
        raise UserError(f"{', '.join(missing)}: no value; give {' '.join(f'{key}=...' for key in missing)}")
    check_plain(plain(config))


def check_plain(data: dict[str, Any]) -> None:
    """Check a config that is plain data already. Converting a config takes longer than checking it."""
    check_values(data)
    check_nodes(data)
    if "trainer" in data:
        check_trainer(data["trainer"], data.get("loss", {}).get("adversarial", {"weight": 0}))


def check_values(data: dict[str, Any]) -> None:
    """Raise UserError for the first value of plain data that breaks the rules of its key."""
    for key, value in flat(data).items():
        if (known := (key, repr(value))) in CHECKED:
            continue
        if is_text(key) and not isinstance(value, str) and value is not None:
            raise UserError(f"{key}={shown(value)}: expected text; write it in quotes")
        if expected := rules_of(key).expected(value):
            raise UserError(f"{key}={shown(value)}: expected {expected}")
        CHECKED.add(known)


def check_trainer(trainer: dict[str, Any], adversarial: dict[str, Any]) -> None:
    """Raise UserError for trainer keys that exclude each other, or that a GAN excludes."""
    if trainer["devices"] == -1 and trainer["accelerator"] == "cpu":
        raise UserError(
            "trainer.devices=-1: stands for all GPUs; with trainer.accelerator=cpu give a number of processes"
        )
    strategy = trainer["strategy"]
    if adversarial["weight"] and strategy in ("ddp", "ddp_spawn"):
        raise UserError(f"trainer.strategy={strategy}: the networks of a GAN take turns; expected {strategy}{UNUSED}")


def without_value(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield the keys of the schema that have no value (`???`) or that `~key` deleted."""
    schema = OmegaConf.get_type(node)
    for field in dataclasses.fields(schema) if dataclasses.is_dataclass(schema) else ():
        if field.name not in node.keys() or OmegaConf.is_missing(node, field.name):  # noqa: SIM118 - `in` resolves
            yield prefix + field.name
        elif dataclasses.is_dataclass(field.type) and node[field.name] is not None:
            yield from without_value(node[field.name], f"{prefix}{field.name}.")


OF_A_STAGE = ("net", "loss", "optim")


READ = ("_target_", "lr", "scales")  # of a node that is built; its other keys are arguments, with defaults or not


MAY_BE_NULL = ("size", "fused", "persons", "long_side")


OF_A_RECIPE = ("name", "title", "method", "published")


PUBLISHED = ("source", "units", "region", "conditions", "tests")


OF_A_TEST_SET = ("eval_size", "backgrounds_per_subject", "subjects")


def check_nodes(data: Mapping[str, Any]) -> None:
    """Raise UserError for the first node that is no node, lacks a key, or belongs to another stage."""
    if "stage" in data:
        check_stage(data)
    if "method" in data:
        check_method(data)
    if "recipe" in data:
        check_recipe(data["recipe"])
    if "data" in data:
        check_sources(data.get("stage", {}).get("persons"), "stage.persons")
        check_data(data["data"])
        if "input" not in data:  # of predict, which measures nothing
            check_any_test(data["data"]["test"])
    for name, node in data.get("logger", {}).items():
        if not is_built(node):
            raise UserError(f"logger.{name}={shown(node)}: expected a node with its _target_; logger=csv has none")


def check_stage(data: Mapping[str, Any]) -> None:
    """Raise UserError unless the stage has all keys of its file, and net, loss and optim those of the stage's own."""
    name, model = model_of("train", "stage", data)
    check_whole("stage", name, data["stage"], model["stage"])
    for node in OF_A_STAGE:
        if missing := list(lacking(data[node], model[node], node)):
            given = f"{node}={data[node]['name']}" if "name" in data[node] else node
            fitting = " or ".join(choice for choice in options(node) if fits(choice, node, name, model[node]))
            raise UserError(f"{given}: no {listed(missing)} in it; stage={name} takes {node}={fitting}")


def check_method(data: Mapping[str, Any]) -> None:
    """Raise UserError unless the method has the keys that its file gives a method's upstream runs."""
    name, model = model_of("evaluate", "method", data)
    keys = ("name", "_target_", "upstream", *model["method"]["upstream"])
    check_whole("method", name, data["method"], {key: model["method"][key] for key in keys})


def check_whole(group: str, name: str, node: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    if missing := list(lacking(node, model, group)):
        raise UserError(f"{group}: no {listed(missing)} in it; leave in what {group}={name} has")


def model_of(verb: str, group: str, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of a config's stage or method, and the config of that name with nothing changed.

    It is the composition that the run's folder is named by.
    """
    name = shown(data[group].get("name"))
    return name, unchanged(verb, group, name, tuple(f"{node}={data[node]['name']}" for node in NAMING[verb][1:]))


@lru_cache(KEPT)
def unchanged(verb: str, group: str, name: str, words: tuple[str, ...]) -> dict[str, Any]:
    """Return the plain config of a few choices, not to be changed."""
    if name not in options(group):
        raise UserError(f"{group}.name={name}: expected one of {', '.join(options(group))}")
    return plain(compose_config(verb, (f"{group}={name}", *words)))


def lacking(node: Any, model: Mapping[str, Any], at: str) -> Iterator[str]:
    """Yield the keys of a model that a node lacks; raises UserError for a null or a scalar in place of a node."""
    for key, theirs in model.items():
        name = f"{at}.{key}"
        if key not in node:
            if not ("." in at and is_built(model)) or key in READ:
                yield key
        elif isinstance(theirs, dict):
            own = node[key]
            if not isinstance(own, dict) and key not in MAY_BE_NULL:
                has = f"a node of {', '.join(theirs)}; {name}.<key>=... changes one of them" if theirs else "{}"
                raise UserError(f"{name}={shown(own)}: expected {has}")
            if isinstance(own, dict):
                yield from (f"{key}.{inner}" for inner in lacking(own, theirs, name))
        elif theirs is not None and (isinstance(node[key], dict) or (node[key] is None and key not in MAY_BE_NULL)):
            raise UserError(f"{name}={shown(node[key])}: expected a value, such as {theirs}")


def fits(choice: str, group: str, stage: str, model: Mapping[str, Any]) -> bool:
    """Return whether a choice of net, loss or optim has the keys and classes of the stage's own."""
    node = unchanged("train", "stage", stage, (f"{group}={choice}",))[group]
    if any(lacking(node, model, group)):
        return False
    return all(node[key]["_target_"] == own["_target_"] for key, own in model.items() if is_built(own))


def is_built(node: Any) -> bool:
    """Return whether a node names a class."""
    return isinstance(node, dict) and isinstance(node.get("_target_"), str)


def check_recipe(recipe: Mapping[str, Any]) -> None:
    """Raise UserError for a recipe without one of its keys."""
    for node, keys, at in ((recipe, OF_A_RECIPE, "recipe"), (recipe.get("published"), PUBLISHED, "recipe.published")):
        if not isinstance(node, dict):
            raise UserError(f"{at}={shown(node)}: expected a node of {', '.join(keys)}")
        if missing := [f"{at}.{key}" for key in keys if node.get(key) is None]:
            raise UserError(f"{', '.join(missing)}: no value; leave in what the recipe has there")


def check_data(data: Mapping[str, Any]) -> None:
    """Raise UserError for sources and test sets that are no nodes of the right kind."""
    for group in ("subjects", "backgrounds", "persons"):
        check_sources(data[group], f"data.{group}")
    for name, test in data["test"].items():
        if test is None:
            continue
        at = f"data.test.{name}"
        if not isinstance(test, dict):
            raise UserError(f"{at}={test}: expected a node of {', '.join(OF_A_TEST_SET)}, or null")
        if missing := [key for key in OF_A_TEST_SET if key not in test]:
            raise UserError(f"{at}: no {listed(missing)} in it; give {at}.{missing[0]}=...")
        if not is_built(test["subjects"]):
            raise UserError(f"{at}.subjects={shown(test['subjects'])}: expected a node with its _target_")
        check_sources({"backgrounds": test.get("backgrounds")}, at)


def check_sources(nodes: Any, at: str) -> None:
    """Raise UserError unless nodes are sources by name, where null leaves one out; null instead of all is right too."""
    if nodes is None:
        return
    if not isinstance(nodes, dict):
        raise UserError(f"{at}={nodes}: expected sources by name, {at}.<name>=..., or null")
    for name, node in nodes.items():
        if node is not None and not is_built(node):
            raise UserError(f"{at}.{name}={node}: expected a node with its _target_, or null")


def check_any_test(tests: Mapping[str, Any]) -> None:
    """Raise UserError where every test set is left out."""
    if not any(tests.values()):
        raise UserError(f"data.test: all of {', '.join(tests) or 'it'} is null; expected at least one test set")
