"""What the writers of the formats with one setting a line have in common.

A new entry stands behind the entry most like it: the last one that shares the most leading parts
of its key (`enable.` in `enable.idempotence`), else behind the mapping's last entry, and so before
the blank lines and comments that follow it. It takes over that entry's indentation, separator,
alignment and line end. An entry that goes takes its lines along, a comment behind it included; a
comment above it stays. Before it is handed out, the edited text is read again and must hold
exactly the settings that were meant.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename
from oncelint.formats.tree import Entry, FormatError, Mapping, Scalar, walk
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

MISREAD = "the edited text would not be read as it is meant"

LINE_END = re.compile(r"\r\n|\r|\n")
_LINE_END_OR_END = re.compile(r"\r\n|\r|\n|\Z")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BOOLEANS = frozenset(("true", "false", "yes", "no", "on", "off"))
_KEY_PARTS = re.compile(r"[._-]")


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines: from `start` to `end` without, to `stop` with the line end of the last."""

    start: int
    end: int
    stop: int


@dataclass(frozen=True, slots=True)
class Site:
    """A mapping in its text; `root` is the whole document's mapping."""

    text: str
    root: Mapping
    mapping: Mapping

    @property
    def neighbours(self) -> tuple[Entry, ...]:
        """The entries whose style counts: the mapping's own, else the document's."""
        own = scalar_entries(self.mapping)
        if own:
            return own
        mappings = [node for node in walk(self.root) if isinstance(node, Mapping)]
        return tuple(entry for mapping in mappings for entry in scalar_entries(mapping))


class Syntax(Protocol):
    """What the formats differ in."""

    @property
    def site(self) -> Site: ...

    def fold(self, key: str) -> str:
        """What two keys have in common that the format takes for one."""
        ...

    def lines(self, entry: Entry) -> Lines:
        """All lines on which an entry stands, and which it does not share."""
        ...

    def check_removal(self, entry: Entry) -> None:
        """Raise CannotWrite when more than the entry would go with its lines."""
        ...

    def written_key(self, key: str, old: Scalar | None) -> str:
        """The token for a key that stands in place of `old`, if that is given."""
        ...

    def change(self, entry: Entry, value: str) -> Patch:
        """The patch that gives an entry another value."""
        ...

    def line(self, like: Entry | None, key: str, value: str) -> str:
        """A new entry's line, without its line end, in the style of `like`."""
        ...


@dataclass(slots=True)
class _Task:
    """What happens to one entry; `value` is its new value's text."""

    entry: Entry
    removed: bool = False
    key: str | None = None
    value: str | None = None


@dataclass(slots=True)
class _Plan:
    """Tasks by the index of their entry; `adds` are keys with the text of their values."""

    tasks: dict[int, _Task] = field(default_factory=dict)
    adds: list[tuple[str, str]] = field(default_factory=list)

    def removed(self, index: int) -> bool:
        return index in self.tasks and self.tasks[index].removed


def locate(kind: str, text: str, mapping: Mapping) -> Site:
    """The place of `mapping` in `text`.

    Raises CannotWrite when the reader of `kind` does not find that mapping in it.
    """
    try:
        root = read(kind, SourceText("", text)).roots[0]
    except FormatError as error:
        raise CannotWrite(f"the text cannot be read: {error.reason}") from None
    if isinstance(root, Mapping):
        for node in walk(root):
            if node == mapping:
                return Site(text, root, mapping)
    raise CannotWrite("the settings do not stand in this text")


