"""TOML's ways to say the same: tables, dotted keys, inline tables, arrays of tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oncelint.formats import read
from oncelint.formats.tree import Document, FormatError, Mapping, Sequence
from oncelint.text import SourceText

Outline = Callable[[str, str], list[Any]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1_000", 1000),
        ("0x1f", 31),
        ("0o17", 15),
        ("+7", 7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-inf", float("-inf")),
        ("true", True),
        ('"a\\u00e9\\t"', "aé\t"),
        ("'C:\\x'", "C:\\x"),
        ('"""\n a\\\n  b"""', " ab"),
        ("'''\nx\r\ny'''", "x\ny"),
        ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("07:32:00", "07:32:00"),
        ("9" * 500, "9" * 500),
    ],
)
def test_scalar(outline: Outline, written: str, value: object) -> None:
    ((path, token, found),) = outline("toml", f"key = {written} # c\n")
    assert (path, token) == ("/key", written)
    assert type(found) is type(value)
    assert found == value


def test_tables(outline: Outline) -> None:
    source = (
        "x.'y z'.\"\\u00e9\" = 1\nx.w = 2\n[a.b]\nc = 3\n[a]\nd = {e = 4, f.g = [5, {h = 6}]}\n"
        "[[q]]\nr = 7\n[[q]]\n[q.s]\nt = 8\n"
    )
    assert outline("toml", source) == [
        ("/x/'y z'/\"\\u00e9\"", "1", 1),
        ("/x/w", "2", 2),
        ("/a/b/c", "3", 3),
        ("/a/d/e", "4", 4),
        ("/a/d/f/g/0", "5", 5),
        ("/a/d/f/g/1/h", "6", 6),
        ("/q/0/r", "7", 7),
        ("/q/1/s/t", "8", 8),
    ]


def test_places_of_tables(document: Callable[[str, str], Document]) -> None:
    source = "r.s = 0\n[a] # c\nb = 1 # d\nc.d = '😀'\n\n[e]\n[[f]]\n[[f]]\ng = {h = 2}\n"
    root = document("toml", source).roots[0]
    assert isinstance(root, Mapping)
    assert (root.start, root.end) == (0, len(source))
    places = {entry.key.text: source[entry.value.start : entry.value.end] for entry in root.entries}
    assert places == {
        "r": "s = 0",
        "a": "b = 1 # d\nc.d = '😀'",
        "e": "",
        "f": "\n[[f]]\ng = {h = 2}",
    }
    empty, array = root.get("e"), root.get("f")
    assert empty is not None
    assert empty.start == source.index("[e]") + 3
    assert isinstance(array, Sequence)
    assert source[array.items[1].start : array.items[1].end] == "g = {h = 2}"


def test_comments(comments: Outline) -> None:
    source = "# a\nb = [ # c\n 1, # d\n] # e\n[f] # g\n#h\ni = '#' #j"
    assert [text for _, text in comments("toml", source)] == list("acdeghj")


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        ("a=1\r\né=2", 5),
        ("a=1\nb=😀", 6),
        ("a=", 2),
        ("[a]\n[a]", 6),
        ("a=1\na=2", 7),
        ("x=1979-02-30", 2),
        ('a="\x01"', 3),
    ],
)
def test_error_place(source: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        read("toml", SourceText("file", source))
    assert caught.value.offset == offset
    assert "line" not in caught.value.reason


def test_a_number_python_refuses_is_refused() -> None:
    with pytest.raises(FormatError, match="digits"):
        read("toml", SourceText("file", "a = " + "9" * 5000))
