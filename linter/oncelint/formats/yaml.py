"""YAML 1.1, as PyYAML and SnakeYAML (Spring, Kafka's own tooling) read it.

The tree is built from the parser's events, not from its composer: events carry the places of
aliases, need no recursion, and stop at once where a limit is passed. Marks are used by their
index alone, which counts code points; their lines also end at U+0085 and U+2028, ours do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oncelint.formats.guards import (
    MAX_NODES,
    MAX_NUMBER,
    check,
    check_count,
    check_depth,
    without_lone_surrogates,
)
from oncelint.formats.tree import (
    Comment,
    Document,
    Entry,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import Text

if TYPE_CHECKING:
    import yaml

_STYLES: dict[str | None, Style] = {"'": "single", '"': "double", "|": "block", ">": "block"}
_SPACE = " \t\r\n\x85\u2028\u2029"
_PROPERTY = re.compile(rf"[&!][^{_SPACE}]*(?:[{_SPACE}]+(?:#[^\r\n\x85\u2028\u2029]*)?)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")
_LINE_REST = re.compile(r"[^\r\n\x85\u2028\u2029]*")
_COLON = re.compile(rf"[{_SPACE}]*:")
_COMMENT = re.compile(rf"(?:(?<=[{_SPACE}])|\A)#[^\r\n\x85\u2028\u2029]*")
_TAG = "tag:yaml.org,2002:"
_KEY_EXCERPT = 100
_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@dataclass(slots=True)
class _Frame:
    """A collection that is still open; a mapping's items alternate between keys and values."""

    mapping: bool
    flow: bool
    start: int
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    merges: set[int] = field(default_factory=set)


# What a build tool fills in before anything reads the file: Maven's `version: @project.version@`,
# which is no YAML until then.
_FILTERED = re.compile(r"(?m)((?:^|[:\-,\[{])[ \t]+|\[)@(?=[\w.-]+@)")
_STAND_IN = "\ue000"
"""What is read in place of the first character of such a value: no text of the file has it."""


