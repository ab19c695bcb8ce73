"""Loss terms that are not finite stop a run, with the term, the batch and the samples in the message."""

import pytest
import torch

from matting.errors import JobError
from matting.losses.weighted import WeightedSum
from matting.stages.terms import PendingTerms


def pending(value: float) -> PendingTerms:
    """Return terms of two updates; the second has a term of this raw value, which has a weight of 100."""
    terms = PendingTerms()
    for batch, per in ((6, 1.0), (7, value)):
        losses = WeightedSum({"adv": 1.0, "per": 100.0}, {})({"adv": torch.tensor(1.0), "per": torch.tensor(per)})
        terms.add(batch, ["a@b", "c@d"], losses.weighted)
    return terms


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e38])
def test_non_finite_term_is_named(value):
    # 1e38 overflows float32 only once weighted.
    with pytest.raises(JobError, match=r"per .*(nan|inf).*7.*a@b, c@d"):
        pending(value).read()


def test_finite_terms_pass_and_are_read_once():
    terms = pending(1e30)
    terms.read()
    assert terms.updates == []
