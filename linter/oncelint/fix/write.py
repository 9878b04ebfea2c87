"""From the changes of a block to edits of files: which writer carries out which change where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from oncelint.discover import kind_of
from oncelint.fix.solve import Added, Change, Changed, Removed, Renamed
from oncelint.formats import READERS, read
from oncelint.formats.hosts import HOSTS, embedded, hosted
from oncelint.formats.operations import WRITERS, Add, Operation, Remove, Rename, render
from oncelint.formats.operations import Change as ChangeEntry
from oncelint.formats.tree import Document, Entry, FormatError, Mapping, Node, walk
from oncelint.formats.tree import Scalar as ScalarNode
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.formats.views import views
from oncelint.frameworks.python.clients import CLIENTS
from oncelint.frameworks.spelling import LINKS, TRANSLATING, spell
from oncelint.model.facts import Home
from oncelint.model.fixes import Edit
from oncelint.model.project import Client
from oncelint.model.values import Known, Position, Scalar, Span
from oncelint.patches import CannotWrite, Patch
from oncelint.python import operations as py
from oncelint.text import SourceText, Text

Source = Callable[[str], "SourceText | None"]

# The clients that read text where a number or a boolean is meant.
_READS_TEXT = ("librdkafka", "java", "spark", "flink")
# Every client takes it: librdkafka CONFIGURATION.md, acks; the constructors of KafkaProducer and
# AIOKafkaProducer; ProducerConfig.parseAcks.
_ALL_AS_NUMBER = -1


@dataclass(frozen=True, slots=True)
class Written:
    """Edits, and what they change for whoever uses it: written places, and where was added.

    `shared` when a mapping that is edited stands in its document under an alias as well.
    """

    edits: tuple[Edit, ...]
    touched: tuple[Span, ...]
    home: Home | None
    shared: bool = False


def write(client: Client, changes: Sequence[Change], home: Home | None, source: Source) -> Written:
    """The edits of all changes; `home` is where what nobody wrote is added.

    Raises CannotWrite when one of them cannot be written.
    """
    places: dict[str, list[tuple[Change, Span]]] = {}
    for change in changes:
        span = _place(change, home)
        places.setdefault(span.path, []).append((change, span))
    edits: list[Edit] = []
    shared = False
    for path, here in places.items():
        text = source(path)
        if text is None:
            raise CannotWrite(f"{path} cannot be read")
        if path.endswith((".py", ".pyi")):
            patches = _python(client, here, home, text)
        else:
            patches, several = _configuration(client, here, home, text)
            shared = shared or several
        edits.extend(edits_of(patches, text))
    touched = {s: None for one in places.values() for c, s in one if not isinstance(c, Added)}
    return Written(tuple(edits), tuple(touched), home, shared)


def edits_of(patches: Iterable[Patch], text: SourceText) -> tuple[Edit, ...]:
    """Patches of a file's text as edits of the file."""
    return tuple(Edit(text.span(one.start, one.end), one.replacement) for one in patches)


def _place(change: Change, home: Home | None) -> Span:
    if isinstance(change, Changed):
        return change.setting.key_span if change.at_key else change.span
    if isinstance(change, (Removed, Renamed)):
        return change.key_span
    if home is None:
        raise CannotWrite("there is no place in the code where a setting could be added")
    return home.span


# Python ---------------------------------------------------------------------------------------


def _python(
    client: Client, changes: Sequence[tuple[Change, Span]], home: Home | None, text: SourceText
) -> Sequence[Patch]:
    from oncelint.python.edit import render as render_python  # LibCST behind it

    return render_python(text.text, [_operation(client, one, home, text) for one, _ in changes])


def _operation(
    client: Client, change: Change, home: Home | None, source: SourceText
) -> py.Operation:
    text = any(world.dialect in _READS_TEXT for world in client.worlds)
    if isinstance(change, Changed):
        if change.at_key:
            return py.GiveValue(place_of(change.setting.key_span), change.value, text)
        return _change(change, text, source)
    if isinstance(change, Removed):
        return py.RemoveKey(place_of(change.key_span))
    if isinstance(change, Renamed):
        return py.RenameKey(place_of(change.key_span), change.new)
    assert home is not None
    value = change.value
    if isinstance(value, bool) and text and _booleans_are_text(client):
        value = "true" if value else "false"
    place = place_of(home.span)
    key = change.key
    if home.style != "plain":
        key, value = spell(home, key, value)
    if home.kind == "chain":
        return py.Chain(place, f".{LINKS[home.style]}({_quoted(key)}, {_quoted(str(value))})")
    if home.kind == "beside":
        return py.AddBeside(place, key, value, text)
    if home.kind == "display":
        return py.AddEntry(place, key, value, text)
    if home.kind == "arguments":
        return py.AddArgument(place, key, value)
    shape = next((s for n, s in CLIENTS.items() if n.endswith(f".{client.construct}")), None)
    return py.Wrap(place, change.key, value, shape.dict_keywords if shape is not None else ())


