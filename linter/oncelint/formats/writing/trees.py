"""What the writers of YAML, JSON and TOML share: plans, spelling, lines and brackets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from oncelint.formats.operations import Add, Change, Operation, Remove, Rename
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite, Patch

_BLANK = " \t"
_QUOTES = re.compile(r"\"\"\"|'''|\"|'")
_LIKE_A_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false", re.IGNORECASE)
_SIMILAR = 20
"""So many neighbours are asked for their style: the nearest ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as it is written, with its tags, anchors and key prefixes.

    `start` to `end` is all of it, `key` and `value` the tokens, `label` what stands before the
    sign. `entry` is None for what is no entry of the mapping at hand but stands in its place: a
    merge key, a longer dotted key. `no_change`, `no_rename` and `no_remove` say why not.
    `tail` is "strip", "clip" or "keep" when the value ends in a block scalar.
    """

    entry: Entry | None
    start: int
    end: int
    label: tuple[int, int]
    key: tuple[int, int]
    value: tuple[int, int]
    no_change: str | None = None
    no_rename: str | None = None
    no_remove: str | None = None
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to each item, by its index."""

    values: dict[int, ScalarValue] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()
    adds: tuple[Add, ...] = ()


class Notation(Protocol):
    """How a format spells keys and values."""

    def plain(self, text: str, key: bool) -> str | None:
        """A token without quotes that is read as this text; None when there is none."""
        ...

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        """A token in `quotes`, or in others where these cannot hold the text."""
        ...

    def native(self, value: ScalarValue) -> str:
        """The format's own spelling of a boolean, a number or nothing."""
        ...


def plan(
    mapping: Mapping, items: Sequence[Item], operations: Sequence[Operation], elsewhere: str
) -> Plan:
    """Sort `operations` by item; `elsewhere` is the reason for an entry that has no item.

    Keys are compared as they are when everything is done: what is removed makes room.

    Raises CannotWrite for contradictions, for keys that would be there twice, and with the
    items' own reasons.
    """
    values: dict[int, ScalarValue] = {}
    keys: dict[int, str] = {}
    removed: set[int] = set()
    adds: list[Add] = []
    for operation in operations:
        if isinstance(operation, Add):
            _encodable(operation.key, operation.value)
            adds.append(operation)
            continue
        index = _index(mapping, items, operation.entry, elsewhere)
        item, name = items[index], operation.entry.key.text
        if isinstance(operation, Change):
            _encodable(operation.value)
            if index in values:
                raise CannotWrite(f"{name} is changed twice at once")
            if not _is(operation.entry, operation.value):
                _refuse(name, item.no_change)
                values[index] = operation.value
        elif isinstance(operation, Rename):
            _encodable(operation.key)
            if index in keys:
                raise CannotWrite(f"{name} is renamed twice at once")
            if operation.key != name:
                _refuse(name, item.no_rename)
            keys[index] = operation.key
        else:
            _refuse(name, item.no_remove)
            removed.add(index)
    touched = {
        _index(mapping, items, operation.entry, elsewhere)
        for operation in operations
        if isinstance(operation, Change | Rename)
    }
    removals = sum(isinstance(operation, Remove) for operation in operations)
    if removed & touched or removals > len(removed):
        raise CannotWrite("an entry is removed and edited at once")
    _check_keys(mapping, items, keys, removed, adds)
    keys = {index: key for index, key in keys.items() if key != _name(items[index])}
    return Plan(values, keys, frozenset(removed), tuple(adds))


def _name(item: Item) -> str:
    return item.entry.key.text if item.entry else ""


def _refuse(name: str, reason: str | None) -> None:
    if reason is not None:
        raise CannotWrite(f"{name}: {reason}")


def _encodable(*values: ScalarValue) -> None:
    for value in values:
        try:
            scalar_text(value).encode()
        except UnicodeEncodeError:
            raise CannotWrite("half a surrogate pair is no text") from None


