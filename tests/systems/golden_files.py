"""The files of golden values, and a case: one array beside the golden one."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from matting.nets.published import renamed
from tests.systems import fill

HERE = Path(__file__).parent


class Case(NamedTuple):
    """One array: its name, ours, the golden one, and the tolerances of the mean and of 99 % of the values."""

    name: str
    ours: np.ndarray
    golden: np.ndarray
    mean: float
    most: float

    @property
    def differences(self) -> tuple[float, float]:
        distance = np.abs(self.ours.astype(np.float64) - self.golden.astype(np.float64))
        return float(distance.mean()), float(np.quantile(distance, 0.99))

    @property
    def right(self) -> bool:
        if self.ours.shape != self.golden.shape:
            return False
        mean, most = self.differences
        return mean <= self.mean and most <= self.most


class Golden:
    """The files of one folder."""

    def __init__(self, folder: Path, seed: str | None = None):
        self.folder = folder
        self.sizes = json.loads((folder / "sizes.json").read_text())
        self.calibration = json.loads((folder / "calibration.json").read_text())
        self.seed = seed or self.sizes["seed"]

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        return np.load(self.folder / f"{name}.npz")

    def inputs(
        self, system: str, size: Iterable[int], digests: Mapping[str, np.ndarray], prefix: str = ""
    ) -> dict[str, Any]:
        """Return the arrays of a case; raise ValueError where a digest says that they are others."""
        found = fill.inputs(system, self.seed, *size)
        for name in ("image", "trimap", "background"):
            digest = digests.get(f"{prefix}{name}_digest")
            if digest is not None and fill.digest(found[name]) != str(digest):
                raise ValueError(f"{system} {prefix}{name}: the inputs are not those of the golden values")
        return found

    def network(self, network: nn.Module, keys: Mapping[str, Any], system: str, seed: str, table: Any) -> nn.Module:
        """Fill a network with the made-up weights, under the names of the published checkpoint."""
        weights = fill.fill(keys, system, seed, self.calibration)
        state = renamed({key: torch.from_numpy(value) for key, value in weights.items()}, table)
        network.load_state_dict(state)
        return network.eval()


def keys_of(system: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{system}.keys.json").read_text())
    return found


def image_of(pixels: np.ndarray) -> Tensor:
    """Return bytes (H, W, C) or (H, W) as float32 (1, C, H, W) in [0, 1]."""
    planes = pixels.astype(np.float32) / 255
    return torch.from_numpy(planes.reshape(*planes.shape[:2], -1).transpose(2, 0, 1).copy())[None]


def trimap_of(levels: np.ndarray) -> Tensor:
    """Return a trimap of 0, 128 and 255 as (1, 1, H, W) of 0, 0.5 and 1."""
    return torch.from_numpy(np.where(levels == 128, 0.5, levels / 255).astype(np.float32))[None, None]


def plain(found: Tensor, step: int = 1) -> np.ndarray:
    """Return the first image of maps, every `step`-th pixel, as (C, H, W), or (H, W) for one channel."""
    planes = found[0, :, ::step, ::step].numpy()
    return planes[0] if len(planes) == 1 else planes
