"""Which keys hold free text: file names, run folders, digests, names at Weights & Biases; not Hydra's grammar."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

from matting.config.compose import options
from matting.config.fields import TARGET, Node, node_of
from matting.config.files import merged
from matting.config.identity import flat
from matting.config.nodes import beside, built
from matting.config.schema import ROOT
from matting.config.sizes import sizes

OF_HYDRA = (  # keys of Hydra's plugins
    *(f"hydra.launcher.{key}" for key in ("name", "partition", "account", "qos", "constraint", "submitit_folder")),
    *("hydra.launcher.ray.init.address", "hydra.sweeper.study_name", "hydra.sweeper.storage", "hydra.sweep.dir"),
)


@cache
def is_text(key: str) -> bool:
    """Return whether a dotted key holds free text."""
    group, _, rest = key.partition(".")
    top = ROOT.keys.get(group)
    if top is None or not rest:
        return top.kind != "value" if top is not None else any(fnmatchcase(key, one) for one in OF_HYDRA)
    return rest.rpartition(".")[2] in texts(group)


@cache
def texts(group: str) -> set[str]:
    """Return the names of the keys with free text in the nodes of a group, whatever is chosen."""
    found = {name for node in nodes(group) for name, key in node.keys.items() if key.kind != "value"}
    return found | texts("data") if group == "stage" else found  # the sources of stage.persons


def nodes(group: str) -> Iterator[Node]:
    """Yield the keys of all nodes that a group can have."""
    kind = ROOT.keys[group].node
    yield from within(sizes() if group == "scale" else node_of(kind) if isinstance(kind, type) else Node({}))
    for choice in options(group):
        for key, value in flat(merged(group, choice)).items():
            if key.rpartition(".")[2] == TARGET:
                yield from within(built({TARGET: value}))
    for choice in options("stage") if group == "loss" else ():
        stage = beside(merged("stage", choice)[TARGET])
        yield from within(node_of(stage.loss) if stage is not None and hasattr(stage, "loss") else Node({}))


def within(node: Node) -> Iterator[Node]:
    """Yield a node and the nodes in it."""
    yield node
    for key in node.keys.values():
        if isinstance(key.node, (type, Node)):
            yield from within(node_of(key.node) if isinstance(key.node, type) else key.node)
