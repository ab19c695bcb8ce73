"""Write checkpoints whole or not at all, and read each once."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO

from matting.errors import NoSpace, disk_is_full
from matting.nets.checkpoint import read_checkpoint
from matting.utils.files import replacing


class AtomicCheckpointIO(CheckpointIO):
    """Lightning's access to checkpoints: files appear whole or not at all, and a resumed one is read once.

    ahead: the checkpoint that `read_ahead` has read and Lightning has not asked for yet.
    """

    def __init__(self) -> None:
        self.ahead: dict[str, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Drop what was read ahead: it is large, and spawned ranks read the file themselves."""
        self.ahead = None
        return {"ahead": None}

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        try:
            with replacing(path) as temporary, temporary.open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            # RuntimeErrors of torch that mean a failed write; others, such as those of a GPU, are not ours.
            unwritten = any(text in str(error) for text in ("PytorchStreamWriter", "unexpected pos"))
            if not (unwritten or disk_is_full(error)):
                raise
            kept = "; the last one is intact" if path.is_file() else ""
            raise NoSpace(f"{path}: cannot be written ({error}){kept}; free space and repeat the command") from None

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        found, self.ahead = self.ahead or read_checkpoint(Path(path)), None
        return found

    def read_ahead(self, path: Path) -> dict[str, Any]:
        """Read a checkpoint for the `load_checkpoint` to come and return what it says of itself."""
        self.ahead = read_checkpoint(path)
        return self.ahead["matting"]

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)
