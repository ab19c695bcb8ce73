"""Runs that stand on other runs: an alpha stage on its segmentation run, a method on its stages. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from matting.config.compose import KEPT, compose_config
from matting.config.derive import derived, handed_down
from matting.config.identity import file_digest, plain
from matting.errors import UserError
from matting.runs.run import Run, make_run, open_run


@dataclass(frozen=True)
class Upstream:
    """What stands in for a key of a config: a run, done or still to be trained, or a checkpoint file.

    key: what counts in the digest. config: how to train the run, where it may not be done. upstream: what it stands on.
    """

    key: str
    checkpoint: Path
    run: Run | None = None
    config: DictConfig | None = None
    upstream: dict[str, "Upstream"] = field(default_factory=dict)


def stage_run(config: DictConfig) -> tuple[Run, dict[str, Upstream]]:
    """The run of a train config, and the runs that it stands on by key.

    `stage.upstream` says which: key of the stage node -> the stage that trains it and, where its network is configured
    here too, that network's name. The key names a run; null: the one of this config, trained first. The config of a
    network is that of the run it comes from.
    """
    data, upstream, values = plain(config), {}, dict[str, Any]()
    for key, spec in data["stage"]["upstream"].items():
        value, net = data["stage"][key], spec.get("net")
        if value != "ground_truth":
            more = {f"net__{net}": data["net"][net]} if net else {}
            upstream[f"stage__{key}"] = found = find_upstream(data, value, spec["stage"], **more)
            values[f"stage__{key}"] = found.key
            if net and found.run is not None:
                values[f"net__{net}"] = found.run.config["net"][net]
    return make_run(data["stage"]["name"], data, **values), upstream


def find_upstream(config: Mapping[str, Any], value: str | None, stage: str, **values: Any) -> Upstream:
    """What a config key names: a run folder, a digest, a checkpoint file, or null for the run that `config` implies.

    config: plain.

    Raises UserError when there is no such run or file, or it is of another stage.
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
    """The run folders that a digest names, by path; no other is opened, of hundreds that takes seconds."""
    name = f"*-{escape(digest)}"
    files = [file for depth in ("*", "evaluate/*") for file in output_dir.glob(f"{depth}/{name}/config.yaml")]
    return sorted(file.parent for file in files if file.parent.name.rsplit("-", 1)[-1] == digest)


@lru_cache(KEPT)
def implied(stage: str, text: str) -> Upstream:
    """The run of a stage that a config implies, by what it hands down: the rows of a seed share it."""
    config = derived("train", (f"stage={stage}",), text)
    run, upstream = stage_run(config)
    return Upstream(run.digest, run.best, run, config, upstream)


def method_upstream(config: Mapping[str, Any]) -> dict[str, Upstream]:
    """The trained stages of a plain config's method, by key of the method node.

    `method.upstream` says which: key -> a stage, or `<key>.<key of that stage>`: the run that another one was trained
    with, unless the config names one.
    """
    found: dict[str, Upstream] = {}
    method = config["method"]
    for key, spec in method["upstream"].items():
        value, (parent, _, name) = method[key], spec.partition(".")
        if not name:
            # what the method names for the runs below this one, this one is trained with
            given = {f"stage__{n}": method[k] for k, n in below(method, key) if method[k] is not None}
            found[f"method__{key}"] = find_upstream(config, value, spec, **given)
        elif value is None and found[f"method__{parent}"].run is not None:
            found[f"method__{key}"] = stands_on(config, found[f"method__{parent}"], key, name)
        else:
            stage = stage_of(method, parent, name)
            found[f"method__{key}"] = find_upstream(config, value, stage)
    return found


def below(method: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
    """(key of the method, key of the stage) of the runs that the method's run `key` was trained with."""
    specs = {k: spec.split(".") for k, spec in method["upstream"].items() if "." in spec}
    return [(k, name) for k, (parent, name) in specs.items() if parent == key]


def stage_of(method: Mapping[str, Any], parent: str, name: str) -> str:
    """The stage that trains what the method's run `parent` names `name`."""
    return compose_config("train", [f"stage={method['upstream'][parent]}"]).stage.upstream[name].stage


def stands_on(config: Mapping[str, Any], parent: Upstream, key: str, name: str) -> Upstream:
    """The run that a run was trained with."""
    if parent.config is not None:
        upstream = parent.upstream.get(f"stage__{name}")
    else:
        assert parent.run is not None
        node = parent.run.config["stage"]
        value = node[name]
        named = value != "ground_truth" and not value.startswith("file:")
        upstream = find_upstream(config, value, node["upstream"][name]["stage"]) if named else None
    if upstream is None:
        raise UserError(f"method.{key}: the run {parent.run} stands on no run for it; name a run or a checkpoint")
    return upstream


def method_run(config: DictConfig) -> tuple[Run, dict[str, Upstream]]:
    """The run of an evaluate config, and the trained stages that it stands on."""
    data = plain(config)
    upstream = method_upstream(data)
    digests = {key: found.key for key, found in upstream.items()}
    return make_run(f"evaluate/{data['method']['name']}", data, **digests), upstream
