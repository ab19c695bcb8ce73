"""Operations on images without parameters.

May import: utils; `resize` imports no torch.

components: the largest connected part of a mask.
ellipse: erosion and dilation by ellipses.
trimap: border maps and trimaps.
resample: tensors resized.
distances: distances to a trimap's known regions.
resize: sizes, and arrays resized.
"""