def _quoted(text: str) -> str:
    if any(char in text for char in '"\\\n'):
        raise CannotWrite("the value cannot stand between quotation marks")
    return f'"{text}"'


def _change(change: Changed, text: bool, source: SourceText) -> py.ChangeValue:
    """Another literal. Where the literal is text and the client got a number, the program converts
    it, and the new text has to be one that it can convert."""
    place = place_of(change.span)
    value = change.value
    number = _ALL_AS_NUMBER if (change.name, value) == ("acks", "all") else None
    literal = _literal(source.slice(change.span))
    if number is not None and isinstance(literal, int) and not stands_beside(change, source):
        # who else reads it may count on a number
        return py.ChangeValue(place, number, text, value)
    if isinstance(literal, str) and isinstance(change.old, str) and literal != change.old:
        raise CannotWrite("the program makes another text of it")
    converted = isinstance(change.old, (int, float)) and not isinstance(change.old, bool)
    if not isinstance(literal, str) or not converted:
        return py.ChangeValue(place, value, text, number)
    if isinstance(value, str):
        if number is None:
            raise CannotWrite("the program converts the text to a number")
        value = number
    return py.ChangeValue(place, value, True)


# the last is a variable of a manifest: `- name: X` and `value: "1"` below it
_BETWEEN = re.compile(r"""["'\s\])]*(?:=>|[=:,])[\s("']*|\s*|["']?\s+value:[ \t]*["']?""")


def stands_beside(change: Changed, source: SourceText) -> bool:
    """Whether a value stands right behind its key, in `source`, and is not read by a name."""
    key, value = change.setting.key_span, change.span
    if key.path != value.path or key.path != source.path or value.start < key.end:
        return False
    between = source.text[source.offset(key.end) : source.offset(value.start)]
    return _BETWEEN.fullmatch(between) is not None


def _literal(text: str) -> object:
    """The value of a literal; None for what is none."""
    import ast  # where a literal of Python is edited

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _booleans_are_text(client: Client) -> bool:
    """Whether the block writes its booleans as text already, and none as Python's own."""
    values = [
        one.value.value
        for setting in client.block.settings
        for one in setting.alternatives
        if isinstance(one.value, Known)
    ]
    as_text = any(isinstance(v, str) and v.lower() in ("true", "false") for v in values)
    return as_text and not any(isinstance(value, bool) for value in values)


def place_of(span: Span) -> tuple[int, int, int, int]:
    """A span's place in its file, as the Python writer takes it."""
    return span.start.line, span.start.column, span.end.line, span.end.column


# Configuration files --------------------------------------------------------------------------


def _configuration(
    client: Client, changes: Sequence[tuple[Change, Span]], home: Home | None, text: SourceText
) -> tuple[Sequence[Patch], bool]:
    """The patches, and whether they show in more than one place of the file."""
    kind = kind_of(text.path, text.text.encode("utf-8", "replace"))
    if kind not in WRITERS and kind not in HOSTS:
        raise CannotWrite(f"{text.path} is of a kind that is not written")
    places = _places(kind, text)
    grouped: dict[int, tuple[_Writable, list[Operation]]] = {}
    for change, span in changes:
        if isinstance(change, Added):
            if home is not None and home.kind == "beside":
                place, _ = places.entry(span, key=True)
            else:
                place = places.mapping(span, change, client)
            key, value = spell(home, change.key, change.value)
            inner = (
                next((one for one in home.inner if key.startswith(one.prefix)), None)
                if home
                else None
            )
            if inner is not None:
                key = key.removeprefix(inner.prefix)
                place = places.mapping(inner.span, change, client)
            within = home.within if home is not None and inner is None else ""
            operation: Operation = Add(key, value, within)
        else:
            if isinstance(change, Changed) and change.at_key:
                raise CannotWrite("the value is shared with others")
            place, entry = places.entry(span, key=not isinstance(change, Changed))
            if isinstance(change, Changed):
                operation = ChangeEntry(entry, _in_a_file(change, entry, client))
            elif isinstance(change, Removed):
                operation = Remove(entry)
            else:
                operation = Rename(entry, _new_key(change, entry))
        grouped.setdefault(id(place.mapping), (place, []))[1].append(operation)
    patches: list[Patch] = []
    for place, operations in grouped.values():
        rendered = render(place.kind, place.text.text, place.mapping, operations)
        patches.extend(hosted(rendered, place.text))
    return sorted(patches), kind == "yaml" and any(
        _is_shared(text, place, kind) for place, _ in grouped.values() if place.text is text
    )


