"""The order of the training samples, and evaluation batches of one image size."""

import math
from collections.abc import Callable, Iterator, Sequence

from torch.utils.data import Sampler

from matting.data.dataset import Key
from matting.data.pairing import Permutation

MAX_PIXELS = 2**24  # in a batch of several pictures that are only predicted; a larger picture goes alone


class TrainingOrder(Sampler[list[Key]]):
    """Batches of sample keys for a training; each pass over the data has another order.

    An epoch has `epoch_samples` samples (None: all) and continues where the one before stopped.
    position: returns the number of batches that have been *trained*; workers may have fetched more. A resumed run
    thus starts with the next batch. The sampler itself has no state.
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
        """Return the keys of one batch of the whole training on this rank."""
        first = (batch * self.ranks + self.rank) * self.batch_size
        keys = []
        for at in range(first, first + self.batch_size):
            turn, sample = divmod(at, self.total)
            keys.append((turn, Permutation(self.total, self.seed, "order", turn)(sample)))
        return keys


class SameSize(Sampler[list[int]]):
    """Evaluation batches in order: neighbours of equal size go together. Every rank sees all of them.

    pixels: most pixels in a batch of several samples.
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
