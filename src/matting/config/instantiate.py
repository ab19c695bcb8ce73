"""Building what a config's `_target_` names, and refusing everything that is not ours or a known kind of class."""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from matting.errors import UserError

LIBRARIES = (
    "torch",
    "torchvision",
    "lightning",
    "torchmetrics",
    "albumentations",
    "kornia",
    "segmentation_models_pytorch",
)
KINDS = (
    "torch.nn.Module",
    "torch.optim.Optimizer",
    "torch.optim.lr_scheduler.LRScheduler",
    "torchmetrics.Metric",
    "lightning.pytorch.Callback",
    "lightning.pytorch.loggers.Logger",
    "lightning.pytorch.profilers.Profiler",
    "albumentations.BasicTransform",
)


def locate(path: str) -> Any:
    """The object at a dotted path, imported as far as its packages go."""
    names = path.split(".")
    for end in range(len(names) - 1, 0, -1):
        module = ".".join(names[:end])
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and not module.startswith(error.name):
                raise UserError(f"{path}: needs the package {error.name!r}, which is not installed") from None
            continue
        for name in names[end:]:
            if not hasattr(found, name):
                raise UserError(f"_target_={path}: {module} has no {'.'.join(names[end:])}")
            found = getattr(found, name)
        return found
    raise UserError(f"_target_={path}: no such object; expected the dotted path of a class")


def resolve(path: str, kind: str | None = None) -> Any:
    """The class that a config may build; raises UserError for any other.

    Allowed: sources of data, and classes of ours and of a few libraries that are a Module, Optimizer, LRScheduler,
    Metric, Callback, Logger, Profiler or albumentations transform. A prefix alone is no restriction: `torch.load` runs
    code, and so do functions of ours. The library is checked before anything of it is imported.

    kind: dotted path of the class that it must be one of.
    """
    library = path.split(".")[0]
    allowed = f"allowed: sources, modules, optimizers, metrics, callbacks, loggers of matting, {', '.join(LIBRARIES)}"
    if library != "matting" and library not in LIBRARIES:
        raise UserError(f"_target_={path}: not allowed in a config; {allowed}")
    found = locate(path)
    if inspect.isclass(found) and (found.__module__.split(".")[0] == "matting" or library != "matting"):
        if kind is None and found.__module__.startswith("matting.data.sources."):
            return found
        near = [one for one in KINDS if one.split(".")[0] in (library, "torch", "lightning")]
        if any(issubclass(found, locate(one)) for one in ([kind] if kind else near)):
            return found
    raise UserError(f"_target_={path}: not allowed in a config; {allowed}")


def build(node: Mapping[str, Any], kind: str | None = None, /, **more: Any) -> Any:
    """Call a node's `_target_` with the node's other keys and `more`; kind: see `resolve`.

    Raises UserError for a key that it does not take, and without one that it needs. A TypeError is then of its own.
    """
    arguments = {str(key): value for key, value in node.items() if key != "_target_"}
    found = resolve(str(node["_target_"]), kind)
    check_arguments(node, found, arguments, more)
    return found(**arguments, **more)


def check_arguments(node: Mapping[str, Any], found: Any, given: Iterable[str], more: Iterable[str] | None) -> None:
    """more: names of arguments that no config gives; None where they are not known yet, nor then what is missing."""
    parameters = inspect.signature(found).parameters.values()
    theirs = () if more is None else tuple(more)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in theirs]
    takes = {p.name for p in named}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    problems = [f"takes no {key}" for key in given if key in theirs or (key not in takes and not open_ended)]
    if more is not None:
        problems += [f"needs {p.name}" for p in named if p.default is p.empty and p.name not in given]
    if problems:
        raise UserError(
            f"_target_={node['_target_']}: {', '.join(problems)}; its arguments: {', '.join(p.name for p in named)}"
        )


def check_built(config: Mapping[str, Any]) -> None:
    """Raise UserError for a stage, and for a key of a network, optimizer, logger or method, that cannot be built.

    config: plain. Before its run begins, and those that it stands on: what is built hours later is wrong already.
    """
    nodes = [*config.get("net", {}).values(), *config.get("optim", {}).values(), *config["logger"].values()]
    if "method" in config:
        method = config["method"]
        told = ("name", "inputs", "upstream", *method["upstream"])  # to the verbs, not to the method
        nodes.append({key: value for key, value in method.items() if key not in told})
    if "stage" in config:
        resolve(str(config["stage"]["_target_"]))
    for node in nodes:
        if isinstance(node, Mapping):
            given = [key for key in node if key != "_target_"]
            check_arguments(node, resolve(str(node["_target_"])), given, None)
