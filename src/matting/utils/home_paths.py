"""Files that people share do not tell whose home they were made in: `~` stands for it."""

import re
from pathlib import Path
from typing import Any


def abbreviate_home(value: Any) -> Any:
    """A text, or every text in lists and dicts, with `~` for the home."""
    if isinstance(value, dict):
        return {key: abbreviate_home(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [abbreviate_home(entry) for entry in value]
    home = Path.home()
    if not isinstance(value, str) or home == Path(home.anchor):
        return value
    return re.sub(re.escape(str(home)) + r"(?![\w.-])", "~", value)


def expand_home(value: Any) -> Any:
    """The paths in a text, a list or a dict as this user has them: `~/data` below the home of who reads it."""
    if isinstance(value, dict):
        return {key: expand_home(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [expand_home(entry) for entry in value]
    if isinstance(value, str) and (value == "~" or value.startswith("~/")):
        return str(Path.home()) + value[1:]
    return value
