"""Fixes of suppression comments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncelint.patches import CannotWrite, Patch
from oncelint.text import SourceText

_COMMENT = re.compile(r"(?P<marker>#+|//|!|;+)\s*oncelint:\s*ignore(?:-file)?\[(?P<ids>[^\]]*)\]")


def render(
    text: SourceText, start: int, end: int, changes: Sequence[tuple[str, str | None]]
) -> tuple[Patch, ...]:
    """The patch that gives the rule ids of the comment from `start` to `end` other names, or takes
    them out (None); a comment without an id left goes, with its line if nothing else stands there.

    Raises CannotWrite for a comment that says something else as well.
    """
    source = text.text
    found = _COMMENT.match(source, start, end)
    if found is None:
        raise CannotWrite("the comment holds more than the suppression")
    wanted = dict(changes)
    ids = [one.strip() for one in found["ids"].split(",")]
    left = [new for one in ids if (new := wanted.get(one, one)) is not None]
    if left:
        new_ids = ", ".join(dict.fromkeys(left))
        return (Patch(found.start("ids"), found.end("ids"), new_ids),)
    begin = start
    while begin > 0 and source[begin - 1] in " \t":
        begin -= 1
    if begin > 0 and source[begin - 1] not in "\r\n":
        return (Patch(begin, end, ""),)
    if source.startswith("\r\n", end):
        end += 2
    elif end < len(source) and source[end] in "\r\n":
        end += 1
    return (Patch(begin, end, ""),)
