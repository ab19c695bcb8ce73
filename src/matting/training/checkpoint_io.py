"""Write checkpoints whole or not at all."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO

from matting.errors import NoSpace, disk_is_full
from matting.nets.checkpoint import read_checkpoint
from matting.utils.files import replacing


class AtomicCheckpointIO(CheckpointIO):
    """A temporary file in the same folder, fsync, then a rename: after a crash the last checkpoint is a whole one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        try:
            with replacing(path) as temporary, temporary.open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            # what torch says when it cannot write; a GPU's errors come up here, too
            unwritten = any(text in str(error) for text in ("PytorchStreamWriter", "unexpected pos"))
            if not (unwritten or disk_is_full(error)):
                raise
            raise NoSpace(
                f"{path}: cannot be written ({error}); the last checkpoint is intact: free space, give it again"
            ) from None

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)
