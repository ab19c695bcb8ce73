"""Tests of the weighted sum: totals, values for the log, terms of weight 0, terms that are not finite."""

import pytest
import torch

from matting.errors import UserError
from matting.losses.weighted import WeightedSum, scale_multipliers


def term(value: float):
    return torch.tensor(value)


def test_total_raw_and_weighted_by_hand():
    losses = WeightedSum({"adv": 1, "per": 10.0}, {"per": 3})({"per": term(0.5), "adv": term(0.25)})
    assert losses.total.item() == pytest.approx(0.25 + 10 * 3 * 0.5)
    assert {name: value.item() for name, value in losses.raw.items()} == {"adv": 0.25, "per": 0.5}
    assert {name: value.item() for name, value in losses.weighted.items()} == {"adv": 0.25, "per": 15.0}
    assert list(losses.raw) == list(losses.weighted) == ["adv", "per"]


@pytest.mark.parametrize("left_out", [{}, {"per": term(float("nan"))}], ids=["missing", "given"])
def test_a_term_of_weight_zero_counts_nothing(left_out):
    losses = WeightedSum({"adv": 1.0, "per": 0}, {"per": 3})({"adv": term(0.5), **left_out})
    assert losses.total.item() == 0.5
    assert set(losses.raw) == set(losses.weighted) == {"adv"}


def test_gradient_reaches_the_terms_through_the_total_only():
    x = torch.tensor(2.0, requires_grad=True)
    losses = WeightedSum({"square": 5.0}, {"square": 3})({"square": x * x})
    losses.total.backward()
    assert x.grad.item() == pytest.approx(5 * 3 * 2 * 2)
    assert not losses.raw["square"].requires_grad
    assert not losses.weighted["square"].requires_grad


@pytest.mark.parametrize("terms", [{"per": term(1.0)}, {"adv": term(1.0), "per": term(1.0), "edge": term(1.0)}])
def test_missing_and_unknown_terms_are_refused(terms):
    with pytest.raises(ValueError, match="do not match"):
        WeightedSum({"adv": 1.0, "per": 0.0}, {})(terms)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weight_out_of_range_is_a_user_error_with_its_key(weight):
    with pytest.raises(UserError, match=r"loss\.per\.weight"):
        WeightedSum({"adv": 1.0, "per": weight}, {})


def test_all_weights_zero_is_a_user_error():
    with pytest.raises(UserError, match="adv, per"):
        WeightedSum({"adv": 0.0, "per": 0.0}, {})


def test_summing_waits_for_no_device():
    # A tensor without data refuses to be read.
    losses = WeightedSum({"adv": 1.0, "per": 10.0}, {})({n: torch.empty((), device="meta") for n in ("adv", "per")})
    assert losses.total.device.type == "meta"


def test_literal_sum_counts_a_term_once_for_each_discriminator():
    assert scale_multipliers("literal", ("per", "seg"), 3) == {"per": 3.0, "seg": 3.0}
    assert scale_multipliers("once", ("per", "seg"), 3) == {}
    with pytest.raises(ValueError, match=r"literal.*once"):
        scale_multipliers("twice", ("per",), 3)


def test_equation_7_by_hand():
    """cGAN is already summed over three scales; per and seg are inside the sum over k, border is outside."""
    weights = {"adv": 1, "per": 10, "seg": 10, "border": 10}
    terms = {"adv": term(2.0), "per": term(0.5), "seg": term(0.25), "border": term(0.125)}
    total = WeightedSum(weights, scale_multipliers("literal", ("per", "seg"), 3))(terms).total
    assert total.item() == pytest.approx(2 + 3 * (10 * 0.5 + 10 * 0.25) + 10 * 0.125)
    total = WeightedSum(weights, scale_multipliers("once", ("per", "seg"), 3))(terms).total
    assert total.item() == pytest.approx(2 + 10 * 0.5 + 10 * 0.25 + 10 * 0.125)
