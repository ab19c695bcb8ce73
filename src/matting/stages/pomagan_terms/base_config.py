"""The keys that all loss terms of POMAGAN have."""

from matting.config.fields import key, typed


@typed
class TermConfig:
    weight: float = key("factor in the sum; 0: the term is not computed", low=0)
    per_scale: bool = key("whether the equation has the term inside its sum over the discriminator scales", False)
