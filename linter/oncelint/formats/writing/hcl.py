"""HCL: the bodies of blocks, which are lines, and maps, whose entries lines or commas part."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from oncelint.formats.guards import without_lone_surrogates
from oncelint.formats.hcl import HclReader
from oncelint.formats.operations import Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing.trees import Plan, joined, new_entries, plan, token_patches
from oncelint.formats.writing.trees.brackets import Brackets, bracket_patches
from oncelint.formats.writing.trees.lines import Lines, inserted_lines, line_patches
from oncelint.formats.writing.trees.spelling import Item, separator
from oncelint.model.values import Scalar as ScalarValue
from oncelint.patches import CannotWrite, Patch

_BREAKS = r"\r?\n"
_COMMENT = r"(?:#|//)[^\n]*(?<!\r)|/\*(?:[^*]|\*(?!/))*\*/"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"true", "false", "null", "for", "if"})


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out `operations` on a block's body or a map, offsets in code points.

    A new attribute of a body stands behind its last attribute, before blocks that follow. An entry of
    a map is parted from the others as these are: by line breaks, or by commas.

    Raises CannotWrite as `oncelint.formats.writing.trees.plan` does; for values that are
    expressions, heredocs, lists or maps; for a key that is no name in a block's body; for a body on
    one line, which holds one attribute.
    """
    reader = HclReader(without_lone_surrogates(text))
    reader.document()
    in_body = mapping.start in reader.bodies or (mapping.start, mapping.end) == (0, len(text))
    lines = Lines(text, _BREAKS, _COMMENT)
    items = [_item(entry, text) for entry in mapping.entries]
    notation = _Hcl(in_body)
    work = plan(mapping, items, operations, "it is a block")
    if in_body:
        return joined(_of_body(lines, mapping, items, work, notation))
    return joined(_of_map(lines, mapping, items, work, notation))


def _of_body(
    lines: Lines, mapping: Mapping, items: Sequence[Item], work: Plan, notation: _Hcl
) -> list[Patch]:
    text = lines.text
    added = new_entries(text, _attributes(items), work, notation, "=")
    tokens = token_patches(text, items, work, notation)
    if (added or work.removed) and not lines.breaks.search(text, mapping.start, mapping.end):
        raise CannotWrite("the block stands on one line")
    attributes = [index for index, item in enumerate(items) if item in _attributes(items)]
    if added and not attributes:
        raise CannotWrite("the block has no attribute to put it beside")
    after = attributes[-1] if attributes else 0
    kept = [index for index in attributes if index not in work.removed]
    if added and not kept:
        # the place of the first one that goes
        place = lines.start(items[attributes[0]].start)
        inserted = inserted_lines(lines, place, lines.indent(items[attributes[0]].start), added)
        return [*tokens, inserted, *line_patches(lines, items, work.removed, [], after)]
    return [*tokens, *line_patches(lines, items, work.removed, added, after)]


def _attributes(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.no_remove is None]


def _of_map(
    lines: Lines, mapping: Mapping, items: Sequence[Item], work: Plan, notation: _Hcl
) -> list[Patch]:
    text = lines.text
    sign = "="
    if items and text[items[-1].label[1] : items[-1].value[0]].strip() == ":":
        sign = ":"
    added = new_entries(text, items, work, notation, sign)
    tokens = token_patches(text, items, work, notation)
    brackets = Brackets(lines, mapping.start + 1, mapping.end - 1, items)
    own_lines = bool(items) and all(
        brackets.alone(item.start, item.end) and brackets.comma(index) is None
        for index, item in enumerate(items)
    )
    if own_lines and (len(work.removed) < len(items) or added):
        return [*tokens, *line_patches(lines, items, work.removed, added, len(items) - 1)]
    if len(items) == 1 and brackets.comma(0) is None and not work.removed and added:
        if lines.breaks.search(text, mapping.start, items[0].start):
            return [*tokens, *line_patches(lines, items, work.removed, added, 0)]
    if items or not lines.breaks.search(text, mapping.start, mapping.end):
        if not items and added and not text[brackets.start : brackets.end].strip():
            return [Patch(brackets.start, brackets.end, f" {', '.join(added)} ")]
        compact = separator(text, items, 0, sign).endswith(sign)
        return [*tokens, *bracket_patches(brackets, work.removed, added, compact)]
    if not added:
        return tokens
    unit = lines.indent(lines.start(mapping.end - 1) + _margin(lines, mapping.end - 1)) + "  "
    return [inserted_lines(lines, lines.start(mapping.end - 1), unit, added)]


def _margin(lines: Lines, offset: int) -> int:
    line = lines.text[lines.start(offset) : offset]
    return len(line) - len(line.lstrip(" \t"))


def _item(entry: Entry, text: str) -> Item:
    key, value = entry.key, entry.value
    between = text[key.end : value.start]
    is_block = isinstance(value, Mapping) and not re.search(r"[=:]", between)
    reason = None
    if not isinstance(value, Scalar):
        reason = "its value is a list or map"
    elif value.style == "block":
        reason = "its value is a heredoc"
    elif value.style == "plain" and isinstance(value.value, str):
        reason = "its value is an expression"
    span = (key.start, key.end)
    computed = "its key is computed" if text[key.start] == "(" else None
    return Item(
        entry,
        key.start,
        value.end,
        span,
        span,
        (value.start, value.end),
        reason,
        "it is a block" if is_block else computed,
        "it is a block" if is_block else None,
    )


class _Hcl:
    """Attributes of a body are names; keys of a map may be, texts never are."""

    def __init__(self, in_body: bool) -> None:
        self.in_body = in_body

    def plain(self, text: str, key: bool) -> str | None:
        return text if key and _NAME.fullmatch(text) and text not in _WORDS else None

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        if key and self.in_body:
            plain = self.plain(text, key)
            if plain is None:
                raise CannotWrite(f"{text} is no name that an attribute can have")
            return plain
        written = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        written = re.sub(r"\\([bf])", lambda m: f"\\u00{'08' if m[1] == 'b' else '0c'}", written)
        return re.sub(r"([$%])\{", r"\1\1{", written)

    def native(self, value: ScalarValue) -> str:
        return json.dumps(value)
