"""Fluent Bit's classic configuration: `[SECTION]` and indented lines of a key, blanks and a value.

Source: "Classic mode: format and schema" of Fluent Bit's manual; src/config_format/flb_cf_fluentbit.c.
"""

from __future__ import annotations

import re

from oncelint.formats.guards import check, without_lone_surrogates
from oncelint.formats.tree import Comment, Document, Entry, Mapping, Scalar
from oncelint.text import Text

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
# A section's header begins its line, and what stands behind it is dropped.
_SECTION = re.compile(r"\[([^\]\r\n]+)\].*")
_GROUP = re.compile(r"([ \t]+)\[[^\]\r\n]+\].*")
_PAIR = re.compile(r"([ \t]+)(\S+)(?:[ \t]+(\S.*?))?[ \t]*")


def read(text: Text) -> Document:
    """Read a configuration; its root maps each section's name, in file order and repeated as it
    is, to the mapping of its keys. `@INCLUDE` and `@SET` lines are no entries, nor are the keys of
    a group, which stand deeper below a header of their own (`[PROCESSOR]`).

    Raises FormatError past the limits of `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "fluent-bit")
    sections: list[tuple[Scalar, int, list[Entry]]] = []
    comments: list[Comment] = []
    group: int | None = None
    for match in _LINE.finditer(source):
        line, start = match[1], match.start()
        content = line.strip()
        begin = start + len(line) - len(line.lstrip())
        if content.startswith("#"):
            comments.append(Comment(begin, begin + len(content), content[1:].strip()))
            continue
        header = _SECTION.fullmatch(line)
        if header is not None:
            name, group = header[1], None
            at = start + header.start(1)
            sections.append((Scalar(at, at + len(name), name, name), match.end(1), []))
            continue
        deeper = _GROUP.fullmatch(line)
        if deeper is not None:
            group = len(deeper[1])
            continue
        pair = _PAIR.fullmatch(line)
        if pair is None or not sections:
            continue
        if group is not None:
            if len(pair[1]) > group:
                continue
            group = None
        value = pair[3] or ""
        end = start + (pair.end(3) if pair[3] else pair.end(2))
        key = Scalar(start + pair.start(2), start + pair.end(2), pair[2], pair[2])
        sections[-1][2].append(Entry(key, Scalar(end - len(value), end, value, value)))
    return Document((_root(sections, len(source)),), tuple(comments))


def _root(sections: list[tuple[Scalar, int, list[Entry]]], length: int) -> Mapping:
    entries: list[Entry] = []
    for key, behind, own in sections:
        start, end = (own[0].key.start, own[-1].value.end) if own else (behind, behind)
        entries.append(Entry(key, Mapping(start, end, tuple(own))))
    return Mapping(0, length, tuple(entries))
