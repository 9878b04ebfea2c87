"""Writing INI files that Python's configparser reads.

What a value may not hold is what configparser's variants read differently: `%` is interpolated by
ConfigParser and not by RawConfigParser, and what looks like a comment behind a value is one only
where `inline_comment_prefixes` says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing.lines import (
    LINE_END,
    Lines,
    Site,
    has_control,
    indentation,
    lines_around,
    locate,
    render_lines,
    separator,
    separator_behind,
)
from oncelint.patches import CannotWrite, Patch

_INLINE_COMMENT = re.compile(r"(?:^|\s)[#;]")
# A delimiter, or what inline_comment_prefixes may make a comment.
_NOT_IN_KEY = re.compile(r"[=:]|\s[#;]")
_BLANKS = re.compile(r"[^\S\r\n]*")


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, a section or the root of `text`.

    Keys that differ in case only are one key, as configparser has it. A comment at the end of a
    value cannot be told from the value, so that such a value is not changed.

    Raises CannotWrite when one of them cannot be carried out.
    """
    site = locate("ini", text, mapping)
    return render_lines("ini", _Ini(site), operations)


def check_key(key: str) -> None:
    """Raise CannotWrite for a key that configparser would not read as it is."""
    if has_control(key) or key.strip() != key:
        raise CannotWrite("the key has a control character or a blank at an end")
    if key[0] in "#;[" or _NOT_IN_KEY.search(key):
        raise CannotWrite("the key has a character that means something else in an INI file")


def check_value(value: str) -> None:
    """Raise CannotWrite for a value that configparser's variants do not all read as it is."""
    if has_control(value) or value.strip() != value:
        raise CannotWrite("the value has a control character or a blank at an end")
    if "%" in value:
        raise CannotWrite("configparser may take the value's `%` for the start of a reference")
    if _INLINE_COMMENT.search(value):
        raise CannotWrite("configparser may take a part of the value for a comment")


def check_old_value(token: str) -> None:
    """Raise CannotWrite for a value as written that may hold a comment."""
    if any(_INLINE_COMMENT.search(line) for line in LINE_END.split(token)):
        raise CannotWrite("what may be a comment stands in the old value")


@dataclass(frozen=True, slots=True)
class _Ini:
    site: Site

    def fold(self, key: str) -> str:
        return key.lower()

    def lines(self, entry: Entry) -> Lines:
        return lines_around(self.site.text, entry.key.start, max(entry.key.end, entry.value.end))

    def check_removal(self, entry: Entry) -> None:
        token = self.site.text[entry.value.start : entry.value.end]
        if any(_INLINE_COMMENT.match(line.strip()) for line in LINE_END.split(token)[1:]):
            raise CannotWrite("a comment stands between the lines of the old value")

    def written_key(self, key: str, old: Scalar | None) -> str:
        check_key(key)
        return key

    def change(self, entry: Entry, value: str) -> Patch:
        check_value(value)
        text = self.site.text
        start, end = entry.value.start, entry.value.end
        token = text[start:end]
        check_old_value(token)
        if start == entry.key.end:
            between = separator(self, entry, self._column(entry), " = ")
            return Patch(start, start, (between + value) if value else between.rstrip())
        if token and not token[0].isspace():
            return Patch(start, end, value)
        written = text[entry.key.end : start]
        blanks = _BLANKS.match(text, start) if not token else None
        if blanks and blanks.group():
            return Patch(blanks.end(), blanks.end(), value)
        blank = separator_behind(text, written, self.site.neighbours) if value else ""
        return Patch(start, end, blank + value)

    def line(self, like: Entry | None, key: str, value: str) -> str:
        check_value(value)
        head = (indentation(self.site.text, like) if like else "") + self.written_key(key, None)
        between = separator(self, like, len(head), " = ")
        return head + (between + value if value else between.rstrip())

    def _column(self, entry: Entry) -> int:
        return entry.key.end - lines_around(self.site.text, entry.key.start, entry.key.end).start
