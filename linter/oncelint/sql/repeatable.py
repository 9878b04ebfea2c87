"""What a plain INSERT lacks to tolerate its own repetition, and where it belongs.

Sources: PostgreSQL "INSERT" (conflict_target, conflict_action); SQLite "UPSERT", which SQLite has
from 3.24 on, and whose grammar is ambiguous behind a SELECT; DuckDB "INSERT Statement"; MySQL
"INSERT ... ON DUPLICATE KEY UPDATE Statement", which MariaDB has as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from oncelint.sql.tokens import Token, groups, name_at, tokens


class NotRepeatable(Exception):
    """No clause can be written; `reason` says why, for the user, as part of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Insert(NamedTuple):
    """An `INSERT INTO table (columns) VALUES rows`.

    `columns` lead from names in lower case to how the statement spells them, in its order (empty
    when it lists none). `begin`, `values` and `end` are the offsets of INSERT, of VALUES and behind
    the last row. `upper` tells the case of its keywords, `returning` whether RETURNING follows.
    """

    text: str
    columns: dict[str, str]
    begin: int
    values: int
    end: int
    upper: bool
    returning: bool


class Clause(NamedTuple):
    """`words` go to the offset `at` of a statement, between `before` and `behind`."""

    at: int
    before: str
    words: str
    behind: str

    @property
    def text(self) -> str:
        return self.before + self.words + self.behind


# Databases with ON CONFLICT, and with ON DUPLICATE KEY, by the names of frameworks.databases.
ON_CONFLICT = frozenset({"postgres", "sqlite", "duckdb"})
ON_DUPLICATE_KEY = frozenset({"mysql"})
_WITHOUT = {
    "tsql": "SQL Server has no such clause; MERGE, or a WHERE NOT EXISTS under a lock, does it",
    "oracle": "Oracle has no such clause; MERGE does it",
}


def read_insert(text: str, dialect: str) -> Insert:
    """The one plain INSERT that a text is.

    Raises NotRepeatable for several statements, for rows that come from elsewhere than VALUES, and
    where a part is unknown that is no value.
    """
    found = tokens(text, dialect)
    if not found:
        raise NotRepeatable("the statement's quotation marks do not close")
    found = _one(found)
    if [token.word for token in found[:2]] != ["INSERT", "INTO"]:
        raise NotRepeatable("the statement does not begin with a plain INSERT INTO")
    table, at = name_at(found, 2)
    if table is None:
        raise NotRepeatable("the table's name is put in at run time")
    listed, at = groups(found, at)
    values = _values(found, at)
    end = _rows(found, values + 1)
    returning = end < len(found) and found[end].word == "RETURNING"
    if end < len(found) and not returning:
        raise NotRepeatable(_behind(text, found[end]))
    return Insert(
        text,
        _columns(text, listed),
        found[0].start,
        found[values].start,
        found[end - 1].end,
        found[0].text != "insert",
        returning,
    )


def _one(found: list[Token]) -> list[Token]:
    """The tokens without a closing semicolon."""
    while found and found[-1].word == ";":
        found = found[:-1]
    if any(token.word == ";" for token in found):
        raise NotRepeatable("the text holds several statements")
    return found


