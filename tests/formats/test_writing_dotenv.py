"""The dotenv writer: exact edits, what it refuses, and random edits of random files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
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

from oncelint.formats.tree import Entry
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("export A=1\n", [("add", "B", True)], "export A=1\nexport B=true\n"),
        ('A="x" # c\n', [("change", "A", "y z")], 'A="y z" # c\n'),
        ("A=1 # c", [("change", "A", "y z")], "A='y z' # c"),
        ("A='x'\r\n", [("add", "B", "y")], "A='x'\r\nB='y'\r\n"),
        ("A= # c\n", [("change", "A", "x")], "A=x # c\n"),
        ('A="x\ny"\nB=1', [("remove", "A")], "B=1"),
        ("A=1\n", [("rename", "A", "B")], "B=1\n"),
        ("A='x'", [("change", "A", "it's")], 'A="it\'s"'),
        ('A="x"', [("change", "A", "$x")], "A='$x'"),
        ('A="x"', [("change", "A", 'a"b\\c')], 'A="a\\"b\\\\c"'),
        ("A=   # c\n", [("change", "A", "x")], "A=x   # c\n"),
        ("A = # c\nB = 2", [("change", "A", "x y")], "A = 'x y' # c\nB = 2"),
        ("A=x # c\n", [("change", "A", "")], "A= # c\n"),
        ("A='x'\nB=\"y\"\nC='z'", [("add", "D", "")], "A='x'\nB=\"y\"\nC='z'\nD=''"),
        ("A='x y'\nB=1", [("add", "C", 2)], "A='x y'\nB=1\nC=2"),
        ("A=1\n", [("add", "B", "\u00a0")], "A=1\nB='\u00a0'\n"),
        ("'a b'=1\n", [("rename", "a b", "c")], "'c'=1\n"),
        ("A\nB=1\n", [("add", "A", "x")], "A\nB=1\nA=x\n"),
        ("A=1\nA=2\n", [("remove", "A")], "A=2\n"),
        ("A='\ud800'\nB=1\n", [("change", "B", 2)], "A='\ud800'\nB=2\n"),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("dotenv", source, *edits) == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("A=1", [("change", "A", "${B}")], "environment"),
        ("A=1", [("change", "A", "x\n")], "control character"),
        ("A=1", [("change", "A", "'$")], "no kind of quotes"),
        ("A=1", [("add", "B C", 1)], "no environment file"),
        ("A=1", [("change", "A", "b\\\\")], "backslash"),
        ("A=1", [("change", "A", None)], "null"),
        ("A=1", [("change", "A", float("nan"))], "not finite"),
        ("A=1", [("add", "B", "\ud800")], "lone surrogate"),
        ("A=1", [("add", "A", 2)], "set already"),
        ("A=1\nA=2", [("rename", "A", "B"), ("add", "B", 2)], "set twice"),
        ("A=1", [("rename", "A", "b$")], "no environment file"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("dotenv", source, *edits)


CHARACTERS = "aB.z_-é😀 %'\"#\xa0!$`{}\\=~,09"
WORDS = st.sampled_from(["True", "FALSE", "yes", "No", "off", "x", ""])
ENCODINGS = (("utf-8", ""), ("utf-8", "\ufeff"), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"))
CONTROL = re.compile("[\\x00-\\x1f\x7f-\x9f\u2028]")
KEYS = st.one_of(
    st.from_regex(r"[A-Z]{1,2}(_[A-Z0-9]){0,2}", fullmatch=True),
    st.text("aB.-é_0😀", min_size=1, max_size=4),
)
QUOTED_KEYS = st.text('aB =#"$é', min_size=1, max_size=4)
TEXTS = st.one_of(st.text(CHARACTERS, max_size=6), WORDS)
NEW_TEXTS = st.text(CHARACTERS + "\n\t\x85", max_size=5)
PLAIN_TEXTS = st.sampled_from(
    ["", "all", "x y", "a:9,b:9", "=x", "tRue", "1", "it's", "a#b", "$x", "é", 'a"b', "c\\d"]
)
NEW_VALUES: st.SearchStrategy[Scalar] = st.one_of(
    PLAIN_TEXTS,
    st.booleans(),
    st.integers(-9, 10**12),
    PLAIN_TEXTS,
    TEXTS.filter(lambda text: "${" not in text),
    st.floats(width=16, allow_nan=False, allow_infinity=False),
    st.integers(0, 9).flatmap(
        lambda number: (
            st.sampled_from([None, float("nan"), float("-inf"), "\udfffx", "a${b}", "x\\"])
            if number == 0
            else NEW_TEXTS
            if number < 6
            else PLAIN_TEXTS
        )
    ),
)
NEW_KEYS = st.one_of(
    KEYS, KEYS, KEYS, st.integers(0, 2).flatmap(lambda number: KEYS if number else NEW_TEXTS)
)


def _value(draw: st.DrawFn, style: str, end: str) -> tuple[str, str]:
    """A value as written in quotes, or without, and what it means."""
    text = draw(TEXTS)
    if style == "plain":
        text = re.sub(r"\s+#.*", "", text).strip()
        text = text if text[:1] not in ("'", '"', "#") else "x" + text
        return text, text
    if draw(st.integers(0, 3)) == 0:
        text = text[:2] + end + text[2:]
    if style == "single":
        return "'" + re.sub(r"(['\\])", r"\\\1", text) + "'", text
    written = re.sub(r'(["\\])', r"\\\1", text)
    if draw(st.integers(0, 3)) == 0:
        return f'"{written}\\n\\t"', text + "\n\t"
    return f'"{written}"', text


def _setting(draw: st.DrawFn, end: str) -> Block:
    head = draw(st.sampled_from(["", "", "  ", "export ", "export\t", " export  "]))
    if draw(st.integers(0, 7)) == 0:
        key = draw(QUOTED_KEYS)
        head += f"'{key}'"
    else:
        key = draw(KEYS)
        head += key
    style = draw(st.sampled_from(["plain", "plain", "single", "double"]))
    written, value = _value(draw, style, end)
    head += draw(st.sampled_from(["=", "=", "=", " = ", "= ", " =", "=\t"]))
    tail = draw(st.sampled_from(["", "", " ", " # c", "\t#'c", " #"]))
    return Block(tuple((head + written + tail).split(end)), key, value)


def _other(draw: st.DrawFn) -> Block:
    """A comment, a blank line, a key without a value, or what is skipped with a warning."""
    return Block(
        (
            draw(
                st.sampled_from(
                    ["", "  ", "# c", "#A=1", " # 'x", "A", "export B", "A='x'y", "=1", "A # c"]
                )
            ),
        )
    )


@st.composite
def files(draw: st.DrawFn) -> File:
    blocks: list[Block] = []
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    for _ in range(draw(st.sampled_from([0, 1, 2, 3, 4, 5]))):
        if draw(st.integers(0, 3)) == 3:
            blocks.append(_other(draw))
        blocks.append(_setting(draw, end))
    for _ in range(draw(st.integers(0, 2))):
        blocks.append(_other(draw))
    ends = draw_ends(draw, sum(len(block.lines) for block in blocks), [end])
    return assemble(draw, "dotenv", blocks, ends, ENCODINGS)


def _reference(text: str) -> Outline:
    """What python-dotenv reads; duplicates and keys without a value are seen by its parser."""
    rows: list[tuple[str, str | None]] = [
        (str(binding.key), binding.value)
        for binding in parse_stream(io.StringIO(text))
        if binding.value is not None
    ]
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    for key, value in dict(rows).items():
        assert values[key] in (value, None)
    return [("", rows)]


def _chunks(text: str) -> Iterator[Chunk]:
    cut = False
    for binding in parse_stream(io.StringIO(text)):
        # Where the parser skips a line it cuts CR LF in two.
        string = binding.original.string[1 if cut else 0 :]
        cut = binding.error and string.endswith("\r") and text[len(string) :][:1] == "\n"
        text = text[len(string) + cut :]
        lines = lines_of(string + "\n" * cut)
        while lines and not lines[0].strip():
            yield False, lines.pop(0)
        if lines:
            yield binding.value is not None, "".join(lines)


def _key_reasons(_file: File, key: str) -> set[str]:
    bad = CONTROL.search(key) or re.search(r"""[=#\s'"\\$]""", key)
    return {"that no environment file can carry"} if bad else set()


def _value_reasons(_file: File, value: str, _entry: Entry | None) -> set[str]:
    reasons: set[str] = set()
    if CONTROL.search(value):
        reasons.add("the value has a control character")
    if "${" in value:
        reasons.add("would be filled in from the environment")
    if value.endswith("\\"):
        reasons.add("a backslash at the value's end is not read alike everywhere")
    if re.search(r"['\\]", value) and re.search("[$`]", value):
        reasons.add("no kind of quotes can carry the value")
    return reasons


FORMAT = Format(
    kind="dotenv",
    keys=NEW_KEYS,
    values=NEW_VALUES,
    reference=_reference,
    chunks=_chunks,
    fold=lambda _file, key: key,
    key_reasons=_key_reasons,
    value_reasons=_value_reasons,
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
@given(tables("="))
def test_columns(table: tuple[str, str, str]) -> None:
    check_table("dotenv", table)
