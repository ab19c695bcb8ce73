"""Build sources from the data node of a config, and fingerprint the data that a run reads."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matting.config.identity import located
from matting.config.instantiate import build
from matting.config.nodes import built
from matting.errors import UserError


class Combined:
    """Several sources as one. Ids are `<name in the config>/<id>`."""

    def __init__(self, sources: Mapping[str, Any]):
        self.name = "+".join(sources)
        self.sources = dict(sources)
        self.ids = tuple(sorted(f"{name}/{id}" for name, source in self.sources.items() for id in source.ids))

    def load(self, id: str, reduction: Callable[[int, int], int] | None = None) -> Any:
        """Load an item from the source that it belongs to. reduction: for backgrounds only."""
        source, rest = self.at(id)
        return source.load(rest) if reduction is None else source.load(rest, reduction)

    def files(self, id: str) -> tuple[Path, ...]:
        source, rest = self.at(id)
        return source.files(rest)

    def at(self, id: str) -> tuple[Any, str]:
        """Return the source of an item and the item's id there."""
        name, rest = id.split("/", 1)
        return self.sources[name], rest

    def fingerprint(self) -> str:
        return digest(f"{name} {source.fingerprint()}" for name, source in sorted(self.sources.items()))


def digest(lines: Any) -> str:
    """Return the digest (16 hex) of lines of text."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def build_source(node: Mapping[str, Any], data_root: str) -> Any:
    """Build a source. Paths in its node are relative to `data_root`, a list file's also to the current folder."""
    return build(located(node, built(node), data_root))


def build_sources(nodes: Mapping[str, Any], data_root: str, key: str) -> Combined:
    """Build the sources of a mapping as one; a node that is null is left out.

    key: the mapping's place in the config, for the error. Raises UserError when every node is null.
    """
    chosen = {name: build_source(node, data_root) for name, node in nodes.items() if node is not None}
    if not chosen:
        raise UserError(f"{key}: all of {', '.join(nodes) or 'it'} is null; expected at least one source")
    return Combined(chosen)


def photographs_of(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the nodes of the photographs with person masks that a stage trains on, None if it trains on composites."""
    return config.get("stage", {}).get("persons")


def fingerprint(config: Mapping[str, Any]) -> str:
    """Return a digest (16 hex) of all data that a config's run reads: names and sizes of the files, sorted."""
    data, root, persons = config["data"], config["paths"]["data_root"], photographs_of(config)
    training = {"data.subjects": data["subjects"], "data.backgrounds": data["backgrounds"]}
    if persons is not None:  # such a stage reads composites for the test sets only
        training = {"data.persons": persons}
        if data.get("empty_share"):
            training["data.backgrounds"] = data["backgrounds"]
    parts = [build_sources(nodes, root, key).fingerprint() for key, nodes in training.items()]
    for name, test in sorted(data["test"].items()):
        if test is None:
            continue
        for part in ("subjects", "backgrounds"):
            if test.get(part) is not None:
                parts.append(f"{name} {build_source(test[part], root).fingerprint()}")
    return digest(parts)


def check_loads(config: Mapping[str, Any]) -> None:
    """Raise UserError where a config names subjects that can only be read in finished runs, before a run begins."""
    data, root = config["data"], config["paths"]["data_root"]
    tests = [test["subjects"] for test in data["test"].values() if test is not None]
    for node in (*data["subjects"].values(), *tests):
        if node is not None and "drawing" in node:
            build_source(node, root).check_loads()


def check_disjoint(splits: Mapping[str, Mapping[str, str]]) -> None:
    """Raise UserError when a subject is in two splits.

    splits: split name -> subject id -> digest of the subject's content, so that the same person is found under any id.
    """
    seen: dict[str, tuple[str, str]] = {}
    for split, subjects in splits.items():
        for id, content in subjects.items():
            if content in seen and seen[content][0] != split:
                other_split, other = seen[content]
                raise UserError(
                    f"subject {id} of {split} is subject {other} of {other_split}: expected splits without common "
                    "people; leave it out of one with a list_file"
                )
            seen[content] = split, id
