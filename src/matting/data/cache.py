"""A cache of decoded subjects on disk: built once, memory-mapped, shared by all workers and ranks.

    cache_dir/<source name>-<key>/
        index.json       where each subject lies, its size and digest, what was skipped and why
        subjects.bin     uint8, per subject: fgr and alpha as (H, W, 4) and, where the source has it, image (H, W, 3)
    cache_dir/<source name>-<key>.lock

The key is a digest of everything that decides the content, so a changed file makes another cache. A cache is built
under the lock in a temporary folder and moved into place when it is complete: a half-built one is never read.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from matting.data.decoding import DamagedFile
from matting.data.foreground import reduce_subject
from matting.data.images import stored_size
from matting.data.sources.base import Subject, SubjectSource
from matting.errors import UserError, disk_is_full
from matting.ops.resize import reduced_size
from matting.utils.console import say, say_once, track
from matting.utils.files import amount
from matting.utils.locks import lock

VERSION = 6  # raise it when decoding, reduction, digests or the layout change
DISK_ADVICE = "free space, choose another cache folder or a smaller long_side"
OnDamaged = Literal["skip", "raise"]
OPAQUE = 250  # the least alpha of an opaque person, with room for JPEG
Decoded = tuple[Subject, str, int, bool]


class SubjectCache:
    """The decoded subjects of one source. It pickles as a path: every process maps the file itself.

    ids: sorted, without damaged subjects. skipped: the reason by id of each damaged subject.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = folder
        self.ids = tuple(index["subjects"])
        self.skipped: dict[str, str] = index["skipped"]
        self.subjects: dict[str, dict[str, Any]] = index["subjects"]
        self.pixels: np.memmap | None = None

    @classmethod
    def open(
        cls, source: SubjectSource, cache_dir: Path, long_side: int | None = None, on_damaged: OnDamaged = "skip"
    ) -> "SubjectCache":
        """Return the cache of `source`; build it first if it is missing, damaged or made of other files.

        long_side: pixels; larger subjects are reduced to it. on_damaged: `skip` leaves out the subject of a damaged
        file with a warning, `raise` raises its DamagedFile. Raise UserError when the disk is too small or no subject
        is left.
        """
        folder = cache_dir / f"{source.name}-{cache_key(source, long_side)}"
        index = read_index(folder)
        if index is None:
            waiting = f"cache: waiting for another process that builds {folder}"
            with lock(folder.with_name(f"{folder.name}.lock"), waiting, "choose another cache folder"):
                index = read_index(folder) or build(source, folder, long_side, on_damaged)
        for reason in index["skipped"].values():
            if on_damaged == "raise":
                raise DamagedFile(reason)
            say(f"warning: subject skipped: {reason}")
        warn_of_range(source, index["subjects"])
        return cls(folder, index)

    def load(self, id: str) -> Subject:
        """Return a subject as read-only views of the mapped file; nothing is copied or decoded."""
        if self.pixels is None:
            self.pixels = np.memmap(self.folder / "subjects.bin", np.uint8, "r")
        entry = self.subjects[id]
        height, width = self.size(id)
        planes = self.pixels[entry["offset"] : entry["offset"] + entry["bytes"]].view(np.ndarray)
        rgba, image = np.split(planes, [4 * height * width])
        rgba = rgba.reshape(height, width, 4)
        return Subject(rgba[..., :3], rgba[..., 3], image.reshape(height, width, 3) if image.size else None, rgba)

    def size(self, id: str) -> tuple[int, int]:
        """Return (height, width) as stored."""
        return self.subjects[id]["height"], self.subjects[id]["width"]

    def content(self, id: str) -> str:
        """Return a digest of the alpha before any reduction: a subject has the same one in every split.

        Different subjects may share an alpha of one value: for such an alpha the colours count, too.
        """
        return self.subjects[id]["content"]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "pixels": None}


def cache_key(source: SubjectSource, long_side: int | None) -> str:
    """Return a digest (16 hex digits) of a source's name, fingerprint, ids, file sizes and times, and `long_side`."""
    digest = hashlib.blake2b(f"{VERSION} {source.name} {source.fingerprint()} {long_side}".encode(), digest_size=8)
    for id in source.ids:
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in source.files(id)]
        digest.update(f"\n{id} {stats}".encode())
    return digest.hexdigest()