def render_lines(kind: str, syntax: Syntax, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on the mapping of `syntax`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    site = syntax.site
    plan = _plan(site.mapping, operations, syntax.fold)
    entries = site.mapping.entries
    patches: list[Patch] = []
    removed: list[Lines] = []
    for _, task in sorted(plan.tasks.items()):
        if task.removed:
            syntax.check_removal(task.entry)
            removed.append(syntax.lines(task.entry))
            continue
        key = task.entry.key
        if task.key is not None:
            patches.append(Patch(key.start, key.end, syntax.written_key(task.key, key)))
        if task.value is not None:
            patches.append(syntax.change(task.entry, task.value))
    groups = _by_anchor(site.mapping, plan)
    for anchor, adds in groups.items():
        if anchor is None:
            patches.append(_new_lines(syntax, adds, removed))
        else:
            lines = syntax.lines(entries[anchor])
            end = line_end(site.text, lines)
            new = (end + syntax.line(entries[anchor], key, value) for key, value in adds)
            patches.append(Patch(lines.end, lines.end, "".join(new)))
    patches += _removals(site.text, removed)
    result = _joined(patches)
    _verify(kind, site, plan, groups, result)
    return result


def spelled(value: ScalarValue, like: str = "") -> str:
    """A value's text; a boolean in the case of `like`, the text of the value it replaces.

    Raises CannotWrite for null and for numbers that are not finite.
    """
    if value is None:
        raise CannotWrite("the format has no null")
    if isinstance(value, float) and not math.isfinite(value):
        raise CannotWrite("the number is not finite")
    text = scalar_text(value)
    if isinstance(value, bool) and like.lower() in _BOOLEANS:
        if like.isupper():
            return text.upper()
        if like[0].isupper():
            return text.capitalize()
    return text


def has_control(text: str) -> bool:
    """Whether there is a control character, or one that ends lines for Python."""
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def scalar_entries(mapping: Mapping) -> tuple[Entry, ...]:
    """A mapping's settings without its sections."""
    return tuple(entry for entry in mapping.entries if isinstance(entry.value, Scalar))


def lines_around(text: str, start: int, end: int) -> Lines:
    """The lines on which the code points `start` to `end` stand."""
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    match = _LINE_END_OR_END.search(text, end)
    if match is None:
        return Lines(first, len(text), len(text))
    return Lines(first, match.start(), match.end())


def line_end(text: str, lines: Lines) -> str:
    """The line end of these lines: their own, else the one before them, else the text's first."""
    own = text[lines.end : lines.stop]
    if own:
        return own
    before = text[max(lines.start - 2, 0) : lines.start]
    match = re.search(r"(?:\r\n|\r|\n)\Z", before) or LINE_END.search(text)
    return match.group() if match else "\n"


def indentation(text: str, entry: Entry) -> str:
    """What stands before an entry's key on its line."""
    return text[lines_around(text, entry.key.start, entry.key.start).start : entry.key.start]


@dataclass(frozen=True, slots=True)
class _Gap:
    """What stands between a key and its value, with the columns of its ends."""

    entry: Entry
    key_column: int
    written: str

    @property
    def delimiter(self) -> str:
        return self.written.strip()

    @property
    def before(self) -> int:
        """Blanks before the delimiter; all blanks when there is none."""
        return len(self.written) - len(self.written.lstrip())

    @property
    def delimiter_column(self) -> int:
        return self.key_column + self.before

    @property
    def value_column(self) -> int:
        return self.key_column + len(self.written)


def separator(syntax: Syntax, like: Entry | None, width: int, default: str) -> str:
    """What to write between a key and its value.

    It is what `like` has there. Where the keys around `like` are of different length and yet
    their delimiters, or their values, stand in one column, so does the new one; `width` is the
    number of code points before it.
    """
    text = syntax.site.text
    neighbours = syntax.site.neighbours
    gaps = [gap for gap in (_gap(text, entry) for entry in neighbours) if gap]
    if not gaps:
        return _bare_separator(text, neighbours, default)
    own = next((gap for gap in gaps if gap.entry is like), None)
    if own is None:
        place = like.key.start if like else syntax.site.mapping.start
        before = [gap for gap in gaps if gap.entry.key.start < place]
        own = before[-1] if before else gaps[0]
    if "\t" not in own.written and "\f" not in own.written:
        for block, strict in ((_block(syntax, gaps, own), False), (gaps, True)):
            aligned = _aligned(block, own, width, strict)
            if aligned is not None:
                return aligned
    return own.written


def separator_behind(text: str, written: str, neighbours: Sequence[Entry]) -> str:
    """The blank, if any, to write before a value right behind the separator `written`.

    A blank before the delimiter has one behind it; else it is as the last entry with the same
    delimiter has it.
    """
    if not written.strip():
        return ""
    if written[-1].isspace():
        return ""
    if written[0].isspace():
        return " "
    for entry in reversed(neighbours):
        gap = _gap(text, entry)
        if gap and gap.delimiter == written.strip():
            return " " if gap.written[-1].isspace() else ""
    return " " if written.strip() == ":" else ""


def _gap(text: str, entry: Entry) -> _Gap | None:
    """The gap of an entry that has one on one line, with a value behind it."""
    value = entry.value
    written = text[entry.key.end : value.start]
    if not written or value.start == value.end or LINE_END.search(written):
        return None
    if text[value.start].isspace():
        return None
    start = lines_around(text, entry.key.start, entry.key.start).start
    return _Gap(entry, entry.key.end - start, written)


def _bare_separator(text: str, neighbours: Sequence[Entry], default: str) -> str:
    """The separator where no neighbour has a value on its key's line."""
    for entry in reversed(neighbours):
        written = text[entry.key.end : entry.value.start]
        if written.strip() and not LINE_END.search(written):
            return written.rstrip() + separator_behind(text, written.rstrip(), ())
    return default


def _block(syntax: Syntax, gaps: Sequence[_Gap], own: _Gap) -> list[_Gap]:
    """The gaps around `own` that no blank line parts from it."""
    index = gaps.index(own)
    first = last = index
    while first > 0 and _adjacent(syntax, gaps[first - 1].entry, gaps[first].entry):
        first -= 1
    while last + 1 < len(gaps) and _adjacent(syntax, gaps[last].entry, gaps[last + 1].entry):
        last += 1
    return list(gaps[first : last + 1])


def _adjacent(syntax: Syntax, one: Entry, other: Entry) -> bool:
    between = syntax.site.text[syntax.lines(one).stop : syntax.lines(other).start]
    return all(line.strip() for line in LINE_END.split(between)[:-1])


def _aligned(gaps: Sequence[_Gap], own: _Gap, width: int, strict: bool) -> str | None:
    """The separator that keeps the column of `gaps`, if they have one; with `strict`, if `own`
    stands in it too."""
    gaps = [gap for gap in gaps if gap.delimiter == own.delimiter]
    for by_value in (False, True):
        columns = [gap.value_column if by_value else gap.delimiter_column for gap in gaps]
        column, count = Counter(columns).most_common(1)[0]
        members = [gap for gap, place in zip(gaps, columns, strict=True) if place == column]
        if count * 2 <= len(gaps) or len({gap.key_column for gap in members}) < 2:
            continue
        if own not in members:
            if strict:
                continue
            own = members[-1]
        if not by_value:
            least = min(gap.before for gap in members)
            return " " * max(column - width, least) + own.written[own.before :]
        head = own.written.rstrip()
        least = min(len(gap.written) - len(gap.written.rstrip()) for gap in members)
        return head + " " * max(column - width - len(head), least)
    return None


def _plan(mapping: Mapping, operations: Sequence[Operation], fold: Callable[[str], str]) -> _Plan:
    plan = _Plan()
    for operation in operations:
        if isinstance(operation, Add):
            if operation.within:
                raise CannotWrite("settings are not nested here")
            _check_text(operation.key)
            plan.adds.append((operation.key, _checked(spelled(operation.value))))
            continue
        index = _index(mapping, operation.entry)
        name = operation.entry.key.text
        fresh = index not in plan.tasks
        task = plan.tasks.setdefault(index, _Task(mapping.entries[index]))
        if isinstance(operation, Remove):
            if not fresh:
                raise CannotWrite(f"two edits of `{name}` contradict each other")
            task.removed = True
        elif task.removed:
            raise CannotWrite(f"two edits of `{name}` contradict each other")
        elif isinstance(operation, Rename):
            if task.key is not None:
                raise CannotWrite(f"two edits of `{name}` contradict each other")
            _check_text(operation.key)
            task.key = operation.key
        else:
            if task.value is not None:
                raise CannotWrite(f"two edits of `{name}` contradict each other")
            task.value = _changed(operation)
    for task in plan.tasks.values():
        _drop_unchanged(task)
    _check_unique(mapping, plan, fold)
    return plan


def _index(mapping: Mapping, entry: Entry) -> int:
    name = entry.key.text
    if entry.merged:
        raise CannotWrite(f"`{name}` is merged in from elsewhere")
    if entry not in mapping.entries:
        raise CannotWrite(f"`{name}` is no setting of this place")
    if not isinstance(entry.value, Scalar):
        raise CannotWrite(f"`{name}` is a section")
    return mapping.entries.index(entry)


def _changed(change: Change) -> str:
    old = change.entry.value
    return _checked(spelled(change.value, old.text if isinstance(old, Scalar) else ""))


def _drop_unchanged(task: _Task) -> None:
    """Leave alone what stands there already, however it is written."""
    value = task.entry.value
    if task.key == task.entry.key.text:
        task.key = None
    if isinstance(value, Scalar) and value.value is not None and task.value == value.text:
        task.value = None


def _checked(value: str) -> str:
    if _LONE_SURROGATE.search(value):
        raise CannotWrite("a value with a lone surrogate is no text")
    return value


def _check_text(key: str) -> None:
    if not key:
        raise CannotWrite("a setting without a name cannot be written")
    if _LONE_SURROGATE.search(key):
        raise CannotWrite("a key with a lone surrogate is no text")


def _check_unique(mapping: Mapping, plan: _Plan, fold: Callable[[str], str]) -> None:
    """No key that is added or given may be there, before an Add not even one that goes."""
    present = {fold(entry.key.text) for entry in scalar_entries(mapping)}
    final: Counter[str] = Counter(fold(key) for key, _ in plan.adds)
    given = [key for key, _ in plan.adds]
    for index, entry in enumerate(mapping.entries):
        task = plan.tasks.get(index)
        if isinstance(entry.value, Scalar) and not plan.removed(index):
            final[fold((task and task.key) or entry.key.text)] += 1
        if task is not None and task.key is not None:
            given.append(task.key)
    for key, _ in plan.adds:
        if fold(key) in present:
            raise CannotWrite(f"`{key}` is set already")
    for key in given:
        if final[fold(key)] > 1:
            raise CannotWrite(f"`{key}` would be set twice")


def _by_anchor(mapping: Mapping, plan: _Plan) -> dict[int | None, list[tuple[str, str]]]:
    """The new settings by the index of the entry they go behind, None when no entry is left."""
    left = [
        (index, _KEY_PARTS.split(entry.key.text))
        for index, entry in enumerate(mapping.entries)
        if isinstance(entry.value, Scalar) and not plan.removed(index)
    ]
    groups: dict[int | None, list[tuple[str, str]]] = {}
    for key, value in plan.adds:
        parts = _KEY_PARTS.split(key)
        ranked = [(_shared(parts, other), index) for index, other in left]
        anchor = max(ranked)[1] if ranked else None
        groups.setdefault(anchor, []).append((key, value))
    return groups


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many leading parts two keys share."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _new_lines(syntax: Syntax, adds: Sequence[tuple[str, str]], removed: list[Lines]) -> Patch:
    """The patch with new settings where no entry is left to put them behind.

    They take the place of the last entry that goes, else stand behind a section's header, else at
    the end of the text.
    """
    site = syntax.site
    entries = scalar_entries(site.mapping)
    like = entries[-1] if entries else _neighbour(site)
    new = [syntax.line(like, key, value) for key, value in adds]
    if removed:
        lines = removed.pop()
        return Patch(lines.start, lines.end, line_end(site.text, lines).join(new))
    if site.mapping is not site.root and site.mapping != site.root:
        header = lines_around(site.text, site.mapping.start, site.mapping.start)
        end = line_end(site.text, header)
        return Patch(header.end, header.end, "".join(end + line for line in new))
    if site.mapping.entries:
        raise CannotWrite("there is no place for it before the first section")
    size = len(site.text)
    last = lines_around(site.text, size, size)
    end = line_end(site.text, last)
    joined = end.join(new)
    if last.start < size:
        return Patch(size, size, end + joined)
    return Patch(size, size, joined + end)


def _neighbour(site: Site) -> Entry | None:
    """The entry before an empty mapping, else the one behind it."""
    entries = site.neighbours
    before = [entry for entry in entries if entry.key.start < site.mapping.start]
    return before[-1] if before else next(iter(entries), None)


def _removals(text: str, removed: Sequence[Lines]) -> list[Patch]:
    """One patch for each run of lines that go.

    When the last line goes and had no line end, the line before it loses its own.
    """
    runs: list[tuple[int, int]] = []
    for lines in removed:
        if runs and runs[-1][1] == lines.start:
            runs[-1] = (runs[-1][0], lines.stop)
        else:
            runs.append((lines.start, lines.stop))
    if runs and runs[-1][1] == len(text) and text[-1] not in "\r\n":
        start = runs[-1][0]
        start -= 2 if text[:start].endswith("\r\n") else min(start, 1)
        runs[-1] = (start, len(text))
    return [Patch(start, stop, "") for start, stop in runs]


def _joined(patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """The patches in order; what is inserted at one place becomes one patch."""
    result: list[Patch] = []
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        last = result[-1] if result else None
        if last and (last.start, last.end) == (patch.start, patch.end):
            result[-1] = Patch(last.start, last.end, last.replacement + patch.replacement)
        else:
            result.append(patch)
    return tuple(result)


_Settings = list[tuple[str, str | None]]


def _settings(mapping: Mapping) -> _Settings:
    """Keys with the text of their values; None for a value that is not there."""
    return [
        (entry.key.text, None if entry.value.value is None else entry.value.text)
        for entry in mapping.entries
        if isinstance(entry.value, Scalar)
    ]


def _verify(
    kind: str,
    site: Site,
    plan: _Plan,
    groups: dict[int | None, list[tuple[str, str]]],
    patches: tuple[Patch, ...],
) -> None:
    """Raise CannotWrite when the edited text says anything else than it should.

    A line that is no setting can become one, or part of one, when the lines before it change.
    """
    meant: _Settings = []
    for index, entry in enumerate(site.mapping.entries):
        task = plan.tasks.get(index)
        if isinstance(entry.value, Scalar) and not plan.removed(index):
            old = None if entry.value.value is None else entry.value.text
            key = task.key if task and task.key is not None else entry.key.text
            meant.append((key, task.value if task and task.value is not None else old))
            meant += groups.get(index, ())
    meant += groups.get(None, ())
    expected = [
        meant if node == site.mapping else _settings(node)
        for node in walk(site.root)
        if isinstance(node, Mapping)
    ]
    edited = apply(site.text, patches)
    try:
        root = read(kind, SourceText("", edited)).roots[0]
    except FormatError:
        raise CannotWrite(MISREAD) from None
    found = [_settings(node) for node in walk(root) if isinstance(node, Mapping)]
    if found != expected or _sections(root, edited) != _sections(site.root, site.text):
        raise CannotWrite(MISREAD)


def _sections(root: object, text: str) -> list[str]:
    if not isinstance(root, Mapping):
        return []
    return [
        text[entry.key.start : entry.key.end]
        for entry in root.entries
        if not isinstance(entry.value, Scalar)
    ]
