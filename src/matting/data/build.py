"""From the data node of a config to sources. No torch: a finished run is compared with its data in milliseconds."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matting.config.identity import FILE_KEYS, find_file
from matting.config.instantiate import build
from matting.errors import UserError

PATH_KEYS = ("root", "images", "annotations")


class Combined:
    """Several sources as one: ids are `<name in the config>/<id>`."""

    def __init__(self, sources: Mapping[str, Any]):
        self.name = "+".join(sources)
        self.sources = dict(sources)
        self.ids = tuple(sorted(f"{name}/{id}" for name, source in self.sources.items() for id in source.ids))

    def load(self, id: str, reduction: Callable[[int, int], int] | None = None) -> Any:
        """reduction: for backgrounds alone."""
        name, rest = id.split("/", 1)
        load = self.sources[name].load
        return load(rest) if reduction is None else load(rest, reduction)

    def files(self, id: str) -> tuple[Path, ...]:
        name, rest = id.split("/", 1)
        return self.sources[name].files(rest)

    def fingerprint(self) -> str:
        return digest(f"{name} {source.fingerprint()}" for name, source in sorted(self.sources.items()))


def digest(lines: Any) -> str:
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def build_source(node: Mapping[str, Any], data_root: str) -> Any:
    """One source; the paths in its node are relative to `paths.data_root`, a list file's also to the current folder."""
    paths = {key: Path(data_root) / node[key] for key in PATH_KEYS if node.get(key) is not None}
    paths |= {key: find_file(node[key], data_root) for key in FILE_KEYS if node.get(key) is not None}
    return build({**node, **paths})


def build_sources(nodes: Mapping[str, Any], data_root: str, key: str) -> Combined:
    """The sources of a mapping side by side; a name set to null on the command line leaves one out.

    key: where the mapping stands, for the error when nothing is left.
    """
    chosen = {name: build_source(node, data_root) for name, node in nodes.items() if node is not None}
    if not chosen:
        raise UserError(f"{key}: all of {', '.join(nodes) or 'it'} is null; expected at least one source")
    return Combined(chosen)


def photographs_of(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The nodes of photographs with person masks that a stage trains on; None where it trains on composites."""
    return config.get("stage", {}).get("persons")


def fingerprint(config: Mapping[str, Any]) -> str:
    """Digest of all data that a config's run reads: sorted relative names and sizes."""
    data, root, persons = config["data"], config["paths"]["data_root"], photographs_of(config)
    training = {"data.subjects": data["subjects"], "data.backgrounds": data["backgrounds"]}
    if persons is not None:  # such a stage reads no composites but those of the test sets
        training = {"data.persons": persons}
    parts = [build_sources(nodes, root, key).fingerprint() for key, nodes in training.items()]
    for name, test in sorted(data["test"].items()):
        if test is None:
            continue
        for part in ("subjects", "backgrounds"):
            if test.get(part) is not None:
                parts.append(f"{name} {build_source(test[part], root).fingerprint()}")
    return digest(parts)


def check_disjoint(splits: Mapping[str, Mapping[str, str]]) -> None:
    """Raise UserError when one subject stands in two splits. `splits`: name -> subject id -> digest of its content."""
    seen: dict[str, tuple[str, str]] = {}
    for split, subjects in splits.items():
        for id, content in subjects.items():
            if content in seen and seen[content][0] != split:
                other_split, other = seen[content]
                raise UserError(
                    f"subject {id} of {split} is the subject {other} of {other_split}: splits must not share people; "
                    "leave it out of one by a list_file"
                )
            seen[content] = split, id
