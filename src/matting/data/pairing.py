"""The background behind each subject: a function of (seed, split, subject, k), in O(1) memory and time."""

import hashlib
from collections.abc import Sequence

ROUNDS = 6
MASK64 = (1 << 64) - 1


def key_of(*parts: object) -> int:
    """Return a 64-bit key of parts that print the same on every machine."""
    return int.from_bytes(hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def mix(value: int) -> int:
    """Scramble a 64-bit value so that every bit of the input changes every bit of the output."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK64
    return value ^ (value >> 31)


class Permutation:
    """A keyed permutation of range(size) without a table: a Feistel network whose results outside are mapped again.

    It decides which samples are drawn. numpy's `default_rng(key).permutation(size)` would be shorter, but would draw
    other samples: a repeated training would no longer give the results of the runs that are finished.
    """

    def __init__(self, size: int, *key: object):
        if size < 1:
            raise ValueError(f"size {size}: expected at least 1")
        self.size = size
        self.half = max(1, ((size - 1).bit_length() + 1) // 2)
        start = key_of(*key)
        self.keys = [mix(start + round * 0x9E3779B97F4A7C15 & MASK64) for round in range(ROUNDS)]

    def __call__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(f"{index} is not in range({self.size})")
        low = (1 << self.half) - 1
        while True:  # the network permutes at most four times as many numbers: four rounds on average at worst
            left, right = index >> self.half, index & low
            for key in self.keys:
                left, right = right, left ^ (mix(right + key & MASK64) & low)
            index = left << self.half | right
            if index < self.size:
                return index


class Pairing:
    """Subjects x backgrounds: sample i is the k-th background of one subject.

    Backgrounds of a subject come without replacement, wrapping only when there are fewer than `per_subject`
    (POMAGAN section 4: 564 subjects on 100 backgrounds each are 56,400 samples).
    """

    def __init__(self, subjects: Sequence[str], backgrounds: Sequence[str], per_subject: int, seed: int, split: str):
        self.subjects, self.backgrounds = sorted(subjects), sorted(backgrounds)
        self.per_subject, self.seed, self.split = per_subject, seed, split

    def __len__(self) -> int:
        return len(self.subjects) * self.per_subject

    def __getitem__(self, index: int) -> tuple[str, str]:
        """Return (subject id, background id) of a sample."""
        if not 0 <= index < len(self):
            raise IndexError(f"{index} is not in range({len(self)})")
        subject, k = divmod(index, self.per_subject)
        return self.subjects[subject], self.background(self.subjects[subject], k)

    def background(self, subject: str, k: int) -> str:
        """Return the k-th background of a subject; `k` may exceed `per_subject` (the arbitrary B of POMAGAN, eq. 8)."""
        count = len(self.backgrounds)
        return self.backgrounds[Permutation(count, self.seed, self.split, subject)(k % count)]


def validation_subjects(subjects: Sequence[str], count: int) -> list[str]:
    """Return the `count` subjects of the validation: those with the smallest hash, independent of the seed."""
    return sorted(sorted(subjects, key=lambda subject: key_of("validation", subject))[:count])
