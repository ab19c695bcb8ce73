"""Samples without a person, whose alpha is 0 and whose image is the background alone: which of the samples they are."""

from matting.data.pairing import key_of

NOBODY = "nobody"  # stands for the subject in the id of such a sample


def drawn_empty(share: float, *key: object) -> bool:
    """Return whether a training sample is one of the share without a person: a function of its key."""
    return key_of("empty", *key) < share * 2**64


def spread_empty(count: int, share: float) -> frozenset[int]:
    """Return which of `count` validation samples have no person: the share of them, evenly spread, nothing drawn."""
    empty = round(count * share)
    return frozenset((2 * at + 1) * count // (2 * empty) for at in range(empty))
