"""Writing Logstash pipelines: settings of one line each, `key => value`."""

from __future__ import annotations

import re
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

_WORD = re.compile(r"-?\d+|true|false")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on a plugin of `text`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    return render_lines("logstash", _Logstash(locate("logstash", text, mapping)), operations)


@dataclass(frozen=True, slots=True)
class _Logstash:
    site: Site

    def fold(self, key: str) -> str:
        return key

    def lines(self, entry: Entry) -> Lines:
        text = self.site.text
        found = lines_around(text, entry.key.start, entry.value.end)
        behind = text[entry.value.end : found.end].strip()
        if text[found.start : entry.key.start].strip() or (behind and behind[0] not in "#"):
            raise CannotWrite("the setting shares its line with others")
        return found

    def check_removal(self, entry: Entry) -> None:
        return

    def written_key(self, key: str, old: Scalar | None) -> str:
        if not _KEY.fullmatch(key):
            raise CannotWrite(f"{key} is no setting's name in Logstash")
        return key

    def change(self, entry: Entry, value: str) -> Patch:
        old = entry.value
        if not isinstance(old, Scalar):
            raise CannotWrite("the old value is a list or a block")
        return Patch(old.start, old.end, _quoted(value, old))

    def line(self, like: Entry | None, key: str, value: str) -> str:
        text = self.site.text
        if like is None:
            raise CannotWrite("the plugin has no setting to stand beside")
        head = indentation(text, like) + self.written_key(key, None)
        model = like.value if isinstance(like.value, Scalar) else None
        return head + separator(self, like, len(head), " => ") + _quoted(value, model)


def _quoted(value: str, like: Scalar | None) -> str:
    if has_control(value) or '"' in value or "'" in value:
        raise CannotWrite("the value has a quote or a control character")
    if like is not None and like.style == "single":
        return f"'{value}'"
    bare = like is None or like.style == "plain"
    return value if bare and _WORD.fullmatch(value) else f'"{value}"'
