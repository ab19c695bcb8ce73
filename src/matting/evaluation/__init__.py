"""Measure predictions on test sets.

measure: predict and measure the samples of a test set, for stages and methods. evaluator: evaluate a method and fill
the folder of the evaluation. gallery: the samples that are kept as pictures. prefetch: load samples with threads.

May import methods, tracking, visualization and every package below them.
"""
