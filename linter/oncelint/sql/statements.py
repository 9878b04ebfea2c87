"""What a SQL statement does to a table."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from oncelint.model.values import Span
from oncelint.sql.tokens import Token, groups, name_at, tokens

Filler: TypeAlias = "int | str | Literal[False] | None"


class Written(NamedTuple):
    """A write: `operation` (insert, orm-add, orm-create), the table and columns where they are
    known, and the `guard` that makes it tolerate its own repetition (None: none seen).

    `fillers` tell, for each column, what fills it: the index or name of a parameter, False for a
    value the database makes up anew (NOW(), a sequence, a random id), None for anything else.
    `certain` is False where the text is not known whole.
    """

    operation: str
    text: str | None
    table: str | None
    columns: tuple[str, ...]
    guard: str | None
    certain: bool
    span: Span | None = None
    fillers: tuple[Filler, ...] = ()


class Read(NamedTuple):
    """A statement that looks a table up or clears it before it is written."""

    operation: Literal["select", "delete"]
    table: str


_HEAD = re.compile(r"\b(?:INSERT|REPLACE|MERGE|UPSERT)\b", re.I)
_LOOK = re.compile(r"\b(?:SELECT|DELETE)\b", re.I)

# The statement's words, one blank between them.
_GUARDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bON CONFLICT\b"), "ON CONFLICT"),
    (re.compile(r"\bON DUPLICATE KEY\b"), "ON DUPLICATE KEY"),
    (re.compile(r"\bINSERT (?:\w+ )?IGNORE\b"), "INSERT IGNORE"),
    (re.compile(r"\bINSERT OR IGNORE\b"), "INSERT OR IGNORE"),
    (re.compile(r"\bINSERT OR REPLACE\b"), "INSERT OR REPLACE"),
    (re.compile(r"; REPLACE\b"), "REPLACE INTO"),
    (re.compile(r"\bMERGE\b"), "MERGE"),
    (re.compile(r"\bUPSERT\b"), "UPSERT"),
    (re.compile(r"\bNOT EXISTS\b"), "NOT EXISTS"),
    (re.compile(r"\bNOT IN\b"), "NOT IN"),
    (re.compile(r"\bEXCEPT\b"), "EXCEPT"),
    (re.compile(r"\bJOIN\b.*\bIS NULL\b"), "an anti-join"),
    (re.compile(r"\bDELETE FROM\b.*\bINSERT\b"), "DELETE"),
    (re.compile(r"\b(?:UNIQUE_VIOLATION|DUP_VAL_ON_INDEX)\b"), "an exception handler"),
)
# What a database makes up anew each time: words that need no call, and functions.
_MADE_UP = frozenset({"CURRENT_TIMESTAMP", "SYSDATE", "SYSTIMESTAMP", "DEFAULT", "LOCALTIMESTAMP"})
_MAKES_UP = frozenset(
    {"NOW", "GETDATE", "CLOCK_TIMESTAMP", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "UUID", "NEWID"}
    | {"RANDOM", "RAND", "NEXTVAL", "SYS_GUID", "UTC_TIMESTAMP", "SYSUTCDATETIME"}
)


def read_statement(text: str, dialect: str) -> Written | None:
    """A plain or guarded insert; None for any other statement, and for a text of which a part in
    braces is unknown that may hold the clause that guards it.

    `dialect` is what `tokens` takes.
    """
    if not _HEAD.search(text):
        return None
    found = tokens(text, dialect)
    if found is None:
        return None
    if found and found[0].word == "REPLACE":
        # whatever follows, it replaces by key
        return Written("insert", text, None, (), "REPLACE INTO", True)
    words = " ".join(_shown(token) for token in found)
    head = _head(found)
    guard = next((name for pattern, name in _GUARDS if pattern.search(words)), None)
    if head is None:
        return Written("insert", text, None, (), guard, True) if _merges(found) else None
    if not any(token.word in _ROWS or token.hole for token in found[head:]):
        return None
    table, index = name_at(found, head)
    listed, behind = groups(found, index)
    columns = tuple(_column(part) for part in listed)
    certain, hidden = _holes(found, behind)
    if hidden and guard is None:
        return None
    named = tuple(column for column in columns if column is not None)
    if len(named) < len(columns):
        named = ()
    return Written(
        "insert", text, table, named, guard, certain, None, _fillers(found, behind, text)
    )


_VERB = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:INSERT|REPLACE|MERGE|UPSERT|UPDATE|DELETE|SELECT|WITH|CREATE|ALTER"
    r"|DROP|TRUNCATE|COPY|CALL|EXEC|DO|BEGIN|DECLARE|IF|SET|LOCK|VALUES|\{)",
    re.I | re.S,
)


def begins_statement(text: str) -> bool:
    """Whether a text begins with a word that statements begin with, or with a placeholder."""
    return _VERB.match(text) is not None


def _shown(token: Token) -> str:
    return token.word or "_"


def _word(found: list[Token], index: int) -> str:
    return found[index].word if index < len(found) else ""


def _merges(found: list[Token]) -> bool:
    return bool(found) and found[0].word in ("MERGE", "UPSERT", "REPLACE", "WITH")


def _head(found: list[Token]) -> int | None:
    """The index of the table's name behind INSERT [OR x] [INTO]; None without such a head."""
    depth = 0
    for index, token in enumerate(found):
        depth += (token.word == "(") - (token.word == ")")
        if depth or token.word not in ("INSERT", "REPLACE"):
            continue
        if index and found[index - 1].word not in (";", ")", "BEGIN", "ELSE", "THEN"):
            continue
        following = index + 1
        while _word(found, following) in _BETWEEN:
            following += 1
        if _word(found, following - 1) == "INTO" or token.word == "INSERT":
            return following
    return None


