"""SQL as words, with placeholders that may be anybody's.

A statement in a program is a template: drivers put `%s`, `?`, `$1` or `:name` into it, Python
`{}` and `{name}`. They are made words of the same length first, so that places stay true; they
are told from the statement's own words afterwards. What a rule needs to know is decided by words,
so this is a lexer and no parser: SQL that no parser has seen does not stop it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"%\(\w+\)s|%s|\{[^{}]*\}|\$\d+(?!\w*\$)|(?<![:\w]):[A-Za-z_]\w*|(?<![@\w])@[A-Za-z_]\w*"
)
_STRING = r"'(?:[^']|'')*'"
_ESCAPED_STRING = r"'(?:[^'\\]|''|\\.)*'"
_DOLLAR_STRING = r"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
_BRACKETED = ("sqlite", "tsql", "")


class Token(NamedTuple):
    """`word` is a bare word or sign in capitals, empty for quoted names, literals and placeholders.

    `text` is the token without its quotes, `hole` a placeholder as written, with what touches it
    (`orders_{}`), and `start` and `end` enclose the token in the statement.
    """

    word: str
    text: str
    hole: str
    start: int
    end: int


def tokens(text: str, dialect: str) -> list[Token] | None:
    """The tokens of a text without its comments; None where a quotation is never closed.

    `dialect` is one of frameworks.databases.DRIVERS' values, empty when it is not known.
    """
    holes: list[int] = []

    def plain(match: re.Match[str]) -> str:
        holes.append(match.start())
        return "P" + "_" * (len(match[0]) - 1)

    normal = _PLACEHOLDER.sub(plain, text)
    found: list[Token] = []
    end = 0
    for match in _lexer(dialect).finditer(normal):
        start, kind = match.start(), match.lastgroup
        if start != end:
            return None
        end = match.end()
        if kind == "quoted":
            # a quoted name that is put in; what is put into a quoted text makes it no other text
            named = match[0][0] in '"`[' and _in(holes, start, end)
            hole = text[start:end] if named else ""
            found.append(Token("", _unquoted(match[0]), hole, start, end))
        elif kind == "number":
            found.append(Token("", match[0], "", start, end))
        elif kind != "blank":
            hole = text[start:end] if _in(holes, start, end) else ""
            found.append(Token("" if hole else match[0].upper(), match[0], hole, start, end))
    return found if end == len(normal) else None


def _in(holes: list[int], start: int, end: int) -> bool:
    """Whether one of the places, which are in order, is in a range."""
    index = bisect_left(holes, start)
    return index < len(holes) and holes[index] < end


@cache
def _lexer(dialect: str) -> re.Pattern[str]:
    """MySQL escapes by backslash, comments with `#` and knows no dollar quotes; brackets quote
    names for SQLite and SQL Server."""
    mysql = dialect == "mysql"
    quoted = [
        rf"[Nn]?{_ESCAPED_STRING if mysql else _STRING}",
        rf"[Ee]{_ESCAPED_STRING}",
        r'"(?:[^"]|"")*"',
        r"`(?:[^`]|``)*`",
        *(() if mysql else (_DOLLAR_STRING,)),
        *((r"\[[^\]]*\]",) if dialect in _BRACKETED else ()),
    ]
    blank = r"\s+|--[^\n]*|/\*.*?(?:\*/|\Z)" + (r"|\#[^\n]*" if mysql else "")
    return re.compile(
        rf"(?P<blank>{blank})|(?P<quoted>{'|'.join(quoted)})"
        r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<word>\#?[^\W\d][\w$]*)|(?P<sign>[^'\"`])",
        re.S,
    )


def _unquoted(written: str) -> str:
    """A quotation without its marks and its doubled ones."""
    if written.startswith("$"):
        length = written.index("$", 1) + 1
        return written[length:-length]
    if written.startswith("["):
        return written[1:-1]
    mark = written[-1]
    return written[written.index(mark) + 1 : -1].replace(mark * 2, mark)


def groups(found: list[Token], start: int) -> tuple[list[list[Token]], int]:
    """The parts between the commas of the parenthesis that opens at `start`, and the index
    behind it. No parts when none opens there, or when it does not close."""
    if start >= len(found) or found[start].text != "(" or found[start].hole:
        return [], start
    depth = 0
    parts: list[list[Token]] = [[]]
    for index in range(start, len(found)):
        token = found[index]
        if token.word == "(":
            depth += 1
            if depth == 1:
                continue
        elif token.word == ")":
            depth -= 1
            if depth == 0:
                return ([part for part in parts if part], index + 1)
        if depth == 1 and token.word == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [], start


def name_at(found: list[Token], start: int) -> tuple[str | None, int]:
    """The last part of a dotted name in lower case, and the index behind it; None for a name
    that is a placeholder, wholly or in part."""
    index, name = start, None
    while index < len(found):
        token = found[index]
        if not (token.word or token.text) or token.word in ("(", ")", ",", ";"):
            break
        name = None if token.hole else token.text.lower()
        index += 1
        if index < len(found) and found[index].word == ".":
            index += 1
            continue
        return name, index
    return name, index
