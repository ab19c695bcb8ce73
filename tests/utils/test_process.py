"""Freed memory is kept: tensors that come and go need new pages at first only."""

import resource
import sys

import pytest
import torch

from matting.utils.process import keep_freed

PAGES, TENSORS = 10_000, 40


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_tensors_after_each_other_share_their_pages():
    keep_freed()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TENSORS):
        torch.ones(4096 * PAGES, dtype=torch.uint8)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < PAGES * TENSORS / 2
