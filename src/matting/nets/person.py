"""Person segmentation for the trimap: DeepLabV3+ (AlphaNet III-A)."""

from difflib import get_close_matches

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matting.errors import UserError
from matting.nets.blocks import crop_back, pad_to_multiple
from matting.nets.weights import file_state, hub_state, load_weights, no_download, trunk_state
from matting.ops.resample import resample

OUTPUT_STRIDE = 16
STRIDE = 32
HEADS = ("fc.", "classifier.", "head.")


class PooledNorm(nn.BatchNorm2d):
    """Batch norm for maps of one pixel: a batch of one has no statistics, and uses the running ones."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(x)


class PersonSegmentation(nn.Module):
    """DeepLabV3+ with one map out.

    forward(image (B, 3, H, W) in [0, 1]) -> logits (B, 1, H, W) float32, any H and W.

    encoder: a name of the segmentation library (`resnet18`, `mobilenet_v2`, `tu-` and a name of timm). The image is
    normalised by the mean and deviation of ImageNet for every encoder.
    weights: `imagenet`, for the encoder, from the cache of a hub or the network; `none`, random; or a file
    (.safetensors, else a state dict that loads with weights_only) of the encoder or the whole network, any float dtype.
    size: a multiple of 16, at least 32; the image is stretched to size x size and the logits are scaled back
    linearly. None: the image keeps its size and is padded by reflection to a multiple of 32.
    Raise UserError for another choice, and for weights that are missing or do not fit.

    The image-pooling branch works on one pixel. Trained with a batch of one, only its norm uses its running statistics
    (mean 0 and variance 1 until a larger batch has changed them).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: str = "resnet18", weights: str = "none", size: int | None = 496) -> None:
        super().__init__()
        if size is not None and (size % OUTPUT_STRIDE or size < 2 * OUTPUT_STRIDE):
            raise UserError(f"size: expected a multiple of {OUTPUT_STRIDE}, at least {2 * OUTPUT_STRIDE}, got {size}")
        self.size = size
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1), persistent=False)
        self.network = deeplab(encoder, weights)

    @property
    def blocks(self) -> list[nn.Module]:
        return [self.network.encoder, self.network.decoder]  # type: ignore[list-item]

    def forward(self, image: Tensor) -> Tensor:
        x = (image - self.mean) / self.std
        if self.size is None:
            padded, crop = pad_to_multiple(x, STRIDE)
            return crop_back(self.network(padded).float(), crop)
        logits = self.network(resample(x, self.size, self.size)).float()
        return resample(logits, *image.shape[-2:])


def deeplab(encoder: str, weights: str) -> nn.Module:
    """Build the library's network with its weights, and replace the norm of its image-pooling branch."""
    # Imported here: it takes seconds, and most runs do without this network.
    from segmentation_models_pytorch import DeepLabV3Plus
    from segmentation_models_pytorch.decoders.deeplabv3.decoder import ASPPPooling

    check_encoder(encoder)
    # Without a network, torchvision's hub fails at once; the library's hub retries for half a minute.
    from_library = weights == "imagenet" and not in_torchvision(encoder)
    try:
        network = DeepLabV3Plus(encoder, encoder_weights=weights if from_library else None, classes=1)
    except OSError as error:
        raise no_download(encoder, error) from error
    except (KeyError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"encoder: {encoder} with weights {weights} does not fit DeepLabV3+ ({error})") from error
    for module in network.decoder.modules():
        if isinstance(module, ASPPPooling):
            module[2] = PooledNorm(module[2].num_features)
    if weights == "imagenet" and not from_library:
        load_encoder(network.encoder, hub_state(encoder), f"{encoder} imagenet", encoder)
    elif weights not in ("imagenet", "none"):
        state = {key.removeprefix("network."): value for key, value in file_state(weights).items()}
        if any(key.startswith("decoder.") for key in state):
            advice = f"expected DeepLabV3+ with one class on {encoder}: check encoder"
            load_weights(network, state, weights, advice)
        else:
            load_encoder(network.encoder, state, weights, encoder)
    return network


def load_encoder(module: nn.Module, state: dict[str, Tensor], name: str, encoder: str) -> None:
    advice = f"expected the keys of {encoder}: check encoder"
    load_weights(module, trunk_state(state, "encoder.", HEADS), name, advice, part="encoder")


def in_torchvision(encoder: str) -> bool:
    """Return whether torchvision has this ResNet; the segmentation library uses the same keys."""
    from torchvision.models import list_models

    return encoder in list_models(include=("resnet*", "resnext*"))


def check_encoder(encoder: str) -> None:
    """Raise UserError, with similar names, for an encoder that the library does not have."""
    from segmentation_models_pytorch.encoders import get_encoder_names
    from timm import is_model, list_models

    names = get_encoder_names()
    if encoder in names or (encoder.startswith("tu-") and is_model(encoder.removeprefix("tu-"))):
        return
    close = get_close_matches(encoder, [*names, *(f"tu-{name}" for name in list_models())], cutoff=0.4)
    raise UserError(f"encoder: there is no {encoder}; close to it: {', '.join(close) or 'none, try resnet18'}")
