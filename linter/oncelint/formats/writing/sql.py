"""SQL: the option list of a statement, and the value of a SET."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.operations import Add, Operation, Remove
from oncelint.formats.tree import Entry, Mapping
from oncelint.formats.writing.trees import joined, new_entries, plan, token_patches
from oncelint.formats.writing.trees.brackets import Brackets, bracket_patches
from oncelint.formats.writing.trees.lines import Lines
from oncelint.formats.writing.trees.spelling import Item, separator
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite, Patch

_BREAKS = r"\r\n|\r|\n"
_COMMENT = r"--[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/"


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out `operations` on an option list or a SET, offsets in code points.

    A new option stands on a line of its own where the last one does. New texts are in the quotes
    of their neighbours, single ones where there are none.

    Raises CannotWrite as `oncelint.formats.writing.trees.plan` does, and for an entry that is to
    come to a SET or go from it.
    """
    items = [_item(entry) for entry in mapping.entries]
    notation = _Sql(any(text.startswith('"', entry.key.start) for entry in mapping.entries))
    work = plan(mapping, items, operations, "it is no option of this list")
    tokens = token_patches(text, items, work, notation)
    if text[mapping.start : mapping.start + 1] != "(":
        if any(isinstance(one, (Add, Remove)) for one in operations):
            raise CannotWrite("a SET holds one setting")
        return joined(tokens)
    lines = Lines(text, _BREAKS, _COMMENT)
    brackets = Brackets(lines, mapping.start + 1, mapping.end - 1, items)
    added = new_entries(text, items, work, notation, "=")
    compact = separator(text, items, 0, "=").endswith("=")
    return joined([*tokens, *bracket_patches(brackets, work.removed, added, compact)])


def _item(entry: Entry) -> Item:
    key, value = entry.key, entry.value
    span = (key.start, key.end)
    return Item(entry, key.start, value.end, span, span, (value.start, value.end), None)


@dataclass(frozen=True, slots=True)
class _Sql:
    """Everything is a text in quotes, the quotes in it doubled; `double`: keys have double ones."""

    double: bool

    def plain(self, text: str, key: bool) -> str | None:
        return None

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        # ksqlDB knows a property by a name in double quotes as well, a value never
        quote = '"' if self.double and key and quotes == '"' else "'"
        return quote + text.replace(quote, quote * 2) + quote

    def native(self, value: ScalarValue) -> str:
        return self.quoted(scalar_text(value), "'", False)
