"""Checkpoints: written whole or not at all, read without running code, and opened as networks."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO
from torch import nn

from matting.errors import NoSpace, UserError
from matting.instantiate import build
from matting.stages.base import check_stage, load_strict


class AtomicCheckpointIO(CheckpointIO):
    """A temporary file in the same folder, fsync, then a rename: after a crash the last checkpoint is a whole one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except (OSError, RuntimeError) as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno != errno.ENOSPC:
                raise
            raise NoSpace(
                f"{path}: cannot be written ({error}); the last checkpoint is intact: free space, give it again"
            ) from None

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint on the CPU; raises UserError when it is missing or cannot be read as plain weights."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint") from None
    except Exception as error:
        raise UserError(f"{path}: not a readable checkpoint ({str(error).splitlines()[0][:120]})") from None


def load_generator(path: Path, stage: str) -> nn.Module:
    """The trained generator of a stage's checkpoint, frozen, in evaluation mode."""
    checkpoint = read_checkpoint(path)
    facts = check_stage(checkpoint, stage, path)
    network: nn.Module = build(facts["nets"]["gen"])
    load_strict(network, part(checkpoint["state_dict"], "gen."), path)
    return network.requires_grad_(False).eval()


def training_frame(path: Path) -> tuple[int, int]:
    """(height, width) of the samples that a checkpoint was trained on."""
    height, width = read_checkpoint(path)["matting"]["frame"]
    return height, width


def part(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The entries under a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
