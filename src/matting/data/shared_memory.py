"""Memory that a worker shares with the training process and uses for one batch after another."""

import math
import mmap
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

# Slots of a worker: two batches that the loader has requested, the one in training, the one fetched ahead of it.
COUNT = 4
Shapes = Mapping[str, tuple[int, ...]]


class Slots:
    """The slots of one worker, made before it is forked. Each slot holds the planes of one batch at a time.

    For a large batch, fresh shared memory takes as long as making the batch: the kernel clears each page, and both
    processes map each page anew. A slot is free again when nothing refers to its batch any more. Without a free slot,
    and for a batch that is larger than a slot, the loader's own way is used.

    size: bytes of a slot. Pages that no batch has reached take no memory.
    """

    def __init__(self, size: int):
        self.size = size
        self.memory = np.frombuffer(mmap.mmap(-1, COUNT * (size + 1)), np.uint8)  # shared with forked workers
        self.taken = self.memory[COUNT * size :]  # one byte a slot: set by the worker, cleared by the trainer
        BY_ID[id(self)] = self

    def lend(self, shapes: Shapes) -> "Lent | None":
        """Return a free slot for planes of these shapes, or None; called in the worker."""
        free = np.flatnonzero(self.taken == 0)
        if not len(free) or sum(map(math.prod, shapes.values())) > self.size:
            return None
        self.taken[free[0]] = 1
        return Lent(self, int(free[0]), shapes)

    def block(self, slot: int) -> np.ndarray:
        return self.memory[slot * self.size : (slot + 1) * self.size]

    def arrived(self, slot: int) -> Tensor:
        """Return a slot's bytes in the training process; the slot is free once the last view into them is gone."""
        block = self.block(slot)
        weakref.finalize(block, self.give_back, slot, os.getpid()).atexit = False
        return torch.from_numpy(block)  # refers to this very array; a numpy view would refer to the memory below it

    def give_back(self, slot: int, process: int) -> None:
        if os.getpid() == process:  # a process forked from this one only drops a copy
            self.taken[slot] = 0


BY_ID: weakref.WeakValueDictionary[int, Slots] = weakref.WeakValueDictionary()


@dataclass
class Lent:
    """A slot that holds a batch, on its way to the training process, where it unpickles as the batch itself.

    shapes: of the planes. rest: the entries of the batch that are no planes.
    """

    slots: Slots
    slot: int
    shapes: Shapes
    rest: dict[str, Any] = field(default_factory=dict)

    def planes(self) -> dict[str, np.ndarray]:
        """Return the slot's bytes as planes to write."""
        return {key: plane.numpy() for key, plane in cut(torch.from_numpy(self.slots.block(self.slot)), self.shapes)}

    def __reduce__(self) -> tuple[Any, ...]:
        return arrive, (id(self.slots), self.slot, self.shapes, self.rest)


def arrive(slots: int, slot: int, shapes: Shapes, rest: dict[str, Any]) -> dict[str, Any]:
    """Return the batch, in the process that made the slots."""
    return dict(cut(BY_ID[slots].arrived(slot), shapes)) | rest


def cut(block: Tensor, shapes: Shapes) -> list[tuple[str, Tensor]]:
    """Cut a block of bytes into planes that follow one another."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    planes = block[: sum(sizes)].split(sizes)
    return [(key, plane.view(shape)) for (key, shape), plane in zip(shapes.items(), planes, strict=True)]
