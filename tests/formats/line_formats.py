"""What the tests of the line formats' writers share: random files, random edits, and what must
hold of the outcome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Entry, Mapping
from oncelint.formats.tree import Scalar as Token
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

MISREAD = "would not be read as it is meant"
ENDS = ("\n", "\r\n", "\r")

PROFILE = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

Outline: TypeAlias = "list[tuple[str, list[tuple[str, str | None]]]]"
Chunk: TypeAlias = "tuple[bool, str]"


def edited(kind: str, text: str, *edits: Sequence[Scalar], section: str = "") -> str:
    """`text` after edits such as ("add", key, value), ("change", key, value), ("remove", key) and
    ("rename", key, key)."""
    mapping = read(kind, SourceText("", text)).roots[0]
    assert isinstance(mapping, Mapping)
    if section:
        inner = mapping.get(section)
        assert isinstance(inner, Mapping)
        mapping = inner
    operations = [_operation(mapping, edit) for edit in edits]
    return apply(text, render(kind, text, mapping, operations))


def _operation(mapping: Mapping, edit: Sequence[Scalar]) -> Operation:
    name, key = edit[0], str(edit[1])
    if name == "add":
        return Add(key, edit[2])
    entry: Entry = next(entry for entry in mapping.entries if entry.key.text == key)
    if name == "change":
        return Change(entry, edit[2])
    return Remove(entry) if name == "remove" else Rename(entry, str(edit[2]))


def root_of(kind: str, text: str) -> Mapping:
    root = read(kind, SourceText("", text)).roots[0]
    assert isinstance(root, Mapping)
    return root


def documented_reasons() -> frozenset[str]:
    """The reasons that the table for the line formats in docs/fixes.md names."""
    path = Path(__file__).resolve().parents[2] / "docs" / "fixes.md"
    table = path.read_text(encoding="utf-8").split("## `.properties`")[1].split("\n## ")[0]
    return frozenset(re.findall(r"\| display \| `(.+)` \|", table))


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a file, without their ends: a setting, a section's header, or neither of them."""

    lines: tuple[str, ...]
    key: str | None = None
    value: str | None = None
    header: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """`ends` has one line end for each line; the last one is empty without a final newline."""

    kind: str
    blocks: tuple[Block, ...]
    ends: tuple[str, ...]
    encoding: str = "utf-8"
    bom: str = ""

    @property
    def block_texts(self) -> list[str]:
        """The text of each block."""
        ends = iter(self.ends)
        return ["".join(line + next(ends) for line in block.lines) for block in self.blocks]

    @property
    def text(self) -> str:
        return "".join(self.block_texts)

    @property
    def data(self) -> bytes:
        return (self.bom + self.text).encode(self.encoding)

    @property
    def outline(self) -> Outline:
        found: Outline = [("", [])]
        for block in self.blocks:
            if block.header is not None:
                found.append((block.header, []))
            elif block.key is not None:
                found[-1][1].append((block.key, block.value))
        return found


@dataclass(slots=True)
class Fate:
    """What becomes of one setting; `origin` is its place in the section, None for a new one."""

    key: str
    value: str | None
    origin: int | None = None
    touched: bool = False


@dataclass(slots=True)
class Request:
    """Operations on the section with the index `section`, with all reasons to refuse them."""

    section: int
    operations: list[Operation] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Format:
    """What the checks need to know of a format.

    `reference` reads a text with the reference library, `chunks` cuts it into pieces of which
    each is a setting or is none. `key_reasons` and `value_reasons` tell why a new key or value is
    refused (the latter also gets the entry it replaces, if any), `removal_reasons` why an entry
    cannot go. Where the reader `second` agrees on a file, it must agree on the edited one.
    """

    kind: str
    keys: st.SearchStrategy[str]
    values: st.SearchStrategy[Scalar]
    reference: Callable[[str], Outline]
    chunks: Callable[[str], Iterator[Chunk]]
    fold: Callable[[File, str], str]
    key_reasons: Callable[[File, str], set[str]]
    value_reasons: Callable[[File, str, Entry | None], set[str]]
    removal_reasons: Callable[[File, Entry], set[str]] = lambda _file, _entry: set()
    second: Callable[[str], Outline | None] = lambda _text: None