def read_index(folder: Path) -> dict[str, Any] | None:
    """Return the index of a cache, or None where it is missing or incomplete."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        whole = (folder / "subjects.bin").stat().st_size == index["total_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return index if whole else None


def warn_of_range(source: SubjectSource, subjects: Mapping[str, Mapping[str, Any]]) -> None:
    """Print a line where no subject has an opaque pixel, as with alphas of another range, such as 0 to 100.

    peak: the greatest alpha of a subject; caches of earlier versions lack it.
    """
    peaks = {id: entry["peak"] for id, entry in subjects.items() if "peak" in entry}
    if peaks and (highest := max(peaks.values())) < OPAQUE:
        what = f"{source.name}: no alpha above {highest} of 255 in {len(peaks)} subjects"
        files = source.files(next(id for id, peak in peaks.items() if peak == highest))
        where = f", the highest in {files[-1]}" if files else ""
        say_once(f"warning: {what}{where}; expected 255 where a person is opaque, scale the alphas")


def build(source: SubjectSource, folder: Path, long_side: int | None, on_damaged: OnDamaged) -> dict[str, Any]:
    """Write the cache of `source` to `folder` and return its index. Raise UserError when the disk is full."""
    say(f"cache: building {folder}")
    check_disk(source, folder, long_side)
    temporary = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        index = write_subjects(source, temporary, long_side, on_damaged)
        with (temporary / "index.json").open("w", encoding="utf-8") as file:
            json.dump(index, file)
            sync(file)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError as error:
        if disk_is_full(error):
            raise UserError(f"{folder}: the disk is full; {DISK_ADVICE}") from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return index


def check_disk(source: SubjectSource, folder: Path, long_side: int | None) -> None:
    """Print the size that the cache will have; raise UserError where the disk has less space."""
    need, free = estimate_bytes(source, long_side), shutil.disk_usage(folder.parent).free
    say(f"cache: {len(source.ids)} subjects, {amount(need)} in {folder}")
    if need > free:
        raise UserError(f"{folder}: needs {amount(need)} where {amount(free)} are free; {DISK_ADVICE}")


def estimate_bytes(source: SubjectSource, long_side: int | None) -> int:
    """Estimate the bytes of a cache from the headers of the files and the planes of the first subject that decodes.

    Subjects without files, which are drawn, are taken to be as large as the first.
    """
    failures: list[DamagedFile] = []
    for first_id in source.ids:
        try:
            first = source.load(first_id)
            break
        except DamagedFile as error:
            failures.append(error)
    else:
        raise UserError(f"{source.name}: none of {len(failures)} subjects can be decoded, first: {failures[0]}")
    pixels = 0
    for id in source.ids:
        with suppress(DamagedFile):
            files = source.files(id)
            height, width = reduced_size(stored_size(files[-1]) if files else first.alpha.shape, long_side)
            pixels += height * width
    return pixels * (4 if first.image is None else 7)


def write_subjects(source: SubjectSource, folder: Path, long_side: int | None, on_damaged: OnDamaged) -> dict[str, Any]:
    """Write subjects.bin into `folder` and return its index."""
    subjects: dict[str, dict[str, Any]] = {}
    skipped: dict[str, str] = {}
    binary: list[str] = []
    offset = 0
    # Closed here, since a pool of threads that the garbage collector ends can wait for itself.
    with (folder / "subjects.bin").open("wb") as data, closing(decode_all(source, long_side)) as decoded:
        for id, result in track(decoded, f"cache {source.name}", len(source.ids)):
            if isinstance(result, DamagedFile):
                if on_damaged == "raise":
                    raise result
                skipped[id] = str(result)
                continue
            subject, content, peak, is_binary = result
            binary += [id] * is_binary
            planes = [plane for plane in (subject.rgba(), subject.image) if plane is not None]
            size = sum(data.write(np.ascontiguousarray(plane).data) for plane in planes)
            height, width = subject.alpha.shape
            entry = {"offset": offset, "bytes": size, "height": height, "width": width}
            subjects[id] = {**entry, "content": content, "peak": peak}
            offset += size
        sync(data)
    if binary:
        count = f"{len(binary)} of {len(source.ids)} alphas of {source.name}"
        say(f"warning: {count} have no value between 0 and 255, first {binary[0]}: hair cannot be learned from them")
    return {"subjects": subjects, "skipped": skipped, "total_bytes": offset}


def decode_all(
    source: SubjectSource, long_side: int | None
) -> Generator[tuple[str, Decoded | DamagedFile], None, None]:
    """Yield each id with the decoded subject, or with the DamagedFile, in order.

    With a subject: its `SubjectCache.content`, its highest alpha, and whether its alpha has no value between 0 and 255.
    Threads help: the decoders and zlib release the interpreter lock.
    """

    def decode(id: str) -> Decoded | DamagedFile:
        try:
            subject = source.load(id)
        except DamagedFile as error:
            return error
        content = hashlib.blake2b(f"{subject.alpha.shape}".encode(), digest_size=16)
        content.update(np.ascontiguousarray(subject.alpha).data)
        if subject.alpha.min() == subject.alpha.max():
            content.update(np.ascontiguousarray(subject.fgr).data)
        is_binary = not ((subject.alpha - np.uint8(1)) < 254).any()  # 0 wraps to 255: between means 0 to 253 here
        return reduce_subject(subject, long_side), content.hexdigest(), int(subject.alpha.max()), is_binary

    threads = min(8, os.cpu_count() or 1)
    # In parts, because the map of a pool takes all ids at once and would hold every subject not written yet.
    part = 4 * threads
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(source.ids), part):
            ids = source.ids[start : start + part]
            yield from zip(ids, pool.map(decode, ids), strict=True)


def sync(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
