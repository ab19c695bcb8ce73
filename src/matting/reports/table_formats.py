"""A table of text, and how to write it: for a terminal, as Markdown, as LaTeX, records as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from matting.utils.columns import aligned

LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$"}
LATEX |= {character: f"\\{character}" for character in "&%$#_{}"}


@dataclass(frozen=True)
class Table:
    """A table as text. lines: rows of cells, the title first. notes: sentences below the table.

    Only the HTML page shows the rest. best: cells in bold, (line, column). published: lines of a paper, below those
    measured here. source: where they come from and how they were measured. words: cells are text, not figures. links:
    addresses of the lines' titles.
    """

    title: str
    head: Sequence[str]
    lines: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    best: set[tuple[int, int]] = field(default_factory=set)
    published: Sequence[Sequence[str]] = ()
    source: str = ""
    words: bool = False
    links: Sequence[str] = ()


def text(table: Table) -> str:
    """Return the table for a terminal: figures aligned to the right below their headings."""
    lines = aligned([table.head, *table.lines], figures=True, indent=2)
    return "\n".join([table.title, lines, *(f"  {note}" for note in table.notes)])


def markdown(table: Table) -> str:
    """Return the table in Markdown, its title above and its notes as a list below."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rule = line(["---", *["---:"] * (len(table.head) - 1)])
    lines = [table.title, "", line(table.head), rule, *map(line, table.lines), ""]
    notes = [f"- {note}".replace("*", r"\*") for note in table.notes]  # else a note that begins with * is a nested list
    return "\n".join([*lines, *notes, *([""] if notes else [])])


def latex(table: Table) -> str:
    """Return the table as a plain tabular, which needs no package; title and notes as comments."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join(map(escaped, cells)) + r" \\"

    body = "\n".join(map(line, table.lines))
    columns = "l" + "r" * (len(table.head) - 1)
    notes = "\n".join(f"% {note}" for note in table.notes)
    return (
        f"% {table.title}\n\\begin{{tabular}}{{{columns}}}\n\\hline\n{line(table.head)}\n\\hline\n{body}\n\\hline\n"
        f"\\end{{tabular}}\n{notes}\n"
    )


def escaped(cell: str) -> str:
    """Return the cell with the characters that LaTeX gives a meaning escaped."""
    return "".join(LATEX.get(character, character) for character in cell)


def comma_separated(fields: Sequence[str], records: Iterable[Mapping[str, object]]) -> str:
    """Return records as CSV with a line of headings; a field that a record lacks is empty."""
    out = io.StringIO()
    table = csv.DictWriter(out, fields, lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return out.getvalue()
