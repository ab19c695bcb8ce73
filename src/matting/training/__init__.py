"""Fit one stage with Lightning.

trainer: build what a run's config names, fit it, measure the best weights. checkpoint_io: write checkpoints whole or
not at all. spawn: signals and errors of ranks that Lightning spawns. callbacks: what happens around the batches.

May import evaluation, stages, methods, tracking, visualization and every package below them.
"""
