"""Lines of text as a terminal shows them: measured in cells, cut and wrapped to its width."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from oncelint.report import Context
from oncelint.report.text import printable

FRAME = "blue"
# How long a line of source may be where nothing else limits it.
PIPE_WIDTH = 120
_TAB = 4


def stated(gutter: int, name: str) -> Text:
    """The beginning of a line below the excerpts, ` = name`."""
    return Text(" " * gutter + " = ", style=FRAME).append(name, style="bold")


def framed(gutter: int, number: str) -> Text:
    """The frame to the left of a line: `number` (or nothing) in a gutter of so many cells."""
    return Text(f"{number:>{gutter}} | ", style=FRAME)


def in_cells(text: str) -> tuple[str, list[int]]:
    """The line as printed, and each code point's first cell in it (one more for the end)."""
    parts: list[str] = []
    positions: list[int] = []
    width = 0
    for character in text:
        positions.append(width)
        if character == "\t":
            shown = " " * (_TAB - width % _TAB)
        else:
            shown = printable(character)
        parts.append(shown)
        width += cell_len(shown)
    positions.append(width)
    return "".join(parts), positions


@dataclass(frozen=True, slots=True)
class Cut:
    """A line's visible part: `text`, and how many cells the carets move to the left."""

    text: str
    shift: int


def cut_to(cells: str, focus: int, reach: int, room: int) -> Cut:
    """Cut a line to `room` cells around the stretch from `focus` to `reach`."""
    total = cell_len(cells)
    if total <= room:
        return Cut(cells.rstrip(), 0)
    left = 0
    if reach > room - 1:
        left = max(min(focus - room // 4, total - room + 1), 0)
    body, begin = _from_cell(cells, left)
    lead = "…" if begin else ""
    if lead:
        body, begin = _from_cell(cells, left + 1)
    space = room - len(lead)
    if cell_len(body) > space:
        body = chop_cells(body, space - 1)[0] + "…"
    return Cut(lead + body.rstrip(), begin - len(lead))


def _from_cell(cells: str, left: int) -> tuple[str, int]:
    """What stands at cell `left` and behind it, and the cell it begins at."""
    width = 0
    for index, character in enumerate(cells):
        if width >= left:
            return cells[index:], width
        width += cell_len(character)
    return "", width


def wrapped(text: Text, context: Context, *, tail: Text) -> list[Text]:
    """The text in lines no wider than the terminal; those behind the first begin with `tail`."""
    width = context.width
    if width is None or text.cell_len <= width:
        return [text]
    scratch = Console(width=width, file=io.StringIO())
    first, *rest = text.wrap(scratch, width)
    for line in (first, *rest):
        line.rstrip()
    joined = Text(" ").join(rest)
    room = max(width - tail.cell_len, 8)
    return [first, *(tail.copy().append_text(line) for line in joined.wrap(scratch, room))]
