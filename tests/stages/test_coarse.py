"""Tests of the stand-in for a coarse map: it is wrong, and depends on its seed alone."""

import torch

from matting.stages.coarse import perturbed


def disc():
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    return (((y - 32) ** 2 + (x - 32) ** 2) < 400).float().expand(8, 1, 64, 64)


def test_it_is_close_to_the_mask_and_never_equal():
    maps = perturbed(disc(), list(range(8)))
    assert maps.shape == (8, 1, 64, 64)
    assert maps.min() >= 0
    assert maps.max() <= 1
    errors = (maps - disc()).abs().mean(dim=(1, 2, 3))
    assert (errors > 0).all()
    assert errors.max() < 0.2
    assert len(set(errors.tolist())) == 8


def test_a_samples_draws_are_its_own():
    together = perturbed(disc(), [3, 4, 5, 6, 7, 8, 9, 10])
    assert torch.equal(perturbed(disc()[:1], [5]), together[2:3])


def test_small_masks():
    assert perturbed(torch.ones(1, 1, 5, 3), [0]).shape == (1, 1, 5, 3)
