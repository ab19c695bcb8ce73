"""The private part of wandb-workspaces that this package needs. A test fails when it is gone."""

from typing import Any

FORM = {"mode": "json", "by_alias": True, "exclude_none": True}


def data_of(made: Any) -> dict[str, Any]:
    """Return what a workspace or a report would send, as data for JSON: the library has no public function for it."""
    data: dict[str, Any] = made._to_model().model_dump(**FORM)
    return data
