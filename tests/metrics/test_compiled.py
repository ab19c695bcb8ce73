"""Kernels are compiled where no folder can keep them, too."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numba
import pytest

from matting.metrics import compiled as module


def double(x: float) -> float:
    return 2 * x


def njit_without_folder(cache: bool = False, **settings: Any) -> Callable[..., Any]:
    if cache:
        raise RuntimeError("cannot cache function 'double': no locator available")
    return numba.njit(**settings)


def test_no_folder_for_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "numba", SimpleNamespace(njit=njit_without_folder))
    assert module.compiled(double)(2.5) == 5
