"""From samples to a raw batch, and from a worker to the process that trains."""

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from matting.batch import RawBatch

PLANES = ("fgr", "alpha", "bgr", "new_bgr", "image", "valid")


def collate(items: list[dict[str, Any]]) -> RawBatch:
    """Planes as uint8 (B, C, H, W) tensors; draws, seeds and ids stay on the host."""
    batch = OneBlock()
    for key in PLANES:
        if key in items[0]:
            pictures = [item[key] for item in items]
            colours = pictures[0].ndim == 3
            batch[key] = channels_first(pictures) if colours else torch.from_numpy(np.stack(pictures)).unsqueeze(1)
    batch["draws"] = np.stack([item["draws"] for item in items])
    batch["seeds"] = [item["seed"] for item in items]
    batch["ids"] = [item["id"] for item in items]
    batch["skipped"] = [file for item in items for file in item.get("skipped", ())]
    return batch  # type: ignore[return-value]


class OneBlock(dict):
    """A batch whose planes leave a worker in one block of shared memory.

    torch hands over each tensor's memory apart, each with a handshake of both processes: with four planes of a small
    batch that takes twice as long.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        planes = {key: value for key, value in self.items() if isinstance(value, Tensor)}
        rest = {key: value for key, value in self.items() if key not in planes}
        size = sum(plane.numel() for plane in planes.values())
        shared = torch.UntypedStorage._new_shared(size, device="cpu")  # what torch's own collate takes in a worker
        block = torch.empty(0, dtype=torch.uint8).set_(shared)
        torch.cat([plane.flatten() for plane in planes.values()], out=block)
        return apart, (block, {key: plane.shape for key, plane in planes.items()}, rest)


def apart(block: Tensor, shapes: dict[str, torch.Size], rest: dict[str, Any]) -> dict[str, Any]:
    """The batch again, its planes as views into the block."""
    planes = block.split([shape.numel() for shape in shapes.values()])
    return {key: plane.view(shape) for (key, shape), plane in zip(shapes.items(), planes, strict=True)} | rest


def channels_first(pictures: list[np.ndarray]) -> torch.Tensor:
    """uint8 (H, W, C) of one size -> (B, C, H, W), in a tenth of the time that a permuted copy takes."""
    height, width, channels = pictures[0].shape
    planes = np.empty((len(pictures), channels, height, width), np.uint8)
    for picture, into in zip(pictures, planes, strict=True):
        cv2.split(picture, list(into))
    return torch.from_numpy(planes)


def start_worker(worker: int) -> None:
    """One thread a worker, and Ctrl-C is the main process's to answer."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
