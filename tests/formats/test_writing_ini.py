"""The INI writer: exact edits, what it refuses, and random edits of random files."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.line_formats import (
    PROFILE,
    Block,
    Chunk,
    File,
    Format,
    Outline,
    Tally,
    assemble,
    check_request,
    check_table,
    draw_ends,
    draw_request,
    edited,
    lines_of,
    tables,
)

from oncelint.formats.tree import Entry, Mapping
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("[s]\na = 1\n\n; t\n[t]\n", [("add", "b", 2)], "[s]\na = 1\nb = 2\n\n; t\n[t]\n"),
        ("[s]\n  a: 1", [("add", "b", 2)], "[s]\n  a: 1\n  b: 2"),
        ("[s]\r\n[t]\r\nx=1\r\n", [("add", "b", 2)], "[s]\r\nb=2\r\n[t]\r\nx=1\r\n"),
        ("[s]\na =\n  b\n  c\nd=1", [("change", "a", "x")], "[s]\na = x\nd=1"),
        ("[s]\na = b\n  c\nd=1", [("remove", "a")], "[s]\nd=1"),
        ("[s]\na = True", [("change", "a", False), ("rename", "a", "c")], "[s]\nc = False"),
        ("[s]\na", [("change", "a", 1)], "[s]\na = 1"),
        ("[s]\na", [("change", "a", "")], "[s]\na ="),
        ("[s]\na\nb:1", [("change", "a", 1), ("add", "c", "")], "[s]\na:1\nb:1\nc:"),
        ("[s]\na =   \nb=1\n", [("change", "a", 2)], "[s]\na =   2\nb=1\n"),
        ("[s]\na =\n", [("change", "a", 2), ("add", "b", 3)], "[s]\na = 2\nb = 3\n"),
        ("[s]\na=\n", [("change", "a", 2), ("add", "b", 3)], "[s]\na=2\nb=3\n"),
        ("[s]\na=1\n", [("change", "a", ""), ("add", "b", "")], "[s]\na=\nb=\n"),
        ("[s]\nz:\n   1\n", [("change", "z", ""), ("add", "y", 3)], "[s]\nz:\ny: 3\n"),
        ("[s]\nz = 1\n   \n  2\n# c\n", [("change", "z", 3)], "[s]\nz = 3\n# c\n"),
        ("[s]\nz = 1\n   \n  2\n# c\n", [("remove", "z")], "[s]\n# c\n"),
        ("[s]  ; c\n\n# x\n", [("add", "y", 3)], "[s]  ; c\ny = 3\n\n# x\n"),
        ("[s]\n\ta\t=\t1\r\n", [("add", "b", 2)], "[s]\n\ta\t=\t1\r\n\tb\t=\t2\r\n"),
        ("s=1\n[s]\n[t]\nx: 1\n", [("add", "s", 2)], "s=1\n[s]\ns=2\n[t]\nx: 1\n"),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("ini", source, *edits, section="s") == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("[s]\na = 1", [("add", "A", 2)], "set already"),
        ("[s]\na = 1", [("add", "b", "5%")], "reference"),
        ("[s]\na = 1 ; c", [("change", "a", 2)], "comment"),
        ("[s]\na = 1", [("add", "[b", 2)], "something else"),
        ("[s]\na = 1", [("add", "b", "x\ny")], "control character"),
        ("[s]\na = b\n# c\n  d", [("remove", "a")], "comment"),
        ("[s]\na = b\n# c\n  d", [("change", "a", 1)], "stands in the old value"),
        ("[s]\na = 1", [("add", "b #", 2)], "something else"),
        ("[s]\na = 1", [("rename", "a", " b")], "blank at an end"),
        ("[s]\na = 1", [("change", "a", float("inf"))], "not finite"),
        ("[s]\na = 1", [("change", "a", "\udc00")], "lone surrogate"),
        # The line below would become a part of the value above it.
        ("[s]\na\n  b = 1", [("change", "a", 1)], "read as it is meant"),
        ("[s]\nz=1\na\n  b = 1", [("remove", "a")], "read as it is meant"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("ini", source, *edits, section="s")


KEY_CHARACTERS = "aB.z_-é😀 %'\"#\xa0!"
CHARACTERS = KEY_CHARACTERS + ";=:\\[],09"
WORDS = st.sampled_from(["True", "FALSE", "yes", "No", "off", "x", ""])
ENCODINGS = (("utf-8", ""), ("utf-8", "\ufeff"), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"))
CONTROL = re.compile("[\\x00-\\x1f\x7f-\x9f\u2028]")
COMMENT = re.compile(r"(^|\s)[#;]")
KEYS = st.one_of(
    st.text(KEY_CHARACTERS, min_size=1, max_size=5)
    .map(str.strip)
    .filter(lambda key: key and key[0] not in "#;["),
    st.sampled_from(["a.b", "A.B", "enable.x", "Enable.X", "c"]),
)
TEXTS = st.one_of(st.text(CHARACTERS, max_size=6).map(str.strip), WORDS)
NEW_TEXTS = st.text(CHARACTERS + "\n\x85\t", max_size=5)
PLAIN_TEXTS = st.sampled_from(
    ["", "all", "x y", "a:9,b:9", "=x", "tRue", "1", "x;y", "é", "[x]", "a\\"]
)
NEW_VALUES: st.SearchStrategy[Scalar] = st.one_of(
    PLAIN_TEXTS,
    st.booleans(),
    st.integers(-9, 10**12),
    PLAIN_TEXTS,
    st.floats(width=16, allow_nan=False, allow_infinity=False),
    st.integers(0, 9).flatmap(
        lambda number: (
            st.sampled_from([None, float("nan"), float("-inf"), "\udfffx"])
            if number == 0
            else NEW_TEXTS
            if number < 4
            else PLAIN_TEXTS
        )
    ),
)
NEW_KEYS = st.one_of(
    st.from_regex(r"[a-zA-Z]{1,2}([._-][a-z]){0,2}", fullmatch=True),
    st.sampled_from(["enable.y", "a.b.d", "a_b", "B-c", "d e"]),
    KEYS,
    st.integers(0, 3).flatmap(lambda number: KEYS if number else NEW_TEXTS),
)


def _setting(draw: st.DrawFn, key: str, indent: str) -> Block:
    """A setting, with the blank lines and comments that stand between its lines."""
    if draw(st.integers(0, 9)) == 0:
        return Block((indent + key + draw(st.sampled_from(["", "  "])),), key, None)
    between = draw(st.sampled_from(["=", "=", " = ", " = ", ": ", " :", "\t=\t", "=   ", ":"]))
    first = draw(TEXTS)
    lines = [indent + key + between + first + draw(st.sampled_from(["", "", " ", "\t"]))]
    values = [first]
    # Blank lines count only when another line of the value follows.
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        kind = draw(st.integers(0, 5))
        if kind == 0:
            lines.append(draw(st.sampled_from(["", "   "])))
            values.append("")
        elif kind == 1:
            lines.append(draw(st.sampled_from(["# c", "      ; c"])))
        more = draw(TEXTS.filter(lambda text: text and text[0] not in "#;"))
        lines.append(indent + draw(st.sampled_from([" ", "\t", "    "])) + more)
        values.append(more)
    return Block(tuple(lines), key, "\n".join(values))


def _other(draw: st.DrawFn) -> Block:
    return Block((draw(st.sampled_from(["", "  ", "# c", "; [t]", "   #=", "#"])),))


@st.composite
def files(draw: st.DrawFn) -> File:
    blocks: list[Block] = []
    names = draw(st.lists(st.sampled_from(["s", "S", "t u", "é", "]["]), max_size=3, unique=True))
    for name in ["", *names]:
        if name:
            blocks.append(
                Block((draw(st.sampled_from(["[{}]", "[{}] ; c"])).format(name),), header=name)
            )
        indent = draw(st.sampled_from(["", "", "", "  ", "\t"]))
        for key in draw(
            st.lists(
                KEYS, min_size=draw(st.sampled_from([0, 1, 3])), max_size=4, unique_by=str.lower
            )
        ):
            if draw(st.integers(0, 3)) == 3:
                blocks.append(_other(draw))
            blocks.append(_setting(draw, key, indent))
    for _ in range(draw(st.integers(0, 2))):
        blocks.append(_other(draw))
    ends = draw_ends(draw, sum(len(block.lines) for block in blocks))
    return assemble(draw, "ini", blocks, ends, ENCODINGS)


def _reference(text: str) -> Outline:
    """What configparser reads, keys before the first section included."""
    parser = configparser.RawConfigParser(default_section="\0", allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("[\1]\n" + re.sub("\r\n|\r", "\n", text))
    return [
        ("" if name == "\1" else name, [(key, value) for key, value in parser.items(name)])
        for name in parser.sections()
    ]


def _chunks(text: str) -> Iterator[Chunk]:
    """Settings with all lines of theirs, and single other lines."""
    setting: list[str] = []
    pending: list[str] = []
    indent = -1
    for line in lines_of(text):
        content = line.strip()
        if not content or content[0] in "#;":
            pending.append(line)
        elif indent >= 0 and len(line) - len(line.lstrip()) > indent:
            setting += [*pending, line]
            pending = []
        else:
            if setting:
                yield True, "".join(setting)
            yield from ((False, other) for other in pending)
            setting, pending, indent = [line], [], -1
            if re.match(r"\[.+\]", content):
                yield False, line
                setting = []
            elif re.search("[=:]", content):
                indent = len(line) - len(line.lstrip())
    if setting:
        yield True, "".join(setting)
    yield from ((False, other) for other in pending)


def _key_reasons(_file: File, key: str) -> set[str]:
    reasons: set[str] = set()
    if CONTROL.search(key) or key != key.strip():
        reasons.add("has a control character or a blank at an end")
    if key[0] in "#;[" or re.search(r"[=:]|\s[#;]", key):
        reasons.add("means something else in an INI file")
    return reasons


def _value_reasons(file: File, value: str, entry: Entry | None) -> set[str]:
    reasons: set[str] = set()
    if CONTROL.search(value) or value != value.strip():
        reasons.add("has a control character or a blank at an end")
    if "%" in value:
        reasons.add("for the start of a reference")
    if COMMENT.search(value):
        reasons.add("for a comment")
    if entry is None:
        return reasons
    assert not isinstance(entry.value, Mapping)
    token = file.text[entry.value.start : entry.value.end]
    if any(COMMENT.search(line) for line in lines_of(token)):
        reasons.add("what may be a comment stands in the old value")
    return reasons


def _removal_reasons(file: File, entry: Entry) -> set[str]:
    assert not isinstance(entry.value, Mapping)
    lines = lines_of(file.text[entry.value.start : entry.value.end])
    if any(line.strip()[:1] in ("#", ";") for line in lines[1:] if line.strip()):
        return {"a comment stands between the lines of the old value"}
    return set()


FORMAT = Format(
    kind="ini",
    keys=NEW_KEYS,
    values=NEW_VALUES,
    reference=_reference,
    chunks=_chunks,
    fold=lambda _file, key: key.lower(),
    key_reasons=_key_reasons,
    value_reasons=_value_reasons,
    removal_reasons=_removal_reasons,
)


def test_random_edits() -> None:
    """What was meant is read by the reference and by us, and nothing else has changed."""
    tally = Tally()

    @PROFILE
    @given(st.data())
    def run(data: st.DataObject) -> None:
        file = data.draw(files())
        check_request(FORMAT, file, data.draw(st.composite(draw_request)(FORMAT, file)), tally)

    run()
    tally.check(0.6)


@PROFILE
@given(tables("=:"))
def test_columns(table: tuple[str, str, str]) -> None:
    check_table("ini", table)
    check_table("ini", table, "[s]\n")