def read(text: Text) -> Document:
    """Read a YAML stream; one root for each document, none for an empty stream.

    Merge keys are resolved: the entries they bring stand where `<<` stands, with their own
    places, except those the mapping's own keys shadow. An alias is the very node it names. A tag
    of an application (`!vault`, `!Ref`) leaves the written text as the value; so does a number
    too long to convert. A key that is no scalar is represented by its source, cut to 100 characters.

    Raises FormatError for what no YAML parser accepts, an alias inside its own anchor, and
    anything past the limits of `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "yaml")
    try:
        return _Builder(source).build()
    except FormatError:
        filled = as_filled_in(source)
        if filled is None:
            raise
        return _Builder(source, filled).build()


def as_filled_in(source: str) -> str | None:
    """A text that is no YAML yet as one that is, of the same length: `@name@` at the start of a
    value begins with another character. None where no build fills anything in."""
    filled = _FILTERED.sub(rf"\1{_STAND_IN}", source) if "@" in source else source
    return None if filled == source or _STAND_IN in source else filled


_TAGGED = re.compile(rf"[{_SPACE}]*:[{_SPACE}]+(?:&\S+[{_SPACE}]+)?!([\w-]+)")


def tag_of(entry: Entry, text: Text) -> str:
    """The tag of an application that stands before an entry's value (`!reset`), without its mark;
    empty where there is none."""
    found = _TAGGED.match(text.text, entry.key.end)
    return found.group(1) if found is not None and not entry.merged else ""


class _Builder:
    """Turns one stream of events into a Document."""

    def __init__(self, source: str, parsed: str | None = None) -> None:
        """`parsed` is what is read in place of the source: of the same length, and the same but for
        the first characters of what a build fills in."""
        self.source = source
        self.parsed = source if parsed is None else parsed
        # A second byte order mark belongs to the text, and PyYAML's marks do not count it.
        self.shift = 1 if source.startswith("\ufeff") else 0
        self.roots: list[Node] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node | None] = {}
        self.tokens: list[tuple[int, int]] = []
        self.last_end = 0
        self.merge_budget = MAX_NODES

    def build(self) -> Document:
        import yaml  # 18 ms, and most runs read no YAML

        parsed = self.parsed[self.shift :]
        loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            # The loader's constructor already reads, so errors may come from here as well.
            loader = loader_class(parsed)
            for count, event in enumerate(_events(loader)):
                check_count(count, self.last_end)
                self._accept(yaml, loader, event)
        except yaml.YAMLError as error:
            raise FormatError(*self._complaint(error)) from None
        return Document(tuple(self.roots), tuple(self._comments()))

    def _complaint(self, error: yaml.YAMLError) -> tuple[str, int]:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if mark is not None:
            offset = mark.index
        else:
            position = getattr(error, "position", 0)
            offset = position if isinstance(position, int) else 0
        reason = getattr(error, "problem", None) or getattr(error, "reason", None)
        return str(reason or "not YAML"), min(offset + self.shift, len(self.source))

    def _accept(self, yaml: Any, loader: Any, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(yaml, loader, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(yaml, event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.anchors = {}
            self.last_end = event.end_mark.index + self.shift

    def _scalar(self, yaml: Any, loader: Any, event: Any) -> None:
        style: Style = _STYLES.get(event.style, "plain")
        start, end = self._extent(event, style)
        tag = event.tag
        if tag is None or tag == "!":
            # Quoted and block scalars are strings unless a tag says otherwise.
            implicit = style == "plain" and event.implicit[0]
            tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit) if implicit else ""
        written = without_lone_surrogates(event.value)
        if self.parsed is not self.source:
            written = written.replace(_STAND_IN, "@")
        value = _value(yaml, tag, written) if tag and tag != _TAG + "str" else written
        if style == "block":
            self._block_tokens(start, end)
        elif end > start:
            self.tokens.append((start, end))
        self.last_end = end
        self._add(Scalar(start, end, value, written, style), event.anchor, tag == _TAG + "merge")

    def _extent(self, event: Any, style: Style) -> tuple[int, int]:
        """Where the scalar stands, without its tag and anchor."""
        start = event.start_mark.index + self.shift
        end = event.end_mark.index + self.shift
        if event.anchor is not None or event.tag is not None:
            while start < end and self.source[start] in "&!":
                match = _PROPERTY.match(self.source, start)
                start = min(match.end() if match else end, end)
        elif start == end and (start == 0 or self.source[start - 1] not in ":-?"):
            # Nothing is written, and this place is the next token's, not the indicator's.
            colon = _COLON.match(self.source, self.last_end, start)
            start = end = colon.end() if colon else self.last_end
        if style == "block":
            end = self._block_end(start, end)
        return start, end

    def _block_end(self, start: int, end: int) -> int:
        """The end of the last line with content: the mark runs on to the next token."""
        header = _BLOCK_HEADER.match(self.source, start)
        header_end = header.end() if header else start
        first_line = _LINE_REST.match(self.source, header_end)
        body_start = first_line.end() if first_line else header_end
        content = len(self.source[body_start:end].rstrip(_SPACE))
        if not content:
            return header_end
        last_line = _LINE_REST.match(self.source, body_start + content)
        return min(last_line.end() if last_line else end, end)

    def _block_tokens(self, start: int, end: int) -> None:
        """Header and body apart, for a comment may stand between them."""
        header = _BLOCK_HEADER.match(self.source, start)
        header_end = header.end() if header else start
        self.tokens.append((start, header_end))
        first_line = _LINE_REST.match(self.source, header_end)
        body_start = first_line.end() if first_line else header_end
        if body_start < end:
            self.tokens.append((body_start, end))

    def _open(self, yaml: Any, event: Any) -> None:
        start = event.start_mark.index + self.shift
        check_depth(len(self.stack) + 1, start)
        if event.anchor is not None or event.tag is not None:
            start = event.end_mark.index + self.shift - (1 if event.flow_style else 0)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        mapping = isinstance(event, yaml.MappingStartEvent)
        self.last_end = max(self.last_end, start)
        self.stack.append(_Frame(mapping, bool(event.flow_style), start, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self.stack.pop()
        end = event.end_mark.index + self.shift if frame.flow else self.last_end
        self.last_end = end
        node: Node
        if frame.mapping:
            node = self._mapping(frame, end)
        else:
            node = Sequence(frame.start, end, tuple(frame.items))
        self._add(node, frame.anchor)

    def _alias(self, event: Any) -> None:
        start = event.start_mark.index + self.shift
        if event.anchor not in self.anchors:
            raise FormatError(f"alias *{event.anchor} has no anchor", start)
        node = self.anchors[event.anchor]
        if node is None:
            raise FormatError(f"alias *{event.anchor} stands inside its own anchor", start)
        self.last_end = event.end_mark.index + self.shift
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None, merge: bool = False) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.roots.append(node)
            return
        frame = self.stack[-1]
        if merge and frame.mapping and len(frame.items) % 2 == 0:
            frame.merges.add(len(frame.items))
        frame.items.append(node)

    def _mapping(self, frame: _Frame, end: int) -> Mapping:
        pairs = list(zip(frame.items[::2], frame.items[1::2], strict=True))
        if not frame.merges:
            entries = tuple(Entry(self._key(key), value) for key, value in pairs)
            return Mapping(frame.start, end, entries)
        own = {
            _identity(self._key(key))
            for index, (key, _) in enumerate(pairs)
            if 2 * index not in frame.merges
        }
        open_reason: str | None = None
        merged: dict[int, list[Entry]] = {}
        # The last merge key counts most, and in its list the first mapping.
        for index in sorted(frame.merges, reverse=True):
            sources = self._merge_sources(frame.items[index + 1])
            if sources is None:
                open_reason = "a merge key that names no mapping"
            merged[index // 2] = self._merge(sources or (), own)
        result: list[Entry] = []
        for index, (key, value) in enumerate(pairs):
            if index in merged:
                result.extend(merged[index])
            else:
                result.append(Entry(self._key(key), value))
        return Mapping(frame.start, end, tuple(result), open_reason)

    def _merge_sources(self, node: Node) -> tuple[Mapping, ...] | None:
        """The mappings a merge key names, most important first; None when it names others."""
        if isinstance(node, Mapping):
            return (node,)
        if isinstance(node, Sequence):
            self._spend(len(node.items))
            mappings = tuple(item for item in node.items if isinstance(item, Mapping))
            return mappings if len(mappings) == len(node.items) else None
        return None

    def _spend(self, entries: int) -> None:
        """Merging costs time and space: a short text can ask for any amount of it."""
        self.merge_budget -= entries
        if self.merge_budget < 0:
            raise FormatError(f"merge keys add more than {MAX_NODES} entries", self.last_end)

    def _merge(self, sources: tuple[Mapping, ...], taken: set[tuple[type, str]]) -> list[Entry]:
        """The entries that `sources` add; `taken` holds the keys already there and grows."""
        result: list[Entry] = []
        seen: set[int] = set()
        for mapping in sources:
            if id(mapping) in seen:
                continue
            seen.add(id(mapping))
            self._spend(len(mapping.entries))
            latest = {_identity(entry.key): entry for entry in _effective(mapping)}
            for identity, entry in latest.items():
                if identity not in taken:
                    taken.add(identity)
                    result.append(Entry(entry.key, entry.value, merged=True))
        return result

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        # Cut, because an alias may repeat it any number of times.
        written = self.source[node.start : min(node.end, node.start + _KEY_EXCERPT)]
        return Scalar(node.start, node.end, written, written)

    def _comments(self) -> Iterator[Comment]:
        """Comments stand in the gaps between scalars; PyYAML drops them."""
        if "#" not in self.source:
            return
        place = 0
        for start, end in (*self.tokens, (len(self.source), len(self.source))):
            for match in _COMMENT.finditer(self.source, place, start):
                written = match.group().rstrip()
                content = written[1:].strip()
                yield Comment(match.start(), match.start() + len(written), content)
            place = max(place, end)


def _events(loader: Any) -> Iterator[Any]:
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _effective(mapping: Mapping) -> Iterator[Entry]:
    """The entries with the ones that count last."""
    yield from (entry for entry in mapping.entries if entry.merged)
    yield from (entry for entry in mapping.entries if not entry.merged)


def _identity(key: Scalar) -> tuple[type, str]:
    return type(key.value), str(key.value)


def _value(yaml: Any, tag: str, written: str) -> ScalarValue:
    """What a plain or tagged scalar means by the YAML 1.1 types; the text where it means none."""
    kind = tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return _BOOLEANS.get(written.lower(), written)
    if kind in ("int", "float") and len(written) <= MAX_NUMBER:
        constructor = yaml.constructor.SafeConstructor()
        construct = getattr(constructor, f"construct_yaml_{kind}")
        try:
            number: int | float = construct(yaml.ScalarNode(tag, written))
        except (ValueError, IndexError, OverflowError):
            # `!!int x`, and `0x_`, which the resolver's pattern lets through
            return written
        return number
    return written
