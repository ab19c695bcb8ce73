"""Check a config before its job starts, beside the dataclasses of its keys."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from matting.config.compose import options
from matting.config.fields import MISSING, TARGET, Node, listed, node_of, shown
from matting.config.files import merged, of_stage
from matting.config.identity import plain
from matting.config.messages import nearest
from matting.config.nodes import ABSENT, Leaf, beside, walk
from matting.config.schema import ROOT, UNUSED
from matting.config.texts import is_text
from matting.errors import UserError

OF_A_STAGE = ("net", "loss", "optim")


def check(config: DictConfig) -> None:
    """Raise UserError for the first value that no run can be made of; it names the key and what is possible."""
    if missing := list(without_value(config)):
        raise UserError(f"{', '.join(missing)}: no value; give {' '.join(f'{key}=...' for key in missing)}")
    check_plain(plain(config))


def without_value(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield the keys of the schema that have no value (`???`) or that `~key` deleted."""
    schema = OmegaConf.get_type(node)
    for field in dataclasses.fields(schema) if dataclasses.is_dataclass(schema) else ():
        if field.name not in node.keys() or OmegaConf.is_missing(node, field.name):  # noqa: SIM118 - `in` resolves
            yield prefix + field.name
        elif dataclasses.is_dataclass(field.type) and node[field.name] is not None:
            yield from without_value(node[field.name], f"{prefix}{field.name}.")


def check_plain(data: Mapping[str, Any]) -> None:
    """Check a config that is plain data already. Converting a config takes longer than checking it."""
    for group in ("stage", "method"):
        if group in data and (name := shown(data[group].get("name"))) not in options(group):
            raise UserError(f"{group}.name={name}: expected one of {', '.join(options(group))}")
    check_values(data)
    for group in ("stage", "method"):
        if group in data:
            check_upstream(group, data[group])
    if "data" in data and "input" not in data and not any(data["data"]["test"].values()):  # predict measures nothing
        tests = ", ".join(data["data"]["test"]) or "it"
        raise UserError(f"data.test: all of {tests} is null; expected at least one test set")
    if "trainer" in data:
        check_trainer(data["trainer"], data.get("loss", {}).get("adversarial", {"weight": 0}))


def check_values(data: Mapping[str, Any], node: Node = ROOT) -> None:
    """Raise UserError for the first value that its key cannot hold, for keys without a value, and for unread keys."""
    missing: list[str] = []
    others: list[Leaf] = []
    for leaf in walk(data, node):
        at, key, value, _ = leaf
        if value is ABSENT:
            missing.append(at)
        elif key is None:
            others += [] if is_spare(at, data) else [leaf]
        elif at.startswith("hydra.") and is_text(at) and not isinstance(value, str | None):
            raise UserError(f"{at}={shown(value)}: expected a text; write it in quotes")
        elif expected := key.expected(value):
            quotes = "; write it in quotes" if key.type is str and not (key.choices or key.listed) else ""
            hint = f"; {at}.<{'name' if key.many else 'key'}>=... sets one in it" if key.many or key.node else quotes
            raise UserError(f"{at}={shown(value)}: expected {expected}{hint}")
    if missing:
        raise lacking(missing, data)
    if others:
        raise unread(others[0], data)


def is_spare(at: str, data: Mapping[str, Any]) -> bool:
    """Return whether a node of net, loss or optim is left over from a file that has more than the stage takes."""
    group, _, name = at.partition(".")
    return (
        group in OF_A_STAGE
        and "." not in name
        and any(data[group].keys() <= merged(group, choice).keys() for choice in options(group))
    )


def unread(leaf: Leaf, data: Mapping[str, Any]) -> UserError:
    """Return the error of a key that nothing reads, with the keys that look like it, or all keys of its node."""
    known = [other.at for other in walk(data, ROOT) if other.key is not None]
    return UserError(f"{leaf.at}: nothing reads this key; {nearest(leaf.at, known, leaf.beside.keys)}")


def lacking(missing: list[str], data: Mapping[str, Any]) -> UserError:
    """Return the error of keys without a value; it says which file has them."""
    group, _, rest = missing[0].partition(".")
    names = [at.removeprefix(f"{group}.") for at in missing if at.startswith(f"{group}.")]
    node, advice = group, f"leave in what {group} has there"
    if group in OF_A_STAGE:
        stage = data["stage"]["name"]
        node = f"{group}={data[group]['name']}" if "name" in data[group] else group
        fitting = " or ".join(choice for choice in options(group) if fits(choice, group, stage))
        advice = f"stage={stage} takes {group}={fitting}"
    elif group in ("stage", "method"):
        advice = f"leave in what {group}={data[group]['name']} has"
    elif "." in rest:
        node, _, name = missing[0].rpartition(".")
        names, advice = [name], f"give {missing[0]}=..."
    return UserError(f"{node}: no {listed(names)} in it; {advice}")


def fits(choice: str, group: str, stage: str) -> bool:
    """Return whether a choice of net, loss or optim has the keys and classes of the stage's own."""
    own, other = of_stage(stage), {**of_stage(stage), group: merged(group, choice)}
    built = [name for name, node in own[group].items() if isinstance(node, dict) and TARGET in node]
    return all(other[group].get(name, {}).get(TARGET) == own[group][name][TARGET] for name in built) and not any(
        leaf.value is ABSENT and leaf.at.startswith(f"{group}.") for leaf in walk(other, ROOT)
    )


def check_upstream(group: str, node: Mapping[str, Any]) -> None:
    """Raise UserError unless `upstream` has each key of a stage or method that names a run, and no other."""
    found, given = beside(str(node[TARGET])), node["upstream"]
    keys = node_of(found).keys if found is not None else {}
    lost = [name for name, key in keys.items() if key.kind == "run" and key.default is MISSING and name not in given]
    if more := [f"{group}.upstream.{name}" for name in given if name not in node]:
        raise UserError(f"{listed(more)}: there is no key of that name beside upstream; leave it out")
    if lost:
        raise lacking([f"{group}.upstream.{name}" for name in lost], {group: node})


def check_trainer(trainer: Mapping[str, Any], adversarial: Mapping[str, Any]) -> None:
    """Raise UserError for trainer keys that exclude each other, or that a GAN excludes."""
    if trainer["devices"] == -1 and trainer["accelerator"] == "cpu":
        raise UserError(
            "trainer.devices=-1: stands for all GPUs; with trainer.accelerator=cpu give a number of processes"
        )
    strategy = trainer["strategy"]
    if adversarial["weight"] and strategy in ("ddp", "ddp_spawn"):
        raise UserError(f"trainer.strategy={strategy}: the networks of a GAN take turns; expected {strategy}{UNUSED}")
