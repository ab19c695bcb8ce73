"""Memory that a worker shares with the process that trains, for one batch after another."""

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

# Two batches that the loader has from a worker or under way, the one that trains, the one fetched ahead of it.
COUNT = 4
Shapes = Mapping[str, tuple[int, ...]]


class Slots:
    """The slots of one worker, made before it is forked; each is lent with the planes of a batch.

    Fresh shared memory costs a large batch as much as making it: the kernel clears each page, and both processes meet
    each of them for the first time. A slot comes back when nothing refers to its batch any more. A batch that finds
    none free, because someone keeps batches or never took them, goes the loader's usual way, as a larger one does.

    size: bytes of a batch. Pages that no batch has reached take no memory.
    """

    def __init__(self, size: int):
        self.size = size
        self.memory = np.frombuffer(mmap.mmap(-1, COUNT * (size + 1)), np.uint8)  # shared with who is forked from here
        self.taken = self.memory[COUNT * size :]  # a byte a slot: set by the worker, cleared by who trains
        BY_ID[id(self)] = self

    def lend(self, shapes: Shapes) -> "Lent | None":
        """A free slot for planes of these shapes; the worker's to ask for."""
        free = np.flatnonzero(self.taken == 0)
        if not len(free) or sum(map(math.prod, shapes.values())) > self.size:
            return None
        self.taken[free[0]] = 1
        return Lent(self, int(free[0]), shapes)

    def block(self, slot: int) -> np.ndarray:
        return self.memory[slot * self.size : (slot + 1) * self.size]

    def arrived(self, slot: int) -> Tensor:
        """A slot's bytes where the batch is used; the slot comes back with the last view into them."""
        block = self.block(slot)
        weakref.finalize(block, self.give_back, slot, os.getpid()).atexit = False
        return torch.from_numpy(block)  # keeps this very array, which a view of numpy's would not

    def give_back(self, slot: int, process: int) -> None:
        if os.getpid() == process:  # and no process forked from it, which lets go of a copy
            self.taken[slot] = 0


BY_ID: weakref.WeakValueDictionary[int, Slots] = weakref.WeakValueDictionary()


@dataclass
class Lent:
    """A slot with a batch: its planes' shapes, and what comes beside them. Unpickled it is the batch itself."""

    slots: Slots
    slot: int
    shapes: Shapes
    rest: dict[str, Any] = field(default_factory=dict)

    def planes(self) -> dict[str, np.ndarray]:
        """The slot as planes to write."""
        return {key: plane.numpy() for key, plane in cut(torch.from_numpy(self.slots.block(self.slot)), self.shapes)}

    def __reduce__(self) -> tuple[Any, ...]:
        return arrive, (id(self.slots), self.slot, self.shapes, self.rest)


def arrive(slots: int, slot: int, shapes: Shapes, rest: dict[str, Any]) -> dict[str, Any]:
    """The batch, in the process that made the slots."""
    return dict(cut(BY_ID[slots].arrived(slot), shapes)) | rest


def cut(block: Tensor, shapes: Shapes) -> list[tuple[str, Tensor]]:
    """A block's bytes as planes, one after another."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    planes = block[: sum(sizes)].split(sizes)
    return [(key, plane.view(shape)) for (key, shape), plane in zip(shapes.items(), planes, strict=True)]
