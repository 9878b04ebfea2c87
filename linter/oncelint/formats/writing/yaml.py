"""YAML: block and flow mappings, at any depth of any document of a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from oncelint.formats.guards import without_lone_surrogates
from oncelint.formats.operations import Operation
from oncelint.formats.tree import FormatError, Mapping, Node, Scalar
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.formats.writing.trees import Plan, joined, new_entries, plan, token_patches
from oncelint.formats.writing.trees.brackets import Brackets, bracket_patches
from oncelint.formats.writing.trees.lines import Lines, indent_unit, line_patches
from oncelint.formats.writing.trees.spelling import Item, separator
from oncelint.formats.yaml import _Builder, as_filled_in
from oncelint.model.values import Scalar as ScalarValue
from oncelint.patches import CannotWrite, Patch

# PyYAML's lines end at U+0085, U+2028 and U+2029 too.
_BREAKS = "\r\n|[\r\n\x85\u2028\u2029]"
_COMMENT = "#[^\r\n\x85\u2028\u2029]*"
_COLON = re.compile(r"\s*:")
_CHOMPING = re.compile(r"[|>]\d?([-+]?)")
# Texts that YAML 1.2 or another reader of 1.1 takes for a number or boolean.
_AMBIGUOUS = re.compile(
    r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|0[xob][\da-fA-F_]+|[yYnN]"
)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out `operations` on a mapping, offsets in code points.

    A new entry of a block mapping stands directly behind the last line of the last entry; when
    `- ` leads the first entry and it is removed, the next one moves up. A flow mapping of which
    every entry is removed becomes `{}`, a block mapping cannot.

    Raises CannotWrite as `oncelint.formats.writing.trees.plan` does, and for what serves several
    places (anchors, aliases, merge keys), tags, block scalars, explicit keys (`? `), and what
    would change a neighbour.
    """
    layout = _layout(text).of(mapping)
    lines = Lines(text, _BREAKS, _COMMENT)
    items = list(_items(layout, mapping, lines))
    notation = _Yaml(layout.flow)
    work = plan(mapping, items, operations, "it is no entry of this mapping")
    _check_merged(layout, work, items)
    tokens = token_patches(text, items, work, notation)
    below = None
    if not layout.flow and items:
        below = lines.eol(items[-1].end) + lines.indent(items[-1].start) + indent_unit(text)
    added = new_entries(text, items, work, notation, ":", below=below)
    if not layout.flow:
        if len(work.removed) == len(items) and not added:
            raise CannotWrite("a block mapping without entries would be null")
        return joined([*tokens, *line_patches(lines, items, work.removed, added, len(items) - 1)])
    if text[mapping.start] != "{" or text[mapping.end - 1] != "}":
        if work.removed or added:
            raise CannotWrite("it is a single pair in a flow sequence")
        return joined(tokens)
    brackets = Brackets(lines, mapping.start + 1, mapping.end - 1, items)
    compact = separator(text, items, 0, ":").endswith(":")
    return joined([*tokens, *bracket_patches(brackets, work.removed, added, compact)])


def shared(text: str, mapping: Mapping) -> bool:
    """Whether an edit of `mapping` shows in more than one place of its document.

    That is so when the mapping, or a collection around it, carries an anchor that an alias (a
    merge key's included) names.
    """
    return _layout(text).of(mapping).shared


@dataclass(frozen=True, slots=True)
class _Written:
    """A node where it is written; `start` is that of its tag or anchor.

    `tail` is how the block scalar in which it ends treats its last line breaks.
    """

    node: Node
    start: int
    end: int
    anchor: str | None = None
    tag: str | None = None
    alias: bool = False
    tail: str = ""


