"""Fitting one stage with Lightning.

May import: evaluation, stages, methods, tracking and the packages below them.

build: the pieces of a run.
trainer: fit the pieces of a run, measure the best weights.
checkpoint_io: checkpoints written whole or not at all.
spawn: signals and errors of ranks that Lightning starts.
callbacks: what happens around the batches.
"""
