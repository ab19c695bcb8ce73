"""The base of all methods: a complete system that turns an image into an alpha of the same size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from matting.config.derive import NodeKey
from matting.config.instantiate import build
from matting.errors import UserError
from matting.utils.process import device_of


class Method(nn.Module):
    """A trained system, frozen.

    name: as in the reports. intermediates: further maps that it returns, in the order of the reports (`coarse`,
    `trimap`). measured: maps that are measured like an alpha.
    unsolved: index in the last batch -> why the method has no alpha for that image; its unknown pixels are 0.
    wants_trimap: whether it takes a trimap, too. Its config says the same by `inputs: [image, trimap]`, because the
    verbs need to know before they load the networks.
    """

    name: str
    intermediates: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    wants_trimap: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.unsolved: dict[int, str] = {}

    def forward(self, image: Tensor, trimap: Tensor | None = None) -> dict[str, Tensor]:
        """Return `alpha`, `intermediates` and `measured`, each (B, 1, H, W) float32 in [0, 1].

        image: (B, 3, H, W) float32 in [0, 1]. trimap: (B, 1, H, W) float32 of 0, 0.5 and 1, None for methods that do
        not want one.
        """
        raise NotImplementedError

    def matte(self, image: Tensor, trimap: Tensor | None = None) -> Tensor:
        """Return the alpha for the same arguments."""
        return self(image, trimap)["alpha"]


def load_method(config: Mapping[str, Any], checkpoints: Mapping[str, Path]) -> tuple[Method, torch.device]:
    """Build the method of a plain config on the device that `trainer` asks for; return it and the device.

    checkpoints: by key of the method (`method.alpha`). Raise UserError where one does not fit or a GPU is missing.
    """
    device = device_of(config)
    paths = {NodeKey(key).name: path for key, path in checkpoints.items()}
    others = ("name", "inputs", "upstream", *paths)  # keys that the verbs read
    options = {key: value for key, value in config["method"].items() if key not in others}
    method: Method = build(options, **paths)
    inputs = config["method"].get("inputs", ["image"])
    if method.wants_trimap != ("trimap" in inputs):  # the verbs went by the config
        takes = "image and trimap" if method.wants_trimap else "only the image"
        raise UserError(f"method.inputs={inputs}: {method.name} takes {takes}; leave the key as it is in conf/method")
    return method.to(device), device
