"""The kernels are plain Python: compiled, not compiled, kept in a folder or not, they give the same values."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
import torch

from matting.metrics import compiled as module
from matting.metrics.functional import region_metrics


def double(x: float) -> float:
    return 2 * x


def njit_without_folder(cache: bool = False, **settings: Any) -> Callable[..., Any]:
    if cache:
        raise RuntimeError("cannot cache function 'double': no locator available")
    return numba.njit(**settings)


def test_no_folder_for_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "numba", SimpleNamespace(njit=njit_without_folder))
    assert module.compiled(double)(2.5) == 5


def figures() -> dict[str, list[float]]:
    """All five of the small golden pairs in every convention, whole and within a mask."""
    arrays, found = np.load(Path(__file__).parent / "golden.npz"), {}
    for pair in ("tie_two_components", "diagonal_hair_64x64", "plateau_153", "tiny_3x5"):
        pred, true, trimap = (torch.from_numpy(arrays[f"{pair}/{kind}"]) for kind in ("pred", "gt", "trimap"))
        for convention in ("dim", "mmagic", "p3m"):
            regions = region_metrics(pred, true.double() / 255, [None, trimap == 128], convention)
            found[f"{pair} {convention}"] = [value.item() for region in regions for value in region.values()]
    return found


def test_without_compilation_the_values_are_the_same() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    interpreted = json.loads(subprocess.check_output([sys.executable, __file__], env=environment, text=True))
    compiled = figures()
    assert interpreted.keys() == compiled.keys()
    for name, values in compiled.items():
        assert interpreted[name] == pytest.approx(values, rel=1e-9, abs=1e-12, nan_ok=True), name


if __name__ == "__main__":
    print(json.dumps(figures()))
