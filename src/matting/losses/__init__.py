"""Loss terms as pure functions, and their weighted sum.

May import: utils.

precision: the precision of all terms.
adversarial: GAN losses.
segmentation: losses of a mask.
matte: losses of an alpha, border loss among them.
compositional: the loss of a composite.
perceptual: VGG features.
weighted: terms weighted and summed.
"""
