"""The perceptual loss, with its frozen VGG."""

from collections.abc import Sequence

from torch import Tensor

from matting.losses.perceptual import Perceptual as PerceptualLoss
from matting.nets.vgg import VGGFeatures
from matting.stages.pomagan_terms.base import Prediction, Term


class Perceptual(Term):
    """Eq. 3. Section 3.2 names alpha and foreground, section 4.2 all targets: `targets` chooses."""

    def __init__(
        self,
        targets: str,
        arch: str,
        weights: str,
        convention: str,
        width: float,
        coefficients: Sequence[float],
        taps: str = "first",
    ):
        super().__init__()
        self.left_out = {"comp"} if targets == "alpha_fgr" else set()
        self.loss = PerceptualLoss(VGGFeatures(arch, weights, convention, width, taps), coefficients)
        self.networks = (self.loss.features,)

    def forward(self, given: Prediction) -> Tensor:
        names = [name for name in given.targets if name not in self.left_out]
        pred = {name: given.pred_targets[name] for name in names}
        loss: Tensor = self.loss(pred, {name: given.true_targets[name] for name in names})
        return loss
