"""Complete systems: an image, with some methods a trimap, in; an alpha of the same size out.

base: the class Method, and how a config builds one. pomagan, alphanet: trained networks. propagation: the base of
closed_form and knn, which solve a linear system from a trimap.

May import nets, data, metrics, runs and every package below them.
"""