def _index(mapping: Mapping, items: Sequence[Item], entry: Entry, elsewhere: str) -> int:
    for index, item in enumerate(items):
        if item.entry is entry:
            return index
    # The nodes of a merged entry are those of its owner.
    for index, item in enumerate(items):
        if item.entry and item.entry.key == entry.key and item.entry.value == entry.value:
            return index
    name = entry.key.text
    if entry.merged:
        raise CannotWrite(f"{name}: it comes in by a merge key and is written in another mapping")
    if any(own.key == entry.key for own in mapping.entries):
        raise CannotWrite(f"{name}: {elsewhere}")
    raise CannotWrite(f"{name}: it is no entry of this mapping")


def _is(entry: Entry, value: ScalarValue) -> bool:
    """Whether the entry has this value already, as text where it is written as text."""
    node = entry.value
    if not isinstance(node, Scalar):
        return False
    if node.style != "plain" and value is not None:
        return node.value == scalar_text(value)
    return type(node.value) is type(value) and node.value == value


def _check_keys(
    mapping: Mapping,
    items: Sequence[Item],
    keys: dict[int, str],
    removed: set[int],
    adds: Sequence[Add],
) -> None:
    """Refuse a new key that is there already."""
    gone = {id(items[index].entry) for index in (*removed, *keys)}
    final = {entry.key.text for entry in mapping.entries if not (entry.merged or id(entry) in gone)}
    new = [key for _, key in sorted(keys.items())] + [add.key for add in adds if not add.within]
    new += dict.fromkeys(add.within for add in adds if add.within)
    inner = Counter((add.within, add.key) for add in adds if add.within)
    if any(count > 1 for count in inner.values()):
        raise CannotWrite("a setting would be set twice")
    renamed_to_itself = {keys[index] for index in keys if keys[index] == _name(items[index])}
    for key in new:
        if key in final and key not in renamed_to_itself:
            raise CannotWrite(f"{key} is there already")
        final.add(key)


def quotes_of(text: str, scalar: Scalar) -> str:
    """The quotes that a scalar opens with as it is written: none for a plain or block scalar."""
    match = _QUOTES.match(text, scalar.start, scalar.end) if scalar.style != "plain" else None
    return match.group() if match else ""


def new_key(text: str, neighbours: Sequence[Scalar], key: str, notation: Notation) -> str:
    """A key in the quotes that keys beside it have which would not need them."""
    usual, other = _usual_quotes(text, neighbours, notation, True)
    return _spelled(key, usual, other, notation, True)


def renamed(text: str, old: Scalar, key: str, notation: Notation) -> str:
    """Another key in the quotes of the old one."""
    return _spelled(key, quotes_of(text, old), '"', notation, True)


def new_value(
    text: str,
    neighbours: Sequence[Scalar],
    value: ScalarValue,
    notation: Notation,
    old: Scalar | None = None,
) -> str:
    """How a value is written, `old` being the value it replaces and `neighbours` those beside it.

    * Nothing is always the format's null.
    * What replaces a quoted value keeps its quotes: it stays text.
    * A boolean or number that is new is text where every boolean and number beside it is written
      as quoted text, as in Kafka Connect's JSON (`"tasks.max": "1"`), in their quotes; otherwise,
      and in place of a plain value, it is the format's own.
    * A text in place of a plain value is plain, a new one quoted as the texts beside it that need
      no quotes; in any case it is quoted where it would not be read as this text.
    """
    if value is None:
        return notation.native(None)
    written = scalar_text(value)
    if old is not None and old.style in ("single", "double"):
        return notation.quoted(written, quotes_of(text, old), False)
    if not isinstance(value, str):
        quotes = _quotes_of_numbers(text, neighbours) if old is None else ""
        return notation.quoted(written, quotes, False) if quotes else notation.native(value)
    usual, other = _usual_quotes(text, neighbours, notation, False)
    return _spelled(written, usual if old is None else "", other, notation, False)


def _spelled(text: str, quotes: str, other: str, notation: Notation, key: bool) -> str:
    if not quotes:
        token = notation.plain(text, key)
        if token is not None:
            return token
    return notation.quoted(text, quotes or other, key)


