"""Operations on images without parameters.

May import: utils; `resize` imports no torch.

components: the largest connected part of a mask.
ellipse: erosion and dilation by ellipses.
trimap: border maps and trimaps.
resample: tensors resized.
flows: affinities of information-flow matting.
solving: its linear system.
trimming: trimaps with fewer unknown pixels.
distances: distances to a trimap's known regions.
resize: sizes, and arrays resized.
"""
