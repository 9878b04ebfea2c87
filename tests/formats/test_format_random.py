"""Documents generated with their places known, and valid documents edited at random.

The generators write a document piece by piece and note where each token begins and ends. A reader
must report exactly these places, and the values of the format's reference parser.
"""

from __future__ import annotations

import configparser
import importlib
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import javaproperties
import pytest
import tomli
import yaml
from dotenv.parser import parse_stream
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from oncelint.formats import READERS, read
from oncelint.formats.tree import (
    Document,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Sequence,
)
from oncelint.text import SourceText

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

RUN = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EDITS = settings(RUN, max_examples=200)

WORD = st.text("abcXYZ019_-.é漢😀", min_size=1, max_size=8).map(lambda word: "k" + word)
ASCII_WORD = st.text("abcXYZ019_", min_size=1, max_size=8).map(lambda word: "k" + word)
# U+0085 and U+2028 end lines for Python and for PyYAML, but in no editor.
LETTERS = "ab7 é漢😀\u0085\u2028#=:;'\"\\"


@dataclass
class Writer:
    """Collects a text and the places of its tokens."""

    draw: Draw
    eol: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    tokens: list[tuple[int, int]] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def token(self, text: str) -> None:
        self.tokens.append((self.length, self.length + len(text)))
        self.add(text)

    def comment(self, text: str) -> None:
        self.comments.append((self.length, self.length + len(text)))
        self.add(text)

    def pick(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def chance(self) -> bool:
        return bool(self.draw(st.booleans()))

    @property
    def text(self) -> str:
        return "".join(self.parts)


def writer(draw: Draw, *eols: str) -> Writer:
    return Writer(draw, draw(st.sampled_from(eols or ("\n", "\r\n"))))


def opened(kind: str, made: Writer, bom: bool = True) -> Document:
    """The document read from the bytes a file would hold."""
    data = ("\ufeff" if bom else "").encode() + made.text.encode()
    return read(kind, SourceText.decode("file", data))


def tokens(document: Document) -> list[tuple[int, int]]:
    """The places of all keys and scalar values in the order of the file."""
    found: list[tuple[int, int]] = []

    def visit(node: Node) -> None:
        if isinstance(node, Scalar):
            found.append((node.start, node.end))
        elif isinstance(node, Sequence):
            for item in node.items:
                visit(item)
        else:
            for entry in node.entries:
                found.append((entry.key.start, entry.key.end))
                visit(entry.value)

    for root in document.roots:
        visit(root)
    return sorted(found)


def places_of_comments(document: Document) -> list[tuple[int, int]]:
    return [(comment.start, comment.end) for comment in document.comments]


def plain(node: Node) -> Any:
    """The node as the reference parsers represent it; of duplicate keys the last one counts."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    merged = {entry.key.value: plain(entry.value) for entry in node.entries if entry.merged}
    own = {entry.key.value: plain(entry.value) for entry in node.entries if not entry.merged}
    return {**merged, **own}


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from True and 1.0, and holds for NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and bool(left == right)


# properties


@st.composite
def properties_documents(draw: Draw) -> Writer:
    made = writer(draw, "\n", "\r\n", "\r")
    for _ in range(draw(st.integers(0, 6))):
        kind = made.pick("entry", "entry", "entry", "comment", "blank")
        made.add(made.pick("", "  ", "\t", "\f"))
        if kind == "comment":
            made.comment(made.pick("#", "!") + draw(st.text(LETTERS, max_size=8)) + "x\\")
        elif kind == "entry":
            made.token(draw(st.sampled_from(["key", r"a\ b", r"k\=\:", r"\u00e9\t", "😀\\\\"])))
            made.add(made.pick("=", ":", " ", " = ", "\t:\f", f"\\{made.eol}  ="))
            made.token(properties_value(made))
        made.add(made.eol)
    if made.chance():
        made.token("last")
        made.tokens.append((made.length, made.length))
    return made


def properties_value(made: Writer) -> str:
    """A value that starts with neither blank nor separator, with escapes and continuations."""
    units: list[str] = []
    for _ in range(made.draw(st.integers(0, 6))):
        unit = made.pick(
            "v", "#!", "é漢", "😀\u2028", r"\n", r"\u0041", r"\ud83d\ude00", r"\\", "\\"
        )
        if unit == "\\":
            unit = f"\\{made.eol}" + made.pick("", " ", "\t\f") + "c"
        units.append(unit if not units else made.pick("", " ", "=", ":") + unit)
    value = "".join(units)
    # A value that begins with a continuation begins on the next line.
    if value.startswith(f"\\{made.eol}"):
        value = "v" + value
    return value + (made.pick("", " ") if value else "")


@RUN
@given(properties_documents(), st.booleans())
def test_properties(made: Writer, bom: bool) -> None:
    document = opened("properties", made, bom)
    assert tokens(document) == made.tokens
    assert places_of_comments(document) == made.comments
    root = document.roots[0]
    assert isinstance(root, Mapping)
    expected = [
        (element.key, element.value)
        for element in javaproperties.parse(made.text)
        if isinstance(element, javaproperties.KeyValue)
    ]
    assert [(entry.key.value, plain(entry.value)) for entry in root.entries] == expected


# YAML

YAML_WORDS = ["a", "two words", "é漢", "😀", "a#b", "a:b", "don't", "<", "=", "12e", "2001-01-01"]
YAML_NUMBERS = ["12", "-3", "0x1F", "0b101", "010", "0o17", "1_000", "1:30", "1.5", ".5", "0x_"]
YAML_NAMES = ["true", "no", "On", "~", "null", "-.inf", ".nan", "1e3", "1.0e+3"]
YAML_PLAIN = st.sampled_from([*YAML_WORDS, *YAML_NUMBERS, *YAML_NAMES])


@st.composite
def yaml_documents(draw: Draw) -> Writer:
    made = writer(draw)
    for index in range(draw(st.integers(1, 2))):
        if index or made.chance():
            made.add("---" + made.eol)
        yaml_comment(made)
        if made.chance():
            yaml_mapping(made, 0, 2)
        else:
            yaml_sequence(made, 0, 2)
    return made


def yaml_comment(made: Writer) -> None:
    if made.chance():
        made.add(made.pick("", "  "))
        made.comment("#" + made.draw(st.text("ab é😀#:'\"", max_size=6)) + "x")
        made.add(made.eol)


def yaml_line_end(made: Writer) -> None:
    if made.chance():
        made.add(made.pick(" ", "  "))
        made.comment("# " + made.pick("c", "'", '"', "😀: x"))
    made.add(made.eol)
    yaml_comment(made)


def yaml_mapping(made: Writer, indent: int, depth: int) -> None:
    keys = made.draw(st.lists(WORD, min_size=1, max_size=3, unique=True))
    for key in keys:
        made.add(" " * indent)
        made.token(made.pick(key, f'"{key}"', f"'{key}'"))
        made.add(made.pick(":", " :"))
        yaml_value(made, indent, depth)


def yaml_sequence(made: Writer, indent: int, depth: int) -> None:
    for _ in range(made.draw(st.integers(1, 3))):
        made.add(" " * indent + "-")
        yaml_value(made, indent, depth)


def yaml_value(made: Writer, indent: int, depth: int) -> None:
    choices = ["plain", "single", "double", "block", "empty", "flow"]
    kind = made.pick(*choices, *(["mapping", "sequence"] * 2 if depth else []))
    if kind == "empty":
        made.tokens.append((made.length, made.length))
        yaml_line_end(made)
        return
    if kind != "sequence" and made.chance():
        made.add(
            made.pick(" !!str" if kind in ("plain", "single") else "", "  &a" + str(made.length))
        )
    if kind in ("mapping", "sequence"):
        yaml_line_end(made)
        write = yaml_mapping if kind == "mapping" else yaml_sequence
        write(made, indent + 2, depth - 1)
        return
    made.add(made.pick(" ", "   "))
    if kind == "block":
        yaml_block(made, indent + 2)
        return
    if kind == "flow":
        yaml_flow(made, 2)
    else:
        made.token(yaml_scalar(made, kind, indent + 2))
    yaml_line_end(made)


def yaml_scalar(made: Writer, kind: str, indent: int) -> str:
    if kind == "plain":
        return str(made.draw(YAML_PLAIN))
    text = str(made.draw(st.text("ab é😀#:,]}", max_size=6)))
    fold = made.pick("", "", f"x{made.eol}{made.eol}{' ' * indent}y")
    if kind == "single":
        return "'" + text + made.pick("", "''", '"', "\\") + fold + "'"
    return '"' + text + made.pick("", '\\"', "'", r"\n", r"\u00e9", r"\U0001F600") + fold + '"'


def yaml_block(made: Writer, indent: int) -> None:
    start = made.length
    made.add(made.pick("|", ">", "|-", ">+", "|2" if indent == 2 else "|"))
    if made.chance():
        made.add(" ")
        made.comment("# c")
    for _ in range(made.draw(st.integers(0, 2))):
        made.add(made.eol + " " * indent + made.pick("x", "é😀 # y", "- z  ", "a:") + made.eol)
        made.add(" " * indent + made.pick("q", "'", "# no comment"))
    if made.comments and made.comments[-1][1] == made.length:
        # no body: the header's comment does not belong to the scalar
        made.tokens.append((start, made.comments[-1][0] - 1))
    else:
        made.tokens.append((start, made.length))
    made.add(made.eol + made.pick("", made.eol))


def yaml_flow(made: Writer, depth: int) -> None:
    mapping = made.chance()
    made.add("{" if mapping else "[")
    for index in range(made.draw(st.integers(0, 3))):
        if index:
            made.add(made.pick(",", " , ", ", "))
        if mapping:
            made.token(f"k{index}")
            made.add(": ")
        if depth and made.chance():
            yaml_flow(made, depth - 1)
        else:
            made.token(made.pick("a", "12", "yes", "'it''s'", '"é\\t😀"', "漢"))
    made.add("}" if mapping else "]")


@RUN
@given(yaml_documents(), st.booleans())
def test_yaml(made: Writer, bom: bool) -> None:
    document = opened("yaml", made, bom)
    assert tokens(document) == made.tokens
    assert places_of_comments(document) == made.comments
    try:
        expected = list(yaml.load_all(made.text, StringDates))
    except ValueError:  # PyYAML resolves `0x_` to an integer and fails to convert it
        assume(False)
    assert same([plain(root) for root in document.roots], expected)


class StringDates(yaml.CSafeLoader):
    """CSafeLoader that leaves dates as written."""


def as_written(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


StringDates.add_constructor("tag:yaml.org,2002:timestamp", as_written)
StringDates.add_constructor("tag:yaml.org,2002:value", as_written)


# JSON


@st.composite
def json_documents(draw: Draw, *, comments: bool) -> Writer:
    made = writer(draw)
    json_space(made, comments)
    json_value(made, 3, comments)
    json_space(made, comments)
    return made


def json_space(made: Writer, comments: bool) -> None:
    made.add(made.pick("", " ", "\t", made.eol, "\t\t" + made.eol))
    if comments and made.draw(st.integers(0, 3)) == 0:
        made.comment(made.pick('/* "é */', "/**/", "/* {\n// */", '// x"', "//😀 {"))
        made.add(made.eol)


def json_string(made: Writer) -> str:
    text = made.draw(st.text('ab"\\/\b\n\té漢😀\x7f\u2028\u0085', max_size=6))
    return json.dumps(text, ensure_ascii=made.chance())


def json_value(made: Writer, depth: int, comments: bool) -> None:
    kind = made.pick("string", "other", *(["object", "array"] if depth else []))
    if kind == "string":
        made.token(json_string(made))
        return
    if kind == "other":
        made.token(made.pick("0", "-12", "1.5", "1e400", "-2E-3", "true", "false", "null"))
        return
    made.add("{" if kind == "object" else "[")
    json_space(made, comments)
    for index in range(made.draw(st.integers(0, 3))):
        if index:
            made.add(",")
            json_space(made, comments)
        if kind == "object":
            made.token(json_string(made))
            json_space(made, comments)
            made.add(":")
            json_space(made, comments)
        json_value(made, depth - 1, comments)
        json_space(made, comments)
    made.add("}" if kind == "object" else "]")


@RUN
@given(json_documents(comments=False), st.booleans())
def test_json(made: Writer, bom: bool) -> None:
    document = opened("json", made, bom)
    assert tokens(document) == made.tokens
    assert same([plain(root) for root in document.roots], [json.loads(made.text)])


@RUN
@given(json_documents(comments=True))
def test_json_with_comments(made: Writer) -> None:
    document = opened("json", made)
    assert tokens(document) == made.tokens
    assert places_of_comments(document) == made.comments


# TOML

TOML_NUMBERS = ["1", "-17", "1_000", "0xDEAD_beef", "0o17", "0b11", "3.14", "-1e6", "inf", "-nan"]
TOML_STRINGS = ['"é\\t😀"', "'C:\\x'", '""', "''", '"\\U0001F600"']
TOML_MULTILINE = ['"""\\\n  a\\u00e9\n"b" """', "'''\nx'y'''"]
TOML_SCALARS = st.sampled_from(["true", *TOML_NUMBERS, *TOML_STRINGS, *TOML_MULTILINE])


@st.composite
def toml_documents(draw: Draw) -> Writer:
    made = writer(draw)
    toml_pairs(made, draw(st.lists(ASCII_WORD, max_size=2, unique=True)), 2)
    names = draw(st.lists(ASCII_WORD, max_size=3, unique=True))
    for number, name in enumerate(names):
        name = f"t{number}{name}"
        array = made.chance()
        for repeat in range(draw(st.integers(1, 2)) if array else 1):
            made.add("[[" if array else "[")
            # Only the first header's key has a place in the tree.
            place = made.token if repeat == 0 else made.add
            place(made.pick(name, f'"{name}"', f"'{name}'"))
            if not array and made.chance():
                made.add(made.pick(".", " . "))
                made.token("sub")
            made.add("]]" if array else "]")
            toml_line_end(made)
            toml_pairs(made, draw(st.lists(ASCII_WORD, max_size=2, unique=True)), 2)
    return made


def toml_line_end(made: Writer) -> None:
    if made.chance():
        made.add(" ")
        made.comment("#" + made.draw(st.text("ab é😀\u2028='\"[", max_size=5)) + "x")
    made.add(made.eol)


def toml_pairs(made: Writer, names: list[str], depth: int) -> None:
    for name in names:
        made.add(made.pick("", "  "))
        made.token(made.pick(name, f'"{name} é"', f"'{name}'"))
        if made.chance():
            made.add(made.pick(".", " . "))
            made.token(made.pick("d", '"😀.x"'))
        made.add(made.pick("=", " = "))
        toml_value(made, depth)
        toml_line_end(made)


def toml_value(made: Writer, depth: int) -> None:
    kind = made.pick("scalar", "scalar", *(["array", "inline"] if depth else []))
    if kind == "scalar":
        made.token(str(made.draw(TOML_SCALARS)).replace("\n", made.eol))
    elif kind == "array":
        made.add("[")
        for _ in range(made.draw(st.integers(0, 3))):
            if made.chance():
                toml_line_end(made)
            toml_value(made, depth - 1)
            made.add(made.pick(",", " , "))
        made.add("]")
    else:
        made.add("{")
        for index in range(made.draw(st.integers(0, 2))):
            if index:
                made.add(", ")
            made.token(f"i{index}")
            if made.chance():
                made.add(".")
                made.token("j")
            made.add(" = ")
            toml_value(made, depth - 1)
        made.add("}")


@RUN
@given(toml_documents(), st.booleans())
def test_toml(made: Writer, bom: bool) -> None:
    try:
        expected = tomli.loads(made.text)
    except tomli.TOMLDecodeError:  # a table named like a key
        assume(False)
    document = opened("toml", made, bom)
    assert tokens(document) == sorted(made.tokens)
    assert places_of_comments(document) == made.comments
    assert same([plain(root) for root in document.roots], [expected])


# .env


@st.composite
def dotenv_documents(draw: Draw) -> Writer:
    made = writer(draw, "\n", "\r\n", "\r")
    for _ in range(draw(st.integers(0, 6))):
        kind = made.pick("entry", "entry", "entry", "comment", "blank", "bare")
        made.add(made.pick("", "  "))
        if kind == "comment":
            made.comment("#" + draw(st.text("ab é😀#='\"", max_size=5)) + "x")
        elif kind == "bare":
            made.add(made.pick("export X", "Y"))
        elif kind == "entry":
            made.add(made.pick("", "export "))
            made.token(made.pick("KEY", "a.b", "'q k'", "é😀"))
            made.add(made.pick("=", " = ", "= "))
            made.token(dotenv_value(made))
            if made.chance():
                made.add("  ")
                made.comment("# c '\"")
        made.add(made.eol)
    return made


def dotenv_value(made: Writer) -> str:
    text = str(made.draw(st.text("ab é😀#=$", max_size=5)))
    kind = made.pick("plain", "single", "double", "${A:-b}")
    line = made.pick("", "", made.eol + "line")
    if kind == "single":
        return f"'{text}{line}" + made.pick("", r"\'", r"\\", '"') + "'"
    if kind == "double":
        return f'"{text}{line}' + made.pick("", r"\n", r"\"", r"\\", "'") + '"'
    if kind == "plain":
        return "v" + text.replace(" ", "") + made.pick("", " 'w\"")
    return kind


@RUN
@given(dotenv_documents(), st.booleans())
def test_dotenv(made: Writer, bom: bool) -> None:
    document = opened("dotenv", made, bom)
    assert tokens(document) == made.tokens
    assert places_of_comments(document) == made.comments
    assert plain(document.roots[0]) == dotenv_reference(made.text)


def dotenv_reference(text: str) -> dict[str, str]:
    """python-dotenv's values, without what `${...}` stands for and without its warnings."""
    bindings = parse_stream(io.StringIO(text))
    return {
        binding.key: binding.value
        for binding in bindings
        if binding.key is not None and binding.value is not None
    }


# INI


@st.composite
def ini_documents(draw: Draw) -> Writer:
    made = writer(draw)
    indent = made.pick("", "  ")
    for section in draw(st.lists(WORD, max_size=3, unique=True)):
        made.add(indent + "[")
        made.token(section)
        made.add("]" + made.pick("", " ") + made.eol)
        for name in draw(st.lists(WORD, max_size=3, unique=True)):
            ini_noise(made)
            made.add(indent)
            made.token(name)
            ini_value(made, made.pick("=", " = ", ":", " :\t", ""))
            made.add(made.eol)
    return made


def ini_noise(made: Writer) -> None:
    if made.chance():
        made.add(made.pick("", "    "))
        made.comment(made.pick("#", ";") + made.draw(st.text("ab é😀=[", max_size=5)) + "x")
        made.add(made.eol)


def ini_value(made: Writer, delimiter: str) -> None:
    """The delimiter and the value; where nothing stands on its line the value begins behind it."""
    start = made.length + len(delimiter.rstrip())
    made.add(delimiter)
    if not delimiter:
        made.tokens.append((start, start))
        return
    first = made.pick("", "v", "é # not a comment", "😀=x", "%(x)s ${y}")
    if first:
        start = made.length
    end = start + len(first)
    made.add(first)
    for _ in range(made.draw(st.integers(0, 2))):
        made.add(made.eol + made.pick("", made.eol))
        ini_noise(made)
        made.add("      " + made.pick("more", "a = b", "[x]"))
        end = made.length
    made.tokens.append((start, end))


@RUN
@given(ini_documents(), st.booleans())
def test_ini(made: Writer, bom: bool) -> None:
    document = opened("ini", made, bom)
    assert tokens(document) == made.tokens
    assert places_of_comments(document) == made.comments
    assert ini_values(document) == ini_reference(made.text)


def ini_values(document: Document) -> dict[str, dict[str, Any]]:
    """The sections' values; configparser joins sections of one name."""
    root = document.roots[0]
    assert isinstance(root, Mapping)
    sections: dict[str, dict[str, Any]] = {}
    for entry in root.entries:
        sections.setdefault(entry.key.text, {}).update(plain(entry.value))
    return sections


def ini_reference(text: str) -> dict[str, dict[str, str | None]]:
    parser = configparser.RawConfigParser(
        allow_no_value=True, strict=False, default_section="\ue000"
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


# Random edits

EDITED = {
    "properties": "# c\na.b = c\\\n   d\n! x\n\\u00e9 : \\t v\n\n[not=a section]\nlast",
    "yaml": (
        "# c\na: &x {b: [1, 'two', \"3\"], <<: {d: e}}\nc:\n  - *x\n  - |-\n    text # no\n\n"
        "  - ? q\n    : !t r\n<<: *x\n---\n- no\n- >\n  folded\n # end\n"
    ),
    "json": '{"a": [1, -2.5e3, "é\\u00e9\\ud83d\\ude00"],\t"b": {"c": null, "d": true}, "": []}',
    "toml": (
        "a = 1 # c\nb.'c d' = \"x\\n\"\n[t.u]\nv = [1, 2.5, {w = 1979-05-27}]\n"
        '[[q]]\nr = """\nm"""\n[[q]]\n[q.s]\n'
    ),
    "dotenv": "# c\nA=b # d\nexport B='x y'\nC=\"l1\nl2\\n\"\nD\nE=${A:-b}\n'F'=\n",
    "ini": "[s]\n; c\nx = 1\n[a]\nb = c\n  d\n\n# e\nf\n[DEFAULT]\ng : h\n",
    "logstash": (
        'input { kafka { topics => ["a", "b"] codec => json { charset => "x" } } }\n# c\n'
        "output {\n  if [t] == 'q' {\n    kafka { topic_id => a acks => '1' }\n  } else { }\n}\n"
    ),
    "fluent-bit": "# c\n[SERVICE]\n    Flush 1\n\n[OUTPUT]\n    Name  kafka\n    rdkafka.acks all\n",
    "hcl": (
        'resource "a" "b" {\n  x = "1" # c\n  y = { "k.l" = var.z, m = [1, true] }\n'
        "  n {\n    o = <<-EOT\n      p=q\n    EOT\n  }\n}\n"
    ),
    "dockerfile": (
        'FROM a:1 AS b\n# c\nENV A=b C="d e" \\\n    F=g\nENV h i j\nCOPY <<E /x.properties\nk=l\nE\n'
    ),
    "sql": (
        "-- c\nSET 'a.b' = 'c';\nCREATE TABLE t (i INT) WITH (\n  'k' = 'v''w', /* d */\n  x = 1\n);\n"
        "INSERT INTO t SELECT 1;\n"
    ),
    "shell": (
        "#!/bin/sh\n# c\nA=b curl -d '{\"k\": 1}' \\\n  \"$X\" | jq .\ncat <<-'E' > f\n\tq=$Y\n\tE\n"
        'if [ -z "${Z:-}" ]; then echo $(date); fi\n'
    ),
    "markdown": "# a\n\n```properties\nk=v\n```\n\n[source,json]\n----\n{}\n----\n",
}
CHARACTERS = "\"'\\/[]{}()<>:;,.#=!&*?|-%@`~^$ \t\n\r\f01axeu_é😀\u0085\u2028\ufeff\x00\x1f"
Edit: TypeAlias = "tuple[int, int, str]"


def edits() -> st.SearchStrategy[list[Edit]]:
    """(where, how many characters to delete, what to insert), some times over."""
    edit = st.tuples(st.integers(0, 300), st.integers(0, 4), st.text(CHARACTERS, max_size=3))
    return st.lists(edit, min_size=1, max_size=4)


def edited(text: str, changes: list[Edit]) -> str:
    for where, deleted, inserted in changes:
        place = where % (len(text) + 1)
        text = text[:place] + inserted + text[place + deleted :]
    return text


def attempt(kind: str, text: str) -> Document | None:
    """The document in `text`, None where the reader refuses it.

    Whatever else a reader raises fails the test, as does a place outside of the text.
    """
    document: Document | None = None
    places: list[tuple[int, int]] = []
    try:
        document = read(kind, SourceText("file", text))
    except FormatError as error:
        places.append((error.offset, error.offset))
    else:
        places += tokens(document) + places_of_comments(document)
    for start, end in places:
        assert 0 <= start <= end <= len(text)
    return document


def read_edited(kind: str, changes: list[Edit]) -> tuple[str, Document | None]:
    text = edited(EDITED[kind], changes)
    return text, attempt(kind, text)


def test_every_kind_is_edited() -> None:
    assert set(EDITED) == set(READERS)


@pytest.mark.parametrize(
    "kind", ["logstash", "fluent-bit", "hcl", "dockerfile", "sql", "shell", "markdown"]
)
@EDITS
@given(changes=edits())
def test_edited_without_a_reference(kind: str, changes: list[Edit]) -> None:
    read_edited(kind, changes)


@EDITS
@given(edits())
def test_edited_properties(changes: list[Edit]) -> None:
    text, document = read_edited("properties", changes)
    try:
        expected = javaproperties.loads(text)
    except javaproperties.InvalidUEscapeError:
        assert document is None
        return
    assert document is not None
    root = document.roots[0]
    if not any(isinstance(entry.value, Mapping) for entry in getattr(root, "entries", ())):
        assert plain(root) == expected


@EDITS
@given(edits())
def test_edited_yaml(changes: list[Edit]) -> None:
    text, document = read_edited("yaml", changes)
    try:
        expected = list(yaml.load_all(text, StringDates))
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    assert document is not None
    assert same([plain(root) for root in document.roots], expected)


@EDITS
@given(edits())
def test_edited_json(changes: list[Edit]) -> None:
    text, document = read_edited("json", changes)
    try:
        expected = json.loads(text)
    except ValueError:
        assert document is None or document.comments
        return
    if any(name in text for name in ("NaN", "Infinity")):
        return
    assert document is not None
    assert same([plain(root) for root in document.roots], [without_surrogates(expected)])


def without_surrogates(value: Any) -> Any:
    """Lone surrogates, which no output can carry, become U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


@EDITS
@given(edits())
def test_edited_toml(changes: list[Edit]) -> None:
    text, document = read_edited("toml", changes)
    try:
        expected = tomli.loads(text)
    except ValueError:
        assert document is None
        return
    if document is None:
        # tomli takes TOML 1.1 (an escape `\e`, a comma before a brace), the grammar only 1.0
        assert not is_toml_1_0(text)
        return
    assert same([plain(root) for root in document.roots], [string_dates(expected)])


def is_toml_1_0(text: str) -> bool:
    """What the standard library's parser of TOML 1.0 says; no where there is none (3.10)."""
    try:
        tomllib = importlib.import_module("tomllib")
        tomllib.loads(text)
    except (ImportError, ValueError):
        return False
    return True


def string_dates(value: Any) -> Any:
    """Dates as our reader keeps them: the only one in the edited text is written as ISO has it."""
    if isinstance(value, list):
        return [string_dates(item) for item in value]
    if isinstance(value, dict):
        return {key: string_dates(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value


@EDITS
@given(edits())
def test_edited_dotenv(changes: list[Edit]) -> None:
    text, document = read_edited("dotenv", changes)
    assert document is not None
    assert plain(document.roots[0]) == dotenv_reference(text)


@EDITS
@given(edits())
def test_edited_ini(changes: list[Edit]) -> None:
    text, document = read_edited("ini", changes)
    # configparser ends lines at LF alone, wants a section first and no key before it
    assume("\r" not in text and text.lstrip(" ;c\n").startswith("["))
    try:
        expected = ini_reference(text)
    except (configparser.Error, AttributeError):
        return
    assert document is not None
    assert ini_values(document) == expected


@pytest.mark.parametrize("kind", READERS)
@given(text=st.text(CHARACTERS, max_size=40))
@EDITS
def test_any_text_is_read_or_refused_in_place(kind: str, text: str) -> None:
    attempt(kind, text)
