"""Environment files: quotes, comments and what is no entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Outline = Callable[[str, str], list[Any]]


@pytest.mark.parametrize(
    ("source", "key", "written", "value"),
    [
        ("A=b", "A", "b", "b"),
        ("export A=b", "A", "b", "b"),
        ("A = b c # d", "A", "b c", "b c"),
        ("A=b#c", "A", "b#c", "b#c"),
        ("A=", "A", "", ""),
        ("A='b # c'", "A", "'b # c'", "b # c"),
        (r"A='b\'c\\\n'", "A", r"'b\'c\\\n'", "b'c\\\\n"),
        (r'A="b\n\"c\"" # d', "A", r'"b\n\"c\""', 'b\n"c"'),
        ('A="b\n  c"', "A", '"b\n  c"', "b\n  c"),
        ("A=${B:-c d}", "A", "${B:-c d}", "${B:-c d}"),
        ("A=é😀\u2028x", "A", "é😀\u2028x", "é😀\u2028x"),
        ("'A b'=c", "'A b'", "c", "c"),
        ("\n\n  A.b=c\r\n", "A.b", "c", "c"),
    ],
)
def test_entry(outline: Outline, source: str, key: str, written: str, value: str) -> None:
    assert outline("dotenv", source) == [(f"/{key}", written, value)]


def test_what_is_no_entry(outline: Outline) -> None:
    assert outline("dotenv", "A\nexport B\n=c\nG=3\nH='x\n") == [("/G", "3", "3")]


def test_a_quote_reaches_to_the_next_one(outline: Outline) -> None:
    assert outline("dotenv", "D='x\nE=1\n'\nG=3") == [
        ("/D", "'x\nE=1\n'", "x\nE=1\n"),
        ("/G", "3", "3"),
    ]


def test_comments(comments: Outline) -> None:
    source = "# a\nB=c # d\nE='#' #f\nG=h#i\n\n  #j\nK # l"
    assert comments("dotenv", source) == [
        ("# a", "a"),
        ("# d", "d"),
        ("#f", "f"),
        ("#j", "j"),
        ("# l", "l"),
    ]
