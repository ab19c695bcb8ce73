"""The keys of the erosion-dilation layer."""

from matting.config.fields import key, typed


@typed
class Trimap:
    erode: float = key("radius as a share of the mean of the mask's height and width", 0.04, low=0, high=1)
    dilate: float = key("radius as a share of the mean of the mask's height and width", 0.04, low=0, high=1)
    box: str = key(
        "whose height and width: of the mask, or of its largest connected part",
        "mask",
        choices=("mask", "largest_component"),
        added="mask",
    )


@typed
class ErosionDilationConfig(Trimap):
    temperature: float = key("of the soft layer; the lower, the closer to the hard one", 0.1, low=0)