def _new_key(change: Renamed, entry: Entry) -> str:
    """The new key as its entry takes it, which may hold the last part of a nested key alone."""
    outer = len(change.old) - len(entry.key.text)
    if outer <= 0 or not change.old.endswith(entry.key.text):
        return change.new
    if change.new[:outer] != change.old[:outer]:
        raise CannotWrite("the key is nested otherwise")
    return change.new[outer:]


@dataclass(frozen=True, slots=True)
class _Writable:
    """A mapping of a file, the text that its offsets count in, and the kind of its writer."""

    mapping: Mapping
    text: Text
    kind: str

    def span(self, node: Node) -> Span:
        return self.text.span(node.start, node.end)


class _Places:
    """Every mapping of a file, to be found by where it stands, or where its keys and values do."""

    def __init__(self, found: Iterable[_Writable]) -> None:
        self._found = tuple(found)
        self._mappings: dict[Span, list[_Writable]] = {}
        self._entries: dict[bool, dict[Span, list[tuple[_Writable, Entry]]]] = {}

    def _by_place(self, key: bool) -> dict[Span, list[tuple[_Writable, Entry]]]:
        """The entries by where their keys stand, or their values."""
        known = self._entries.get(key)
        if known is None:
            known = self._entries[key] = {}
            for place in self._found:
                for entry in place.mapping.entries:
                    if not entry.merged:
                        at = place.span(entry.key if key else entry.value)
                        known.setdefault(at, []).append((place, entry))
        return known

    def mapping(self, span: Span, change: Added, client: Client) -> _Writable:
        """The mapping at a place; of two at one place the one that holds the block's own keys."""
        if not self._mappings:
            for place in self._found:
                self._mappings.setdefault(place.span(place.mapping), []).append(place)
        here = self._mappings.get(span)
        if not here:
            raise CannotWrite(f"the mapping that {change.key} belongs into was not found")
        keys = {setting.shown or setting.key for setting in client.block.settings}
        return sorted(
            here, key=lambda one: len(keys & {entry.key.text for entry in one.mapping.entries})
        )[-1]

    def entry(self, span: Span, *, key: bool) -> tuple[_Writable, Entry]:
        """The entry whose key or value stands at a place, in the mapping that owns it.

        The value of an alias stands at its anchor: its owner's key is the last one before it.
        """
        found = [pair for pair in self._by_place(key).get(span, ()) if _begin(pair) <= span.start]
        if not found:
            raise CannotWrite("the value does not stand in a mapping of its own")
        return max(found, key=_begin)


def _begin(pair: tuple[_Writable, Entry]) -> Position:
    """Where the key of an entry begins."""
    place, entry = pair
    return place.text.span(entry.key.start, entry.key.start).start


@lru_cache(maxsize=4)
def _places(kind: str, text: SourceText) -> _Places:
    """The mappings of a file, found once for all fixes of it.

    Raises CannotWrite for what is not of that kind.
    """
    try:
        document = read(kind, text)
    except FormatError as error:
        raise CannotWrite(f"{text.path} cannot be read: {error.reason}") from None
    return _Places(_writable(kind, document, text))


def _writable(kind: str, document: Document, text: Text, depth: int = 0) -> Iterator[_Writable]:
    """Every mapping of a document, those written as lists and those of embedded documents."""
    for root in document.roots:
        for node in walk(root):
            if isinstance(node, Mapping):
                yield _Writable(node, text, kind)
            elif isinstance(node, SequenceNode):
                yield from (_Writable(one, text, sort) for sort, one in views(node, text))
    if depth == _DEEPEST:
        return
    for one in embedded(kind, document, text):
        if one.kind not in READERS:
            continue
        try:
            inner = read(one.kind, one.region)
        except FormatError:
            continue
        yield from _writable(one.kind, inner, one.region, depth + 1)


_DEEPEST = 3


def _is_shared(text: SourceText, place: _Writable, kind: str) -> bool:
    from oncelint.formats.writing.yaml import shared  # where a YAML file is edited

    if place.kind != kind:  # a list that is read as a mapping is shared by an anchor of its own
        return _ANCHOR.search(text.text[: place.mapping.start].rstrip(" -")) is not None
    return shared(text.text, place.mapping)


_ANCHOR = re.compile(r"&[^\s\[\]{},]+\s*\Z")


def _in_a_file(change: Changed, entry: Entry, client: Client) -> Scalar:
    """The value to write where a program that reads the file converts a text to a number, or where
    the placement calls values otherwise than the client."""
    own = client.block.homes[0] if client.block.homes else None
    if own is not None and own.style in TRANSLATING:
        return spell(own, change.name, change.value)[1]
    text = isinstance(entry.value, ScalarNode) and isinstance(entry.value.value, str)
    converted = isinstance(change.old, (int, float)) and not isinstance(change.old, bool)
    if not text or not converted or not isinstance(change.value, str):
        return change.value
    if (change.name, change.value) != ("acks", "all"):
        raise CannotWrite("the program converts the text to a number")
    return _ALL_AS_NUMBER
