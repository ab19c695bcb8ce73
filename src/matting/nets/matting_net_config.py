"""The keys of AlphaNet's matting network."""

from matting.config.fields import NO_FILE, key, typed


@typed
class MattingNetConfig:
    attention: str = key("guided pooling; none: max-pooling", "attention", choices=("attention", "none"))
    norm: str = key("of the attention weights", "sigmoid_softmax", choices=("sigmoid_softmax", "softmax"))
    weights: str = key("of the backbone; none: random ones", "none", kind="file", also=NO_FILE)
    convention: str = key("of the image that they expect", "imagenet", choices=("imagenet", "half"))
    freeze_norm: bool = key("keep the backbone's batch norms as they are loaded", True)
    width: float = key("factor of MobileNetV2's channels; other than 1 without weights only", 1.0, low=0, high=1)
    unpool: str = key(
        "up-sampling before the decoder map; the paper has a fixed 2x2 kernel",
        "nearest",
        choices=("nearest", "bilinear"),
        added="nearest",
    )
