"""The properties writer: exact edits, what it refuses, and random edits of random files."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

import javaproperties
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
    root_of,
    tables,
)

from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Entry, Mapping
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("a=1\n", [("add", "b", True)], "a=1\nb=true\n"),
        ("a = 1\r\n\r\n# end\r\n", [("add", "b", 2)], "a = 1\r\nb = 2\r\n\r\n# end\r\n"),
        ("a: 1", [("add", "b", 2)], "a: 1\nb: 2"),
        ("a 1\r", [("add", "b", "=x")], "a 1\rb \\=x\r"),
        (
            "acks    = 1\nretries = 0\n",
            [("add", "x.y", "z")],
            "acks    = 1\nretries = 0\nx.y     = z\n",
        ),
        ("a.b=1\nc=2\n", [("add", "a.d", 3)], "a.b=1\na.d=3\nc=2\n"),
        ("# c\n", [("add", "a", "é😀")], "# c\na=\\u00e9\\ud83d\\ude00\n"),
        ("", [("add", "a", 1)], "a=1\n"),
        ("a=x,\\\n  y\nb=2", [("change", "a", "z")], "a=z\nb=2"),
        ("a=x,\\\n  y\nb=2", [("remove", "a")], "b=2"),
        ("a=1\nb=2", [("remove", "b")], "a=1"),
        ("a=1\nb=2", [("remove", "a"), ("remove", "b"), ("add", "c", 3)], "c=3"),
        ("a=1\nb=2", [("remove", "b"), ("add", "c", 3)], "a=1\nc=3"),
        ("a = TRUE", [("change", "a", False)], "a = FALSE"),
        ("a", [("change", "a", 1)], "a=1"),
        ("a =", [("change", "a", 1), ("add", "b", 2)], "a = 1\nb = 2"),
        ("a=1", [("rename", "a", "b c:"), ("change", "a", " x ")], "b\\ c\\:=\\ x\\u0020"),
        ("a= 1\nb=\n", [("change", "b", 2)], "a= 1\nb= 2\n"),
        ("a=x\\\n  \nb=1\n", [("remove", "a")], "b=1\n"),
        ("a 1\n", [("add", "[x]", "")], "a 1\n\\[x]\n"),
        ("a 1\n[s]\n", [("add", "c", 2)], "a 1\nc=2\n[s]\n"),
        ("a \\\n  x\n", [("change", "a", "=y")], "a \\\n  \\=y\n"),
        # The entry before has no delimiter on its key's line.
        ("a=\\\n  1\n", [("add", "b", "")], "a=\\\n  1\nb=\n"),
        # How wide a tab is shown is not known.
        ("ab\t=1\na\t\t=1\n", [("add", "ccc", 2)], "ab\t=1\na\t\t=1\nccc\t\t=2\n"),
        ("a\t=\t1\nbbb\t=\t2\n", [("add", "cc", 3)], "a\t=\t1\nbbb\t=\t2\ncc\t=\t3\n"),
        # A block after a blank line has a column of its own.
        (
            "a      = 1\nbcd    = 2\n\ne  = 3\nfg = 4\n",
            [("add", "g", 5)],
            "a      = 1\nbcd    = 2\n\ne  = 3\nfg = 4\ng  = 5\n",
        ),
        # An entry out of the others' column.
        ("a    = 1\nbcd  = 2\nx=3\n", [("add", "y", 4)], "a    = 1\nbcd  = 2\nx=3\ny    = 4\n"),
        ("\\\n  a=1\n", [("change", "a", 2), ("add", "b", 3)], "\\\n  a=2\n  b=3\n"),
        ("# c\n\\\n  a=1\nb=2\n", [("remove", "a")], "# c\nb=2\n"),
        ("a=1\n\\\n  b=2\n", [("remove", "a")], "\\\n  b=2\n"),
        ("a\\\nb=1\n", [("rename", "ab", "c")], "c=1\n"),
        ("a=\\\n\nb=1\n", [("change", "a", 2)], "a=2\\\n\nb=1\n"),
        ("a=x\\", [("change", "a", "y")], "a=y\\"),
        ("a=x\nb=y\\", [("remove", "a")], "b=y\\"),
        ("a=#\ud800\nb=\\ud800\nc=1\n", [("change", "c", 2)], "a=#\ud800\nb=\\ud800\nc=2\n"),
        ("a=1\n[a]\nb=1\n", [("rename", "a", "b")], "b=1\n[a]\nb=1\n"),
        ("b=1\n[a]\nb=1\n", [("add", "a", 2)], "b=1\na=2\n[a]\nb=1\n"),
        ("a=1\n[s]\nb 1\n", [("remove", "a"), ("add", "c", "=")], "c==\n[s]\nb 1\n"),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("properties", source, *edits) == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("a=1", [("add", "a", 2)], "set already"),
        ("a=1", [("change", "a", None)], "null"),
        ("a=1\nb=2", [("rename", "a", "b")], "set twice"),
        ("a=1", [("remove", "a"), ("change", "a", 2)], "contradict"),
        ("a=b\\", [("add", "c", 1)], "read as it is meant"),
        ("[s]\nx=1", [("add", "c", 1)], "before the first section"),
        ("a=1\n[s]\n", [("add", "A", 2)], "set already"),
        ("a=1", [("change", "a", float("nan"))], "not finite"),
        ("a=1", [("add", "b", float("-inf"))], "not finite"),
        ("a=1", [("add", "b", "\ud800")], "lone surrogate"),
        ("a=1", [("rename", "a", "\udfff")], "lone surrogate"),
        ("a=1", [("rename", "a", "")], "without a name"),
        ("a=1", [("rename", "a", "b"), ("rename", "a", "c")], "contradict"),
        ("a=1", [("change", "a", 2), ("change", "a", 3)], "contradict"),
        ("a=1", [("change", "a", 2), ("remove", "a")], "contradict"),
        ("a=1", [("remove", "a"), ("remove", "a")], "contradict"),
        ("a=1", [("remove", "a"), ("add", "a", 2)], "set already"),
        # The line would become the header of a section.
        ("[x a]b\n", [("change", "[x", "a]")], "read as it is meant"),
        ("a=1\n[s]\n", [("change", "a", "é")], "needs an escape"),
        ("a=1\n[s]\n", [("rename", "a", "b c")], "needs an escape"),
        ("a 1\n[s]\n", [("change", "a", "=")], "needs an escape"),
        ("a=1 #\n[s]\n", [("change", "a", 2)], "stands in the old value"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("properties", source, *edits)


HEADER = re.compile(r"[ \t\f]*\[([^\[\]=:\\]*)\][ \t\f]*")
CHARACTERS = "aB.z_-09%,;#!'\"é\xff\xa0😀 =:\t\\["
WORDS = st.sampled_from(["True", "FALSE", "yes", "No", "off", "x", ""])
ENCODINGS = (
    ("utf-8", ""),
    ("utf-8", "\ufeff"),
    ("utf-16-le", "\ufeff"),
    ("utf-16-be", "\ufeff"),
    ("latin-1", ""),
    ("latin-1", ""),
)
NAMED = {"\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
TEXTS = st.one_of(st.text(CHARACTERS, max_size=6), WORDS)
NEW_TEXTS = st.text(CHARACTERS + "\n\x01\u2028\f\r~", max_size=6)
PLAIN_TEXTS = st.sampled_from(
    [
        "",
        "all",
        "x y",
        "a:9,b:9",
        "=x",
        "tRue",
        "1",
        "b-c_d",
        "enable.x",
        "a.b.c",
        "a_b",
        " x",
        "# y",
    ]
)
NEW_VALUES: st.SearchStrategy[Scalar] = st.one_of(
    PLAIN_TEXTS,
    st.booleans(),
    st.integers(-9, 10**12),
    NEW_TEXTS,
    PLAIN_TEXTS,
    st.floats(width=16, allow_nan=False, allow_infinity=False),
    st.integers(0, 19).flatmap(
        lambda number: (
            st.sampled_from([None, float("nan"), float("inf"), "\ud800x"])
            if number == 0
            else PLAIN_TEXTS
        )
    ),
)
NEW_KEYS = st.one_of(
    st.from_regex(r"[a-z]{1,2}([._-][a-z]){0,2}", fullmatch=True),
    st.sampled_from(["enable.y", "a.b.d", "a_b", "B-c", "b-C", "#k", " k", "k:l"]),
    NEW_TEXTS.filter(bool),
)


def _units(
    draw: st.DrawFn, text: str, special: str, ascii_only: bool, raw_latin: bool
) -> list[str]:
    """How a text can be written: each character as it is, with a backslash, or by its number."""
    units: list[str] = []
    style = draw(st.integers(0, 4))
    for index, character in enumerate(text):
        latin = character <= "\xff" or not raw_latin
        must = character in special or character == "\\" or (not index and character in "#!;[")
        if character in NAMED and (style != 1 or character != "\t"):
            units.append(NAMED[character])
        elif not latin or (ascii_only and character > "~"):
            code = character.encode("utf-16-be").hex()
            digits = code.upper() if style == 2 else code
            units += [f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4)]
        elif style == 3 and index % 2:
            units.append(f"\\u{ord(character):04x}" if character <= "\xff" else character)
        elif must or (style == 4 and character in "aBz.-_09"[2:] and character not in "tnfru"):
            units.append("\\" + character)
        else:
            units.append(character)
    return units


def _continued(draw: st.DrawFn, units: list[str], barred: int) -> tuple[str, ...]:
    """The units in one line or several; `barred` is where none may end."""
    lines = [""]
    breaks = draw(st.sets(st.integers(0, len(units)), max_size=2)) if draw(st.booleans()) else ()
    for index, unit in enumerate([*units, ""]):
        if index in breaks and index != barred:
            lines[-1] += "\\"
            lines.append(draw(st.sampled_from(["", "  ", "\t", "    "])))
            if unit[:1] in (" ", "\t", "\f") and unit.strip():
                unit = unit.lstrip()
            elif unit and not unit.strip() and index != barred + 1:
                unit = "\\" + unit
        lines[-1] += unit
    if lines[0] == "\\" and not any(line.strip() for line in lines[1:]):
        return ("".join(units),)
    return tuple(lines)


def _tame_setting(draw: st.DrawFn, key: str) -> Block:
    """A setting that configparser reads as Java does."""
    key = re.sub(r"[^\w.-]", "x", key, flags=re.ASCII).lower()
    value = draw(PLAIN_TEXTS).strip("= #")
    return Block((key + draw(st.sampled_from(["=", " = ", ": ", " :"])) + value,), key, value)


def _setting(draw: st.DrawFn, key: str, raw_latin: bool) -> Block:
    ascii_only = draw(st.booleans())
    value = draw(TEXTS)
    between = draw(
        st.sampled_from(["=", "=", " = ", ": ", " :", " ", "\t", "\t=\t", "  =", "", "=   "])
    )
    if not between and value:
        between = "="
    key_units = _units(draw, key, " =:\t\f", ascii_only, raw_latin)
    value_units = _units(draw, value, "", ascii_only, raw_latin)
    if value_units and (
        value_units[0] in (" ", "\t", "\f") or (value[0] in "=:" and not between.strip())
    ):
        value_units[0] = "\\" + value_units[0].removeprefix("\\")
    units = [*key_units, between, *value_units]
    barred = len(key_units) if not between.strip() else -1
    lines = _continued(draw, units, barred)
    indent = draw(st.sampled_from(["", "", "", "  ", "\t"]))
    return Block((indent + lines[0], *lines[1:]), key, value)


def _other(draw: st.DrawFn, sections: bool, raw_latin: bool) -> Block:
    """A comment or a blank line."""
    marker = draw(
        st.sampled_from(["", " ", "\t ", "#", "# ", "  #", "!", *(";" if sections else "")])
    )
    if not marker.strip():
        return Block((marker,))
    text = draw(st.text("aé #=\\", max_size=4))
    return Block((marker + (text.rstrip("\\") if marker == ";" else text),))


@st.composite
def files(draw: st.DrawFn) -> File:
    sections = draw(st.integers(0, 4)) >= 3
    tame = sections and draw(st.booleans())
    raw_latin = draw(st.booleans())
    blocks: list[Block] = []
    keys = draw(
        st.lists(st.one_of(NEW_KEYS.map(_tame), TEXTS.filter(bool)), min_size=3, max_size=7)
    )
    for name in ["", *draw(st.lists(st.sampled_from("sStu"), min_size=1, max_size=3, unique=True))]:
        if name and not sections:
            break
        if name:
            blocks.append(
                Block(
                    (draw(st.sampled_from(["[{}]", "[{}]" if tame else " [{}]\t"])).format(name),),
                    header=name,
                )
            )
        count = draw(st.integers(0, len(keys)))
        for key in keys[:count]:
            if draw(st.integers(0, 3)) == 3 and not tame:
                blocks.append(_other(draw, sections, raw_latin))
            if tame:
                blocks.append(_tame_setting(draw, f"{key}{len(blocks)}"))
            else:
                blocks.append(_setting(draw, key, raw_latin))
        keys = keys[count:] if sections else keys
    for _ in range(draw(st.integers(0, 2))):
        blocks.append(_other(draw, sections, raw_latin))
    ends = draw_ends(draw, sum(len(block.lines) for block in blocks))
    encodings = ENCODINGS if raw_latin else ENCODINGS[:4]
    return assemble(draw, "properties", blocks, ends, encodings)


def _tame(key: str) -> str:
    return re.sub("[\n\x01\u2028\f\r~]", "x", key)


def _sections(file: File) -> bool:
    return len(file.outline) > 1


def _chunks(text: str) -> Iterator[Chunk]:
    """Settings and other lines; what javaproperties takes for keys may be sections' headers or
    comments."""
    sections = any(HEADER.fullmatch(line.strip("\r\n")) for line in lines_of(text))
    for element in javaproperties.parse(text):
        source = element.source
        is_setting = isinstance(element, javaproperties.KeyValue)
        if sections and (source.lstrip()[0:1] == ";" or HEADER.fullmatch(source.strip("\r\n"))):
            is_setting = False
        yield is_setting, source


def _reference(text: str) -> Outline:
    """What javaproperties reads in each section."""
    found: Outline = [("", [])]
    for is_setting, source in _chunks(text):
        header = HEADER.fullmatch(source.strip("\r\n"))
        if is_setting:
            ((key, value, _),) = javaproperties.parse(source)
            found[-1][1].append((key, value))
        elif header and header[1].strip():
            found.append((header[1].strip(), []))
    return found


def _configparser(text: str) -> Outline | None:
    """What configparser reads in a file with sections, None where it fails."""
    if len(_reference(text)) == 1:
        return None
    parser = configparser.RawConfigParser(default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string("[\1]\n" + re.sub("\r\n|\r", "\n", text))
    except configparser.Error:
        return None
    return [
        ("" if name == "\1" else name, [(key, value) for key, value in parser.items(name)])
        for name in parser.sections()
    ]


def _key_reasons(file: File, key: str) -> set[str]:
    if not _sections(file):
        return set()
    reasons: set[str] = set()
    if re.search("[\\x00-\\x1f\u2028]", key) or key != key.strip():
        reasons.add("has a control character or a blank at an end")
    if key[0] in "#;[" or re.search(r"[=:]|\s[#;]", key):
        reasons.add("means something else in an INI file")
    if re.search(r"[^!-~]|\\", key) or key[0] == "!":
        reasons.add("needs an escape")
    return reasons


def _value_reasons(file: File, value: str, entry: Entry | None) -> set[str]:
    if not _sections(file):
        return set()
    reasons: set[str] = set()
    if re.search("[\\x00-\\x1f\u2028]", value) or value != value.strip():
        reasons.add("has a control character or a blank at an end")
    if "%" in value:
        reasons.add("for the start of a reference")
    if re.search(r"(^|\s)[#;]", value):
        reasons.add("for a comment")
    if re.search(r"[^ -~]|\\", value):
        reasons.add("needs an escape")
    if entry is None:
        return reasons
    assert not isinstance(entry.value, Mapping)
    if re.search(r"(^|\s)[#;]", file.text[entry.value.start : entry.value.end]):
        reasons.add("what may be a comment stands in the old value")
    between = re.sub(r"\\[\r\n]+[ \t\f]*", "", file.text[entry.key.end : entry.value.start])
    if value[:1] in ("=", ":") and between and not between.strip():
        reasons.add("needs an escape")
    return reasons


FORMAT = Format(
    kind="properties",
    keys=NEW_KEYS,
    values=NEW_VALUES,
    reference=_reference,
    chunks=_chunks,
    fold=lambda file, key: key.lower() if _sections(file) else key,
    key_reasons=_key_reasons,
    value_reasons=_value_reasons,
    second=_configparser,
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
    assert tally.edits["second"] >= 8


@PROFILE
@given(tables("=:"))
def test_columns(table: tuple[str, str, str]) -> None:
    check_table("properties", table)
    check_table("properties", table, "[s]\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("merged", "merged in from elsewhere"),
        ("foreign", "no setting of this place"),
        ("section", "is a section"),
    ],
)
def test_entries_of_other_places(name: str, reason: str) -> None:
    text = "a=1\n[s]\nb=2\n"
    root = root_of("properties", text)
    section = root.entries[1].value
    assert isinstance(section, Mapping)
    entry = {
        "merged": Entry(root.entries[0].key, root.entries[0].value, merged=True),
        "foreign": section.entries[0],
        "section": root.entries[1],
    }[name]
    operations: list[Operation] = [Remove(entry), Change(entry, 3), Rename(entry, "c")]
    for operation in operations:
        with pytest.raises(CannotWrite, match=reason):
            render("properties", text, root, [Add("d", 1), operation])


def test_mapping_of_another_text() -> None:
    with pytest.raises(CannotWrite, match="do not stand in this text"):
        render("properties", "a=2\n", root_of("properties", "a=1\n"), [Add("b", 1)])
    with pytest.raises(CannotWrite, match="cannot be read: malformed"):
        render("properties", "a=\\u12\n", root_of("properties", "a=1\n"), [Add("b", 1)])
