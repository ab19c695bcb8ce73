"""Distance maps of trimaps."""

import numpy as np

from matting.ops.distances import distance_maps, known_maps


def test_a_known_pixel_has_1_and_its_surroundings_fall_off():
    trimap = np.full((9, 9), 0.5)
    trimap[4, 4] = 0
    maps = distance_maps(known_maps(trimap))
    assert maps.shape == (9, 9, 6)
    assert maps.dtype == np.float32
    assert (maps[4, 4, :3] == 1).all()
    np.testing.assert_allclose(maps[4, 7, :3], np.exp(-9 / 2 / (320 * np.array([0.02, 0.08, 0.16])) ** 2), rtol=1e-6)


def test_an_empty_region_is_0():
    assert not distance_maps(known_maps(np.zeros((4, 4))))[..., 3:].any()
