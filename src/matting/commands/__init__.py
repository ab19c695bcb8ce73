"""The verbs, one file each: read the config, call the packages below, print. No verb imports another.

May import: reports, experiments and the packages below them; no torch.

train: fit one stage.
evaluate: measure a method on every test set.
predict: alpha, cut-out and composite of pictures.
reproduce: a whole recipe or all experiments.
report: the report of a recipe or an experiment.
dashboard: an experiment in Weights & Biases.
runs: list, show, compare, open and delete run folders.
"""
