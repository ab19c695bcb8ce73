"""What sets a run's config apart: from the defaults of its stage or method, and from the configs of other runs."""

from collections.abc import Sequence
from typing import Any

from matting.config.identity import flat, identity, unnamed_keys
from matting.runs.run import Run, defaults_of

MISSING = "-"


def changes(run: Run) -> dict[str, Any]:
    """Return the values, by dotted key, in which a run differs from its stage's or method's defaults.

    A node with another name than in the defaults (loss, trainer) is given by that name alone. Data and scale come
    first, changed or not. Raises UserError for a file of weights that is gone.
    """
    this = identity(run.config)
    defaults = defaults_of(this)
    flat_defaults = flat(defaults)
    found, unshown = {node: this[node]["name"] for node in ("data", "scale")}, unnamed_keys(this)
    for node, value in this.items():
        if isinstance(value, dict) and value.get("name") != defaults.get(node, {}).get("name"):
            found[node] = value["name"]
            continue
        for key, own in flat({node: value}).items():
            if flat_defaults.get(key) != own and key not in unshown:
                found[key] = own
    return found


def differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return the values of several runs, by dotted key, where they differ; MISSING for a run without the key.

    Of runs of several kinds only keys are compared that two of them have.
    """
    configs = [flat(identity(run.config)) for run in runs]
    found, one_kind = {}, len({run.kind for run in runs}) == 1
    for key in dict.fromkeys(key for config in configs for key in config):
        values = [config.get(key, MISSING) for config in configs]
        compared = values if one_kind else [config[key] for config in configs if key in config]
        if any(value != compared[0] for value in compared):
            found[key] = values
    return found
