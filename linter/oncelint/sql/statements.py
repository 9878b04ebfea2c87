"""What a SQL statement does to a table."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from oncelint.model.values import Span


class Written(NamedTuple):
    """A write: `operation` (insert, orm-add, orm-create), the table and columns where they are
    known, and the `guard` that makes it tolerate its own repetition (None: none seen)."""

    operation: str
    text: str | None
    table: str | None
    columns: tuple[str, ...]
    guard: str | None
    certain: bool
    span: Span | None = None


_INSERT = re.compile(r"^\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(?:WITH\b.*?\)\s*)?INSERT\b", re.I | re.S)
_HEAD = re.compile(
    r"\bINSERT\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:INTO\s+)?"
    r"(?P<table>[\w.\"`\[\]{}$]+)\s*(?:\((?P<columns>[^)]*)\))?",
    re.I,
)
_GUARDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bON\s+CONFLICT\b", re.I), "ON CONFLICT"),
    (re.compile(r"\bON\s+DUPLICATE\s+KEY\b", re.I), "ON DUPLICATE KEY"),
    (re.compile(r"\bINSERT\s+(?:\w+\s+)?IGNORE\b", re.I), "INSERT IGNORE"),
    (re.compile(r"\bINSERT\s+OR\s+(?:IGNORE|REPLACE)\b", re.I), "INSERT OR"),
    (re.compile(r"\bREPLACE\s+INTO\b", re.I), "REPLACE INTO"),
    (re.compile(r"\bMERGE\s+INTO\b", re.I), "MERGE"),
    (re.compile(r"\bUPSERT\b", re.I), "UPSERT"),
    (re.compile(r"\bIF\s+NOT\s+EXISTS\b", re.I), "IF NOT EXISTS"),
    (re.compile(r"\bNOT\s+EXISTS\b", re.I), "NOT EXISTS"),
    (re.compile(r"\bIGNORE_DUP_KEY\b", re.I), "IGNORE_DUP_KEY"),
)


def read_statement(text: str, dialect: str, *, complete: bool) -> Written | None:
    """A plain or guarded insert; None for any other statement.

    `dialect` is sqlglot's name or empty. When the text is not `complete` (a part in braces is
    unknown) and an unknown part may hold the clause that guards it, the statement is not judged.
    """
    if not _INSERT.search(text) and not re.match(r"\s*(?:REPLACE|MERGE)\b", text, re.I):
        return None
    guard = next((name for pattern, name in _GUARDS if pattern.search(text)), None)
    if guard is None and not complete and _may_hide_clause(text):
        return None
    head = _HEAD.search(text)
    table: str | None = None
    columns: tuple[str, ...] = ()
    if head is not None:
        table, columns = _names(text, head, dialect)
    return Written("insert", text, table, columns, guard, True)


def _may_hide_clause(text: str) -> bool:
    """Whether an unknown part stands outside the parentheses of the column and value lists."""
    depth = 0
    index = 0
    while index < len(text):
        char = text[index]
        if char == "(":
            depth += 1
        elif char == ")":
            depth = max(depth - 1, 0)
        elif text.startswith("{}", index) and depth == 0:
            before = text[:index].rstrip()
            is_table = re.search(r"\b(?:INTO|INSERT)\s*[\"`]?$", before, re.I) is not None
            if not is_table and not before.endswith((".", '"', "`")):
                return True
            index += 1
        index += 1
    return False


def _names(text: str, head: re.Match[str], dialect: str) -> tuple[str | None, tuple[str, ...]]:
    """Table and columns: sqlglot where it can parse the statement, its head's words otherwise."""
    parsed = _parse(text, dialect)
    if parsed is not None:
        from sqlglot import exp  # heavy: only where a statement stands in a consume loop

        target = parsed.this
        if isinstance(target, exp.Schema):
            columns = tuple(str(column.name).lower() for column in target.expressions)
            target = target.this
        else:
            columns = ()
        if isinstance(target, exp.Table):
            return str(target.name).lower(), columns
    raw = re.sub(r"[\"`\[\]]", "", head.group("table"))
    listed = head.group("columns")
    columns = (
        tuple(re.sub(r"[\"`\[\]]", "", part).strip().lower() for part in listed.split(","))
        if listed
        else ()
    )
    return (None if "{" in raw else raw.rpartition(".")[2].lower()), columns


def _parse(text: str, dialect: str) -> Any:
    try:
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError
    except ImportError:
        return None
    plain = re.sub(r"%\(\w+\)s|%s|\{[^}]*\}|\?|\$\d+|:\w+\b", "placeholder", text)
    try:
        parsed = sqlglot.parse_one(plain, read=dialect or None)
    except (SqlglotError, RecursionError, ValueError):
        return None
    return parsed if isinstance(parsed, exp.Insert) else None
