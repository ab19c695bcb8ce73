"""The space that the caches of a run will take, before any of them is built."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matting.data.build import build_source, photographs_of
from matting.data.cache import DISK_ADVICE, cache_key, estimate_bytes, read_index
from matting.errors import UserError
from matting.utils.files import amount


def cached_sources(config: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int | None]]:
    """Yield the node of each source that a run caches, and the longer side to which its subjects are reduced."""
    stage = config.get("stage")
    if stage is not None and photographs_of(config) is None:
        side = stage.get("long_side") or 2 * max(stage["frame"])
        yield from ((node, side) for node in config["data"]["subjects"].values() if node is not None)
    yield from ((test["subjects"], None) for test in config["data"]["test"].values() if test is not None)


def missing_bytes(configs: list[Mapping[str, Any]]) -> int:
    """Return the bytes of the caches that runs need and that are not built yet; each counts once."""
    found: dict[Path, int] = {}
    for config in configs:
        for node, side in cached_sources(config):
            source = build_source(node, config["paths"]["data_root"])
            folder = Path(config["paths"]["cache_dir"]) / f"{source.name}-{cache_key(source, side)}"
            if folder not in found:
                found[folder] = 0 if read_index(folder) is not None else estimate_bytes(source, side)
    return sum(found.values())


def check_caches(folder: Path, need: int) -> None:
    """Raise UserError where the disk of a cache folder, which may not exist yet, has not the space that is needed."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if need > free:
        raise UserError(f"{folder}: the caches need {amount(need)} where {amount(free)} are free; {DISK_ADVICE}")
