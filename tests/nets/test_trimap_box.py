"""The bounding box that gives the radii of the erosion-dilation layer: of the mask, or of its largest component."""

import pytest
import torch

from matting.nets.morphology import ErosionDilation, box_radii

BY_MASK, BY_PERSON = ErosionDilation(0.05, 0.05), ErosionDilation(0.05, 0.05, box="largest_component")


def person() -> torch.Tensor:
    """A person of 40 x 40 px, mean side 40: a radius of 2 px at 5 %."""
    mask = torch.zeros(1, 1, 100, 120)
    mask[..., 5:45, 5:45] = 1
    return mask


def with_stray_blob() -> torch.Tensor:
    """The same person, and 2 x 2 px in the far corner, which take the mean side to 100."""
    mask = person()
    mask[..., 93:95, 113:115] = 1
    return mask


def group() -> torch.Tensor:
    """Three people apart from each other; the largest is 40 x 20 px."""
    mask = torch.zeros(1, 1, 100, 120)
    mask[..., 5:25, 5:15] = mask[..., 60:100, 40:60] = mask[..., 10:40, 90:110] = 1
    return mask


def band(trimap: torch.Tensor, row: int) -> list[int]:
    """The columns of a row that are unknown."""
    return torch.nonzero(trimap[0, 0, row] == 0.5).flatten().tolist()


def test_a_stray_blob_widens_the_band_by_the_masks_box_alone():
    assert box_radii(person().bool(), 0.05).item() == 2
    assert box_radii(with_stray_blob().bool(), 0.05).item() == 5
    assert band(BY_MASK(person()), 20) == band(BY_PERSON(person()), 20) == [3, 4, 5, 6, 43, 44, 45, 46]
    assert band(BY_PERSON(with_stray_blob()), 20) == band(BY_PERSON(person()), 20)
    assert len(band(BY_MASK(with_stray_blob()), 20)) == 20
    assert (BY_PERSON(with_stray_blob())[..., 91:97, 111:117] == 0.5).any()  # the blob itself stays in the trimap


def test_of_several_people_the_largest_gives_the_radius_for_all():
    trimap = BY_PERSON(group())
    assert band(trimap, 80) == [38, 39, 40, 41, 58, 59, 60, 61]  # 5 % of (40 + 20) / 2, rounded
    assert band(trimap, 15) == [3, 4, 5, 6, 13, 14, 15, 16, 88, 89, 90, 91, 108, 109, 110, 111]
    assert len(band(BY_MASK(group()), 80)) == 20


def test_parts_that_touch_at_a_corner_are_one():
    mask = torch.zeros(1, 1, 60, 60)
    mask[..., 0:30, 0:30] = mask[..., 30:60, 30:60] = 1
    assert torch.equal(BY_PERSON(mask), BY_MASK(mask))


def test_an_empty_mask_and_a_full_one():
    assert torch.equal(BY_PERSON(torch.zeros(1, 1, 40, 30)), torch.zeros(1, 1, 40, 30))
    assert torch.equal(BY_PERSON(torch.ones(1, 1, 40, 30)), torch.ones(1, 1, 40, 30))


def test_each_sample_has_its_own_box():
    masks = [person(), with_stray_blob(), group(), torch.zeros(1, 1, 100, 120)]
    assert torch.equal(BY_PERSON(torch.cat(masks)), torch.cat([BY_PERSON(mask) for mask in masks]))


@pytest.mark.parametrize("gradient", ["straight_through", "soft"])
def test_the_soft_layers_take_the_same_radius(gradient):
    layer = ErosionDilation(0.05, 0.05, gradient, 0.02, "largest_component")
    prob = (0.3 + 0.4 * with_stray_blob()).requires_grad_()
    trimap = layer(prob)
    torch.testing.assert_close(trimap.detach(), BY_PERSON(with_stray_blob()), rtol=0, atol=0.01)
    trimap.sum().backward()
    assert prob.grad is not None
    assert bool(prob.grad.any())


def test_it_exports():
    exported = torch.export.export(BY_PERSON, (person(),)).module()
    for mask in (with_stray_blob(), group()):
        assert torch.equal(exported(mask), BY_PERSON(mask))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_trimap():
    masks = torch.cat([person(), with_stray_blob(), group()])
    assert torch.equal(BY_PERSON(masks.cuda()).cpu(), BY_PERSON(masks))
