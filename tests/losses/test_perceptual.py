"""Tests of the perceptual loss: eq. 3 by hand, and the frozen network, which no checkpoint may hold."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck

from matting.losses.perceptual import COEFFICIENTS, Perceptual, perceptual_loss


class TwoLayers(nn.Module):
    """A stand-in for VGG with two maps of different size. It counts its calls and keeps its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 2, 3, stride=2)
        self.seen: list[Tensor] = []
        self.with_grad: list[bool] = []

    def forward(self, x: Tensor) -> list[Tensor]:
        self.seen.append(x)
        self.with_grad.append(torch.is_grad_enabled())
        first = self.first(x).tanh()
        return [first, self.second(first)]


@pytest.fixture
def features():
    torch.manual_seed(0)
    return TwoLayers()


def targets(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    gen = torch.Generator().manual_seed(seed)
    return {
        "alpha": torch.rand(2, 1, 8, 9, generator=gen, dtype=dtype),
        "fgr": torch.rand(2, 3, 8, 9, generator=gen, dtype=dtype),
        "comp": torch.rand(2, 3, 8, 9, generator=gen, dtype=dtype),
    }


def test_by_hand():
    pred = [torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0]])]
    true = [torch.tensor([[0.0, 5.0]]), torch.tensor([[-8.0]])]
    assert perceptual_loss(pred, true, (0.5, 0.25)).item() == pytest.approx(0.5 * (1 + 3) / 2 + 0.25 * 8)


def test_published_layers_get_the_decided_coefficients():
    assert COEFFICIENTS == (0.03125, 0.0625, 0.125, 0.25, 1.0)


def test_maps_and_coefficients_must_match():
    maps = [torch.zeros(1, 1, 2, 2)] * 2
    for pred, true, coefficients in ((maps, maps, (1.0,)), (maps, maps[:1], (1.0, 1.0))):
        with pytest.raises(ValueError, match="argument"):
            perceptual_loss(pred, true, coefficients)


def test_module_is_the_sum_over_targets_of_the_function(features):
    pred, true = targets(1), targets(2)
    expected = sum(
        perceptual_loss(features(pred[n].expand(-1, 3, -1, -1)), features(true[n].expand(-1, 3, -1, -1)), (0.5, 1.0))
        for n in pred
    )
    assert Perceptual(features, (0.5, 1.0))(pred, true).item() == pytest.approx(expected.item(), rel=1e-5)


def test_only_the_targets_of_the_prediction_count(features):
    pred, true = targets(1), targets(2)
    loss = Perceptual(features, (0.5, 1.0))
    only = loss({"fgr": pred["fgr"]}, {"fgr": true["fgr"]})
    assert loss({"fgr": pred["fgr"]}, true).item() == pytest.approx(only.item())


def test_targets_run_once_and_the_true_ones_without_a_graph(features):
    Perceptual(features, (0.5, 1.0))(targets(1), targets(2))
    assert [tuple(x.shape) for x in features.seen] == [(6, 3, 8, 9)] * 2
    assert features.with_grad == [True, False]
    assert torch.equal(features.seen[0][:2, 2:], targets(1)["alpha"])


def test_perfect_prediction_is_zero(features):
    assert Perceptual(features, (0.5, 1.0))(targets(1), targets(1)) == 0


def test_gradients(features):
    loss = Perceptual(features, (0.5, 1.0)).double()
    pred, true = targets(1, torch.float64), targets(2, torch.float64)
    alpha = pred["alpha"].requires_grad_()
    assert gradcheck(lambda a: loss({**pred, "alpha": a}, true), alpha)


def test_half_precision_features_are_summed_in_float32():
    pred = [torch.full((1, 1, 64, 64), 1 / 3, dtype=torch.bfloat16)]
    loss = perceptual_loss(pred, [torch.zeros_like(pred[0])], (1.0,))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(pred[0][0, 0, 0, 0].item(), rel=1e-6)


class Owner(nn.Module):
    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 1, 1)
        self.perceptual = Perceptual(features, (0.5, 1.0))


def test_no_checkpoint_and_no_optimizer_sees_the_network(features):
    owner = Owner(features)
    assert set(owner.state_dict()) == {"net.weight", "net.bias"}
    assert len(list(owner.parameters())) == 2
    owner.load_state_dict(owner.state_dict(), strict=True)


def test_network_is_frozen_and_stays_in_evaluation(features):
    owner = Owner(features).train()
    assert not owner.perceptual.features.training
    assert not any(p.requires_grad for p in features.parameters())


def test_network_moves_with_its_owner(features):
    owner = Owner(features).to(torch.float64)
    assert all(p.dtype == torch.float64 for p in features.parameters())
    owner.to("meta")
    assert all(p.device.type == "meta" for p in owner.perceptual.features.parameters())
