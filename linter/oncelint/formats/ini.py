"""INI files as Python's configparser reads them with its default options, values not interpolated.

Differences, all towards accepting more: keys may stand before the first section (librdkafka's
client.properties has no sections), keys may have no value, duplicates stay, keys keep their case,
and a lone CR ends a line. `[DEFAULT]` is a section like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from oncelint.formats.guards import check, without_lone_surrogates
from oncelint.formats.tree import Comment, Document, Entry, FormatError, Mapping, Scalar
from oncelint.text import Text

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_SECTION = re.compile(r"\[(.+)\]")
_DELIMITER = re.compile(r"[=:]")
_BEHIND_INDENT = re.compile(r"\S")


@dataclass(slots=True)
class _Option:
    """A key whose value may still grow by indented lines; `lines` is None without a delimiter."""

    key: Scalar
    start: int
    end: int
    lines: list[str] | None

    def entry(self) -> Entry:
        if self.lines is None:
            return Entry(self.key, Scalar(self.start, self.end, None, ""))
        text = "\n".join(self.lines).rstrip()
        return Entry(self.key, Scalar(self.start, self.end, text, text))


@dataclass(slots=True)
class _Section:
    """A section that is still open; `key` is None before the first header."""

    key: Scalar | None
    behind: int
    options: list[_Option] = field(default_factory=list)


def read(text: Text) -> Document:
    """Read an INI text.

    The root mapping holds the keys before the first section and one entry for each section,
    whose value encloses the section's entries. A key without a delimiter has the value None. A
    value that goes on in indented lines is one scalar, its lines joined by LF; when nothing
    stands on the key's own line the value begins right behind the delimiter.

    Raises FormatError for a delimiter without a key, and past the limits of
    `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "ini")
    sections, comments = _scan(source)
    root: list[Entry] = []
    for section in sections:
        entries = tuple(option.entry() for option in section.options)
        if section.key is None:
            root.extend(entries)
        elif entries:
            mapping = Mapping(entries[0].key.start, entries[-1].value.end, entries)
            root.append(Entry(section.key, mapping))
        else:
            root.append(Entry(section.key, Mapping(section.behind, section.behind, ())))
    return Document((Mapping(0, len(source), tuple(root)),), comments)


def _scan(source: str) -> tuple[list[_Section], tuple[Comment, ...]]:
    sections = [_Section(None, 0)]
    comments: list[Comment] = []
    indent = 0
    option: _Option | None = None
    for match in _LINE.finditer(source):
        raw = match.group(1)
        content = raw.strip()
        if not content:
            if option is not None and option.lines is not None:
                option.lines.append("")
            continue
        shown = _BEHIND_INDENT.search(raw)
        own_indent = shown.start() if shown else 0
        start = match.start() + own_indent
        end = start + len(content)
        if content[0] in "#;":
            comments.append(Comment(start, end, content[1:].strip()))
            continue
        if option is not None and option.lines is not None and own_indent > indent:
            option.lines.append(content)
            option.end = end
            continue
        indent = own_indent
        header = _SECTION.match(content)
        if header:
            name = header.group(1)
            key = Scalar(start + 1, start + 1 + len(name), name, name)
            sections.append(_Section(key, start + header.end()))
            option = None
            continue
        option = _option(content, start)
        sections[-1].options.append(option)
    return sections, tuple(comments)


def _option(content: str, start: int) -> _Option:
    """The option of a line whose stripped `content` begins at `start`."""
    delimiter = _DELIMITER.search(content)
    name = content[: delimiter.start()].rstrip() if delimiter else content
    if not name:
        raise FormatError("a value without a key", start)
    key = Scalar(start, start + len(name), name, name)
    if delimiter is None:
        return _Option(key, key.end, key.end, None)
    value = content[delimiter.end() :].lstrip()
    end = start + len(content)
    return _Option(key, end - len(value), end, [value])
