"""Which samples come next: the order of training, and evaluation's batches of one size."""

import math
from collections.abc import Callable, Iterator, Sequence

from torch.utils.data import Sampler

from matting.data.dataset import Key
from matting.data.pairing import Permutation


class TrainingOrder(Sampler[list[Key]]):
    """Batches of keys, epoch after epoch, each pass over the data in an order of its own.

    An epoch is `epoch_samples` long (a whole pass unless it is shorter) and goes on where the last one stopped.
    `position` tells how many batches have been *trained*, whatever workers have fetched since: a resumed run gets the
    next batch, not the epoch's first. There is no state here that could be lost or be reset twice.
    """

    def __init__(
        self,
        total: int,
        batch_size: int,
        epoch_samples: int | None,
        seed: int,
        position: Callable[[], int],
        rank: int = 0,
        ranks: int = 1,
    ):
        self.total, self.batch_size, self.seed, self.position = total, batch_size, seed, position
        self.rank, self.ranks = rank, ranks
        self.batches = max(1, (epoch_samples or total) // (batch_size * ranks))

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, start = divmod(self.position(), self.batches)
        for batch in range(start, self.batches):
            yield self.keys(epoch * self.batches + batch)

    def keys(self, batch: int) -> list[Key]:
        """The keys of the batch at a position of the whole training, on this rank."""
        first = (batch * self.ranks + self.rank) * self.batch_size
        keys = []
        for at in range(first, first + self.batch_size):
            turn, sample = divmod(at, self.total)
            keys.append((turn, Permutation(self.total, self.seed, "order", turn)(sample)))
        return keys


class SameSize(Sampler[list[int]]):
    """Evaluation batches: neighbours of equal size together, in order. All ranks see all: the means are the same.

    pixels: of a batch, at most, but for one of a single sample.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]], batch_size: int, pixels: float = math.inf):
        self.groups: list[list[int]] = []
        for at, size in enumerate(sizes):
            last = self.groups[-1] if self.groups else []
            fits = len(last) < batch_size and (len(last) + 1) * math.prod(size) <= pixels
            if last and sizes[last[0]] == size and fits:
                last.append(at)
            else:
                self.groups.append([at])

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.groups)
