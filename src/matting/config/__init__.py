"""Configs composed, checked, identified and built.

May import: utils; no torch.

hydra_internals: the private parts of Hydra.
texts: which keys hold free text.
quoting: quotes on a command line.
compose: Hydra's composition.
schema: types of the keys.
rules: choices and ranges of values.
validate: a config checked before its job.
derive: configs of upstream runs.
identity: what a run's digest is made of.
instantiate: classes that a config may build.
messages: errors of Hydra and OmegaConf as one line.
"""
