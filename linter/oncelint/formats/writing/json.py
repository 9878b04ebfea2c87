"""JSON: objects, with or without comments, on one line or on several."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing.trees import joined, new_entries, plan, token_patches
from oncelint.formats.writing.trees.brackets import Brackets, bracket_patches
from oncelint.formats.writing.trees.lines import Lines
from oncelint.formats.writing.trees.spelling import Item, separator
from oncelint.model.values import Scalar as ScalarValue
from oncelint.patches import CannotWrite, Patch

_BREAKS = r"\r\n|\r|\n"
_COMMENT = r"//[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/"


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out `operations` on an object, offsets in code points.

    A new entry stands on a line of its own where the last one does. The comma behind the last
    entry comes and goes with its need; it stands before a comment. An object of which every entry
    is removed keeps its braces, and lines and comments between them.

    Raises CannotWrite as `oncelint.formats.writing.trees.plan` does; when the value to change is
    an array or object, or the new one infinite or no number; when an entry is to be removed of an
    object whose lines begin with commas.
    """
    items = [_item(entry) for entry in mapping.entries]
    notation = _Json()
    work = plan(mapping, items, operations, "it is no entry of this object")
    lines = Lines(text, _BREAKS, _COMMENT)
    brackets = Brackets(lines, mapping.start + 1, mapping.end - 1, items)
    added = new_entries(text, items, work, notation, ":")
    compact = separator(text, items, 0, ":").endswith(":")
    return joined(
        [
            *token_patches(text, items, work, notation),
            *bracket_patches(brackets, work.removed, added, compact),
        ]
    )


def _item(entry: Entry) -> Item:
    key, value = entry.key, entry.value
    nested = None if isinstance(value, Scalar) else "its value is an array or object"
    span = (key.start, key.end)
    return Item(entry, key.start, value.end, span, span, (value.start, value.end), nested)


class _Json:
    """Strings have double quotes, the rest has none."""

    def plain(self, text: str, key: bool) -> str | None:
        return None

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        return json.dumps(text, ensure_ascii=False)

    def native(self, value: ScalarValue) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            raise CannotWrite(f"JSON has no {value}")
        return json.dumps(value)
