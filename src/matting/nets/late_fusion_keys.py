"""The keys of LFM's weights, named as in the authors' Keras file with PyTorch's endings, and ours."""

import re

PUBLISHED = (
    (r"^conv1_conv\.", "encoder.layers.conv0."),
    (r"^conv1_bn\.", "encoder.layers.norm0."),
    (r"^bn\.", "encoder.layers.norm5."),
    (r"^pool(\d)_bn\.", lambda found: f"encoder.layers.transition{int(found[1]) - 1}.norm."),
    (r"^pool(\d)_conv\.", lambda found: f"encoder.layers.transition{int(found[1]) - 1}.conv."),
    # Keras counts a block's norms from 0 and its convolutions from 1.
    (r"^conv(\d)_block(\d+)_0_bn\.", lambda found: dense_layer(found) + "norm1."),
    (r"^conv(\d)_block(\d+)_1_bn\.", lambda found: dense_layer(found) + "norm2."),
    (r"^conv(\d)_block(\d+)_([12])_conv\.", lambda found: f"{dense_layer(found)}conv{found[3]}."),
    (r"^deFG_", "foreground."),
    (r"^deBG_", "background."),
    (r"^((?:fore|back)ground)\.deconv(\d)_", lambda found: f"{found[1]}.levels.{int(found[2]) - 1}."),
    (r"^((?:fore|back)ground\.levels\.\d)\.bn\.", r"\1.norm."),
    (r"^((?:fore|back)ground)\.up4_conv\.", r"\1.top."),
    (r"^((?:fore|back)ground)\.side_(\d)_conv1\.", r"\1.sides.\2.reduce."),
    (r"^((?:fore|back)ground)\.side_(\d)_conv2\.", r"\1.sides.\2.merge."),
    (r"^((?:fore|back)ground)\.side_(\d)_conv3\.", r"\1.sides.\2.head."),
    (r"^fusion_convrgb\.", "fusion.image.0."),
    (r"^fusion_bnrgb\.", "fusion.image.1."),
    (r"^fusion_conv_output\.", "fusion.head."),
    (r"^fusion_conv(\d)\.", lambda found: f"fusion.layers.{3 * int(found[1])}."),
    (r"^fusion_bn(\d)\.", lambda found: f"fusion.layers.{3 * int(found[1]) + 1}."),
)


def dense_layer(found: re.Match[str]) -> str:
    """Return our prefix of a dense layer; Keras' blocks begin with conv2."""
    return f"encoder.layers.denseblock{int(found[1]) - 1}.denselayer{found[2]}."
