"""Writing environment files that python-dotenv, docker compose and a shell read alike.

The three differ in what they make of a value that is not quoted, or in double quotes, so that
those are only used for what all of them take literally.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar, Style
from oncelint.formats.writing.lines import (
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

# Letters, digits and what no reader of such files treats specially.
_PLAIN = re.compile(r"[\w./:,@%+=-]*")
_NOT_IN_SINGLE = re.compile(r"['\\]")
_NOT_IN_DOUBLE = re.compile(r"[$`]")
_NOT_IN_KEY = re.compile(r"""[=#\s'"\\$]""")


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, the root of `text`.

    A value keeps its quotes where they can carry the new one. A new entry is quoted as most
    entries are that need not be, and has `export` before it as its neighbour has.

    Raises CannotWrite when one of them cannot be carried out.
    """
    site = locate("dotenv", text, mapping)
    return render_lines("dotenv", _Dotenv(site), operations)


@dataclass(frozen=True, slots=True)
class _Dotenv:
    site: Site

    def fold(self, key: str) -> str:
        return key

    def lines(self, entry: Entry) -> Lines:
        return lines_around(self.site.text, entry.key.start, entry.value.end)

    def check_removal(self, entry: Entry) -> None:
        return None

    def written_key(self, key: str, old: Scalar | None) -> str:
        if _NOT_IN_KEY.search(key) or has_control(key):
            raise CannotWrite("the key has a character that no environment file can carry")
        return f"'{key}'" if old and old.style == "single" else key

    def change(self, entry: Entry, value: str) -> Patch:
        text = self.site.text
        start, end = entry.value.start, entry.value.end
        style = entry.value.style if isinstance(entry.value, Scalar) else "plain"
        token = _quoted(value, style)
        if start < end:
            return Patch(start, end, token)
        # A shell wants the value right behind the sign, and a comment may follow the blanks.
        written = text[entry.key.end : start].rstrip()
        place = entry.key.end + len(written)
        return Patch(place, place, separator_behind(text, written, self.site.neighbours) + token)

    def line(self, like: Entry | None, key: str, value: str) -> str:
        head = indentation(self.site.text, like) if like else ""
        head += self.written_key(key, like.key if like else None)
        between = separator(self, like, len(head), "=")
        token = _quoted(value, self._usual_style())
        return head + (between + token if token else between.rstrip())

    def _usual_style(self) -> Style:
        """The style of most values that could be written without quotes."""
        values = [entry.value for entry in self.site.neighbours]
        styles = Counter(
            value.style
            for value in values
            if isinstance(value, Scalar) and value.text and _PLAIN.fullmatch(value.text)
        )
        return styles.most_common(1)[0][0] if styles else "plain"


def _quoted(value: str, style: Style) -> str:
    """The token for a value: in `style` if that can carry it, else in single, else in double
    quotes."""
    if has_control(value):
        raise CannotWrite("the value has a control character")
    if "${" in value:
        raise CannotWrite("the value's `${` would be filled in from the environment")
    if value.endswith("\\"):
        raise CannotWrite("a backslash at the value's end is not read alike everywhere")
    single = not _NOT_IN_SINGLE.search(value)
    double = not _NOT_IN_DOUBLE.search(value)
    if style == "plain" and _PLAIN.fullmatch(value):
        return value
    if single and (style != "double" or not double):
        return f"'{value}'"
    if double:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    raise CannotWrite("no kind of quotes can carry the value")
