"""Build the parts of an HTML page: its frame, its table heads, pictures as data URIs. No torch."""

import base64
from html import escape
from pathlib import Path

import cv2
import numpy as np

LARGE = 12_000  # bytes of a PNG from which on WebP takes its place


STYLE = (Path(__file__).parent / "page.css").read_text()


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head>
<body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


def heads(titles: list[str]) -> str:
    return "".join(f"<th>{escape(title)}</th>" for title in titles)


def figure(image: str, caption: str) -> str:
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def picture(plane: np.ndarray, words: str) -> str:
    """uint8 (H, W, 3) RGB as an <img>: PNG while it is small, else WebP."""
    array = cv2.cvtColor(plane, cv2.COLOR_RGB2BGR)
    data, kind = cv2.imencode(".png", array)[1].tobytes(), "image/png"
    if len(data) > LARGE:
        data, kind = cv2.imencode(".webp", array, [cv2.IMWRITE_WEBP_QUALITY, 90])[1].tobytes(), "image/webp"
    return image(data, kind, words)


def image(data: bytes, kind: str, words: str) -> str:
    return f'<img alt="{escape(words)}" src="data:{kind};base64,{base64.b64encode(data).decode()}">'
