"""Replace the user's home directory by ~ in files that are shared, and back."""

import os
import re
from pathlib import Path
from typing import Any


def abbreviate_home(value: Any) -> Any:
    """Return a text, or a list or dict of texts, with `~` in place of the home directory."""
    if isinstance(value, dict):
        return {key: abbreviate_home(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [abbreviate_home(entry) for entry in value]
    home = Path.home()
    if not isinstance(value, str) or home == Path(home.anchor):
        return value
    return re.sub(re.escape(str(home)) + r"(?![\w.-])", "~", value)


def expand_home(value: Any) -> Any:
    """Return a text, or a list or dict of texts, with a leading `~` or `~user` replaced by a home directory."""
    if isinstance(value, dict):
        return {key: expand_home(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [expand_home(entry) for entry in value]
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - a path drops ./ and //
