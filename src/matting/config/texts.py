"""Which keys hold free text: file names, run folders, digests, names at Weights & Biases; not Hydra's grammar."""

from fnmatch import fnmatchcase
from functools import cache

from matting.config.identity import FILE_KEYS, RUN_KEYS

TEXTS = (
    *("input", "output", "background", "trimap", "state", "kind", "match", "sort"),
    *(f"{node}.{key}" for node in ("method", "stage") for key in RUN_KEYS),
    *("paths.*", "data.*.root", "data.*.images", "data.*.annotations", "stage.persons.*.root"),
    *("stage.persons.*.images", "stage.persons.*.annotations"),
    *(f"*.{key}" for key in FILE_KEYS),
    "*_weights",
    *(f"logger.*.{key}" for key in ("project", "entity", "group", "name", "version", "mode")),
    *(f"hydra.launcher.{key}" for key in ("name", "partition", "account", "qos", "constraint", "submitit_folder")),
    *("hydra.launcher.ray.init.address", "hydra.sweeper.study_name", "hydra.sweeper.storage", "hydra.sweep.dir"),
)


@cache
def is_text(key: str) -> bool:
    """Return whether a dotted key holds free text."""
    return any(fnmatchcase(key, pattern) for pattern in TEXTS)
