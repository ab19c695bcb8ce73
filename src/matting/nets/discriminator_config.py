"""The keys of the discriminators."""

from matting.config.fields import key, typed

NORMS = ("instance", "batch", "group", "wide_group")


@typed
class MultiScaleDiscriminatorConfig:
    width: int = key("channels of the first layer", 64, low=1)
    layers: int = key("strided layers; three see patches of 70x70 pixels", 3, low=1)
    scales: int = key("image scales, each with a discriminator", 3, low=1)
    norm: str = key("norm of each layer", "instance", choices=NORMS)
