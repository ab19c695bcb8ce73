"""A method applied to pictures.

May import: methods, visualization and the packages below them; `inputs` imports no torch.

inputs: which pictures, trimaps and background are asked for.
predictor: pictures decoded ahead, predicted in batches, written.
"""
