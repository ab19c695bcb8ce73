"""Apply a method to pictures of the user.

inputs: find pictures, trimaps and a background; imports no torch. predictor: decode, predict and write the results.

May import methods, visualization and every package below them.
"""
