"""Adversarial losses on discriminator logits, one map per scale of the image pyramid (POMAGAN 3.1).

All are computed in float32 (float64 stays) whatever the precision of the logits: a logit of 256, squared, overflows
float16.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

Kind = Literal["bce", "lsgan", "hinge"]

# What a logit costs that should say "real", one that should say "fake", and one that the generator wants to say "real".
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
FOOL: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": REAL["bce"],
    "lsgan": REAL["lsgan"],
    "hinge": torch.neg,
}


def generator_loss(fake_logits: Sequence[Tensor], kind: Kind) -> Tensor:
    """The generator's part of L_cGAN, summed over the scales k of eq. 7 and 11.

    `bce`, the paper's "standard adversarial loss", is the non-saturating form -log D(fake) (Goodfellow et al. 2014,
    section 3); `lsgan` is (D(fake) - 1)^2 (Mao et al. 2017); `hinge` is -D(fake), unbounded below (Lim and Ye 2017).

    fake_logits: one tensor per scale, any shape each. Returns a scalar, the sum over scales of the mean over a scale.
    Raises ValueError for another kind.
    """
    check_kind(kind)
    return torch.stack([FOOL[kind](widened(logits)).mean() for logits in fake_logits]).sum()


def discriminator_loss(real_logits: Sequence[Tensor], fake_logits: Sequence[Tensor], kind: Kind) -> Tensor:
    """The discriminators' part of L_cGAN, to be minimised: half of (real term + fake term), summed over the scales k.

    The half slows the discriminator against the generator, for all three kinds (Isola et al. 2017, section 3.3).

    real_logits, fake_logits: one tensor per scale, in the same order. Returns a scalar.
    Raises ValueError for another kind or for lists of different lengths.
    """
    check_kind(kind)
    scales = [
        REAL[kind](widened(real)).mean() + FAKE[kind](widened(fake)).mean()
        for real, fake in zip(real_logits, fake_logits, strict=True)
    ]
    return 0.5 * torch.stack(scales).sum()


def widened(logits: Tensor) -> Tensor:
    """The logits in at least float32."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def check_kind(kind: str) -> None:
    if kind not in REAL:
        raise ValueError(f"adversarial loss {kind!r} is not known: choose one of {', '.join(REAL)}")
