"""SQL as words: sqlglot's lexer over text whose placeholders may be anybody's.

A statement in a program is a template: drivers put `%s`, `?`, `$1` or `:name` into it, Python
`{}` and `{name}`. They are made words of the same length first, so that places stay true and the
lexer of any dialect can read them; they are told from the statement's own words afterwards.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"%\(\w+\)s|%s|\{[^{}]*\}|\$\d+(?!\w*\$)|(?<![:\w]):[A-Za-z_]\w*|(?<![@\w])@[A-Za-z_]\w*"
)


class Token(NamedTuple):
    """`word` is a bare word in capitals, empty for quoted names, literals and placeholders.

    `text` is the token without its quotes, `hole` a placeholder as written, with what touches it
    (`orders_{}`), and `start` and `end` enclose the token in the statement.
    """

    word: str
    text: str
    hole: str
    start: int
    end: int


def tokens(text: str, dialect: str) -> list[Token] | None:
    """The tokens of a text without its comments; None where the lexer gives up.

    `dialect` is sqlglot's name, or empty when it is not known.
    """
    # only where there is a statement to read: the import takes a tenth of a second
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError
    from sqlglot.tokens import TokenType

    holes: dict[int, str] = {}

    def plain(match: re.Match[str]) -> str:
        holes[match.start()] = match[0]
        return "P" + "_" * (len(match[0]) - 1)

    normal = _PLACEHOLDER.sub(plain, text)
    quoted = {TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING}
    quoted |= {TokenType.IDENTIFIER, TokenType.HEREDOC_STRING, TokenType.NUMBER}
    try:
        # the lexer for no dialect in particular knows fewer ways of quoting than SQLite's
        read = Dialect.get_or_raise(dialect or "sqlite").tokenize(normal)
    except (SqlglotError, ValueError, RecursionError):
        return None
    found: list[Token] = []
    for one in read:
        start, end = one.start, one.end + 1
        hole = ""
        if one.token_type not in quoted and any(start <= at < end for at in holes):
            hole = text[start:end]
        bare = "" if hole or one.token_type in quoted else one.text.upper()
        for word in bare.split() or [bare]:
            found.append(Token(word, one.text, hole, start, end))
    return found


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