@dataclass(slots=True)
class Tally:
    """How many requests were carried out, and the reasons for which the others were not."""

    done: int = 0
    refused: int = 0
    reasons: set[str] = field(default_factory=set)
    edits: Counter[str] = field(default_factory=Counter)

    def check(self, share: float) -> None:
        """Enough is carried out, of each kind, and the documentation has all reasons."""
        assert self.done + self.refused >= 250
        assert self.done >= share * (self.done + self.refused)
        assert min(self.edits[name] for name in ("Add", "Change", "Remove", "Rename")) >= 15
        documented = documented_reasons()
        assert len(self.reasons) >= 4
        for reason in self.reasons:
            assert any(row.split("…")[-1].strip() in reason for row in documented), reason


def draw_ends(draw: st.DrawFn, count: int, choices: Sequence[str] = ENDS) -> tuple[str, ...]:
    """Line ends for `count` lines: the same for all or mixed, the last one at times missing."""
    if not count:
        return ()
    if draw(st.integers(0, 3)):
        ends = [draw(st.sampled_from(choices))] * count
    else:
        ends = draw(st.lists(st.sampled_from(choices), min_size=count, max_size=count))
    if draw(st.booleans()):
        ends[-1] = ""
    return tuple(ends)


def assemble(
    draw: st.DrawFn,
    kind: str,
    blocks: Sequence[Block],
    ends: tuple[str, ...],
    encodings: Sequence[tuple[str, str]],
) -> File:
    """A file of these blocks; without those line ends that would mean something else."""
    lines = [line for block in blocks for line in block.lines]
    # A CR before an empty line's LF would be one line end.
    fixed = list(ends)
    for index in reversed(range(len(fixed) - 1)):
        if fixed[index] == "\r" and fixed[index + 1] == "\n" and not lines[index + 1]:
            fixed[index] = "\n"
    encoding, bom = draw(st.sampled_from(encodings))
    return File(kind, tuple(blocks), tuple(fixed), encoding, bom)


def draw_request(draw: st.DrawFn, format_: Format, file: File) -> Request:
    """Random operations on one of the sections of `file`."""
    root = root_of(file.kind, file.text)
    mappings = mappings_of(root)
    # Sections without settings are of less interest, but not of none.
    filled = [index for index, mapping in enumerate(mappings) if settings_of(mapping)]
    request = Request(draw(st.sampled_from([*range(len(mappings)), *filled, *filled])))
    mapping = mappings[request.section]
    entries = settings_of(mapping)
    for index, entry in enumerate(entries):
        _edit_entry(draw, format_, file, request, index, entry)
    adds = draw(st.lists(format_.keys, max_size=2, unique=True))
    for key in adds:
        value = draw(format_.values)
        request.operations.append(Add(key, value))
        request.reasons |= _key_reasons(format_, file, key) | _reasons(format_, file, value, None)
        _place(request, key, text_of(value, ""), [entry.key.text for entry in entries])
    _check_unique(request, format_, file, [entry.key.text for entry in entries], adds)
    if adds and not request.section and len(mappings) > 1 and not entries:
        request.reasons.add("there is no place for it before the first section")
    if draw(st.booleans()):
        # Only the order among new settings matters.
        edits = len(request.operations) - len(adds)
        request.operations = request.operations[edits:] + request.operations[:edits]
    return request