def _columns(text: str, listed: list[list[Token]]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for part in listed:
        if len(part) != 1 or part[0].hole:
            raise NotRepeatable("a part of the column list is put in at run time")
        columns[part[0].text.lower()] = text[part[0].start : part[0].end]
    return columns


_OTHER_ROWS = {
    "SELECT": "its rows come from a SELECT, behind which the clause is ambiguous",
    "WITH": "its rows come from a SELECT, behind which the clause is ambiguous",
    "(": "its rows come from a SELECT, behind which the clause is ambiguous",
    "DEFAULT": "it inserts DEFAULT VALUES, which no key of the record tells apart",
    "SET": "it is an INSERT … SET; with VALUES the clause can be added",
}


def _values(found: list[Token], at: int) -> int:
    """The index of VALUES, which has to stand at once behind the columns."""
    token = found[at] if at < len(found) else None
    if token is None:
        raise NotRepeatable("its rows are not part of the text")
    if token.word in ("VALUES", "VALUE"):
        return at
    if token.hole:
        raise NotRepeatable("what stands behind the table's name is put in at run time")
    if token.word in _OTHER_ROWS:
        raise NotRepeatable(_OTHER_ROWS[token.word])
    raise NotRepeatable(f"{token.text} stands between the columns and VALUES")


def _rows(found: list[Token], at: int) -> int:
    """The index behind the last row. `VALUES %s` is what psycopg2's execute_values fills with
    rows; a hole of any other kind may hold more than rows."""
    if at < len(found) and found[at].hole == "%s":
        return at + 1
    while True:
        row, behind = groups(found, at)
        if not row:
            raise NotRepeatable("the rows behind VALUES are put in at run time")
        if behind >= len(found) or found[behind].word != ",":
            return behind
        at = behind + 1


def _behind(text: str, token: Token) -> str:
    if token.hole:
        return "what stands behind the rows is put in at run time"
    return f"{text[token.start : token.end]} stands behind the rows"


def check_dialect(dialect: str) -> None:
    """Raises NotRepeatable where the database is not known or has no such clause."""
    if dialect not in ON_CONFLICT | ON_DUPLICATE_KEY:
        raise NotRepeatable(
            _WITHOUT.get(dialect, "which database executes it is not known, nor its clause for it")
        )


def clause(insert: Insert, dialect: str, key: Collection[str]) -> Clause:
    """The clause by which a repetition that violates the unique key `key` (names in lower case)
    changes nothing.

    On PostgreSQL the columns must be exactly those of one unique key. For MySQL any column would
    do; INSERT IGNORE is not what is written, since it also turns errors in the data into warnings.
    PyMySQL's executemany() takes the clause and still sends the rows at once (RE_INSERT_VALUES in
    pymysql/cursors.py), and psycopg2's execute_values() replaces the `%s` before it.

    Raises NotRepeatable where the database is not known or has no such clause.
    """
    check_dialect(dialect)
    columns = [insert.columns.get(name) or _plain(name, dialect) for name in _ordered(insert, key)]
    if dialect in ON_CONFLICT:
        words = ["ON CONFLICT (", ", ".join(columns), ") DO NOTHING"]
    else:
        words = ["ON DUPLICATE KEY UPDATE ", f"{columns[0]} = {columns[0]}"]
    said = "".join(
        word if index == 1 or insert.upper else word.lower() for index, word in enumerate(words)
    )
    return Clause(insert.end, _before(insert), said, _blank_behind(insert))


def _ordered(insert: Insert, key: Collection[str]) -> list[str]:
    """A key's columns as the statement orders them; what it does not list comes last."""
    listed = list(insert.columns)
    return sorted(key, key=lambda name: (listed.index(name) if name in listed else 999, name))


# Words that are no names without quotation marks in one of the databases.
_WORDS = """
    all and any as asc at both by case cast check collate column constraint create cross date desc
    distinct do else end except false for foreign from grant group having in index insert into is
    join key keys limit like natural not null offset on or order partition primary range rank
    references row rows select set table then timestamp to transaction true union unique update
    user using value values when where window with
"""
_RESERVED = frozenset(_WORDS.split())


def _plain(name: str, dialect: str) -> str:
    """A column that the statement does not list. Only where names ignore case even in quotation
    marks is its name in lower case sure to be its name (SQLite, DuckDB, MySQL)."""
    if dialect == "postgres" or not re.fullmatch(r"[a-z_]\w*", name) or name in _RESERVED:
        raise NotRepeatable(
            f"the statement lists no columns, and how {name} is quoted is not known"
        )
    return name


def _before(insert: Insert) -> str:
    """A line of its own, indented like that of VALUES, where the statement has several lines."""
    text = insert.text
    line_end = text.find("\n", insert.end)
    rest = text[insert.end : line_end if line_end >= 0 else len(text)]
    if "\n" not in text[insert.begin : insert.end] or rest.strip() not in ("", ";"):
        return " "
    line = text.rfind("\n", 0, insert.values) + 1
    if line <= insert.begin:
        line = text.rfind("\n", 0, insert.end) + 1
    indentation = re.match(r"[ \t]*", text[line:])
    return "\n" + (indentation[0] if indentation is not None else "")


def _blank_behind(insert: Insert) -> str:
    following = insert.text[insert.end : insert.end + 1]
    return "" if following in ("", ";") or following.isspace() else " "


# How tables name the position of a record.
_TOPIC = re.compile(r"(?:\w+_)?topic(?:_name)?")
_PARTITION = re.compile(r"(?:\w+_)?partition(?:_id|_no|_number)?")
_OFFSET = re.compile(r"(?:\w+_)?offset(?:_id|_no|_number)?")


def position_columns(names: Collection[str]) -> tuple[str, ...]:
    """The columns (in lower case) of a record's topic, partition and offset; empty where one of
    them is missing or could be one of several."""
    found = []
    for pattern in (_TOPIC, _PARTITION, _OFFSET):
        fitting = [name for name in names if pattern.fullmatch(name)]
        if len(fitting) != 1:
            return ()
        found.append(fitting[0])
    return tuple(found)
