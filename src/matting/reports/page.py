"""Render an HTML page from sections: one file, pictures inside, no script, nothing from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from matting.reports.report import Section


def page(title: str, sections: Sequence[Section]) -> str:
    """Return the page; the template page.html.j2 escapes all text."""
    folder = FileSystemLoader(Path(__file__).parent)
    templates = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return templates.get_template("page.html.j2").render(title=title, sections=sections)
