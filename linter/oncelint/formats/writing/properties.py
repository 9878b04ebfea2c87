"""Writing .properties files as java.util.Properties reads them (its API documentation).

What is new is ASCII: other characters are written as `\\uXXXX`, which is read alike in every
encoding. A file with sections is read by configparser as well, which knows no escapes, so that
both must take the text for the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing import ini
from oncelint.formats.writing.lines import (
    Lines,
    Site,
    indentation,
    lines_around,
    locate,
    render_lines,
    separator,
    separator_behind,
)
from oncelint.patches import CannotWrite, Patch

_CONTINUATION = re.compile(r"\\(?:\r\n|\r|\n)[ \t\f]*")
_ONLY_CONTINUED = re.compile(r"[ \t\f]*\\(?:\r\n|\r|\n)")
_NAMED_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f"}


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, the root or a section of `text`.

    A value that went on over several lines stands on one when it is changed.

    Raises CannotWrite when one of them cannot be carried out.
    """
    site = locate("properties", text, mapping)
    sections = any(not isinstance(entry.value, Scalar) for entry in site.root.entries)
    return render_lines("properties", _Properties(site, sections), operations)


@dataclass(frozen=True, slots=True)
class _Properties:
    """`sections`: whether configparser may read the file."""

    site: Site
    sections: bool

    def fold(self, key: str) -> str:
        return key.lower() if self.sections else key

    def lines(self, entry: Entry) -> Lines:
        text = self.site.text
        lines = lines_around(text, entry.key.start, max(entry.key.end, entry.value.end))
        while lines.stop > lines.end and _is_continued(text[lines.start : lines.end]):
            following = lines_around(text, lines.stop, lines.stop)
            lines = Lines(lines.start, following.end, following.stop)
        while lines.start > 0:
            end = lines.start - (2 if text[: lines.start].endswith("\r\n") else 1)
            before = lines_around(text, end, end)
            if not _ONLY_CONTINUED.fullmatch(text, before.start, before.stop):
                break
            lines = Lines(before.start, lines.end, lines.stop)
        return lines

    def check_removal(self, entry: Entry) -> None:
        return None

    def written_key(self, key: str, old: Scalar | None) -> str:
        written = "".join(
            "\\" + character if character in " =:" else _escaped(character) for character in key
        )
        if key[0] in "#!;[":
            written = "\\" + written
        if self.sections:
            ini.check_key(key)
            _check_unescaped(key, written)
        return written

    def change(self, entry: Entry, value: str) -> Patch:
        text = self.site.text
        start, end = entry.value.start, entry.value.end
        if self.sections:
            ini.check_old_value(text[start:end])
        between = _CONTINUATION.sub("", text[entry.key.end : start])
        if not between:
            column = entry.key.end - lines_around(text, entry.key.start, entry.key.end).start
            between = self._separator(entry, column)
            return Patch(start, start, between + self._value(value, between))
        token = self._value(value, between)
        if start == end:
            token = separator_behind(text, between, self.site.neighbours) + token
        return Patch(start, end, token)

    def line(self, like: Entry | None, key: str, value: str) -> str:
        head = (indentation(self.site.text, like) if like else "") + self.written_key(key, None)
        between = self._separator(like, len(head))
        return head + (between + self._value(value, between) if value else between.rstrip())

    def _separator(self, like: Entry | None, width: int) -> str:
        between = separator(self, like, width, "=")
        return between if between.strip() or not self.sections else "="

    def _value(self, value: str, between: str) -> str:
        """A value's token behind the separator `between`."""
        written = "".join(map(_escaped, value))
        if value.endswith(" "):
            # An editor that drops blanks at line ends must not change the value.
            written = written[:-1] + r"\u0020"
        if written.startswith(" ") or (written[:1] in ("=", ":") and not between.strip()):
            written = "\\" + written
        if self.sections:
            ini.check_value(value)
            _check_unescaped(value, written)
        return written


def _check_unescaped(meant: str, written: str) -> None:
    if meant != written:
        raise CannotWrite("a character needs an escape, which configparser does not know")


def _is_continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _escaped(character: str) -> str:
    """A character as it can stand anywhere in a key or value."""
    named = _NAMED_ESCAPES.get(character)
    if named is not None:
        return named
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[index : index + 4]}" for index in range(0, len(units), 4))
