"""Read annotation files: a key that is missing or of another type is named, with its place."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from matting.data.decoding import DamagedFile
from matting.errors import UserError

KINDS: dict[Any, str] = {str: "text", int: "a whole number", list: "a list", dict: "a mapping"}
ID = (int, str)


class WrongKey(ValueError):
    """A key of an annotation that is missing or of another type. The message has its place and what was expected."""


def read_json(path: Path, layout: str) -> Any:
    """Read a json. Raises UserError for a file that cannot be read, DamagedFile for one that is no json."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); expected {layout}") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{path}: damaged json ({one_line(error)}); export it again") from error


def take(node: Any, key: str, kind: type | tuple[type, ...], at: str = "") -> Any:
    """Return the value of a key of an annotation, of the type `kind`. at: the node's place, such as `images[3]`.

    Raises WrongKey.
    """
    if not isinstance(node, dict):
        raise WrongKey(f"{at or 'the file'}: {shown(node)}; expected a mapping that has {key}")
    place, kinds = f"{at}.{key}" if at else key, kind if isinstance(kind, tuple) else (kind,)
    expected = " or ".join(KINDS[one] for one in kinds)
    if key not in node:
        raise WrongKey(f"{place}: missing; expected {expected}")
    value = node[key]
    if int in kinds and isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) not in kinds:  # True is no whole number
        raise WrongKey(f"{place}: {shown(value)}; expected {expected}")
    return value


def take_size(node: Any, at: str) -> tuple[int, int]:
    """Return the (height, width) of a node, in pixels. Raises WrongKey."""
    height, width = take(node, "height", int, at), take(node, "width", int, at)
    if min(height, width) < 1:
        raise WrongKey(f"{at}: height {height}, width {width}; expected pixels")
    return height, width


def corners(points: Any) -> np.ndarray:
    """Return the corners of a polygon, float64 (N, 2), x and y in pixels.

    Raises ValueError for fewer than three, for other values, and for shares of the picture in place of pixels.
    """
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 3 or not np.isfinite(array).all():
        raise ValueError(f"a polygon of shape {array.shape}; expected at least 3 points (x, y)")
    if array.max() <= 1:
        raise ValueError("a polygon with corners from 0 to 1; expected pixels")
    return array


def shown(value: Any) -> str:
    """Return a value for a message, cut where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:40]}..."


def one_line(error: BaseException) -> str:
    """Return an exception's message in one line, or its class where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
