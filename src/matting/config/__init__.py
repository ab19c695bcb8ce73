"""Configs as plain data and Hydra nodes: floor 2; may import `errors`, `utils`, `losses` and `ops`. No torch.

compose: a command line to a config. schema: the types of the keys. rules: choices and ranges of values.
validate: what a config must hold before its job starts. derive: the configs of upstream runs. identity: the digest of a
run. instantiate: builds what `_target_` names. messages: Hydra's errors in one line. quoting: quotes on a command line.
hydra_internals: the private parts of Hydra.
"""
