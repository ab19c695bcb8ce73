"""Loss terms of both papers: pure functions of tensors, and their weighted sum.

adversarial: on discriminator logits. matte: L1 on alpha, foreground and composite, over the image and over the border.
perceptual: between VGG features. segmentation: focal and dice. compositional: AlphaNet's two matting losses. weighted:
the sum that a stage minimises, and the check that every term is finite. precision: the precision of all of them.

May import ops, utils and errors.
"""
