"""The terms of POMAGAN's loss: one file each, named as in the config (`loss.border` is `border.Border`).

May import: what `stages` may.

base: what a term is given.
adversarial: L_cGAN.
perceptual: VGG features.
alpha: L1 on the targets.
segmentation: L1 on the targets of the coarse map.
border: L1 along the border.
gradient: edges, an example of a further term.
"""
