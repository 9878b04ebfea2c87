"""YAML scalars as texts of their own: places, what an edit becomes, and scripts of containers."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.hosts import embedded, hosted
from oncelint.formats.hosts.scalars import region_of, undoubled
from oncelint.formats.tree import Mapping, Scalar
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import Region, SourceText


def _region(source: str, key: str = "k") -> Region | None:
    text = SourceText("f.yaml", source)
    root = read("yaml", text).roots[0]
    assert isinstance(root, Mapping)
    value = root.get(key)
    assert isinstance(value, Scalar)
    return region_of(value, text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("k: plain text\n", "plain text"),
        ("k: over\n  two lines\n", "over two lines"),
        ('k: "a\\tb \\"c\\" \\u00e9"\n', 'a\tb "c" é'),
        ('k: "over\n  two \\\n  lines"\n', "over two lines"),
        ("k: 'it''s'\n", "it's"),
        ("k: |\n  one\n    two\n\n  three\n", "one\n  two\n\nthree"),
        ("k: >-\n  one\n  two\n\n  three\n    kept\n  end\n", "one two\nthree\n  kept\nend"),
    ],
)
def test_texts(source: str, expected: str) -> None:
    region = _region(source)
    assert region is not None
    assert region.text.rstrip("\n") == expected


@pytest.mark.parametrize(
    ("source", "old", "new", "expected"),
    [
        ("k: acks=1 x\n", "1", "all", "k: acks=all x\n"),
        ('k: "a=1\\n"\n', "1", 'q"', 'k: "a=q\\"\\n"\n'),
        ("k: 'a=1'\n", "1", "it's", "k: 'a=it''s'\n"),
        ("k: |\n  a=1\n  b=2\n", "2", "3", "k: |\n  a=1\n  b=3\n"),
        ("k: >\n  a=1\n  b=2\n", "1", "9", "k: >\n  a=9\n  b=2\n"),
    ],
)
def test_edits(source: str, old: str, new: str, expected: str) -> None:
    region = _region(source)
    assert region is not None
    at = region.text.index(old)
    patches = hosted([Patch(at, at + len(old), new)], region)
    assert apply(source, patches) == expected


@pytest.mark.parametrize(
    ("source", "new"),
    [("k: a=1\n", "x: y"), ("k: >\n  a=1\n", "x\ny"), ("k: 'a=1'\n", "x\ny")],
)
def test_what_a_style_cannot_carry(source: str, new: str) -> None:
    region = _region(source)
    assert region is not None
    at = region.text.index("1")
    with pytest.raises(CannotWrite):
        hosted([Patch(at, at + 1, new)], region)


def test_doubled_dollars() -> None:
    source = "k: |\n  echo $$HOME\n  a=1\n"
    region = _region(source)
    assert region is not None
    script = undoubled(region)
    assert script.text.rstrip("\n") == "echo $HOME\na=1"
    at = script.text.index("1")
    assert apply(source, hosted([Patch(at, at + 1, "$X")], script)) == source.replace("1", "$$X")
    assert script.span(script.text.index("a=1"), len(script.text)).start.line == 3


@pytest.mark.parametrize(
    ("kind", "source", "told", "written"),
    [
        (
            "yaml",
            'a.properties: "x=1\\ny=2\\n"\n',
            "x=1\ny=2\n",
            'a.properties: "x=1\\ny=3\\nz=4\\n"\n',
        ),
        (
            "json",
            '{"a.properties": "x=1\\ny=2\\n"}',
            "x=1\ny=2\n",
            '{"a.properties": "x=1\\ny=3\\nz=4\\n"}',
        ),
    ],
)
def test_a_file_in_quotes(kind: str, source: str, told: str, written: str) -> None:
    text = SourceText("map", source)
    (found,) = [one for one in embedded(kind, read(kind, text), text) if one.kind == "properties"]
    assert found.region.text == told
    at = told.index("2")
    patches = hosted([Patch(at, at + 1, "3"), Patch(len(told), len(told), "z=4\n")], found.region)
    assert apply(source, patches) == written


@pytest.mark.parametrize(
    "source",
    [
        'a.properties: "x=1"\n',  # a line alone may be anything
        'a.properties: "x=1\\n"\n',
        "a.properties: x=1\n",
    ],
)
def test_a_line_is_no_file(source: str) -> None:
    text = SourceText("map", source)
    assert not list(embedded("yaml", read("yaml", text), text))


def test_a_file_that_a_playbook_writes() -> None:
    source = "- copy:\n    dest: '{{ home }}/server.properties'\n    content: |\n      a=1\n"
    text = SourceText("play.yml", source)
    (found,) = embedded("yaml", read("yaml", text), text)
    assert (found.kind, found.name, found.region.text) == (
        "properties",
        "server.properties",
        "a=1",
    )
    filled = SourceText("play.yml", source.replace("a=1", "{% if x %}"))
    assert not list(embedded("yaml", read("yaml", filled), filled))


_COMPOSE = """services:
  a:
    command: run $$X
  b:
    entrypoint: [sh, -c, "echo $$Y"]
  c:
    command:
      - bash
      - -ec
      - |
        one
        two $$Z
  d:
    command: [serve, --port, "1"]
"""


def test_scripts_of_services() -> None:
    text = SourceText("docker-compose.yml", _COMPOSE)
    found = [one for one in embedded("yaml", read("yaml", text), text) if one.kind == "shell"]
    assert [one.region.text.rstrip("\n") for one in found] == [
        "run $X",
        "echo $Y",
        "one\ntwo $Z",
    ]


def test_dollars_of_a_pod_are_its_own() -> None:
    source = "kind: Pod\nspec:\n  containers:\n    - args: [-c, 'echo $$A']\n"
    text = SourceText("pod.yaml", source)
    found = [one.region.text for one in embedded("yaml", read("yaml", text), text)]
    assert found == ["echo $$A"]


@pytest.mark.parametrize(
    "source",
    [
        "services:\n  a:\n    environment:\n      - |\n        KAFKA_CONNECT_CONFIGURATION=\n"
        "        group.id=1\n        key.converter=x\n",
        "services:\n  a:\n    environment:\n      KAFKA_CONNECT_CONFIGURATION: |\n"
        "        group.id=1\n        key.converter=x\n",
    ],
)
def test_a_file_in_a_variable(source: str) -> None:
    text = SourceText("docker-compose.yml", source)
    (found,) = embedded("yaml", read("yaml", text), text)
    assert found.kind == "properties"
    assert found.region.text.split() == ["group.id=1", "key.converter=x"]


_TEXTS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), min_size=1)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(_TEXTS, min_size=1, max_size=4),
    style=st.sampled_from(["|", ">", '"', "'", None]),
    width=st.sampled_from([10, 10**6]),
)
def test_every_piece_stands_where_it_says(lines: list[str], style: str | None, width: int) -> None:
    source = yaml.safe_dump({"k": "\n".join(lines)}, default_style=style, width=width)
    region = _region(source)
    if region is None:
        return
    for piece in region.pieces:
        if piece.length == piece.host_length and "\n" not in source[piece.host_start :][:1]:
            own = region.text[piece.start : piece.start + piece.length]
            there = source[piece.host_start : piece.host_start + piece.host_length]
            assert own == there or own.isspace() == there.isspace()
    assert (
        "".join(region.text[piece.start : piece.start + piece.length] for piece in region.pieces)
        == region.text
    )
