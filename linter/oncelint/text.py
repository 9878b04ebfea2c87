"""Source text: the one owner of bytes, code points, UTF-16 units, lines and columns.

Formats read a `Text` and speak in code point offsets of it; only here do offsets become lines
and columns of a file. A `Region` is a document inside a document (JSON in a shell heredoc, SQL
in a Python string): formats read it like any other text and never learn about its host.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from oncelint.model.values import Position, Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class TextError(Exception):
    """The bytes are no text in any encoding that is tried; the message says why."""


class Text(Protocol):
    """What a format reader needs to know of a text."""

    @property
    def text(self) -> str: ...

    def span(self, start: int, end: int) -> Span:
        """The place in the *file* of the code points `start` to `end` of this text."""
        ...


class SourceText:
    """One file's decoded text and its coordinates.

    A line ends at CR LF, LF or CR and nowhere else, as editors and compilers count. A byte order
    mark belongs to the encoding, not to the text, so column 1 is the first visible character.
    """

    __slots__ = ("_starts", "_text", "bom", "encoding", "path")

    def __init__(self, path: str, text: str, encoding: str = "utf-8", bom: bytes = b"") -> None:
        self.path = path
        self.encoding = encoding
        self.bom = bom
        self._text = text
        self._starts: list[int] | None = None

    @property
    def text(self) -> str:
        return self._text

    @classmethod
    def decode(cls, path: str, data: bytes, *, latin1: bool = False) -> SourceText:
        """Decode a file's bytes.

        With `latin1`, bytes that are not UTF-8 are read as ISO-8859-1, which is what
        java.util.Properties did before Java 9 and still does for streams.

        Raises TextError for bytes that are no text.
        """
        for bom, encoding in (
            (codecs.BOM_UTF8, "utf-8"),
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
        ):
            if data.startswith(bom):
                return cls(path, _decode(data[len(bom) :], encoding), encoding, bom)
        if b"\x00" in data[:8192]:
            raise TextError("binary file")
        try:
            return cls(path, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            if latin1:
                return cls(path, data.decode("latin-1"), "latin-1")
            raise TextError(f"not UTF-8 at byte {error.start}") from None

    def encode(self, text: str) -> bytes:
        """The file's bytes for `text`, in this file's encoding and with its byte order mark."""
        return self.bom + text.encode(self.encoding)

    @property
    def starts(self) -> list[int]:
        """Offset of each line's first code point."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(self._text))]
        return self._starts

    def position(self, offset: int) -> Position:
        """Line and column of a code point offset."""
        line = bisect_right(self.starts, offset)
        return Position(line, offset - self.starts[line - 1] + 1)

    def offset(self, position: Position) -> int:
        """Code point offset of a line and column.

        Columns behind a line's end are clamped to it (its line end is not part of a line), lines
        behind the text's end to that.
        """
        if position.line > len(self.starts):
            return len(self._text)
        start = self.starts[position.line - 1]
        return start + min(position.column - 1, len(self.line(position.line)))

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, self.position(start), self.position(end))

    def slice(self, span: Span) -> str:
        """The text of a span of this file."""
        return self._text[self.offset(span.start) : self.offset(span.end)]

    def line(self, number: int) -> str:
        """A 1-based line without its line end."""
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self._text)
        return self._text[start:end].rstrip("\r\n")

    def utf16_column(self, position: Position) -> int:
        """0-based UTF-16 column, as editors' protocols count."""
        start = self.starts[position.line - 1]
        prefix = self._text[start : start + position.column - 1]
        return len(prefix.encode("utf-16-le")) // 2

    def byte_offset(self, offset: int) -> int:
        """Offset in the file's bytes of a code point offset."""
        return len(self.bom) + len(self._text[:offset].encode(self.encoding))


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TextError(f"not {encoding.upper()} at byte {error.start}") from None


@dataclass(frozen=True, slots=True)
class Piece:
    """`length` code points of a region beginning at `start` that stand in the host as
    `host_length` code points beginning at `host_start`.

    Equal lengths mean letter for letter; unequal ones are an escape, which is one unit.
    """

    start: int
    length: int
    host_start: int
    host_length: int


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Region:
    """Decoded text standing inside a host text, possibly a region itself.

    `pieces` ascend and cover `text`; what separates them in the host (quotes, the seams of
    implicitly concatenated literals) is no part of the region. `encode` turns text to be put into
    the region into what the host has for it; with a `margin` the host stands at the beginning of each
    line that is not empty, and only whole lines can be put into it.
    """

    text: str
    host: Text
    pieces: tuple[Piece, ...]
    encode: Callable[[str], str] = field(default=_unchanged, compare=False)
    margin: str | None = None

    def host_offset(self, offset: int, *, end: bool = False) -> int:
        """Where an offset of this region stands in the host.

        With `end`, an offset on a seam belongs to the piece before it.
        """
        if not self.pieces:
            raise ValueError("a region without pieces has no place")
        wanted = offset - (1 if end and offset > 0 else 0)
        index = bisect_right(self.pieces, wanted, key=lambda piece: piece.start) - 1
        piece = self.pieces[max(index, 0)]
        inside = offset - piece.start
        if piece.length == piece.host_length:
            return piece.host_start + min(inside, piece.length)
        return piece.host_start + (piece.host_length if inside >= piece.length else 0)

    def span(self, start: int, end: int) -> Span:
        if start == end:
            # On a seam the two sides are different places; an empty span has but one.
            place = self.host_offset(start)
            return self.host.span(place, place)
        return self.host.span(self.host_offset(start), self.host_offset(end, end=True))
