"""Pictures as data URIs, so that an HTML page is one file."""

import base64

import cv2
import numpy as np

LARGE = 12_000  # bytes: a larger PNG is replaced by WebP


def picture_uri(plane: np.ndarray) -> str:
    """Return uint8 (H, W, 3) RGB as a data URI: PNG if it is small, else WebP."""
    array = cv2.cvtColor(plane, cv2.COLOR_RGB2BGR)
    data, kind = cv2.imencode(".png", array)[1].tobytes(), "image/png"
    if len(data) > LARGE:
        data, kind = cv2.imencode(".webp", array, [cv2.IMWRITE_WEBP_QUALITY, 90])[1].tobytes(), "image/webp"
    return data_uri(data, kind)


def data_uri(data: bytes, kind: str) -> str:
    """Return the bytes of a picture of a MIME type as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
