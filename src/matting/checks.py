"""A config checked before a job starts: what the types of the schema leave open. No torch here."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, Node, OmegaConf

from matting.config import flat, plain
from matting.errors import UserError
from matting.nodes import check_nodes, shown
from matting.rules import UNUSED, rules_of

PASSED: set[tuple[str, str]] = set()  # keys with values: the rows of a grid differ in few


def check(config: DictConfig) -> None:
    """Raise UserError for the first value that no run can be made of: its key, and what is possible."""
    if missing := list(without_value(config)):
        raise UserError(f"{', '.join(missing)}: no value; give {' '.join(f'{key}=...' for key in missing)}")
    check_plain(plain(config))


def check_plain(data: dict[str, Any]) -> None:
    """`check` of a config that is plain data already: half a millisecond, a tenth of what it takes to be that."""
    check_values(data)
    check_nodes(data)
    if "trainer" in data:
        check_trainer(data["trainer"], data.get("loss", {}).get("adversarial", {"weight": 0}))


def check_values(data: dict[str, Any]) -> None:
    """Raise UserError for the first value of plain data that is no choice and no number of its key."""
    for key, value in flat(data).items():
        if (known := (key, repr(value))) in PASSED:
            continue
        if expected := rules_of(key).expected(value):
            raise UserError(f"{key}={shown(value)}: expected {expected}")
        PASSED.add(known)


def check_trainer(trainer: dict[str, Any], adversarial: dict[str, Any]) -> None:
    """What the trainer's keys ask of one another, and a GAN of them."""
    if trainer["devices"] == -1 and trainer["accelerator"] == "cpu":
        raise UserError(
            "trainer.devices=-1: all GPUs there are; with trainer.accelerator=cpu give a number of processes"
        )
    strategy = trainer["strategy"]
    if adversarial["weight"] and strategy in ("ddp", "ddp_spawn"):
        raise UserError(f"trainer.strategy={strategy}: the networks of a GAN take turns; expected {strategy}{UNUSED}")


def without_value(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Keys of the schema that have no value (`???`), or that `~key` took out."""
    schema = OmegaConf.get_type(node)
    for field in dataclasses.fields(schema) if dataclasses.is_dataclass(schema) else ():
        child = node._get_node(field.name, validate_access=False)  # as it stands: to resolve it takes most of the time
        if not isinstance(child, Node) or child._is_missing():
            yield prefix + field.name
        elif isinstance(child, DictConfig) and not child._is_none():
            yield from without_value(child, f"{prefix}{field.name}.")
