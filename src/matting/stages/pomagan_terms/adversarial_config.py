"""The keys of POMAGAN's adversarial loss."""

from matting.config.fields import key, typed


@typed
class AdversarialConfig:
    weight: float = key("factor in the sum; 0: there is no discriminator", low=0)
    kind: str = key("loss of a logit; bce, as in the paper", choices=("bce", "lsgan", "hinge"))
    disc_input: str = key("what the discriminator sees beside the image", choices=("targets", "alpha"))
