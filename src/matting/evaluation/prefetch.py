"""Load samples with threads before they are used."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from torch.utils.data import DataLoader

from matting.data.batch import RawBatch
from matting.data.collate import collate

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """Yield the same items; a thread makes each of them while the caller works on the one before."""
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, iterator, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, iterator, end)
            yield item  # type: ignore[misc]


def loaded(loader: DataLoader, workers: int) -> Generator[RawBatch, None, None]:
    """Yield the batches of a loader; threads load the samples of each.

    Not by worker processes: after a fork the process that holds the networks copies every page that it writes to, and
    a test set took up to twice as long.
    """
    with ThreadPoolExecutor(max(1, workers)) as threads:
        for indices in loader.batch_sampler:  # type: ignore[union-attr]
            yield collate(list(threads.map(loader.dataset.__getitem__, indices)))
