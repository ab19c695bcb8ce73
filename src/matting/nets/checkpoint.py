"""Checkpoints: written whole or not at all, read without running code, and opened as networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.instantiate import build
from matting.errors import UserError

CHECKPOINT_VERSION = 1


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint on the CPU; raises UserError when it is missing or cannot be read as plain weights."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(found, dict):
            raise TypeError(f"it holds a {type(found).__name__}")
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint") from None
    except Exception as error:
        empty = path.is_file() and not path.stat().st_size
        reason = "it is empty" if empty else (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{path}: not a readable checkpoint ({reason[:120]}); restore it, or train its run anew with rerun=true"
        ) from None
    return found


@dataclass(frozen=True)
class Trained:
    """A trained network, frozen and in evaluation mode, and the config node that builds it."""

    network: nn.Module
    node: dict[str, Any]


def load_network(path: Path, stage: str, name: str | None = None) -> Trained:
    """A network of a stage's checkpoint, by its name in the config's `net`, or the only one that is kept there."""
    checkpoint = read_checkpoint(path)
    nets = check_stage(checkpoint, stage, path)["nets"]
    name = name or next(iter(nets))
    # what it was initialised with is in the checkpoint's weights, changed
    node = {**nets[name], "weights": "none"} if "weights" in nets[name] else nets[name]
    network: nn.Module = build(node, "torch.nn.Module")  # a checkpoint may be anybody's
    load_strict(network, part(checkpoint["state_dict"], f"{name}."), path)
    return Trained(network.requires_grad_(False).eval(), node)


def training_frame(path: Path) -> tuple[int, int]:
    """(height, width) of the samples that a checkpoint was trained on."""
    height, width = read_checkpoint(path)["matting"]["frame"]
    return height, width


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries under a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def check_stage(checkpoint: Mapping[str, Any], stage: str, where: object) -> dict[str, Any]:
    """What a checkpoint says of itself; raises UserError for another stage, another version or no stage of ours."""
    facts = checkpoint.get("matting")
    if facts is None:
        raise UserError(f"{where}: not a checkpoint of this suite; expected one of stage={stage}")
    if facts["version"] != CHECKPOINT_VERSION:
        raise UserError(
            f"{where}: checkpoint version {facts['version']}, this reads {CHECKPOINT_VERSION}; train it again"
        )
    if facts["stage"] != stage:
        raise UserError(f"{where}: a checkpoint of stage={facts['stage']}, expected one of stage={stage}")
    return facts


def load_strict(module: nn.Module, state: Mapping[str, Tensor], where: object) -> None:
    """Load a state dict that must fit; raises UserError naming the first keys and shapes that differ."""
    own = module.state_dict()
    differ = [f"missing {key}" for key in own if key not in state]
    differ += [f"unexpected {key}" for key in state if key not in own]
    differ += [
        f"{key} is {tuple(state[key].shape)}, expected {tuple(value.shape)}"
        for key, value in own.items()
        if key in state and state[key].shape != value.shape
    ]
    if differ:
        more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise UserError(f"{where}: does not fit the configured network: {'; '.join(differ[:3])}{more}")
    with torch.no_grad():
        module.load_state_dict(dict(state))
