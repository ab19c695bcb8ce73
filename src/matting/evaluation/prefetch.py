"""Load samples ahead of their use with threads."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from torch.utils.data import DataLoader

from matting.data.batch import RawBatch
from matting.data.collate import collate

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The same items, each made by a thread while the one before is worked on."""
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, iterator, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, iterator, end)
            yield item  # type: ignore[misc]


def loaded(loader: DataLoader, workers: int) -> Generator[RawBatch, None, None]:
    """The batches of a loader, the samples of each loaded by threads.

    A process forked from one that holds a network's memory makes that copy every page which it writes to from then on:
    a test set took up to twice as long.
    """
    with ThreadPoolExecutor(max(1, workers)) as threads:
        for indices in loader.batch_sampler:  # type: ignore[union-attr]
            yield collate(list(threads.map(loader.dataset.__getitem__, indices)))