def _edit_entry(
    draw: st.DrawFn, format_: Format, file: File, request: Request, index: int, entry: Entry
) -> None:
    """Draw what becomes of an entry."""
    assert isinstance(entry.value, Token)
    old = None if entry.value.value is None else entry.value.text
    fate = Fate(entry.key.text, old, index)
    what = draw(st.sampled_from(["", "", "change", "change", "remove", "rename", "both"]))
    if what == "remove":
        request.operations.append(Remove(entry))
        request.reasons |= format_.removal_reasons(file, entry)
        return
    request.fates.append(fate)
    if what in ("change", "both"):
        value = draw(format_.values)
        request.operations.append(Change(entry, value))
        text = text_of(value, entry.value.text)
        if text != old:
            fate.touched = True
            request.reasons |= _reasons(format_, file, value, entry)
        else:
            request.reasons |= _general_reasons(value)
        fate.value = text
    if what in ("rename", "both"):
        key = draw(format_.keys)
        request.operations.append(Rename(entry, key))
        if not key or key != fate.key:
            request.reasons |= _key_reasons(format_, file, key)
            fate.touched = True
        fate.key = key


def _place(request: Request, key: str, text: str, old_keys: Sequence[str]) -> None:
    """Put a new setting behind the last one that shares most of its key's leading parts."""
    parts = re.split(r"[._-]", key)
    best, place = -1, len(request.fates)
    for index, fate in enumerate(request.fates):
        if fate.origin is None:
            continue
        shared = 0
        for one, other in zip(parts, re.split(r"[._-]", old_keys[fate.origin]), strict=False):
            if one != other:
                break
            shared += 1
        if shared >= best:
            best, place = shared, index + 1
    while place < len(request.fates) and request.fates[place].origin is None:
        place += 1
    request.fates.insert(place, Fate(key, text, touched=True))


def _check_unique(
    request: Request, format_: Format, file: File, old_keys: Sequence[str], adds: Sequence[str]
) -> None:
    if {format_.fold(file, key) for key in old_keys} & {format_.fold(file, key) for key in adds}:
        request.reasons.add("is set already")
    final = [format_.fold(file, fate.key) for fate in request.fates]
    for fate in request.fates:
        new = fate.origin is None or fate.key != old_keys[fate.origin]
        if new and final.count(format_.fold(file, fate.key)) > 1:
            request.reasons |= {"would be set twice", "is set already"}


def _key_reasons(format_: Format, file: File, key: str) -> set[str]:
    if not key:
        return {"a setting without a name"}
    if re.search("[\ud800-\udfff]", key):
        return {"with a lone surrogate is no text"}
    return format_.key_reasons(file, key)


def _general_reasons(value: Scalar) -> set[str]:
    if value is None:
        return {"the format has no null"}
    if value in (float("inf"), float("-inf")) or value != value:
        return {"the number is not finite"}
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        return {"with a lone surrogate is no text"}
    return set()


def _reasons(format_: Format, file: File, value: Scalar, entry: Entry | None) -> set[str]:
    return _general_reasons(value) or format_.value_reasons(file, text_of(value, ""), entry)


def text_of(value: Scalar, old: str) -> str:
    """How a value is spelled in place of `old`."""
    if not isinstance(value, bool):
        return str(value)
    words = ("true", "false", "yes", "no", "on", "off")
    text = "true" if value else "false"
    if old.lower() not in words:
        return text
    return text.upper() if old.isupper() else text.title() if old[0].isupper() else text


def mappings_of(root: Mapping) -> list[Mapping]:
    """The mapping before the first section and those of the sections."""
    return [root, *(entry.value for entry in root.entries if isinstance(entry.value, Mapping))]


def settings_of(mapping: Mapping) -> tuple[Entry, ...]:
    return tuple(entry for entry in mapping.entries if isinstance(entry.value, Token))


def outline_of(kind: str, text: str) -> Outline:
    """What our own reader makes of a text."""
    root = root_of(kind, text)
    headers = [entry.key.text for entry in root.entries if isinstance(entry.value, Mapping)]
    found: Outline = []
    for name, mapping in zip(["", *headers], mappings_of(root), strict=True):
        rows: list[tuple[str, str | None]] = []
        for entry in settings_of(mapping):
            assert isinstance(entry.value, Token)
            value = None if entry.value.value is None else entry.value.text
            rows.append((entry.key.text, value))
        found.append((name, rows))
    return found


