"""Trimaps with fewer unknown pixels."""

import numpy as np
import pytest

from matting.ops.trimming import trimmed_by_edges, trimmed_by_patches


def halves():
    """Return an image of two noisy colours side by side and a trimap that is unknown in the middle third."""
    image = np.zeros((24, 30, 3)) + np.array([0.9, 0.2, 0.1])
    image[:, 15:] = (0.1, 0.3, 0.8)
    image += np.random.default_rng(0).normal(0, 0.001, image.shape)
    trimap = np.full((24, 30), 0.5)
    trimap[:, :10], trimap[:, 20:] = 1, 0
    return image, trimap


@pytest.mark.parametrize("trimmed", [trimmed_by_edges, trimmed_by_patches])
@pytest.mark.parametrize("order", ["C", "F"])
def test_pixels_of_a_known_colour_become_known(trimmed, order):
    image, trimap = halves()
    found = trimmed(image, np.asarray(trimap, order=order))
    assert set(np.unique(found)) <= {0, 0.5, 1}
    assert (found[:, :10] == 1).all()
    assert (found[:, 20:] == 0).all()
    assert (found[:, 10:14] == 1).mean() > 0.5
    assert (found[:, 16:20] == 0).mean() > 0.5
    assert not (found[:, 10:14] == 0).any()
    assert not (found[:, 16:20] == 1).any()
