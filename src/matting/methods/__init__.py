"""Systems of the papers' tables: an image (and a trimap) in, alpha out.

May import: nets, data, metrics, runs and the packages below them.

base: what all methods share, and how one is loaded.
pomagan: POMAGAN.
alphanet: AlphaNet, its matting network alone.
propagation: what the methods that propagate a trimap share.
closed_form: closed-form matting.
knn: KNN matting.
information_flow: information-flow matting.
modnet: MODNet's inference path.
fba: FBA's.
dim: Deep Image Matting's.
"""