def check_request(format_: Format, file: File, request: Request, tally: Tally) -> None:
    """Everything that must hold of one request, carried out or refused."""
    source = SourceText.decode("", file.data, latin1=file.kind == "properties")
    # Latin-1 bytes can happen to be UTF-8.
    assume(source.text == file.text)
    text = source.text
    assert outline_of(file.kind, text) == file.outline
    assert format_.reference(text) == file.outline
    mapping = mappings_of(root_of(file.kind, text))[request.section]
    patches = _rendered(file.kind, text, mapping, request.operations)
    if isinstance(patches, CannotWrite):
        reason = patches.reason
        assert any(expected in reason for expected in request.reasons), reason
        tally.refused += 1
        tally.reasons.add(re.sub("`[^`]*` (is|would)", r"\1", reason))
        return
    assert not request.reasons
    tally.done += 1
    tally.edits.update(type(operation).__name__ for operation in request.operations)
    result = apply(text, patches)
    expected = file.outline
    expected[request.section] = (
        expected[request.section][0],
        [(fate.key, fate.value) for fate in request.fates],
    )
    assert outline_of(file.kind, result) == expected
    assert format_.reference(result) == expected
    if format_.second(text) == file.outline:
        assert format_.second(result) == expected
        tally.edits["second"] += 1
    _check_bytes(source, file.data, result, min((patch.start for patch in patches), default=0))
    _check_lines(format_, file, request, result)
    _check_surroundings(file, request, result)
    _check_again(file, request, result)


def _rendered(
    kind: str, text: str, mapping: Mapping, operations: Sequence[Operation]
) -> tuple[Patch, ...] | CannotWrite:
    try:
        return render(kind, text, mapping, operations)
    except CannotWrite as error:
        return error


def _check_bytes(source: SourceText, data: bytes, result: str, first: int) -> None:
    written = source.encode(result)
    assert written.startswith(data[: source.byte_offset(first)])
    assert written[len(source.bom) :].decode(source.encoding) == result


def _check_lines(format_: Format, file: File, request: Request, result: str) -> None:
    """Lines of no named setting are the same, line ends included, and new ones fit in."""
    touched = {fate.origin: fate.touched for fate in request.fates}
    before: list[str | int] = []
    section = index = 0
    for block, text in zip(file.blocks, file.block_texts, strict=True):
        if block.header is not None:
            section, index = section + 1, 0
        elif block.key is not None:
            index += 1
            if section == request.section:
                if index - 1 in touched:
                    before += [index - 1] if touched[index - 1] else lines_of(text)
                continue
        before += lines_of(text)
    sizes = [len(rows) for _, rows in file.outline]
    fates: list[Fate | None] = [None] * sum(sizes[: request.section])
    fates += [*request.fates, *([None] * sum(sizes[request.section + 1 :]))]
    after: list[str | int] = []
    rest = iter(fates)
    for is_setting, text in format_.chunks(result):
        fate = next(rest) if is_setting else None
        if fate is None or not fate.touched:
            after += lines_of(text)
            continue
        if fate.origin is not None:
            after.append(fate.origin)
        ends = {end for end in file.ends if end} or {"\n"}
        assert {re.sub(r"[^\r\n]", "", line) for line in lines_of(text)} <= {"", *ends}
        if fate.origin is None:
            assert len(lines_of(text)) == 1
            # An editor may drop blanks at a line's end.
            assert not text.rstrip("\r\n").endswith((" ", "\t"))
    assert next(rest, None) is None
    if not file.text or file.text.endswith(("\r", "\n")):
        assert after == before
        assert result.endswith(("\r", "\n")) or not result
    else:
        _check_without_final_end(before, after, result)


def _check_without_final_end(before: list[str | int], after: list[str | int], result: str) -> None:
    """All lines but the last are the same; no line end is missing, and none too many."""
    if result.endswith(("\r", "\n")):
        after = [*after, ""]
    assert len(after) == len(before)
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if isinstance(old, str) and isinstance(new, str):
            assert new.rstrip("\r\n") == old.rstrip("\r\n")
            if old.endswith(("\r", "\n")) and number < len(after):
                assert new == old
        else:
            assert new == old


