"""The gradient loss: an example of a further term, in no paper of this suite. See conf/loss/full_gradient.yaml."""

from torch import Tensor

from matting.losses.matte import mean_absolute_error
from matting.stages.pomagan_terms.base import Prediction, Term


class Gradient(Term):
    """The mean absolute difference of the horizontal and of the vertical gradients, added up.

    It weighs edges, hair among them, which a mean over all pixels hardly sees.
    """

    def forward(self, given: Prediction) -> Tensor:
        pred, true = given.pred, given.example.true_map
        return mean_absolute_error(pred.diff(dim=3), true.diff(dim=3)) + mean_absolute_error(
            pred.diff(dim=2), true.diff(dim=2)
        )
