"""YAML's corners: aliases, merge keys, block scalars, tags and places where nothing stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from oncelint.formats import read
from oncelint.formats.tree import Document, FormatError, Mapping, Scalar, Sequence, walk
from oncelint.text import SourceText

Outline = Callable[[str, str], list[Any]]
Read = Callable[[str, str], Document]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("TRUE", True),
        ("y", "y"),
        ("~", None),
        ("Null", None),
        ("12", 12),
        ("-0x1F", -31),
        ("010", 8),
        ("0o17", "0o17"),
        ("0b11", 3),
        ("1_000", 1000),
        ("1:30", 90),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("1.0e+3", 1000.0),
        ("-.inf", float("-inf")),
        ("2001-01-01", "2001-01-01"),
        ("'12'", "12"),
        ('"no"', "no"),
        ("3.7.0", "3.7.0"),
        ("0x_", "0x_"),
        ("9" * 500, "9" * 500),
        ("kafka:9092", "kafka:9092"),
        ("a#b", "a#b"),
        ("two words", "two words"),
    ],
)
def test_scalar(outline: Outline, written: str, value: object) -> None:
    ((path, token, found),) = outline("yaml", f"key: {written} # c\n")
    assert (path, token) == ("/key", written)
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("source", "token", "text"),
    [
        ("a: |\n  x\n  y\n\n# c\nb: 1", "|\n  x\n  y", "x\ny\n"),
        ("a: >-\n  x\n  y\nb: 1", ">-\n  x\n  y", "x y"),
        ("a: |+\n  x  \n\n\nb: 1", "|+\n  x  ", "x  \n\n\n"),
        ("a: | # c\n  # x\n", "| # c\n  # x", "# x\n"),
        ("a: |2-\n   x\n \n", "|2-\n   x", " x"),
        ("a: |\r\n  x\r\n\r\n", "|\r\n  x", "x\n"),
        ("a: |\nb: 1", "|", ""),
        ("a: | # c\nb: 1", "|", ""),
        ("a: !vault &k |\n  x", "|\n  x", "x"),
        ("- |\n x\n- b", "|\n x", "x\n"),
    ],
)
def test_block_scalar(document: Read, source: str, token: str, text: str) -> None:
    root = document("yaml", source).roots[0]
    node = root.entries[0].value if isinstance(root, Mapping) else None
    if isinstance(root, Sequence):
        node = root.items[0]
    assert isinstance(node, Scalar)
    assert (source[node.start : node.end], node.text, node.style) == (token, text, "block")


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("a:\nb:  # c\n\nc: 1", [2, 5]),
        ("-\n- # c\n- 1", [1, 3]),
        ("? a\n? b\n", [3, 7]),
        ("{a , b: , ? c}", [2, 7, 13]),
        ("- &x\n- !t # c\n- 1", [4, 9]),
        ("--- # c\n---\n", [3, 11]),
        ("a: # c\n  # d\n", [2]),
    ],
)
def test_place_of_nothing(document: Read, source: str, places: list[int]) -> None:
    found = []
    for root in document("yaml", source).roots:
        if isinstance(root, Mapping):
            nodes = [entry.value for entry in root.entries]
        else:
            nodes = list(root.items) if isinstance(root, Sequence) else [root]
        found += [(node.start, node.end) for node in nodes if node.start == node.end]
    assert found == [(place, place) for place in places]


def test_places_of_collections(document: Read) -> None:
    source = "a: &x !t\n  - 1\n  - {b: [c]}\n\n# c\nd: !u {e: f}\n"
    root = document("yaml", source).roots[0]
    assert isinstance(root, Mapping)
    assert source[root.start : root.end] == source[:-1]
    values = [source[entry.value.start : entry.value.end] for entry in root.entries]
    assert values == ["- 1\n  - {b: [c]}", "{e: f}"]


def test_alias_is_the_anchored_node(document: Read) -> None:
    source = "a: &x {b: 1}\nc: *x\nd: 2\n"
    root = document("yaml", source).roots[0]
    assert isinstance(root, Mapping)
    assert root.get("a") is root.get("c")


def test_a_block_ends_behind_its_last_alias(document: Read) -> None:
    source = "a: &x 1\nb:\n  c: *x\n\nd: 2\n"
    root = document("yaml", source).roots[0]
    assert isinstance(root, Mapping)
    inner = root.get("b")
    assert inner is not None
    assert source[inner.start : inner.end] == "c: *x"


def test_merge_keys(document: Read) -> None:
    source = (
        "x: &x {a: 1, b: 1, b: 2}\ny: &y\n  b: 3\n  c: 3\n"
        "m:\n  <<: [*x, *y]\n  c: 4\n  c: 5\nn:\n  d: 6\n  <<: {e: 7}\no: {<<: &z {f: 8}, '<<': 9}\n"
    )
    root = document("yaml", source).roots[0]
    assert isinstance(root, Mapping)

    def entries(name: str) -> list[tuple[str, str, bool]]:
        node = root.get(name) if isinstance(root, Mapping) else None
        assert isinstance(node, Mapping)
        assert node.open_reason is None
        return [
            (entry.key.text, source[entry.value.start : entry.value.end], entry.merged)
            for entry in node.entries
        ]

    assert entries("m") == [
        ("a", "1", True),
        ("b", "2", True),
        ("c", "4", False),
        ("c", "5", False),
    ]
    assert entries("n") == [("d", "6", False), ("e", "7", True)]
    assert entries("o") == [("f", "8", True), ("<<", "9", False)]
    merged = root.get("m")
    assert isinstance(merged, Mapping)
    assert getattr(merged.get("b"), "value", None) == 2
    assert getattr(merged.get("c"), "value", None) == 5


def test_of_two_merge_keys_the_later_counts(document: Read) -> None:
    # Names of one letter would not do: PyYAML 6.0.4 tells merged keys apart by the identity of
    # their text, and CPython keeps one object for each single letter.
    source = "m:\n  <<: {acks: 1, retries: 2}\n  <<: {retries: 3}\n"
    root = document("yaml", source).roots[0]
    merged = root.get("m") if isinstance(root, Mapping) else None
    assert isinstance(merged, Mapping)
    values = [(entry.key.text, getattr(entry.value, "value", None)) for entry in merged.entries]
    assert values == [("acks", 1), ("retries", 3)]
    assert yaml.safe_load(source) == {"m": {"acks": 1, "retries": 3}}


@pytest.mark.parametrize("target", ["text", "[{a: 1}, text]", ""])
def test_merge_key_that_names_no_mapping(document: Read, target: str) -> None:
    root = document("yaml", f"<<: {target}\nb: 1\n").roots[0]
    assert isinstance(root, Mapping)
    assert root.open_reason == "a merge key that names no mapping"
    assert [entry.key.text for entry in root.entries] == ["b"]


def test_keys_that_are_no_scalars(document: Read) -> None:
    root = document("yaml", "? [a, b]\n: 1\n? {c: d}\n: 2\n").roots[0]
    assert isinstance(root, Mapping)
    assert [entry.key.text for entry in root.entries] == ["[a, b]", "{c: d}"]


def test_duplicates_stay(outline: Outline) -> None:
    assert outline("yaml", "a: 1\na: 2\n") == [("/a", "1", 1), ("/a", "2", 2)]


def test_documents(document: Read) -> None:
    assert document("yaml", "").roots == ()
    assert document("yaml", "# c\n").roots == ()
    assert len(document("yaml", "a\n---\nb: 1\n...\n---\n- c\n").roots) == 3


def test_anchors_end_with_their_document() -> None:
    with pytest.raises(FormatError, match="no anchor") as caught:
        read("yaml", SourceText("file", "a: &x 1\n---\nb: *x\n"))
    assert caught.value.offset == 15


def test_alias_inside_its_anchor() -> None:
    with pytest.raises(FormatError, match="inside its own anchor") as caught:
        read("yaml", SourceText("file", "a: &x [1, *x]"))
    assert caught.value.offset == 10


def test_comments(comments: Outline) -> None:
    source = (
        "# a\nb: 'x # y' # c\nd: |  # e\n  # text\n  # text\n # f\ng: h#i #\n"
        '"#": "\n # x" #j\nk: !t &v x # l\n#m'
    )
    assert [text for _, text in comments("yaml", source)] == ["a", "c", "e", "f", "", "j", "l", "m"]
    assert comments("yaml", source)[1] == ("# c", "c")


@pytest.mark.parametrize(
    ("source", "offset"),
    [("a: 'x\n", 6), ("a: b: c", 4), ("😀: [1, 2", 8), ("a: \x01", 3), ("é: @x", 3)],
)
def test_error_place(source: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        read("yaml", SourceText("file", source))
    assert caught.value.offset == offset
    assert "\n" not in caught.value.reason


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch, document: Read) -> None:
    """PyYAML built without its C extension reads the same."""
    source = "# c\na: &x |\n  é😀\n\nb: [*x, 'y', {z: 1}] # d\nc:\n  <<: {e: 1}\n---\n- &k !t\n  f: g\n-\n"
    expected = document("yaml", source)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert document("yaml", source) == expected


def test_what_a_build_fills_in_is_a_text() -> None:
    text = "a: @project.version@\nb: [@x.y@, 1]\nc:\n  - @z@ # d\ne: f@g\n"
    root = read("yaml", SourceText("application.yml", text)).roots[0]
    scalars = [node for node in walk(root) if isinstance(node, Scalar)]
    assert [node.value for node in scalars] == ["@project.version@", "@x.y@", 1, "@z@", "f@g"]
    assert all(text[node.start : node.end] == node.text for node in scalars)
    with pytest.raises(FormatError, match="cannot start any token"):
        read("yaml", SourceText("application.yml", "a: @b\n"))


def test_what_a_build_fills_in_may_begin_a_longer_text() -> None:
    text = "a: @host@:9092\nb: @x@ of\n   y\nc: |\n  d: @z@\ne: 'f: @g@'\nh: @i@-@j@ # k\n"
    root = read("yaml", SourceText("application.yml", text)).roots[0]
    assert [node.value for node in walk(root) if isinstance(node, Scalar)] == [
        *("@host@:9092", "@x@ of y", "d: @z@\n", "f: @g@", "@i@-@j@"),
    ]


def test_a_text_that_is_yaml_already_stays_as_it_is() -> None:
    root = read("yaml", SourceText("a.yaml", "run: |\n  to: @a@\nb: 'c: @d@'\n")).roots[0]
    values = [node.value for node in walk(root) if isinstance(node, Scalar)]
    assert values == ["to: @a@\n", "c: @d@"]
