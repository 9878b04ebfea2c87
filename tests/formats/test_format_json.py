"""JSON, its comments and where a broken text breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oncelint.formats import read
from oncelint.formats.tree import Document, FormatError, Scalar
from oncelint.text import SourceText

Outline = Callable[[str, str], list[Any]]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("12", 12),
        ("-0", 0),
        ("1.5e3", 1500.0),
        ("1.5e+3", 1500.0),
        ("-2E+0", -2.0),
        ('"1e+3"', "1e+3"),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"a\\u00e9\\ud83d\\ude00\\n\\/"', "aé😀\n/"),
        ('"\\ud83d"', "\ufffd"),
        ('"\u2028\x7f"', "\u2028\x7f"),
        ("1" * 500, "1" * 500),
    ],
)
def test_scalar(outline: Outline, source: str, value: object) -> None:
    ((path, written, found),) = outline("json", f" \t{source}\r\n")
    assert (path, written) == ("", source)
    assert type(found) is type(value)
    assert found == value


def test_literals_keep_their_text(document: Callable[[str, str], Document]) -> None:
    root = document("json", "1.50").roots[0]
    assert isinstance(root, Scalar)
    assert (root.text, root.value, root.style) == ("1.50", 1.5, "plain")


def test_duplicate_keys_stay(outline: Outline) -> None:
    source = '{"é": "😀",\n\t"a": [{"b": 1}, []], "é": "x"}'
    assert outline("json", source) == [
        ('/"é"', '"😀"', "😀"),
        ('/"a"/0/"b"', "1", 1),
        ('/"é"', '"x"', "x"),
    ]


def test_places_of_collections(document: Callable[[str, str], Document]) -> None:
    source = ' {"é": ["😀", {}]} '
    root = document("json", source).roots[0]
    assert source[root.start : root.end] == '{"é": ["😀", {}]}'
    array = getattr(root, "entries")[0].value  # noqa: B009 - the root is a mapping
    assert [source[node.start : node.end] for node in (array, array.items[1])] == [
        '["😀", {}]',
        "{}",
    ]


def test_comments(comments: Outline, outline: Outline) -> None:
    source = '// a😀\n{ /* b\n c */ "u": "http://x/*y*/" // d\r\n}/**/'
    assert comments("json", source) == [
        ("// a😀", "a😀"),
        ("/* b\n c */", "b\n c"),
        ("// d", "d"),
        ("/**/", ""),
    ]
    assert outline("json", source) == [('/"u"', '"http://x/*y*/"', "http://x/*y*/")]


@pytest.mark.parametrize(
    ("source", "offset", "reason"),
    [
        ("", 0, "Expecting value"),
        ('{"é": }', 6, "Expecting value"),
        ("[1, 2", 5, None),
        ("[1 2]", 3, None),
        ('{"a": NaN}', 6, "NaN is no JSON value"),
        ('["NaN", -Infinity]', 8, "-Infinity is no JSON value"),
        ('["a\tb"]', 3, "Invalid control character"),
        (r'["\u12"]', 3, None),
        ('{"a": 1} {', 9, "Extra data"),
        ("[1] /* x", 4, "a comment that is never closed"),
        ("[1] /*/", 4, "a comment that is never closed"),
        ("[01]", 2, None),
        ("{'a': 1}", 1, None),
        ("[1 /* c */ 2]", 11, None),
    ],
)
def test_error_place(source: str, offset: int, reason: str | None) -> None:
    with pytest.raises(FormatError) as caught:
        read("json", SourceText("file", source))
    assert caught.value.offset == offset
    if reason:
        assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("source", ['{"a": 1,}', "[1,]"])
def test_trailing_comma(source: str) -> None:
    with pytest.raises(FormatError) as caught:
        read("json", SourceText("file", source))
    # Python 3.13 and later point at the comma, earlier ones behind it.
    assert caught.value.offset in (len(source) - 2, len(source) - 1)