def _quotes_of_numbers(text: str, neighbours: Sequence[Scalar]) -> str:
    """The quotes around booleans and numbers when none is without, else none."""
    found = [
        quotes_of(text, scalar)
        for scalar in neighbours
        if isinstance(scalar.value, bool | int | float)
        or (isinstance(scalar.value, str) and _LIKE_A_NUMBER.fullmatch(scalar.value))
    ]
    return _most_common(found) if all(found) else ""


def _usual_quotes(
    text: str, neighbours: Sequence[Scalar], notation: Notation, key: bool
) -> tuple[str, str]:
    """The quotes of what needs none, and those for what needs some."""
    near = [scalar for scalar in neighbours if scalar.style != "block"][-_SIMILAR:]
    free = [
        quotes_of(text, scalar)
        for scalar in near
        if isinstance(scalar.value, str) and notation.plain(scalar.text, key) is not None
    ]
    quoted = [quotes[0] for quotes in (quotes_of(text, scalar) for scalar in near) if quotes]
    return _most_common(free)[:1], _most_common(quoted) or '"'


def _most_common(found: Sequence[str]) -> str:
    """The most frequent, of equals the last; nothing of nothing."""
    counts = Counter(reversed(found))
    return max(counts, key=lambda each: counts[each]) if counts else ""


def separator(text: str, items: Iterable[Item], width: int, sign: str) -> str:
    """What stands between a key `width` characters long and its value, as in `items`.

    Where the values before the place stand in one column, so does the new one if it can.
    """
    pattern = re.compile(rf"([ \t]*){sign}([ \t]*)")
    found = [
        (item.label[1] - item.label[0], match)
        for item in items
        if (match := pattern.fullmatch(text, item.label[1], item.value[0]))
        and item.value[1] > item.value[0]
    ][-_SIMILAR:]
    if not found:
        return " = " if sign == "=" else ": "
    columns = [length + len(match.group()) for length, match in found]
    run = 1
    while run < len(found) and columns[-run - 1] == columns[-1]:
        run += 1
    last = [match for _, match in found[-run:]]
    written = [match.group() for match in last]
    if len(set(written)) == 1 or any("\t" in each for each in written):
        return _most_common([match.group() for _, match in found])
    room = columns[-1] - width
    before, behind = last[-1].group(1), last[-1].group(2)
    if len({match.group(1) for match in last}) > 1:
        least = min(len(match.group(1)) for match in last)
        return " " * max(room - 1 - len(behind), least) + sign + behind
    least = min(len(match.group(2)) for match in last)
    return before + sign + " " * max(room - 1 - len(before), least)


