"""L1 on all targets."""

from torch import Tensor

from matting.losses.matte import l1_loss
from matting.stages.pomagan_terms.base import Prediction, Term


class Alpha(Term):
    """L_alpha (eq. 9)."""

    def forward(self, given: Prediction) -> Tensor:
        return l1_loss(given.pred_targets, given.true_targets)
