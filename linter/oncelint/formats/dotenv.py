"""Environment files as python-dotenv reads them, which docker compose's env_file resembles.

`${VAR}` and `${VAR:-default}` stay as written: what they stand for is known at run time only.
"""

from __future__ import annotations

import re
from io import StringIO

from oncelint.formats.guards import check, without_lone_surrogates
from oncelint.formats.tree import Comment, Document, Entry, FormatError, Mapping, Scalar, Style
from oncelint.text import Text

# Blanks, `export`, the key and what stands before its value, in the parser's own terms.
_KEY = re.compile(r"\s*(?:export[^\S\r\n]+)?(?P<key>'[^']+'|[^=#\s]+)[^\S\r\n]*")
_EQUALS = re.compile(r"=[^\S\r\n]*")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_COMMENT = re.compile(r"\s*(#[^\r\n]*)")


def read(text: Text) -> Document:
    """Read an environment file; its root is one mapping whose values are strings.

    A key without `=` is no entry. Lines that python-dotenv skips with a warning are skipped.

    Raises FormatError past the limits of `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "dotenv")
    from dotenv.parser import parse_stream  # loads logging and tempfile

    entries: list[Entry] = []
    comments: list[Comment] = []
    # The parser drops a byte order mark that is part of the text.
    place = 1 if source.startswith("\ufeff") else 0
    # StringIO leaves line ends alone, so that the parts add up to the text.
    for binding in parse_stream(StringIO(source)):
        start, place = place, place + len(binding.original.string)
        if binding.error:
            continue
        after = start
        if binding.key is not None:
            entry, after = _entry(source, start, binding.key, binding.value)
            if entry:
                entries.append(entry)
        comment = _COMMENT.match(source, after, place)
        if comment:
            written = comment.group(1).rstrip()
            begin = comment.start(1)
            comments.append(Comment(begin, begin + len(written), written[1:].strip()))
    return Document((Mapping(0, len(source), tuple(entries)),), tuple(comments))


def _entry(source: str, start: int, key: str, value: str | None) -> tuple[Entry | None, int]:
    """The entry of a binding that begins at `start`, and the offset behind it."""
    key_match = _KEY.match(source, start)
    if key_match is None:
        raise FormatError("a line that is no assignment", start)
    equals = _EQUALS.match(source, key_match.end())
    if value is None or equals is None:
        return None, key_match.end("key")
    key_style: Style = "single" if key_match.group("key").startswith("'") else "plain"
    key_scalar = Scalar(key_match.start("key"), key_match.end("key"), key, key, key_style)
    begin = equals.end()
    quoted = _QUOTED.match(source, begin)
    style: Style
    if quoted:
        style = "single" if quoted.group().startswith("'") else "double"
        end = quoted.end()
    else:
        # Nothing is escaped in an unquoted value, so that its text is as long as its token.
        style = "plain"
        end = begin + len(value)
    return Entry(key_scalar, Scalar(begin, end, value, value, style)), end
