"""What java.util.Properties makes of a text, and INI sections in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oncelint.formats import read
from oncelint.formats.tree import FormatError, Mapping
from oncelint.text import Piece, Region, SourceText

Outline = Callable[[str, str], list[Any]]


@pytest.mark.parametrize(
    ("source", "key", "written", "value"),
    [
        ("acks=all", "acks", "all", "all"),
        ("acks:all", "acks", "all", "all"),
        ("acks all", "acks", "all", "all"),
        ("  acks \t= \fall  ", "acks", "all  ", "all  "),
        ("acks==all", "acks", "=all", "=all"),
        ("acks = : all", "acks", ": all", ": all"),
        ("acks", "acks", "", ""),
        ("acks=", "acks", "", ""),
        ("=all", "", "all", "all"),
        (r"a\ b\=c=d", r"a\ b\=c", "d", "d"),
        (r"a=C:\\x\y\t\u00e9", "a", r"C:\\x\y\t\u00e9", "C:\\xy\té"),
        (r"a=\ud83d\ude00", "a", r"\ud83d\ude00", "😀"),
        (r"a=\ud83dx", "a", r"\ud83dx", "\ufffdx"),
        ("a=b # c", "a", "b # c", "b # c"),
        ("a=b,\\\n  c,\\\r\n\td", "a", "b,\\\n  c,\\\r\n\td", "b,c,d"),
        ("a=\\\n  b", "a", "b", "b"),
        ("a=b\\\\", "a", "b\\\\", "b\\"),
        ("a=b\\", "a", "b", "b"),
        ("a\\\n = b", "a", "b", "b"),
        ("a=b\\\n\nc", "a", "b", "b"),
        ("a=\u2028\u0085b", "a", "\u2028\u0085b", "\u2028\u0085b"),
    ],
)
def test_entry(outline: Outline, source: str, key: str, written: str, value: str) -> None:
    assert outline("properties", source)[0] == (f"/{key}", written, value)


def test_lines_end_at_any_line_end(outline: Outline) -> None:
    assert outline("properties", "a=1\rb=2\r\n\nc=3") == [
        ("/a", "1", "1"),
        ("/b", "2", "2"),
        ("/c", "3", "3"),
    ]


def test_duplicates_stay_and_the_last_counts(mapping: Callable[[str, str], Mapping]) -> None:
    root = mapping("properties", "a=1\nb=2\na=3")
    assert [entry.key.text for entry in root.entries] == ["a", "b", "a"]
    assert getattr(root.get("a"), "text", None) == "3"
    assert root.get("c") is None


def test_comments(comments: Outline) -> None:
    source = "# one \\\n!two\n  #acks=1\na=b # none\n;d=e"
    assert comments("properties", source) == [
        ("# one \\", "one \\"),
        ("!two", "two"),
        ("#acks=1", "acks=1"),
    ]


def test_sections(outline: Outline, comments: Outline) -> None:
    source = "a=1\n[x.y]\nb=2\n;c=3\n [ z ]\t\nb=4\n[w]"
    assert outline("properties", source) == [
        ("/a", "1", "1"),
        ("/x.y/b", "2", "2"),
        ("/z/b", "4", "4"),
    ]
    assert comments("properties", source) == [(";c=3", "c=3")]


def test_places_of_sections(mapping: Callable[[str, str], Mapping]) -> None:
    source = "a=1\n[x]\nb = 2\nc\n\n[y]\n"
    root = mapping("properties", source)
    assert (root.start, root.end) == (0, len(source))
    section, empty = (entry.value for entry in root.entries[1:])
    assert source[section.start : section.end] == "b = 2\nc"
    assert (empty.start, empty.end) == (source.index("[y]") + 3,) * 2


@pytest.mark.parametrize("line", ["[a]=b", "[a] b", "[a", "[]", "[ ]", "[a][b]", "x[a]", "\\[a]"])
def test_only_a_whole_line_is_a_section(mapping: Callable[[str, str], Mapping], line: str) -> None:
    root = mapping("properties", f"{line}\nc=d")
    assert not any(isinstance(entry.value, Mapping) for entry in root.entries)
    assert [entry.key.text for entry in root.entries][-1] == "c"


def test_a_continued_line_is_no_section(outline: Outline) -> None:
    assert outline("properties", "[x]\na=b\\\n[y]\nc=d") == [
        ("/x/a", "b\\\n[y]", "b[y]"),
        ("/x/c", "d", "d"),
    ]


@pytest.mark.parametrize(
    ("source", "offset"),
    [("a=1\nb=x\\u12", 7), (r"a=\u12g4", 2), ("a=\\\n  \\u", 6), (r"\uD8=1", 0), (r"a=\\\u", 4)],
)
def test_malformed_escape(source: str, offset: int) -> None:
    with pytest.raises(FormatError, match="escape") as caught:
        read("properties", SourceText("file", source))
    assert caught.value.offset == offset


def test_region() -> None:
    """A heredoc's text decoded from an escaped string reads like a file of its own."""
    host = SourceText("deploy.py", 'CONFIG = "acks=all\\nretries=3"')
    pieces = (Piece(0, 8, 10, 8), Piece(8, 1, 18, 2), Piece(9, 9, 20, 9))
    region = Region("acks=all\nretries=3", host, pieces)
    root = read("properties", region).roots[0]
    assert isinstance(root, Mapping)
    spans = [region.span(entry.value.start, entry.value.end) for entry in root.entries]
    assert [host.slice(span) for span in spans] == ["all", "3"]
