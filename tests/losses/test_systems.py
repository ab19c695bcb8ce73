"""Gradients of the losses of MODNet, BackgroundMattingV2, DIM, LFM and FBA."""

import pytest
import torch

from matting.losses import background, late_fusion, masked, modnet
from matting.losses.derivatives import difference_loss, exclusion_loss, sobel_loss
from matting.losses.laplacian import laplacian_loss


def soft(*shape, seed=0):
    """Return values well inside of (0.1, 0.9), where no loss has a kink but at equal values."""
    return 0.1 + 0.8 * torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


ALPHA = soft(2, 1, 32, 32, seed=1)
TRIMAP = (ALPHA * 3).floor() / 2
IMAGE, BGR = soft(2, 3, 32, 32, seed=2), soft(2, 3, 32, 32, seed=3)
UNKNOWN = TRIMAP == 0.5

LOSSES = {
    "sobel": lambda x: sobel_loss(x, ALPHA),
    "difference": lambda x: difference_loss(x, ALPHA),
    "exclusion": lambda x: exclusion_loss(x.expand(-1, 3, -1, -1), BGR),
    "laplacian": lambda x: laplacian_loss(x, ALPHA),
    "detail": lambda x: modnet.detail_loss(x, ALPHA, TRIMAP),
    "matte": lambda x: modnet.matte_loss(x, ALPHA, TRIMAP, IMAGE),
    "preservation": lambda x: modnet.preservation_loss(x, ALPHA, UNKNOWN.double()),
    "semantic": lambda x: modnet.semantic_loss(x[..., ::16, ::16], ALPHA),
    "alpha of BGM-V2": lambda x: background.alpha_loss(x, ALPHA),
    "alpha of DIM": lambda x: masked.unknown_alpha_loss(x, ALPHA, UNKNOWN),
    "composite of DIM": lambda x: masked.unknown_composite_loss(x, IMAGE, BGR, IMAGE.flip(3), UNKNOWN),
    "cross entropy": lambda x: late_fusion.weighted_cross_entropy(x, ALPHA),
    "mixed distance": lambda x: late_fusion.mixed_distance(x, ALPHA),
    "fusion": lambda x: late_fusion.fusion_loss(x, ALPHA),
    "sparsity": late_fusion.sparsity_loss,
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_that_of_finite_differences(name):
    x = soft(2, 1, 32, 32, seed=4).requires_grad_()
    assert torch.autograd.gradcheck(LOSSES[name], x, fast_mode=True)


def test_the_pyramid_of_equal_maps_is_0_and_small_maps_stop_early():
    assert laplacian_loss(ALPHA, ALPHA) == 0
    assert laplacian_loss(ALPHA[..., :5, :7], BGR[:, :1, :5, :7]) > 0


def test_coarse_errors_weigh_more_than_fine_ones():
    flat, checks = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    flat[..., :32] = 0.1
    checks[..., ::2] = 0.1
    zero = torch.zeros_like(flat)
    assert laplacian_loss(flat, zero) > laplacian_loss(checks, zero) / 5


def test_no_unknown_pixel_gives_0_not_nan():
    nothing = torch.zeros_like(UNKNOWN)
    assert masked.unknown_alpha_loss(ALPHA, 1 - ALPHA, nothing) == 0
    assert modnet.preservation_loss(ALPHA, 1 - ALPHA, nothing.double()) == 0


def test_the_error_map_does_not_move_the_alpha_of_the_base():
    alpha = soft(2, 1, 32, 32, seed=5).requires_grad_()
    found = {"alpha": alpha, "foreground": IMAGE, "error": soft(2, 1, 32, 32, seed=6)}
    assert not background.base_terms(found, ALPHA, BGR)["error"].requires_grad
