"""Freed memory is kept: tensors that come and go need new pages at first only."""

import resource
import sys

import pytest
import torch

from matting.utils.process import keep_freed, prepare

PAGES, TENSORS = 10_000, 40


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_tensors_after_each_other_share_their_pages():
    keep_freed()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TENSORS):
        torch.ones(4096 * PAGES, dtype=torch.uint8)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < PAGES * TENSORS / 2


@pytest.mark.parametrize(
    ("native", "precision", "warned"),
    [
        (None, "bf16-mixed", True),
        ("avx512_bf16", "bf16-mixed", False),
        ("amx_bf16", "bf16-mixed", False),
        (None, "32-true", False),
    ],
)
def test_a_cpu_that_only_emulates_bf16_is_told(native, precision, warned, monkeypatch, capsys):
    """AVX-512 alone does not help."""
    has = {"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False, "amx_bf16": False} | {native: True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    prepare({"trainer": {"accelerator": "cpu", "precision": precision}, "runtime": {"threads": 1}, "seed": 0})
    assert ("warning: trainer.precision=bf16-mixed: many times slower" in capsys.readouterr().out) is warned
