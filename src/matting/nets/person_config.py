"""The keys of the person segmentation."""

from matting.config.fields import NO_FILE, key, typed


@typed
class PersonSegmentationConfig:
    encoder: str = key("encoder of segmentation_models_pytorch, such as resnet18", "resnet18")
    weights: str = key("of the encoder; none: random ones", "none", kind="file", also=NO_FILE)
    size: int | None = key("side to which images are stretched; null: their own size", 496, low=16, unit="px")
