"""INI: configparser's reading, and what is accepted beyond it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oncelint.formats import read
from oncelint.formats.tree import FormatError, Mapping
from oncelint.text import SourceText

Outline = Callable[[str, str], list[Any]]


@pytest.mark.parametrize(
    ("source", "key", "written", "value"),
    [
        ("a=b", "a", "b", "b"),
        ("a : b = c", "a", "b = c", "b = c"),
        ("A.b c = d ; e", "A.b c", "d ; e", "d ; e"),
        ("a =", "a", "", ""),
        ("a", "a", "", None),
        ("a = b\n  c\n\n  d\n\n", "a", "b\n  c\n\n  d", "b\nc\n\nd"),
        ("a =\n  b\n  c", "a", "\n  b\n  c", "\nb\nc"),
        ("a = b\n# x\n  ; y\n  c", "a", "b\n# x\n  ; y\n  c", "b\nc"),
        ("  a = é😀\r\n    b", "a", "é😀\r\n    b", "é😀\nb"),
        ("a = \u2028b", "a", "b", "b"),
    ],
)
def test_option(outline: Outline, source: str, key: str, written: str, value: str) -> None:
    assert outline("ini", f"[s]\n{source}") == [(f"/s/{key}", written, value)]
    assert outline("ini", source) == [(f"/{key}", written, value)]


def test_sections(mapping: Callable[[str, str], Mapping], outline: Outline) -> None:
    source = "a = 1\n[DEFAULT]\nb = 2\n[x y] trailing\nc\nc: 3\n[empty]\n"
    assert outline("ini", source) == [
        ("/a", "1", "1"),
        ("/DEFAULT/b", "2", "2"),
        ("/x y/c", "", None),
        ("/x y/c", "3", "3"),
    ]
    section, empty = (entry.value for entry in mapping("ini", source).entries[2:])
    assert source[section.start : section.end] == "c\nc: 3"
    assert (empty.start, empty.end) == (source.index("[empty]") + 7,) * 2


def test_lines_of_equal_indentation_are_options(outline: Outline) -> None:
    source = "[s]\n  a = 1\n  b = 2\n c = 3\n  d = 4"
    assert outline("ini", source) == [
        ("/s/a", "1", "1"),
        ("/s/b", "2", "2"),
        ("/s/c", "3\n  d = 4", "3\nd = 4"),
    ]


def test_a_key_without_value_is_not_continued(outline: Outline) -> None:
    assert outline("ini", "[s]\na\n  b = c") == [("/s/a", "", None), ("/s/b", "c", "c")]


def test_comments(comments: Outline) -> None:
    assert comments("ini", "; a\n[b]\n  #c=d \ne = f ; no\n") == [("; a", "a"), ("#c=d", "c=d")]


def test_a_value_without_a_key() -> None:
    with pytest.raises(FormatError, match="without a key") as caught:
        read("ini", SourceText("file", "[a]\n  = b"))
    assert caught.value.offset == 6