class Lines:
    """The lines of a text, which end where the format's lines do."""

    __slots__ = ("_starts", "breaks", "comment", "text")

    def __init__(self, text: str, breaks: str, comment: str) -> None:
        """`breaks` and `comment` are patterns of a line break and of a comment."""
        self.text = text
        self.breaks = re.compile(breaks)
        self.comment = re.compile(comment)
        # A byte order mark that belongs to the text stands in no column.
        first = 1 if text.startswith("\ufeff") else 0
        self._starts = [first, *(match.end() for match in self.breaks.finditer(text))]

    def start(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def end(self, offset: int) -> int:
        """Where the line of `offset` ends, its break excluded."""
        match = self.breaks.search(self.text, offset)
        return match.start() if match else len(self.text)

    def next(self, offset: int) -> int:
        """Where the next line begins, which may be behind the text."""
        match = self.breaks.search(self.text, offset)
        return match.end() if match else len(self.text)

    def prefix(self, offset: int) -> str:
        """What stands on the line before `offset`."""
        return self.text[self.start(offset) : offset]

    def indent(self, offset: int) -> str:
        """Blanks that reach as far as `offset` does on its line."""
        return "".join(each if each in _BLANK else " " for each in self.prefix(offset))

    def eol(self, offset: int) -> str:
        """The line break of the line at `offset`, or of the one before, or of any."""
        for match in (
            self.breaks.match(self.text, self.end(offset)),
            self.breaks.match(self.text, self._break_before(self.start(offset))),
            self.breaks.search(self.text),
        ):
            if match:
                return match.group()
        return "\n"

    def _break_before(self, start: int) -> int:
        return start - 2 if self.text[max(start - 2, 0) : start] == "\r\n" else max(start - 1, 0)

    def without_break(self, start: int) -> int:
        """Where the line before the one beginning at `start` ends."""
        return self._break_before(start) if start else 0

    def skip(self, offset: int) -> int:
        """Over blanks and whole comments of the line."""
        place = offset
        while True:
            while place < len(self.text) and self.text[place] in _BLANK:
                place += 1
            match = self.comment.match(self.text, place)
            if not match or self.breaks.search(match.group()):
                return place
            place = match.end()

    def at_end(self, offset: int) -> bool:
        """Whether but blanks and comments follow on the line."""
        place = self.skip(offset)
        return place == len(self.text) or self.breaks.match(self.text, place) is not None


def token_patches(text: str, items: Sequence[Item], work: Plan, notation: Notation) -> list[Patch]:
    """The patches of keys and values that stay where they are."""
    patches: list[Patch] = []
    for index, key in work.keys.items():
        entry = items[index].entry
        assert entry is not None
        patches.append(Patch(*items[index].key, renamed(text, entry.key, key, notation)))
    for index, value in work.values.items():
        item = items[index]
        entry = item.entry
        assert entry is not None
        assert isinstance(entry.value, Scalar)
        beside = [scalar for scalar in scalars(items) if scalar is not entry.value]
        written = new_value(text, beside, value, notation, entry.value)
        start, end = item.value
        if start == end:
            # Nothing is written yet, not even the sign perhaps.
            sign = text[item.label[1] : start].strip()
            written = (" " if sign else ": ") + written
        patches.append(Patch(start, end, written))
    return patches


def scalars(items: Iterable[Item]) -> list[Scalar]:
    """The scalar values of the mapping's own entries."""
    return [
        item.entry.value for item in items if item.entry and isinstance(item.entry.value, Scalar)
    ]


def new_entries(
    text: str,
    items: Sequence[Item],
    work: Plan,
    notation: Notation,
    sign: str,
    prefix: str = "",
    below: str | None = None,
) -> list[str]:
    """The entries that are added, as written; `prefix` stands before each key.

    What goes into a mapping of its own has a dotted key before the sign `=`. Otherwise the mapping
    stands in braces, or, with `below`, on lines below its key, each behind that.
    """
    keys = [item.entry.key for item in items if item.entry]
    written: list[str] = []
    groups: dict[str, list[Add]] = {}
    for add in work.adds:
        groups.setdefault(add.within, []).append(add)
    for within, adds in groups.items():
        outer = new_key(text, keys, within, notation) if within else ""
        dotted = f"{outer}." if outer and sign == "=" else ""
        entries: list[str] = []
        for add in adds:
            key = prefix + dotted + new_key(text, keys, add.key, notation)
            beside = not outer or dotted  # what stands deeper has a column of its own
            between = separator(text, items, len(key), sign) if beside else f"{sign} "
            if sign == ":" and between[-1] == ":" and key[-1] not in "\"'":
                between += " "
            entries.append(key + between + new_value(text, scalars(items), add.value, notation))
        if not outer or dotted:
            written += entries
        elif below is not None:
            written.append(f"{prefix}{outer}:" + "".join(below + one for one in entries))
        else:
            written.append(f"{prefix}{outer}: {{{', '.join(entries)}}}")
    return written


def line_patches(
    lines: Lines, items: Sequence[Item], removed: frozenset[int], added: Sequence[str], after: int
) -> list[Patch]:
    """Patches for entries that have lines of their own; new ones go behind the item `after`."""
    if items and len(removed) == len(items) and added:
        # The line may belong to an indicator (`- a: 1`) that needs something behind it.
        first = items[0]
        eol, indent = lines.eol(first.start), lines.indent(first.start)
        return [
            Patch(first.start, lines.end(first.end), f"{eol}{indent}".join(added)),
            *_whole_lines(lines, items, [index for index in sorted(removed) if index]),
        ]
    patches = _removed_lines(lines, items, sorted(removed))
    if added:
        last = items[after]
        eol, indent = lines.eol(last.end), lines.indent(last.start)
        patches.append(_inserted(lines, _behind(lines, last), eol, indent, added))
    return patches


def inserted_lines(lines: Lines, offset: int, indent: str, added: Sequence[str]) -> Patch:
    """New lines at `offset`, which begins a line or ends the text."""
    return _inserted(lines, offset, lines.eol(lines.start(max(offset - 1, 0))), indent, added)


def _inserted(lines: Lines, place: int, eol: str, indent: str, added: Sequence[str]) -> Patch:
    body = eol.join(indent + each for each in added)
    # At the end of a text that has no last line break there is none afterwards.
    if place == len(lines.text) and lines.start(place) != place:
        return Patch(place, place, eol + body)
    return Patch(place, place, body + eol)


def _behind(lines: Lines, item: Item) -> int:
    """Where the line behind an item begins, behind the blank lines its block scalar keeps."""
    place = lines.next(item.end)
    if item.tail == "keep":
        while place < len(lines.text) and not lines.text[place : lines.end(place)].strip(_BLANK):
            place = lines.next(place)
    if item.tail in ("clip", "keep") and place == len(lines.text) and lines.start(place) != place:
        raise CannotWrite("the block scalar at the end of the text lacks its line break")
    return place


def _removed_lines(lines: Lines, items: Sequence[Item], removed: list[int]) -> list[Patch]:
    if not removed:
        return []
    if removed[0] != 0 or not lines.prefix(items[0].start).strip(_BLANK):
        return _whole_lines(lines, items, removed)
    # `- a: 1`: the next entry moves up, unless comments lead it.
    run = next(index for index in range(len(items)) if index not in removed)
    first, below = items[0], items[run]
    gaps = (
        lines.text[lines.end(items[index].end) : items[index + 1].start] for index in range(run)
    )
    rest = _whole_lines(lines, items, [index for index in removed if index > run])
    if not any(gap.strip() for gap in gaps):
        return [Patch(first.start, below.start, ""), *rest]
    start = lines.start(first.start) + len(lines.prefix(first.start).rstrip(_BLANK))
    between = _whole_lines(lines, items, list(range(1, run)))
    return [Patch(start, lines.end(first.end), ""), *between, *rest]


def _whole_lines(lines: Lines, items: Sequence[Item], removed: Sequence[int]) -> list[Patch]:
    patches: list[Patch] = []
    gone = frozenset(removed)
    above = ""
    for index in range(len(items)):
        if index not in gone:
            above = items[index].tail
            continue
        start, end = lines.start(items[index].start), lines.next(items[index].end)
        if above == "keep" and end < len(lines.text):
            if not lines.text[end : lines.end(end)].strip(_BLANK):
                raise CannotWrite("the block scalar before it would keep more blank lines")
        if patches and patches[-1].end == start:
            start = patches.pop().start
        if end == len(lines.text) and lines.start(end) != end and not above:
            # The text has no last line break, and shall have none.
            start = lines.without_break(start)
        patches.append(Patch(start, end, ""))
    return patches


@dataclass(frozen=True, slots=True)
class Brackets:
    """A mapping in braces: `start` is behind the opening one, `end` at the closing one."""

    lines: Lines
    start: int
    end: int
    items: Sequence[Item]

    def comma(self, index: int) -> int | None:
        """Where the comma behind an item stands."""
        text, place = self.lines.text, self.items[index].end
        while place < self.end:
            match = self.lines.comment.match(text, place)
            if match:
                place = match.end()
            elif text[place] == ",":
                return place
            elif text[place].isspace():
                place += 1
            else:
                return None
        return None

    def behind(self, index: int) -> int:
        """Where an item ends with its comma."""
        comma = self.comma(index)
        return self.items[index].end if comma is None else comma + 1

    def alone(self, start: int, end: int) -> bool:
        """Whether `start` to `end` shares its lines with nothing but comments behind it."""
        begins = self.lines.start(start)
        return (
            begins >= self.start
            and not self.lines.text[begins:start].strip(_BLANK)
            and self.lines.at_end(end)
        )

    @property
    def leading_commas(self) -> bool:
        """Whether every entry but the first begins its line with a comma."""
        prefixes = [self.lines.prefix(item.start).strip(_BLANK) for item in self.items[1:]]
        return bool(prefixes) and all(prefix == "," for prefix in prefixes)


def bracket_patches(
    brackets: Brackets, removed: frozenset[int], added: Sequence[str], compact: bool
) -> list[Patch]:
    """Patches for entries that commas part; `compact` when no blanks stand behind the sign."""
    items = brackets.items
    if not items:
        return [_first(brackets, added, compact)] if added else []
    if removed and brackets.leading_commas:
        raise CannotWrite("the commas stand at the beginning of the lines")
    if len(removed) == len(items):
        if added:
            return _replaced(brackets, added, compact)
        first, end = items[0].start, brackets.behind(len(items) - 1)
        edges = (
            brackets.lines.text[brackets.start : first],
            brackets.lines.text[end : brackets.end],
        )
        if not any(edge.strip(_BLANK) for edge in edges):
            if not _commented(brackets):
                return [Patch(brackets.start, brackets.end, "")]
    patches = _removed_items(brackets, removed)
    kept = [index for index in range(len(items)) if index not in removed]
    if not kept:
        return patches
    last = kept[-1]
    trailing = brackets.comma(len(items) - 1) is not None
    comma = brackets.comma(last)
    if comma is not None and not added and not trailing:
        start = items[last].end
        only = not brackets.lines.text[start:comma].strip(_BLANK)
        patches.append(Patch(start if only else comma, comma + 1, ""))
    if added:
        patches += _appended(brackets, last, trailing, added, compact)
    return patches


def _commented(brackets: Brackets) -> bool:
    """Whether a comment stands between two of the items."""
    return any(
        brackets.lines.text[above.end : below.start].strip(" \t\r\n,")
        for above, below in zip(brackets.items, brackets.items[1:], strict=False)
    )


def _replaced(brackets: Brackets, added: Sequence[str], compact: bool) -> list[Patch]:
    """All items go, and the first one's place is taken."""
    first, lines = brackets.items[0], brackets.lines
    others = frozenset(range(1, len(brackets.items)))
    end = brackets.behind(0)
    patches = [Patch(first.start, first.end, added[0])]
    if lines.at_end(end):
        patches.append(Patch(end, lines.skip(end), ""))
    return patches + bracket_patches(brackets, others, added[1:], compact)


def _first(brackets: Brackets, added: Sequence[str], compact: bool) -> Patch:
    """The first entries of an empty mapping: on its line, or on lines of their own if it has."""
    lines, start, end = brackets.lines, brackets.start, brackets.end
    inner = lines.text[start:end]
    if not lines.breaks.search(inner):
        body = ("," if compact else ", ").join(added)
        if inner.strip():
            place = start + len(inner.rstrip())
            return Patch(place, place, " " + body)
        half = len(inner) // 2
        return Patch(start, end, (inner[half:] or "") + body + inner[half:])
    indent = indent_unit(lines.text) + lines.indent(end)[: len(_leading(lines.prefix(end)))]
    place = lines.without_break(lines.start(end))
    body = "".join(
        f"{lines.eol(start)}{indent}{each}{',' if index < len(added) - 1 else ''}"
        for index, each in enumerate(added)
    )
    return Patch(place, place, body)


def _leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(_BLANK))]


