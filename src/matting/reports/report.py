"""A report as data, be it of a recipe or of an experiment: the files that `write` writes and the page's sections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matting.reports.table_formats import Table


@dataclass(frozen=True)
class Picture:
    """uri: the picture itself, a data URI. words: what it shows, for readers who cannot see it."""

    caption: str
    uri: str
    words: str


@dataclass(frozen=True)
class Strip:
    """Pictures side by side. title: stands above the first of the strips that share it. layout: a class of the CSS."""

    title: str
    pictures: Sequence[Picture]
    note: str = ""
    layout: str = "row"


@dataclass(frozen=True)
class Section:
    """A part of a page: paragraphs, then tables, then strips of pictures."""

    heading: str = ""
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    strips: Sequence[Strip] = ()


@dataclass(frozen=True)
class Report:
    """A report: its folder, its page, and the files beside the page by name, text or uint8 (H, W, 3) RGB."""

    folder: Path
    title: str
    sections: Sequence[Section]
    files: Mapping[str, str | np.ndarray]
