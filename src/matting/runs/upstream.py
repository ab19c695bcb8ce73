"""Upstream runs: the segmentation run of an alpha stage, the trained stages of a method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.config.compose import KEPT, compose_config
from matting.config.derive import NodeKey, derived, handed_down
from matting.config.identity import file_digest, plain
from matting.errors import UserError
from matting.runs.run import Run, make_run, open_run


@dataclass(frozen=True)
class Upstream:
    """The run or checkpoint file that a key of a config names. The run may still have to be trained.

    key: the text that counts in the digest. config: trains the run; None where the config names a run that must be
    done. upstream: the upstream runs of the run itself.
    """

    key: str
    checkpoint: Path
    run: Run | None = None
    config: DictConfig | None = None
    upstream: dict[NodeKey, "Upstream"] = field(default_factory=dict)


def stage_run(config: DictConfig) -> tuple[Run, dict[NodeKey, Upstream]]:
    """Return the run of a train config, and its upstream runs by key.

    `stage.upstream` maps a key of the stage node to the stage that trains it and, where its network is also configured
    here, to that network's name. The value of the key names a run; null stands for the run of this config, trained
    first. A network's config is taken from the run that the network comes from.
    """
    data, upstream, values = plain(config), dict[NodeKey, Upstream](), dict[str, Any]()
    for key, spec in data["stage"]["upstream"].items():
        value, net = data["stage"][key], spec.get("net")
        if value != "ground_truth":
            more = {f"net.{net}": data["net"][net]} if net else {}
            upstream[NodeKey(f"stage.{key}")] = found = find_upstream(data, value, spec["stage"], **more)
            values[f"stage.{key}"] = found.key
            if net and found.run is not None:
                values[f"net.{net}"] = found.run.config["net"][net]
    return make_run(data["stage"]["name"], data, **values), upstream


def find_upstream(config: Mapping[str, Any], value: str | None, stage: str, **values: Any) -> Upstream:
    """Return what a key names: a run folder, a digest, a checkpoint file, or null for the run that `config` implies.

    config: plain. Raises UserError when there is no such run or file, or the run is of another stage.
    """
    if value is None:
        return implied(stage, handed_down(config, **values))
    path = Path(value)
    if path.is_dir():
        found = open_run(path)
    elif path.is_file():
        return Upstream(f"file:{file_digest(path)}", path)
    else:
        root = config["paths"]["output_dir"]
        folders = folders_of(value.split("/")[-1], Path(root))
        if not folders:
            raise UserError(
                f"{value}: neither a run folder, nor the digest of a run under {root}, nor a file; "
                "`matting runs` lists the runs"
            )
        found = open_run(folders[0])
    if found.kind != stage:
        raise UserError(f"{found.folder}: a run of {found.kind}, expected one of stage={stage}")
    if found.result() is None:
        raise UserError(f"{found.folder}: not done ({found.state()}); give its command again to finish it")
    return Upstream(found.digest, found.best, found)


def folders_of(digest: str, output_dir: Path) -> list[Path]:
    """Return the run folders of a digest, sorted, by their names: opening hundreds of runs takes seconds."""
    name = f"*-{escape(digest)}"
    files = [file for depth in ("*", "evaluate/*") for file in output_dir.glob(f"{depth}/{name}/config.yaml")]
    return sorted(file.parent for file in files if file.parent.name.rsplit("-", 1)[-1] == digest)


@lru_cache(KEPT)
def implied(stage: str, text: str) -> Upstream:
    """Return the run of a stage that a config implies by the nodes it hands down. Rows of one seed share it."""
    config = derived("train", (f"stage={stage}",), text)
    run, upstream = stage_run(config)
    return Upstream(run.digest, run.best, run, config, upstream)


def method_upstream(config: Mapping[str, Any]) -> dict[NodeKey, Upstream]:
    """Return the trained stages of a plain config's method, by key of the method node.

    `method.upstream` maps a key to a stage, or to `<other key>.<key of that stage>`: the run that the other key's run
    was trained with, unless the config names another one.
    """
    found: dict[NodeKey, Upstream] = {}
    method = config["method"]
    for key, spec in method["upstream"].items():
        value, (parent, _, name) = method[key], spec.partition(".")
        if not name:
            # the runs that the method names are also the ones that this run is trained with
            given = {f"stage.{n}": method[k] for k, n in below(method, key) if method[k] is not None}
            found[NodeKey(f"method.{key}")] = find_upstream(config, value, spec, **given)
        elif value is None and found[NodeKey(f"method.{parent}")].run is not None:
            found[NodeKey(f"method.{key}")] = stands_on(config, found[NodeKey(f"method.{parent}")], key, name)
        else:
            stage = stage_of(method, parent, name)
            found[NodeKey(f"method.{key}")] = find_upstream(config, value, stage)
    return found


def below(method: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
    """Return (key of the method, key of the stage) of the runs that the method's run `key` was trained with."""
    specs = {k: spec.split(".") for k, spec in method["upstream"].items() if "." in spec}
    return [(k, name) for k, (parent, name) in specs.items() if parent == key]


def stage_of(method: Mapping[str, Any], parent: str, name: str) -> str:
    """Return the stage that trains the run which the method's run `parent` calls `name`."""
    return compose_config("train", [f"stage={method['upstream'][parent]}"]).stage.upstream[name].stage


def stands_on(config: Mapping[str, Any], parent: Upstream, key: str, name: str) -> Upstream:
    """Return the run that the parent run was trained with; raises UserError where it was trained without one."""
    if parent.config is not None:
        upstream = parent.upstream.get(NodeKey(f"stage.{name}"))
    else:
        assert parent.run is not None
        node = parent.run.config["stage"]
        value = node[name]
        named = value != "ground_truth" and not value.startswith("file:")
        upstream = find_upstream(config, value, node["upstream"][name]["stage"]) if named else None
    if upstream is None:
        raise UserError(f"method.{key}: the run {parent.run} was trained without one; name a run or a checkpoint")
    return upstream


def method_run(config: DictConfig) -> tuple[Run, dict[NodeKey, Upstream]]:
    """Return the run of an evaluate config, and the trained stages of its method by key."""
    data = plain(config)
    upstream = method_upstream(data)
    digests = {key: found.key for key, found in upstream.items()}
    return make_run(f"evaluate/{data['method']['name']}", data, **digests), upstream
