"""Text in aligned columns, for tables on a terminal and in logs."""

import io
import shutil
import sys
from collections.abc import Sequence

UNLIMITED = 100_000  # characters: wider than any table
NARROWEST = 6  # characters that a column keeps on a narrow terminal


def aligned(rows: Sequence[Sequence[str]], *, figures: bool = False, least: Sequence[int] = (), indent: int = 0) -> str:
    """Return rows of cells as lines of text, their columns aligned and two spaces apart.

    figures: align all columns but the first to the right. least: the smallest width of each column. On a terminal a
    cell that does not fit goes on in the next line; in a file or a pipe each row is one line.
    """
    from rich.console import Console  # here: rich takes a fifth of a second, which no other command has to wait for
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in range(len(rows[0])):
        width = NARROWEST if terminal else least[column] if column < len(least) else None
        table.add_column(justify="right" if figures and column else "left", overflow="fold", min_width=width)
    for row in rows:
        table.add_row(*map(Text, row))  # as Text, brackets in a cell are not read as markup
    lines = io.StringIO()
    width = shutil.get_terminal_size().columns - indent if terminal else UNLIMITED
    Console(file=lines, width=width, color_system=None).print(table, crop=False)
    return "\n".join(" " * indent + line.rstrip() for line in lines.getvalue().splitlines())
