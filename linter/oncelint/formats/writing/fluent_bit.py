"""Writing Fluent Bit's classic configuration: a key, blanks and a value a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing.lines import (
    Lines,
    Site,
    has_control,
    indentation,
    lines_around,
    locate,
    render_lines,
    separator,
)
from oncelint.patches import CannotWrite, Patch


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on a section of `text`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    return render_lines("fluent-bit", _FluentBit(locate("fluent-bit", text, mapping)), operations)


@dataclass(frozen=True, slots=True)
class _FluentBit:
    site: Site

    def fold(self, key: str) -> str:
        return key.lower()

    def lines(self, entry: Entry) -> Lines:
        return lines_around(self.site.text, entry.key.start, max(entry.key.end, entry.value.end))

    def check_removal(self, entry: Entry) -> None:
        return

    def written_key(self, key: str, old: Scalar | None) -> str:
        if has_control(key) or len(key.split()) != 1 or key[0] in "#[@":
            raise CannotWrite("the key has a character that means something else here")
        return key

    def change(self, entry: Entry, value: str) -> Patch:
        start, end = entry.value.start, entry.value.end
        if start == entry.key.end:
            return Patch(start, start, " " + _checked(value))
        return Patch(start, end, _checked(value))

    def line(self, like: Entry | None, key: str, value: str) -> str:
        head = (indentation(self.site.text, like) if like else "    ") + self.written_key(key, None)
        written = separator(self, like, len(head), " ") or " "
        if like is not None and len(head + written) not in map(self._column, self._filled()):
            # what reaches beyond the column of the most stands in that of its like, if it can
            written = " " * max(self._column(like) - len(head), 1)
        return head + written + _checked(value)

    def _filled(self) -> list[Entry]:
        return [one for one in self.site.mapping.entries if one.value.start > one.key.end]

    def _column(self, entry: Entry) -> int:
        """Where a value begins in its line."""
        return entry.value.start - self.lines(entry).start


def _checked(value: str) -> str:
    if has_control(value) or value.strip() != value or not value:
        raise CannotWrite("the value is empty, has a control character or a blank at an end")
    return value
