"""Building what a config's `_target_` names, and refusing everything that is not ours or a known kind of class."""

import importlib
import inspect
from collections.abc import Mapping
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
    """Call a node's `_target_` with the node's other keys and `more`; kind: see `resolve`."""
    arguments = {str(key): value for key, value in node.items() if key != "_target_"}
    return resolve(str(node["_target_"]), kind)(**arguments, **more)