def indent_unit(text: str) -> str:
    """The least indentation of a text, which is taken for that of one level."""
    found = re.findall(r"(?:\n|\r)([ \t]+)(?=[^\s])", text)
    return min(found, key=len, default="  ")


def _appended(
    brackets: Brackets, last: int, trailing: bool, added: Sequence[str], compact: bool
) -> list[Patch]:
    lines, item, model = brackets.lines, brackets.items[last], brackets.items[-1]
    text, prefix = lines.text, lines.prefix(model.start)
    end = brackets.behind(last)
    eol = lines.eol(item.end)
    if brackets.leading_commas:
        place = lines.end(end) if lines.at_end(end) else end
        lead = prefix if len(brackets.items) > 1 else lines.indent(item.start)
        return [Patch(place, place, "".join(f"{eol}{lead}{each}" for each in added))]
    own_line = not prefix.strip(_BLANK)
    behind = lines.skip(end)
    place = end + len(text[end:behind].rstrip(_BLANK))
    if lines.at_end(end):
        own_line = own_line or place > end
        # What goes behind it on lines of its own leaves the blanks here alone.
        alone = last == len(brackets.items) - 1 or brackets.alone(
            model.start, brackets.behind(len(brackets.items) - 1)
        )
        if place > end or (own_line and alone):
            place = lines.end(end)
    # Where several entries share a line, the first one shows the indentation.
    led = lines.start(model.start) >= brackets.start
    before, lead = "", eol + (_leading(prefix) if led else lines.indent(brackets.items[0].start))
    if not own_line:
        before, lead = _gap(brackets, last, compact)
    comma = f"{before},"
    body = lead + f"{comma}{lead}".join(added) + ("," if trailing else "")
    patches = [Patch(place, place, body)]
    if brackets.comma(last) is None:
        patches.insert(0, Patch(item.end, item.end, comma))
    return patches


