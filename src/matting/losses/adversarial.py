"""Adversarial losses on discriminator logits, one map per scale of the image pyramid (POMAGAN 3.1).

All are computed in float32 at least, whatever the precision of the logits: the square of a logit of 256 overflows
float16.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from matting.losses.precision import widened

Kind = Literal["bce", "lsgan", "hinge"]

# The loss of a logit by kind: REAL where the discriminator should say "real", FAKE where it should say "fake", and FOOL
# where the generator wants it to say "real".
REAL: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": lambda logits: softplus(-logits),
    "lsgan": lambda logits: (logits - 1).square(),
    "hinge": lambda logits: (1 - logits).relu(),
}
FAKE: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": softplus,
    "lsgan": torch.square,
    "hinge": lambda logits: (1 + logits).relu(),
}
FOOL: dict[str, Callable[[Tensor], Tensor]] = {"bce": REAL["bce"], "lsgan": REAL["lsgan"], "hinge": torch.neg}


def generator_loss(fake_logits: Sequence[Tensor], kind: Kind) -> Tensor:
    """Return the generator's part of L_cGAN: the sum over the scales k (eq. 7 and 11) of the mean over a scale.

    fake_logits: one tensor per scale, any shape each. Returns a scalar. Raises ValueError for another kind.
    kind: `bce`, the paper's "standard adversarial loss" in its non-saturating form -log D(fake) (Goodfellow et al.
    2014, section 3); `lsgan`, (D(fake) - 1)^2 (Mao et al. 2017); `hinge`, -D(fake), unbounded below (Lim and Ye 2017).
    """
    check_kind(kind)
    return torch.stack([FOOL[kind](widened(logits)).mean() for logits in fake_logits]).sum()


def discriminator_loss(real_logits: Sequence[Tensor], fake_logits: Sequence[Tensor], kind: Kind) -> Tensor:
    """Return the discriminators' part of L_cGAN: half of (real term + fake term), summed over the scales k.

    The half slows the discriminator against the generator, for all three kinds (Isola et al. 2017, section 3.3).
    real_logits, fake_logits: one tensor per scale, in the same order. Returns a scalar. Raises ValueError for another
    kind and for lists of different lengths.
    """
    check_kind(kind)
    scales = [
        REAL[kind](widened(real)).mean() + FAKE[kind](widened(fake)).mean()
        for real, fake in zip(real_logits, fake_logits, strict=True)
    ]
    return 0.5 * torch.stack(scales).sum()


def check_kind(kind: str) -> None:
    """Raise ValueError for an unknown kind of loss."""
    if kind not in REAL:
        raise ValueError(f"kind={kind!r}: expected one of {', '.join(REAL)}")
