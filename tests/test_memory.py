"""Freed memory is kept: an array of the same size again needs no new pages."""

import resource
import sys

import numpy as np
import pytest

from matting.memory import keep_freed

PAGES = 10_000


def faults_of_an_array() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(4096 * PAGES, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_the_second_array_of_a_size_needs_no_new_pages():
    keep_freed()
    faults_of_an_array()
    assert faults_of_an_array() < PAGES / 10
