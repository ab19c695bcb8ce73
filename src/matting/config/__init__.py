"""Configs composed, checked, identified and built.

May import: utils; no torch. The dataclasses of a class's keys are in the module beside it: `<module>_config`.

hydra_internals: the private parts of Hydra.
texts: which keys hold free text.
quoting: quotes on a command line.
compose: Hydra's composition.
fields: what a key may hold, as a field of a dataclass.
data_schema: the keys of data, augmentation and protocol.
schema: the keys of the verbs.
files: the files of conf/.
nodes: a config walked beside the dataclasses of its keys.
sizes: the keys of a scale.
validate: a config checked before its job.
derive: configs of upstream runs.
identity: what a run's digest is made of.
instantiate: classes that a config may build.
messages: errors of Hydra and OmegaConf as one line.
"""
