"""The SQL lexer: quotations and comments of several dialects, and placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.sql.tokens import tokens

DIALECTS = ("", "postgres", "mysql", "sqlite", "tsql", "oracle", "duckdb")


def words(text: str, dialect: str = "") -> list[str]:
    """Words as they are, quotations in angle brackets, placeholders in braces."""
    found = tokens(text, dialect)
    assert found is not None
    return [f"{{{one.hole}}}" if one.hole else one.word or f"<{one.text}>" for one in found]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        ("", "insert INTO t", ["INSERT", "INTO", "T"]),
        ("", "a -- it's\nb", ["A", "B"]),
        ("", "a /* it's\n */b/*", ["A", "B"]),
        ("", "'it''s' \"a\"\"b\" `c` [d e]", ["<it's>", '<a"b>', "<c>", "<d e>"]),
        ("", "1.5e3,x.2", ["<1.5e3>", ",", "X", ".", "<2>"]),
        ("postgres", "x[1]", ["X", "[", "<1>", "]"]),
        ("postgres", "$$ it's $$ $f$a $$ b$f$", ["< it's >", "<a $$ b>"]),
        ("postgres", r"E'it\'s' '\'", ["<it\\'s>", "<\\>"]),
        ("mysql", r"'it\'s' # it's", ["<it\\'s>"]),
        ("tsql", "N'x' #rows", ["<x>", "#ROWS"]),
        (
            "",
            "(%s, %(a)s, ?, $1, :b, @c)",
            ["(", "{%s}", ",", "{%(a)s}", ",", "?", ",", "{$1}", ",", "{:b}", ",", "{@c}", ")"],
        ),
        ("", "orders_{} x::text '{a}'", ["{orders_{}}", "X", ":", ":", "TEXT", "<P__>"]),
    ],
)
def test_tokens(dialect: str, text: str, expected: list[str]) -> None:
    assert words(text, dialect) == expected


@pytest.mark.parametrize("text", ["'a", '"a', "`a", "a 'b'' c"])
def test_a_quotation_that_is_never_closed(text: str) -> None:
    assert tokens(text, "postgres") is None


@given(st.text(alphabet="ab'\"`[]$\\-*/#(),;:@%s{}?1 \nEN"), st.sampled_from(DIALECTS))
def test_tokens_stand_in_the_text_in_order(text: str, dialect: str) -> None:
    found = tokens(text, dialect)
    end = 0
    for one in found or ():
        assert end <= one.start < one.end <= len(text)
        end = one.end
        if one.word and not one.hole:
            assert text[one.start : one.end].upper() == one.word