_BETWEEN = frozenset(
    {"INTO", "OR", "ALL", "IGNORE", "REPLACE", "ABORT", "FAIL", "ROLLBACK", "OVERWRITE", "TABLE"}
    | {"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY"}
)


# One of these brings the rows of an insert.
_ROWS = frozenset({"VALUES", "VALUE", "SELECT", "SET", "DEFAULT", "TABLE", "EXEC", "EXECUTE"})


def _column(part: list[Token]) -> str | None:
    token = part[0]
    return token.text.lower() if len(part) == 1 and not token.hole else None


_BRACED = re.compile(r"\{[^{}]*\}")


def _holes(found: list[Token], start: int) -> tuple[bool, bool]:
    """Whether the text behind the columns is known whole, and whether a part that is not may hold
    a clause. The rows themselves may be unknown: `VALUES {}` or `VALUES %s`."""
    depth = 0
    certain = True
    rows = False
    for index in range(start, len(found)):
        token = found[index]
        if index == start and token.hole and _word(found, index + 1) == "VALUES":
            continue  # the columns
        depth += (token.word == "(") - (token.word == ")")
        if depth or "{" not in token.hole:
            continue
        before = _word(found, index - 1)
        if (
            rows
            or not _BRACED.fullmatch(token.hole)
            or before not in ("VALUES", ",", "SELECT", "FROM")
        ):
            return False, True
        rows = before == "VALUES"
        certain = False
    return certain, False


def _fillers(found: list[Token], start: int, text: str) -> tuple[Filler, ...]:
    """What fills each column of the first row behind VALUES."""
    index = start
    while index < len(found) and found[index].word != "VALUES":
        index += 1
    row, _ = groups(found, index + 1)
    count = sum(1 for token in found[:index] if token.hole == "%s" or token.word == "?")
    fillers: list[Filler] = []
    for part in row:
        made_up = False
        filler: Filler = None
        for position, token in enumerate(part):
            if token.hole == "%s" or token.word == "?":
                filler, count = count, count + 1
            elif token.hole.startswith("$") and token.hole[1:].isdecimal():
                filler = int(token.hole[1:]) - 1
            elif token.hole.startswith((":", "@")):
                filler = token.hole[1:]
            elif token.hole.startswith("%("):
                filler = token.hole[2:-2]
            called = _word(part, position + 1) == "("
            made_up = made_up or (token.word in (_MAKES_UP if called else _MADE_UP))
            made_up = made_up or "()}" in text[token.start : token.end]
        fillers.append(False if made_up else filler)
    return tuple(fillers)


def read_lookup(text: str, dialect: str) -> Read | None:
    """A SELECT with a condition, or a DELETE with one, of one known table; None for the rest."""
    if not _LOOK.search(text):
        return None
    found = tokens(text, dialect)
    if not found or found[0].word not in ("SELECT", "DELETE"):
        return None
    words = [token.word for token in found]
    if "FROM" not in words or "WHERE" not in words:
        return None
    table, _ = name_at(found, words.index("FROM") + 1)
    if table is None:
        return None
    return Read("select" if found[0].word == "SELECT" else "delete", table)