def _gap(brackets: Brackets, last: int, compact: bool) -> tuple[str, str]:
    """The blanks before and behind a comma between entries on one line."""
    for index in range(last, 0, -1):
        above, below = brackets.items[index - 1], brackets.items[index]
        match = re.fullmatch(r"([ \t]*),([ \t]*)", brackets.lines.text[above.end : below.start])
        if match:
            return match.group(1), match.group(2)
    return "", "" if compact else " "


def _removed_items(brackets: Brackets, removed: frozenset[int]) -> list[Patch]:
    groups: list[tuple[int, int]] = []
    for index in sorted(removed):
        if groups and groups[-1][1] == index - 1:
            gap = brackets.lines.text[brackets.items[index - 1].end : brackets.items[index].start]
            if not brackets.lines.breaks.search(gap):
                groups[-1] = (groups[-1][0], index)
                continue
        groups.append((index, index))
    patches: list[Patch] = []
    text = brackets.lines.text
    while groups:
        first, last = groups.pop()
        start, end = brackets.items[first].start, brackets.behind(last)
        if brackets.alone(start, end):
            patches.append(Patch(brackets.lines.start(start), brackets.lines.next(end), ""))
        elif last < len(brackets.items) - 1:
            patches.append(_removed_before(brackets, first, last))
        else:
            while groups and groups[-1][1] == first - 1:
                if text[brackets.behind(first - 1) : start].strip():
                    break
                first = groups.pop()[0]
                start = brackets.items[first].start
            edge = brackets.behind(first - 1) if first else start
            patches.append(Patch(start if text[edge:start].strip() else edge, end, ""))
    return patches[::-1]


def _removed_before(brackets: Brackets, first: int, last: int) -> Patch:
    """Items go that share a line and have another one behind them."""
    lines = brackets.lines
    start, end = brackets.items[first].start, brackets.behind(last)
    if lines.at_end(end):
        edge = lines.start(start) + len(lines.prefix(start).rstrip(_BLANK))
        return Patch(edge, lines.end(end) if edge == brackets.start else end, "")
    below = brackets.items[last + 1].start
    if not lines.text[end:below].strip():
        return Patch(start, below, "")
    return Patch(start, end + len(lines.text[end:]) - len(lines.text[end:].lstrip(_BLANK)), "")


def joined(patches: Iterable[Patch]) -> tuple[Patch, ...]:
    """The patches in order, those that touch as one; of two at one place the first comes first."""
    result: list[Patch] = []
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        if not patch.replacement and patch.start == patch.end:
            continue
        if result and patch.start <= result[-1].end:
            above = result.pop()
            if patch.start < above.end:
                raise CannotWrite("the edits overlap")
            patch = Patch(above.start, patch.end, above.replacement + patch.replacement)
        result.append(patch)
    return tuple(result)
