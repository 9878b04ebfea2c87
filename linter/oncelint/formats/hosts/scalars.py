"""The text of a YAML scalar as a region of its file, whatever style it is written in.

What the reader of YAML makes of a scalar is the measure: a scalar that is not decoded to the same text
here has no region.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from oncelint.formats.tree import Scalar
from oncelint.patches import CannotWrite
from oncelint.text import Piece, Region, Text

_HEADER = re.compile(r"[|>](?:[-+]?[1-9]?|[1-9][-+])[ \t]*(?:#[^\r\n]*)?\r?\n")
_BREAK = re.compile(r"[ \t]*(?:\r?\n[ \t]*)+")
_ESCAPE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r?\n[ \t]*|.)", re.DOTALL
)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "\t": "\t",
}  # fmt: skip


class _Pieces:
    """A region's text as it grows, with where each part of it stands."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pieces: list[Piece] = []
        self.length = 0

    def add(self, part: str, start: int, length: int) -> None:
        if part:
            self.pieces.append(Piece(self.length, len(part), start, length))
            self.parts.append(part)
            self.length += len(part)

    def region(
        self, text: Text, encode: Callable[[str], str], margin: str | None = None
    ) -> Region | None:
        if not self.pieces:
            return None
        return Region("".join(self.parts), text, tuple(self.pieces), encode, margin)


def region_of(scalar: Scalar, text: Text) -> Region | None:
    """The region of a scalar's text; None when there is nothing in it, or its places are not plain."""
    if scalar.style == "block":
        found = _block(scalar, text)
    elif scalar.style in ("single", "double"):
        found = _quoted(scalar, text, scalar.style == "double")
    else:
        found = _plain(scalar, text)
    if found is None or found.text.rstrip("\n") != scalar.text.rstrip("\n"):
        return None
    return found


def literal_region(scalar: Scalar, text: Text) -> Region | None:
    """The region of a literal block (`|`), with the line ends of its file; None for other scalars."""
    literal = scalar.style == "block" and text.text[scalar.start] == "|"
    return _block(scalar, text) if literal else None


def _block(scalar: Scalar, text: Text) -> Region | None:
    source = text.text
    header = _HEADER.match(source, scalar.start)
    if header is None:
        return None
    lines = source[header.end() : scalar.end].splitlines(keepends=True)
    filled = [line for line in lines if line.strip()]
    if not filled:
        return None
    indent = len(filled[0]) - len(filled[0].lstrip(" "))
    if source[scalar.start] == "|":
        return _literal(lines, indent, header.end(), text)
    return _folded(lines, indent, header.end(), text)


def _literal(lines: list[str], indent: int, place: int, text: Text) -> Region | None:
    pieces = _Pieces()
    for line in lines:
        cut = min(indent, len(line) - len(line.lstrip(" ")))
        pieces.add(line[cut:], place + cut, len(line) - cut)
        place += len(line)
    return pieces.region(text, str, " " * indent)


def _folded(lines: list[str], indent: int, place: int, text: Text) -> Region | None:
    """Lines of a folded block: one break between two of them is a blank, unless one is indented
    more; blank lines between them are breaks."""
    pieces = _Pieces()
    gap, blank, before = 0, 0, ""
    for line in lines:
        content = line[indent:].rstrip("\r\n") if line.strip() else ""
        if not content:
            blank += 1
        else:
            if before:
                kept = before[0] in " \t" or content[0] in " \t"
                between = "\n" * (blank + 1) if kept else "\n" * blank or " "
                pieces.add(between, gap, place + indent - gap)
            elif blank:
                return None
            pieces.add(content, place + indent, len(content))
            gap, blank, before = place + indent + len(content), 0, content
        place += len(line)
    return pieces.region(text, _on_one_line)


def _on_one_line(edit: str) -> str:
    if "\n" in edit or "\r" in edit:
        raise CannotWrite("its lines are folded")
    return edit


def _quoted(scalar: Scalar, text: Text, double: bool) -> Region | None:
    source = text.text
    place, end = scalar.start + 1, scalar.end - 1
    pieces = _Pieces()
    while place < end:
        char = source[place]
        if double and char == "\\":
            escape = _ESCAPE.match(source, place, end)
            if escape is None:
                return None
            pieces.add(_unescaped(escape.group()), place, len(escape.group()))
            place = escape.end()
        elif not double and source[place : place + 2] == "''":
            pieces.add("'", place, 2)
            place += 2
        elif (folded := _BREAK.match(source, place, end)) is not None and "\n" in folded.group():
            _fold(pieces, folded)
            place = folded.end()
        else:
            stop = place + 1
            while stop < end and source[stop] not in "\\'\n\r \t":
                stop += 1
            pieces.add(source[place:stop], place, stop - place)
            place = stop
    return pieces.region(text, _in_double if double else _in_single)


def _fold(pieces: _Pieces, found: re.Match[str]) -> None:
    breaks = found.group().count("\n")
    pieces.add("\n" * (breaks - 1) or " ", found.start(), found.end() - found.start())


def _unescaped(escape: str) -> str:
    kind = escape[1]
    if kind in "xuU" and len(escape) > 2:
        return chr(int(escape[2:], 16))
    return "" if kind in "\r\n" else _ESCAPES.get(kind, escape)


def _in_double(edit: str) -> str:
    return json.dumps(edit, ensure_ascii=False)[1:-1]


def _in_single(edit: str) -> str:
    return _on_one_line(edit).replace("'", "''")


def _plain(scalar: Scalar, text: Text) -> Region | None:
    source = text.text
    pieces = _Pieces()
    place = scalar.start
    for folded in _BREAK.finditer(source, scalar.start, scalar.end):
        pieces.add(source[place : folded.start()], place, folded.start() - place)
        _fold(pieces, folded)
        place = folded.end()
    pieces.add(source[place : scalar.end], place, scalar.end - place)
    return pieces.region(text, _in_plain)


def _in_plain(edit: str) -> str:
    if re.search(r":(?:\s|\Z)|(?:\s|\A)#", edit):
        raise CannotWrite("the text has no quotes around it")
    return _on_one_line(edit)


def undoubled(region: Region) -> Region:
    """A region in which docker compose's `$$` is the `$` that the container sees."""
    if "$$" not in region.text:
        return Region(
            region.text,
            region,
            (Piece(0, len(region.text), 0, len(region.text)),),
            lambda edit: edit.replace("$", "$$"),
        )
    pieces = _Pieces()
    place = 0
    while (found := region.text.find("$$", place)) >= 0:
        pieces.add(region.text[place:found], place, found - place)
        pieces.add("$", found, 2)
        place = found + 2
    pieces.add(region.text[place:], place, len(region.text) - place)
    doubled = pieces.region(region, lambda edit: edit.replace("$", "$$"))
    return doubled if doubled is not None else region
