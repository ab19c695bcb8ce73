"""The two generators of POMAGAN (3.1 and 3.2), chained at inference (3.3)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matting.errors import UserError
from matting.nets.blocks import (
    ASPP,
    MapConv,
    ResidualBlock,
    conv_block,
    crop_back,
    init_gan,
    pad_to_multiple,
    signed,
    up_block,
)

SEG_NORMS = ("as_norm", "none_first", "wide_group")


class Encoder(nn.Module):
    """A U-Net encoder: a 7x7 stem, then 3x3 convolutions of stride 2 that double the channels.

    (B, C, H, W), sides multiples of 2**depth -> depth + 1 maps, finest first: width * 2**i channels at 1 / 2**i of the
    size. first: the norm behind the stem (see `conv_block`), None for `norm`.
    """

    def __init__(self, in_channels: int, width: int, depth: int, norm: str, first: str | None = None) -> None:
        super().__init__()
        self.levels = nn.ModuleList([conv_block(in_channels, width, 7, first or norm)])
        self.levels.extend(conv_block(width << i, width << (i + 1), 3, norm, stride=2) for i in range(depth))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps


class Decoder(nn.Module):
    """A U-Net decoder: up-sampling blocks, each concatenated with the encoders' maps of its size, and a 7x7 head.

    forward(x (B, width * 2**depth, h, w), skips) -> (B, 1, h * 2**depth, w * 2**depth) float32 in [0, 1].
    skips: the tuple of maps for each size, finest first, with skip_width * 2**i channels in all at 1 / 2**i of the
    size.
    """

    def __init__(self, width: int, skip_width: int, depth: int, norm: str, up: str) -> None:
        super().__init__()
        self.levels = nn.ModuleList()
        channels = width << depth
        for i in reversed(range(depth)):
            self.levels.append(up_block(channels, width << i, norm, up))
            channels = (width + skip_width) << i
        self.head = MapConv(channels, 7)

    def forward(self, x: Tensor, skips: Sequence[tuple[Tensor, ...]]) -> Tensor:
        for level, skip in zip(self.levels, reversed(skips), strict=True):
            x = torch.cat([level(x), *skip], 1)
        return torch.sigmoid(self.head(x))  # the head is float32: a bf16 sigmoid has no value between 0.996 and 1


class SegmentationGenerator(nn.Module):
    """Image to coarse person map (3.1): U-Net encoder, residual blocks, ASPP and U-Net decoder.

    forward(image (B, 3, H, W) in [0, 1]) -> map (B, 1, H, W) float32 in [0, 1], any H and W: the image is padded by
    reflection to a multiple of 2**depth, at least twice that, and the map is cropped back.
    An instance norm removes the level and the contrast of the picture, as wanted: the person is the same in any light.
    width: channels at full size. blocks: number of residual blocks. aspp_rates: dilation rates. norm: see `make_norm`.
    up: see `up_block`.
    """

    input_names = ("image",)

    def __init__(
        self,
        width: int = 64,
        depth: int = 4,
        blocks: int = 9,
        aspp_rates: Sequence[int] = (1, 6, 12, 18),
        norm: str = "instance",
        up: str = "deconv",
    ) -> None:
        super().__init__()
        self.stride = 2**depth
        self.encoder = Encoder(3, width, depth, norm)
        self.trunk = nn.Sequential(
            *(ResidualBlock(width << depth, norm) for _ in range(blocks)), ASPP(width << depth, tuple(aspp_rates), norm)
        )
        self.decoder = Decoder(width, width, depth, norm, up)
        init_gan(self)

    @property
    def blocks(self) -> list[nn.Module]:
        """The modules that `recompute` runs again in the backward pass."""
        return [*self.encoder.levels, *self.trunk, *self.decoder.levels, self.decoder.head]

    def forward(self, image: Tensor) -> Tensor:
        padded, crop = pad_to_multiple(image, self.stride, 2 * self.stride)
        *skips, bottom = self.encoder(signed(padded))
        return crop_back(self.decoder(self.trunk(bottom), [(skip,) for skip in skips]), crop)


class AlphaGenerator(nn.Module):
    """Image and coarse map to alpha (3.2): two encoders, residual blocks, one decoder with skips from both.

    forward(image (B, 3, H, W), coarse (B, 1, H, W), both in [0, 1]) -> alpha (B, 1, H, W) float32 in [0, 1], any H, W.
    encoder: `two` has the paper's segmentation encoding block beside the image encoder, with `seg_width` channels at
    full size (None: a quarter of `width`); `concat` is the ablation, one encoder on image and map together.
    seg_norm: of the encoder that takes the map. `as_norm` is `norm`; behind the first convolution, an instance norm
    removes the map's level, so that maps of 0 and of 1 give the same alpha. `none_first` is `norm` but for that place,
    which has none. `wide_group`: see `make_norm`.
    The other arguments are those of `SegmentationGenerator`.
    """

    input_names = ("image", "coarse")

    def __init__(
        self,
        width: int = 64,
        depth: int = 4,
        blocks: int = 9,
        encoder: str = "two",
        seg_width: int | None = None,
        norm: str = "instance",
        up: str = "deconv",
        seg_norm: str = "as_norm",
    ) -> None:
        super().__init__()
        if encoder not in ("two", "concat"):
            raise UserError(f"encoder: expected two or concat, got {encoder!r}")
        if seg_norm not in SEG_NORMS:
            raise UserError(f"seg_norm: expected {', '.join(SEG_NORMS)}, got {seg_norm!r}")
        seg_norms = {"as_norm": (norm, None), "none_first": (norm, "none")}.get(seg_norm, (seg_norm, None))
        self.stride = 2**depth
        channels = width << depth
        trunk: list[nn.Module] = [ResidualBlock(channels, norm) for _ in range(blocks)]
        if encoder == "two":
            seg_width = max(width // 4, 1) if seg_width is None else seg_width
            self.encoders = nn.ModuleList([Encoder(3, width, depth, norm), Encoder(1, seg_width, depth, *seg_norms)])
            # Both encoders' outputs are concatenated; a 1x1 convolution reduces them to the channels of the blocks.
            trunk.insert(0, conv_block((width + seg_width) << depth, channels, 1, norm))
        else:
            seg_width = 0
            self.encoders = nn.ModuleList([Encoder(4, width, depth, *seg_norms)])
        self.trunk = nn.Sequential(*trunk)
        self.decoder = Decoder(width, width + seg_width, depth, norm, up)
        init_gan(self)

    @property
    def blocks(self) -> list[nn.Module]:
        """The modules that `recompute` runs again in the backward pass."""
        levels = (level for encoder in self.encoders for level in encoder.levels)  # type: ignore[union-attr]
        return [*levels, *self.trunk, *self.decoder.levels, self.decoder.head]

    def forward(self, image: Tensor, coarse: Tensor) -> Tensor:
        padded, crop = pad_to_multiple(torch.cat([image, coarse], 1), self.stride, 2 * self.stride)
        inputs = signed(padded)
        parts = (inputs[:, :3], inputs[:, 3:]) if len(self.encoders) == 2 else (inputs,)
        maps = (encoder(part) for encoder, part in zip(self.encoders, parts, strict=True))
        # From a list of maps per encoder to a tuple of maps per size; the coarsest goes through the trunk.
        *skips, bottom = zip(*maps, strict=True)
        return crop_back(self.decoder(self.trunk(torch.cat(bottom, 1)), skips), crop)
