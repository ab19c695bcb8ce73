"""The base of POMAGAN's loss terms, and what they are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Example:
    """A batch as a GAN stage trains on it. The true map is s* in the segmentation stage and a* in the alpha stage."""

    image: Tensor  # (B, 3, H, W) in [0, 1]
    inputs: tuple[Tensor, ...]  # the generator's arguments
    true_map: Tensor  # (B, 1, H, W) in [0, 1]
    new_bgr: Tensor | None  # (B, 3, H, W) in [0, 1]; None where the targets lack `comp`


@dataclass(frozen=True)
class Prediction:
    """The generator's map for an example, and what the terms compare.

    pred: (B, 1, H, W) in [0, 1]. targets: names of what is compared. pred_targets, true_targets: (B, C, H, W) by these
    names. threshold: from which a true map is 1 in the binary one. judge: gives the discriminator's logits on `pred`,
    one tensor per scale.
    """

    example: Example
    pred: Tensor
    targets: tuple[str, ...]
    pred_targets: Mapping[str, Tensor]
    true_targets: Mapping[str, Tensor]
    threshold: float
    judge: Callable[[], list[Tensor]]


class Term(nn.Module):
    """A term of the generator's loss. Its constructor takes the keys of its node but `weight` and `per_scale`.

    networks: frozen networks that it runs, whose activations `runtime.recompute` computes again.
    """

    networks: tuple[nn.Module, ...] = ()

    def forward(self, given: Prediction) -> Tensor:
        """Return the term, a scalar."""
        raise NotImplementedError
