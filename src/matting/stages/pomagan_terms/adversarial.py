"""The generator's part of the adversarial loss."""

from torch import Tensor

from matting.losses.adversarial import Kind, generator_loss
from matting.stages.pomagan_terms.base import Prediction, Term


class Adversarial(Term):
    """L_cGAN. disc_input: what the discriminator sees, which the objective gives to it."""

    def __init__(self, kind: Kind, disc_input: str):
        super().__init__()
        self.kind, self.disc_input = kind, disc_input

    def forward(self, given: Prediction) -> Tensor:
        return generator_loss(given.judge(), self.kind)
