"""A table of cells as text: for a terminal, as Markdown, as LaTeX."""

from collections.abc import Sequence
from dataclasses import dataclass

LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$"}
LATEX |= {character: f"\\{character}" for character in "&%$#_{}"}


@dataclass(frozen=True)
class Table:
    """Cells as text: head, one line a row, the first cell its title; notes stand below."""

    title: str
    head: list[str]
    lines: list[list[str]]
    notes: list[str]


def text(table: Table) -> str:
    """For a terminal: columns of their own width."""
    widths = [max(map(len, column)) for column in zip(table.head, *table.lines, strict=True)]
    lines = [table.title]
    for cells in (table.head, *table.lines):
        padded = [f"{cell:<{widths[0]}}" if i == 0 else f"{cell:>{widths[i]}}" for i, cell in enumerate(cells)]
        lines.append("  " + "  ".join(padded).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])


def markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rule = line(["---", *["---:"] * (len(table.head) - 1)])
    lines = [line(cells) for cells in table.lines]
    return "\n".join([table.title, "", line(table.head), rule, *lines, "", *(f"- {note}" for note in table.notes), ""])


def latex(table: Table) -> str:
    """A plain tabular, no package needed."""

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
    return "".join(LATEX.get(character, character) for character in cell)
