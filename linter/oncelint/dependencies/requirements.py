"""Requirements and constraints files of pip ("Requirements File Format" in pip's documentation)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.dependencies import pep508
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.DOTALL)
_OPTION = re.compile(r"\s+--?[A-Za-z].*", re.DOTALL)
_EDITABLE = re.compile(r"\s*(?:-e|--editable)(?:\s+|=)")


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The requirements of a pip requirements file.

    Other files it includes (`-r`, `-c`) are read as files of their own. Environment markers do
    not matter: what is installed in one environment is a version that is possible.
    """
    found: list[Requirement] = []
    for line, offset in logical_lines(text.text):
        found.extend(of_line(text, line, offset))
    return tuple(found)


def of_line(text: SourceText, line: str, offset: int) -> tuple[Requirement, ...]:
    """The requirement of one logical line, every character of which stands at `offset` plus its
    index in `text`."""
    comment = _COMMENT.search(line)
    content = line[: comment.start()] if comment is not None else line
    editable = _EDITABLE.match(content)
    begin = editable.end() if editable is not None else 0
    if content[begin:].lstrip().startswith("-"):
        return ()
    option = _OPTION.search(content, begin)
    end = option.start() if option is not None else len(content.rstrip())
    return pep508.requirements(text, pep508.parse(line, begin, end), offset)


def logical_lines(source: str, *, through_comments: bool = False) -> Iterator[tuple[str, int]]:
    """Lines with continuations joined, each with its offset; a backslash and the line end behind
    it become blanks, so that offsets stay true.

    A comment between continued lines ends them for pip; with `through_comments` it is left out, as
    a Dockerfile has it.
    """
    parts: list[str] = []
    start = 0
    for match in _LINE.finditer(source):
        raw = match.group()
        body = raw.rstrip("\r\n")
        if not parts:
            start = match.start()
        is_comment = body.lstrip().startswith("#")
        if is_comment and parts and through_comments:
            parts.append(" " * len(raw))
            continue
        if body.endswith("\\") and not is_comment and len(body) < len(raw):
            parts.append(body[:-1] + " " * (len(raw) - len(body) + 1))
            continue
        parts.append(body)
        yield "".join(parts), start
        parts = []
    if parts:
        yield "".join(parts), start