def _check_surroundings(file: File, request: Request, result: str) -> None:
    """What stands around an edited key or value stays."""
    old = settings_of(mappings_of(root_of(file.kind, file.text))[request.section])
    new = settings_of(mappings_of(root_of(file.kind, result))[request.section])
    for number, (fate, entry) in enumerate(zip(request.fates, new, strict=True)):
        if fate.origin is None and number:
            assert _before_key(result, entry) == _before_key(result, new[number - 1])
        if fate.origin is None or not fate.touched:
            continue
        was = old[fate.origin]
        assert _before_key(file.text, was) == _before_key(result, entry)
        if fate.key == was.key.text:
            assert _token(file.text, was.key) == _token(result, entry.key)
        if not _token(file.text, was.value).strip() or not _token(result, entry.value):
            continue
        if _token(file.text, was.value)[0].isspace():
            continue
        if file.kind == "dotenv" and _token(file.text, was.value)[0] in "'\"":
            assert _token(result, entry.value)[0] in "'\""
        assert _between(file.text, was) == _between(result, entry)
        assert _behind(file.text, was) == _behind(result, entry)


def _before_key(text: str, entry: Entry) -> str:
    return re.split(r"[\r\n]", text[: entry.key.start])[-1]


def _token(text: str, node: object) -> str:
    assert isinstance(node, Token)
    return text[node.start : node.end]


def _between(text: str, entry: Entry) -> str:
    return text[entry.key.end : entry.value.start]


def _behind(text: str, entry: Entry) -> str:
    return re.split(r"[\r\n]", text[entry.value.end :])[0]


def _check_again(file: File, request: Request, result: str) -> None:
    """What holds already is no edit."""
    mapping = mappings_of(root_of(file.kind, result))[request.section]
    again: list[Operation] = []
    for fate, entry in zip(request.fates, settings_of(mapping), strict=True):
        again.append(Rename(entry, fate.key))
        if fate.value is not None:
            again.append(Change(entry, fate.value))
    assert render(file.kind, result, mapping, again) == ()
    for fate in request.fates:
        with pytest.raises(CannotWrite, match="is set already"):
            render(file.kind, result, mapping, [Add(fate.key, "x")])


def lines_of(text: str) -> list[str]:
    """Lines with their ends."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


@st.composite
def tables(draw: st.DrawFn, delimiters: str) -> tuple[str, str, str]:
    """Settings whose delimiters, or values, stand in one column, or that have the same between
    key and value; a new key, and the line that it makes with the value 1."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=2, max_size=4, unique=True))
    keys = [chr(ord("a") + index) * length for index, length in enumerate(lengths)]
    new = "z" * draw(st.integers(1, 9))
    delimiter = draw(st.sampled_from(delimiters))
    blank = draw(st.sampled_from(["", " ", "  "]))
    spare = draw(st.integers(0, 2))
    column = max(lengths) + spare
    style = draw(st.sampled_from(["delimiter", "value", "equal", "tab"]))

    def between(key: str) -> str:
        missing = " " * max(column - len(key), spare)
        if style == "delimiter":
            return missing + delimiter + blank
        if style == "value":
            return delimiter + missing
        return (blank if style == "equal" else "\t") + delimiter + blank

    end = draw(st.sampled_from(ENDS))
    text = end.join(key + between(key) + "1" for key in keys) + draw(st.sampled_from([end, ""]))
    return text, new, new + between(new) + "1"


def check_table(kind: str, table: tuple[str, str, str], header: str = "") -> None:
    """The new line stands at the end, in its column, and the lines before it are as they were."""
    text, new, line = table
    section = header.strip("[]\n")
    result = edited(kind, header + text, ("add", new, 1), section=section)
    before = lines_of(header + text)
    after = lines_of(result)
    assert after[-1].rstrip("\r\n") == line
    assert [part.rstrip("\r\n") for part in after[:-1]] == [part.rstrip("\r\n") for part in before]
    assert after[: len(before) - 1] == before[:-1]
    assert text.endswith(("\r", "\n")) == result.endswith(("\r", "\n"))
