"""Read checkpoints without running their code, and open them as networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from matting.config.instantiate import build
from matting.errors import UserError
from matting.nets.weights import load_weights

CHECKPOINT_VERSION = 1
ADVICE = "expected the weights of the configured network: train it again"


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint on the CPU; raise UserError where it is missing or cannot be read as plain weights."""
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
    """A trained network, frozen and in evaluation mode.

    node: the config node that builds it. frame: (height, width) in pixels of the samples that it was trained on.
    """

    network: nn.Module
    node: dict[str, Any]
    frame: tuple[int, int]


def load_network(path: Path, stage: str) -> Trained:
    """Return the only network of a stage's checkpoint."""
    return next(iter(load_networks(path, stage).values()))


def load_networks(path: Path, stage: str) -> dict[str, Trained]:
    """Return the networks of a stage's checkpoint by their names in the config's `net`; the file is read once.

    Raise UserError where the file is no checkpoint of that stage or its weights do not fit.
    """
    checkpoint = read_checkpoint(path)
    facts = check_stage(checkpoint, stage, path)
    found = {}
    for name, node in facts["nets"].items():
        # The checkpoint holds all weights: those that the training began with are not needed again.
        node = {**node, "weights": "none"} if "weights" in node else node
        # A checkpoint may come from anybody: it may build nothing but a Module.
        network: nn.Module = build(node, "torch.nn.Module")
        prefix, state = f"{name}.", checkpoint["state_dict"]
        own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        load_weights(network, own, str(path), ADVICE)
        height, width = facts["frame"]
        found[name] = Trained(network.requires_grad_(False).eval(), node, (height, width))
    return found


def check_stage(checkpoint: Mapping[str, Any], stage: str, where: object) -> dict[str, Any]:
    """Return the facts that a checkpoint holds; raise UserError for another stage or version, or a foreign file."""
    facts = checkpoint.get("matting")
    if facts is None:
        raise UserError(f"{where}: not a checkpoint of this suite; expected one of stage={stage}")
    if facts["version"] != CHECKPOINT_VERSION:
        raise UserError(
            f"{where}: checkpoint version {facts['version']}, expected {CHECKPOINT_VERSION}; train it again"
        )
    if facts["stage"] != stage:
        raise UserError(f"{where}: a checkpoint of stage={facts['stage']}, expected one of stage={stage}")
    return facts
