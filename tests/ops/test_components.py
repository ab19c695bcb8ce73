"""The largest connected part of a mask."""

import torch

from matting.ops.components import largest_component


def test_the_largest_part_remains():
    mask = torch.zeros(2, 1, 6, 8, dtype=torch.bool)
    mask[0, 0, 0, 0] = mask[0, 0, 2:4, 2:5] = mask[0, 0, 5, 7] = True
    mask[1, 0, 0, 0] = mask[1, 0, 1, 1] = mask[1, 0, 5, 5] = True  # at a corner: a part of two pixels
    found = largest_component(mask)
    assert torch.nonzero(found[0, 0]).tolist() == [[2, 2], [2, 3], [2, 4], [3, 2], [3, 3], [3, 4]]
    assert torch.nonzero(found[1, 0]).tolist() == [[0, 0], [1, 1]]
    assert (found.dtype, found.shape) == (torch.bool, mask.shape)


def test_the_first_of_equal_parts_remains():
    mask = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    mask[0, 0, 0, 3] = mask[0, 0, 3, 0] = True
    assert torch.nonzero(largest_component(mask)[0, 0]).tolist() == [[0, 3]]


def test_an_empty_mask_stays_empty_and_the_input_is_not_changed():
    mask = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    found = largest_component(mask)
    assert not found.any()
    found[:] = True
    assert not mask.any()


def test_the_order_in_memory_does_not_matter():
    mask = torch.rand(2, 1, 20, 30, generator=torch.Generator().manual_seed(0)) > 0.6
    turned = mask.transpose(-2, -1)
    assert torch.equal(largest_component(turned), largest_component(turned.contiguous()))