@dataclass(slots=True)
class _Open:
    """A collection whose end is still to come; `node` is what it became."""

    start: int
    anchor: str | None
    tag: str | None
    flow: bool
    children: list[_Written] = field(default_factory=list)
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A mapping as it is written.

    `merges` are the indices of the pairs that are merge keys, `merged` the keys these know,
    `named` the places of anchors that aliases name.
    """

    flow: bool
    start: int
    pairs: tuple[tuple[_Written, _Written], ...]
    merges: frozenset[int]
    merged: frozenset[str]
    named: frozenset[int]
    shared: bool


@lru_cache(maxsize=4)
def _layout(text: str) -> _Layout:
    """How a text is written, worked out once for all its mappings."""
    layout = _Layout(text)
    try:
        layout.build()
    except FormatError:
        filled = as_filled_in(without_lone_surrogates(text))
        if filled is None:
            raise
        layout = _Layout(text, filled)
        layout.build()
    return layout


class _Layout(_Builder):
    """Builds the reader's tree and notes what it leaves out: properties, aliases, extents."""

    def __init__(self, text: str, parsed: str | None = None) -> None:
        super().__init__(without_lone_surrogates(text), parsed)
        self.opened: list[_Open] = []
        # each mapping with the collections around it and the indices of its merge keys
        self.mappings: dict[
            tuple[int, int, int], tuple[_Open, tuple[_Open, ...], frozenset[int]]
        ] = {}
        self.anchored: list[_Written] = []
        self.aliased: set[int] = set()

    def of(self, mapping: Mapping) -> _Pairs:
        """How `mapping`, which the reader made of the same text, is written."""
        found = self.mappings.get((mapping.start, mapping.end, len(mapping.entries)))
        if found is None:
            raise CannotWrite("the mapping is not where it was read")
        opened, around, merges = found
        keys, values = opened.children[::2], opened.children[1::2]
        return _Pairs(
            opened.flow,
            mapping.start,
            tuple(zip(keys, values, strict=True)),
            merges,
            frozenset(key for index in merges for key in _keys(values[index].node)),
            frozenset(each.start for each in self.anchored if id(each.node) in self.aliased),
            any(id(each.node) in self.aliased for each in (opened, *around)),
        )

    def _accept(self, yaml: Any, loader: Any, event: Any) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            merges = frozenset(index // 2 for index in self.stack[-1].merges)
            super()._accept(yaml, loader, event)
            opened = self.opened.pop()
            opened.node = self._latest()
            node = opened.node
            if isinstance(event, yaml.MappingEndEvent) and isinstance(node, Mapping):
                at = (node.start, node.end, len(node.entries))
                self.mappings.setdefault(at, (opened, tuple(self.opened), merges))
            tail = opened.children[-1].tail if opened.children and not opened.flow else ""
            place = (opened.start, self.last_end)
            self._note(_Written(opened.node, *place, opened.anchor, opened.tag, tail=tail))
            return
        super()._accept(yaml, loader, event)
        if isinstance(event, yaml.CollectionStartEvent):
            start = event.start_mark.index + self.shift
            self.opened.append(_Open(start, event.anchor, event.tag, bool(event.flow_style)))
        elif isinstance(event, yaml.AliasEvent):
            node = self._latest()
            self.aliased.add(id(node))
            start = event.start_mark.index + self.shift
            self._note(_Written(node, start, self.last_end, alias=True))
        elif isinstance(event, yaml.ScalarEvent):
            node = self._latest()
            start, end, tail = node.start, node.end, ""
            if event.anchor is not None or event.tag is not None:
                start = event.start_mark.index + self.shift
            if isinstance(node, Scalar) and node.style == "block":
                chomping = _CHOMPING.match(self.source, node.start)
                sign = chomping.group(1) if chomping else ""
                tail = {"+": "keep", "-": "strip"}.get(sign, "clip")
            self._note(_Written(node, start, end, event.anchor, event.tag, tail=tail))

    def _latest(self) -> Node:
        return self.stack[-1].items[-1] if self.stack else self.roots[-1]

    def _note(self, written: _Written) -> None:
        if written.anchor is not None:
            self.anchored.append(written)
        if self.opened:
            self.opened[-1].children.append(written)


def _keys(node: Node) -> Iterator[str]:
    """The keys that a merge of `node` brings in."""
    for source in node.items if isinstance(node, SequenceNode) else (node,):
        if isinstance(source, Mapping):
            yield from (entry.key.text for entry in source.entries)


def _items(pairs: _Pairs, mapping: Mapping, lines: Lines) -> Iterator[Item]:
    own = iter([entry for entry in mapping.entries if not entry.merged])
    above = mapping.start
    for index, (key, value) in enumerate(pairs.pairs):
        entry = None if index in pairs.merges else next(own, None)
        colon = _COLON.match(lines.text, key.end)
        end = value.end if value.end > key.end else key.end
        if colon:
            # `{a:, b: 1}` is no YAML to libyaml, so the blank belongs to what is empty.
            blank = pairs.flow and lines.text[colon.end() : colon.end() + 1] in (" ", "\t")
            end = max(end, colon.end() + blank)
        explicit = _is_explicit(pairs, lines, key.start, above)
        yield Item(
            entry,
            key.start,
            end,
            (key.start, key.end),
            (key.node.start, key.node.end),
            (value.start, value.end),
            explicit or _no_change(value),
            explicit or _no_rename(key),
            explicit or _no_remove(pairs, key, end),
            value.tail,
        )
        above = end


def _is_explicit(pairs: _Pairs, lines: Lines, start: int, above: int) -> str | None:
    """The reason when `? ` leads a key."""
    if pairs.flow:
        explicit = lines.text[above:start].rstrip().endswith("?")
    else:
        explicit = len(lines.prefix(start)) != len(lines.prefix(pairs.start))
    return "it has an explicit key (`? `)" if explicit else None


def _no_change(value: _Written) -> str | None:
    if value.alias:
        return "its value is an alias and stands elsewhere"
    if value.anchor is not None:
        return "its value carries an anchor and may serve several places"
    if value.tag is not None:
        return "its value carries a tag"
    if not isinstance(value.node, Scalar):
        return "its value is a list or mapping"
    return "its value is a block scalar" if value.node.style == "block" else None


def _no_rename(key: _Written) -> str | None:
    if key.alias or key.anchor is not None or key.tag is not None:
        return "its key carries an anchor or tag or is an alias"
    return None if isinstance(key.node, Scalar) else "its key is a list or mapping"


def _no_remove(pairs: _Pairs, key: _Written, end: int) -> str | None:
    if any(key.start <= place < end for place in pairs.named):
        return "an alias names an anchor in it"
    return None


def _check_merged(pairs: _Pairs, work: Plan, items: Sequence[Item]) -> None:
    """Refuse to take away a key that a merge key then brings back."""
    new = {add.key for add in work.adds} | set(work.keys.values())
    for index in (*work.removed, *work.keys):
        entry = items[index].entry
        if entry and entry.key.text in pairs.merged - new:
            raise CannotWrite(f"{entry.key.text}: a merge key would bring it in again")


class _Yaml:
    """Spelling as YAML 1.1 reads it, plain only where other readers agree."""

    def __init__(self, flow: bool) -> None:
        self.flow = flow

    def plain(self, text: str, key: bool) -> str | None:
        if _AMBIGUOUS.fullmatch(text) or text != text.strip() or not self._is(text, text, key):
            return None
        return text

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        if quotes == "'":
            token = "'" + text.replace("'", "''") + "'"
            if not re.search(r"[\s﻿]", text.replace(" ", "")) and self._is(token, text, key):
                return token
        escaped = json.dumps(text, ensure_ascii=False)
        token = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
        if not self._is(token, text, key):
            raise CannotWrite(f"{text[:50]!r} cannot be written on one line")
        return token

    def native(self, value: ScalarValue) -> str:
        if not isinstance(value, float):
            return json.dumps(value)
        if value != value or value in (float("inf"), float("-inf")):
            return repr(value).replace("inf", ".inf").replace("nan", ".nan")
        mantissa, sign, exponent = repr(value).partition("e")
        # 1e+16 is a text in YAML 1.1
        return (mantissa if "." in mantissa else mantissa + ".0") + sign + exponent

    def _is(self, token: str, text: str, key: bool) -> bool:
        """Whether the token is this text where it is to stand."""
        import yaml  # 18 ms, and loaded by now

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        source = f"{token}: 1" if key else f"k: {token}"
        try:
            read = yaml.load(f"{{{source}, x: 1}}" if self.flow else f"{source}\nx: 1", loader)
        except (yaml.YAMLError, ValueError):
            # an impossible date raises ValueError
            return False
        found: dict[object, object] = {text: 1, "x": 1} if key else {"k": text, "x": 1}
        return bool(read == found)
