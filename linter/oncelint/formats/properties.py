"""Java .properties, and INI sections under a .properties name.

The syntax is that of java.util.Properties.load (its API documentation). A line that is exactly
`[name]` opens a section, which Java would read as a key without a value: configuration files read
by Python's configparser often carry the suffix .properties. In a file with sections a line
beginning with `;` is a comment, as configparser has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.formats.guards import check, without_lone_surrogates
from oncelint.formats.tree import Comment, Document, Entry, FormatError, Mapping, Scalar
from oncelint.text import Text

_BLANKS = " \t\f"
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_SECTION = re.compile(r"[ \t\f]*\[([^\[\]=:\\\r\n]*)\][ \t\f]*")
_ANY_SECTION = re.compile(rf"(?:^|[\r\n]){_SECTION.pattern}(?:[\r\n]|\Z)")
# A key ends at the first `=`, `:` or blank that no backslash escapes.
_KEY = re.compile(r"(?:[^\\=: \t\f]+|\\.)*", re.DOTALL)
_SEPARATOR = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(?:u(?P<digits>[0-9A-Fa-f]{4})|(?P<malformed>u)|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Line:
    """A logical line: `text` without its continuations, `pieces` as (index in it, offset)."""

    text: str
    pieces: tuple[tuple[int, int], ...]

    def offset(self, index: int, *, end: bool = False) -> int:
        """Where `text[index]` stands; with `end`, where the character before it ends."""
        place = self.pieces[0][1] + index
        for piece_index, piece_offset in self.pieces[1:]:
            if index < piece_index or (end and index == piece_index):
                break
            place = piece_offset + index - piece_index
        return place


def read(text: Text) -> Document:
    """Read a .properties text.

    The root mapping holds the keys before the first section and one entry for each section,
    whose value encloses the section's entries. A value begins at its first character, on
    whichever line that stands, and keeps trailing blanks, as Java does.

    Raises FormatError for a malformed `\\uXXXX` escape, at which Java throws as well, and past the
    limits of `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "properties")
    sections = _ANY_SECTION.search(source) is not None
    comments: list[Comment] = []
    root: list[Entry] = []
    current = root
    opened: list[tuple[Scalar, int, list[Entry]]] = []
    for line in _logical_lines(source, sections, comments):
        header = _SECTION.fullmatch(line.text) if sections and len(line.pieces) == 1 else None
        if header is None or not header.group(1).strip():
            current.append(_entry(line))
            continue
        name = header.group(1).strip()
        start = line.offset(line.text.index(name))
        key = Scalar(start, start + len(name), name, name)
        current = []
        opened.append((key, line.offset(line.text.rindex("]") + 1), current))
    for key, behind, entries in opened:
        root.append(Entry(key, _section(behind, entries)))
    return Document((Mapping(0, len(source), tuple(root)),), tuple(comments))


def _section(behind_header: int, entries: list[Entry]) -> Mapping:
    """A section encloses its entries; an empty one stands right behind its header."""
    if not entries:
        return Mapping(behind_header, behind_header, ())
    return Mapping(entries[0].key.start, entries[-1].value.end, tuple(entries))


def _logical_lines(source: str, sections: bool, comments: list[Comment]) -> Iterator[_Line]:
    """Lines with their continuations joined; comments go to `comments`, blank lines nowhere."""
    markers = "#!;" if sections else "#!"
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length = 0
    for match in _LINE.finditer(source):
        raw = match.group(1)
        piece = raw.lstrip(_BLANKS)
        start = match.start() + len(raw) - len(piece)
        if not pieces:
            if not piece:
                continue
            if piece[0] in markers:
                content = piece[1:].strip()
                comments.append(Comment(start, start + len(piece.rstrip()), content))
                continue
        continued = (len(piece) - len(piece.rstrip("\\"))) % 2 == 1
        if continued:
            piece = piece[:-1]
        pieces.append((length, start))
        parts.append(piece)
        length += len(piece)
        if not continued:
            if length:
                yield _Line("".join(parts), tuple(pieces))
            parts, pieces, length = [], [], 0
    if length:
        yield _Line("".join(parts), tuple(pieces))


def _entry(line: _Line) -> Entry:
    key_match = _KEY.match(line.text)
    key_end = key_match.end() if key_match else 0
    separator = _SEPARATOR.match(line.text, key_end)
    value_start = separator.end() if separator else key_end
    return Entry(_scalar(line, 0, key_end), _scalar(line, value_start, len(line.text)))


def _scalar(line: _Line, start: int, end: int) -> Scalar:
    decoded = _unescape(line, start, end)
    place = line.offset(start, end=start == end)
    return Scalar(place, line.offset(end, end=True), decoded, decoded)


def _unescape(line: _Line, start: int, end: int) -> str:
    raw = line.text[start:end]
    if "\\" not in raw:
        return raw
    for match in _ESCAPE.finditer(raw):
        if match.group("malformed"):
            raise FormatError("malformed \\uXXXX escape", line.offset(start + match.start()))
    from javaproperties import unescape  # rarely needed, so not worth every start

    return without_lone_surrogates(unescape(raw))
