"""Text in aligned columns, for tables on a terminal and in logs."""

import io
import re
import shutil
import sys
from collections.abc import Collection, Sequence
from typing import Literal

UNLIMITED = 100_000  # characters: wider than any table
NARROWEST = 6  # characters that a column keeps on a narrow terminal
# Where a cell without blanks goes on in the next line if it does not fit. rich breaks lines at white space only, and
# takes this control character for white space of no width.
BREAK = "\x1f"
BREAKABLE = re.compile(r"([-_/.])")


def aligned(
    rows: Sequence[Sequence[str]],
    *,
    figures: bool = False,
    least: Sequence[int] = (),
    whole: Collection[int] = (),
    indent: int = 0,
) -> str:
    """Return rows of cells as lines of text, their columns aligned and two spaces apart.

    figures: align all columns but the first to the right. least: the smallest width of each column. On a terminal a
    cell that does not fit goes on in the next line, but in the columns `whole` only where nothing else helps; in a file
    or a pipe each row is one line.
    """
    from rich.console import Console  # here: rich takes a fifth of a second, which no other command has to wait for
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    room = shutil.get_terminal_size().columns - indent if terminal else UNLIMITED
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in range(len(rows[0])):
        width = NARROWEST if terminal else least[column] if column < len(least) else None
        if column in whole:
            width = max(len(line) for row in rows for line in row[column].splitlines() or [""])
        side: Literal["left", "right"] = "right" if figures and column else "left"
        table.add_column(justify=side, overflow="fold", min_width=width, no_wrap=column in whole)
    for row in rows:
        cells = [BREAKABLE.sub(rf"\1{BREAK}", cell) for cell in row] if terminal else row
        table.add_row(*map(Text, cells))  # as Text, brackets in a cell are not read as markup
    lines = io.StringIO()
    Console(file=lines, width=room, color_system=None).print(table, crop=False)
    text = lines.getvalue().replace(BREAK, "")
    return "\n".join(" " * indent + line.rstrip() for line in text.splitlines())
