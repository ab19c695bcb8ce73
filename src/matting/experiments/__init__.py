"""Published tables as grids of runs, and the one place that finds a run's result or makes it.

May import: training, prediction, evaluation and the packages below them, these three inside functions only; no torch.

snapshot: results and manifests read once for a report.
grid: an experiment's file as command lines.
jobs: a command line as the runs that it asks for.
overrides: overrides that no row reads.
experiment: an experiment as rows.
plan: the runs that a config needs, in order.
execution: find the result of a run, or make it.
rows: the rows of an experiment run one after another.
estimate: the time and memory that runs will take.
preflight: data, weights, space and time looked at before a run begins.
recipe: the runs of a recipe.
measurements: the figures of rows on a region of a test set.
comparison: rows beside each other and beside the published figures.
statistics: paired bootstrap, Kendall's tau.
"""
