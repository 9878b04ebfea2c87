"""What SQL changes of a schema: CREATE TABLE, ALTER TABLE, CREATE UNIQUE INDEX and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from oncelint.model.values import Span
from oncelint.sql.tables import (
    AddKey,
    AddOther,
    Change,
    Column,
    CreateTable,
    DropColumn,
    DropKey,
    DropTable,
    Key,
    RenameColumn,
    RenameKey,
    RenameTable,
    SetColumn,
    Unclear,
    key_of,
)
from oncelint.sql.tokens import Token, groups, name_at, tokens

Place: TypeAlias = "Callable[[int, int], Span]"

_DECLARES = re.compile(r"\b(?:CREATE|ALTER|DROP|RENAME)\b", re.I)
_CONSTRAINTS = frozenset(
    {"PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "EXCLUDE", "LIKE", "PERIOD"}
    | {"FULLTEXT", "SPATIAL", "CONSTRAINT"}
)
_COUNTED = frozenset(
    {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8", "AUTO_INCREMENT"}
    | {"AUTOINCREMENT", "IDENTITY"}
)
_GENERATED = _COUNTED | frozenset(
    {"NEXTVAL", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "NEWID"}
    | {"UUID_GENERATE_V1", "UUIDV7", "NEWSEQUENTIALID", "SYS_GUID", "UNIQUE_ROWID"}
)
# What a DEFAULT makes up anew in each row.
_CHANGING = frozenset(
    {"NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "GETDATE"}
    | {"SYSDATE", "SYSTIMESTAMP", "CLOCK_TIMESTAMP", "SYSUTCDATETIME", "GETUTCDATE", "UUID"}
    | {"RANDOM", "RAND", "SYSDATETIME", "STRFTIME", "DATETIME", "UNIXEPOCH"}
)
_CONDITIONS = frozenset({"IF", "BEGIN", "THEN", "ELSE", "DECLARE"})


def read_changes(text: str, dialect: str, place: Place) -> tuple[Change, ...]:
    """What a text changes of tables and their unique keys, in its order.

    `place` turns offsets of the text into a span. Partial and expression indexes are no keys of
    the whole table. A text the lexer gives up on changes nothing that is known: one Unclear.
    """
    if not _DECLARES.search(text):
        return ()
    found = tokens(text, dialect)
    if found is None:
        return (Unclear(),)
    made: list[Change] = []
    for statement in _statements(found):
        if statement and statement[0].word == "DO":
            made.extend(_block(statement, dialect, place))
        else:
            made.extend(_Statement(statement, place).changes())
    return tuple(made)


def _block(found: list[Token], dialect: str, place: Place) -> Iterator[Change]:
    """PostgreSQL's DO: its body is a quotation."""
    for token in found:
        marks = token.end - token.start - len(token.text)
        if not token.word and not token.hole and marks > 2:
            base = token.start + marks // 2
            yield from read_changes(
                token.text,
                dialect,
                lambda start, end, base=base: place(base + start, base + end),  # type: ignore[misc]
            )


def _statements(found: list[Token]) -> Iterator[list[Token]]:
    """Statements end at a semicolon or GO; a CREATE TABLE also where the next statement begins,
    for scripts that leave the semicolon out."""
    start = depth = 0
    for index, token in enumerate(found):
        depth += (token.word == "(") - (token.word == ")")
        if token.word in (";", "GO") and depth <= 0:
            yield found[start:index]
            start, depth = index + 1, 0
        elif depth == 0 and index > start and token.word in ("CREATE", "ALTER", "DROP"):
            behind = found[index + 1].word if index + 1 < len(found) else ""
            if found[index - 1].word == ")" and behind in ("TABLE", "UNIQUE", "INDEX"):
                yield found[start:index]
                start = index
    yield found[start:]


class _Statement:
    """One statement's tokens, read from left to right."""

    def __init__(self, found: list[Token], place: Place) -> None:
        self.found = found
        self.place = place

    def word(self, index: int) -> str:
        return self.found[index].word if index < len(self.found) else ""

    def skip(self, index: int, *words: str) -> int:
        while self.word(index) in words:
            index += 1
        return index

    def changes(self) -> Iterator[Change]:
        if self.word(0) in _CONDITIONS:
            # IF NOT EXISTS (…) CREATE TABLE …: it is there afterwards, either way
            self.found = self.found[self._verb() :]
        words = [token.word for token in self.found[:8]]
        head = words[0] if words else ""
        if head == "CREATE":
            yield from self._create(words)
        elif head == "ALTER" and words[1:2] == ["TABLE"]:
            yield from self._alter()
        elif head == "ALTER" and words[1:2] == ["INDEX"]:
            yield from self._alter_index()
        elif head == "DROP" and words[1:2] == ["TABLE"]:
            yield from self._drop_tables()
        elif head == "DROP" and words[1:2] == ["INDEX"]:
            yield from self._drop_index()
        elif head == "RENAME" and words[1:2] == ["TABLE"]:
            yield from self._rename_tables()

    def _verb(self) -> int:
        """Where the statement behind a condition begins."""
        depth = 0
        for index, token in enumerate(self.found):
            depth += (token.word == "(") - (token.word == ")")
            if depth == 0 and token.word in ("CREATE", "ALTER", "DROP"):
                return index
        return len(self.found)

    # CREATE -----------------------------------------------------------------------------------

    def _create(self, words: list[str]) -> Iterator[Change]:
        if "TABLE" in words[:5]:
            at = words.index("TABLE") + 1
            yield from self._create_table(at, temporary=bool({"TEMP", "TEMPORARY"} & set(words)))
        elif "INDEX" in words[:4]:
            yield from self._create_index(words.index("INDEX") + 1, unique="UNIQUE" in words[:4])

    def _create_table(self, at: int, *, temporary: bool) -> Iterator[Change]:
        tolerant = self.word(at) == "IF"
        at = self.skip(at, "IF", "NOT", "EXISTS")
        name, behind = name_at(self.found, at)
        if name is None or temporary:
            return
        span = self.place(self.found[at].start, self.found[behind - 1].end)
        parts, end = groups(self.found, behind)
        if not parts:
            if self.word(behind) == "PARTITION":
                return  # a partition is written to by way of its table
            yield CreateTable(name, span, tolerant=tolerant, complete=False)
            return
        body = _Body(name, parts, self.place)
        complete = body.complete and not any(
            token.word in ("INHERITS", "AS", "SELECT") for token in self.found[end:]
        )
        yield CreateTable(
            name,
            span,
            tuple(body.columns),
            tuple(body.keys),
            frozenset(body.others),
            tolerant=tolerant,
            complete=complete,
        )

    def _create_index(self, at: int, *, unique: bool) -> Iterator[Change]:
        words = [token.word for token in self.found]
        if "ON" not in words:
            return
        on = words.index("ON")
        at = self.skip(at, "CONCURRENTLY", "IF", "NOT", "EXISTS")
        index = name_at(self.found, at)[0] if at < on else None
        at = self.skip(on + 1, "ONLY")
        table, behind = name_at(self.found, at)
        if self.word(behind) == "USING":
            behind += 2
        parts, end = groups(self.found, behind)
        key = None
        if unique and table is not None and "WHERE" not in words[end:]:
            key = _key(parts, self.place(self.found[on].start, self.found[end - 1].end))
        if key is not None and table is not None:
            yield AddKey(table, key_of(table, key.columns, key.span, index))
        elif index is not None:
            yield AddOther(index)

    # ALTER ------------------------------------------------------------------------------------

    def _alter(self) -> Iterator[Change]:
        at = self.skip(2, "IF", "EXISTS", "ONLY")
        table, at = name_at(self.found, at)
        if table is None:
            yield Unclear()
            return
        adding: list[Token] = []
        for part in _actions(self.found, at):
            adds = part[0].word == "ADD"
            # SQL Server goes on without the verb: ADD a int, CONSTRAINT u UNIQUE (a)
            goes_on = bool(adding) and part[0].word in ("CONSTRAINT", "UNIQUE", "PRIMARY")
            action = [*adding, *part] if goes_on else part
            adding = part[:1] if adds else (adding if goes_on else [])
            yield from _Statement(action, self.place)._action(table)

    def _action(self, table: str) -> Iterator[Change]:
        head, second = self.word(0), self.word(1)
        if head == "ADD":
            yield from self._add(table)
        elif head == "DROP":
            yield from self._drop(table)
        elif head == "RENAME":
            yield from self._rename(table)
        elif head in ("MODIFY", "CHANGE"):
            yield from self._redefine(table, renames=head == "CHANGE")
        elif head == "ALTER" and second != "INDEX":
            yield from self._alter_column(table)
        elif head == "EXCHANGE" or (head == "SWITCH" and second in ("TO", "PARTITION")):
            yield Unclear(table)

    def _add(self, table: str) -> Iterator[Change]:
        at = self.skip(1, "COLUMN", "IF", "NOT", "EXISTS")
        if self.word(at) == "(":  # ADD (a int, b int)
            parts, _ = groups(self.found, at)
        else:
            parts = [self.found[at:]]
        parts = [part for part in parts if part]
        if not parts:
            yield Unclear(table)
            return
        using = next((i for i, token in enumerate(parts[0]) if token.word == "USING"), None)
        if using is not None and parts[0][0].word in ("CONSTRAINT", "UNIQUE", "PRIMARY"):
            if any(token.word == "INDEX" for token in parts[0][using:]):
                return  # the index that becomes the constraint is known by its own statement
        body = _Body(table, parts, self.place)
        for column in body.columns:
            yield SetColumn(table, column.name, column.generated, column.nullable, column.constant)
        for key in body.keys:
            yield AddKey(table, key)
        for other in body.others:
            yield AddOther(other)
        if not body.complete:
            yield Unclear(table)

    def _drop(self, table: str) -> Iterator[Change]:
        kind = self.word(1)
        if kind == "PRIMARY":
            yield DropKey(table, None)
            return
        if kind in ("FOREIGN", "CHECK", "PARTITION"):
            return
        worded = kind in ("CONSTRAINT", "INDEX", "KEY", "COLUMN", "UNIQUE")
        at = self.skip(2 if worded else 1, "IF", "EXISTS")
        if kind == "UNIQUE":  # Oracle names the columns
            yield Unclear(table)
            return
        name, _ = name_at(self.found, at)
        if name is None:
            yield Unclear(table)
        elif kind in ("CONSTRAINT", "INDEX", "KEY"):
            yield DropKey(table, name)
        else:
            yield DropColumn(table, name)

    def _rename(self, table: str) -> Iterator[Change]:
        kind = self.word(1)
        if kind in ("TO", "AS"):
            name, _ = name_at(self.found, 2)
            yield RenameTable(table, name) if name else Unclear(table)
            return
        worded = kind in ("COLUMN", "CONSTRAINT", "INDEX", "KEY")
        old, at = name_at(self.found, 2 if worded else 1)
        new, _ = name_at(self.found, at + 1) if self.word(at) == "TO" else (None, at)
        if old is None:
            yield Unclear(table)
        elif new is None:
            yield RenameTable(table, old) if not worded else Unclear(table)
        elif kind in ("CONSTRAINT", "INDEX", "KEY"):
            yield RenameKey(table, old, new)
        else:
            yield RenameColumn(table, old, new)

    def _redefine(self, table: str, *, renames: bool) -> Iterator[Change]:
        at = self.skip(1, "COLUMN", "IF", "EXISTS")
        old, behind = name_at(self.found, at)
        if old is None:
            yield Unclear(table)
            return
        if renames:
            new, _ = name_at(self.found, behind)
            if new is not None and new != old:
                yield RenameColumn(table, old, new)
            at = behind
        body = _Body(table, [self.found[at:]], self.place)
        for column in body.columns:
            yield SetColumn(table, column.name, column.generated, column.nullable, column.constant)
        for key in body.keys:
            yield AddKey(table, key)

    def _alter_column(self, table: str) -> Iterator[Change]:
        column, at = name_at(self.found, self.skip(1, "COLUMN", "IF", "EXISTS"))
        if column is None:
            yield Unclear(table)
            return
        words = [token.word for token in self.found[at:]]
        text = " ".join(words)
        if text.startswith("SET NOT NULL"):
            yield SetColumn(table, column, nullable=False)
        elif text.startswith("DROP NOT NULL"):
            yield SetColumn(table, column, nullable=True)
        elif text.startswith(("DROP DEFAULT", "DROP IDENTITY")):
            yield SetColumn(table, column, generated=False, constant=False)
        elif text.startswith(("SET DEFAULT", "ADD GENERATED")):
            made = _makes_up(self.found[at:])
            yield SetColumn(table, column, generated=made, constant=not made)

    def _alter_index(self) -> Iterator[Change]:
        old, at = name_at(self.found, self.skip(2, "IF", "EXISTS"))
        if old is not None and self.word(at) == "RENAME":
            new, _ = name_at(self.found, at + 2)
            yield RenameKey(None, old, new) if new else Unclear()

    # DROP and RENAME --------------------------------------------------------------------------

    def _drop_tables(self) -> Iterator[Change]:
        at = self.skip(2, "IF", "EXISTS")
        while True:
            name, at = name_at(self.found, at)
            if name is not None:
                yield DropTable(name)
            if self.word(at) != ",":
                return
            at += 1

    def _drop_index(self) -> Iterator[Change]:
        at = self.skip(2, "CONCURRENTLY", "IF", "EXISTS")
        while True:
            name, at = name_at(self.found, at)
            if self.word(at) == "ON":
                yield DropKey(name_at(self.found, at + 1)[0], name)
                return
            yield DropKey(None, name) if name is not None else Unclear()
            if self.word(at) != ",":
                return
            at += 1

    def _rename_tables(self) -> Iterator[Change]:
        at = 2
        while True:
            old, at = name_at(self.found, at)
            new, at = name_at(self.found, at + 1)
            yield RenameTable(old, new) if old and new else Unclear(old)
            if self.word(at) != ",":
                return
            at += 1


def _actions(found: list[Token], start: int) -> Iterator[list[Token]]:
    """The actions of an ALTER TABLE: what stands between the commas outside of parentheses."""
    depth, begin = 0, start
    for index in range(start, len(found) + 1):
        word = found[index].word if index < len(found) else ","
        depth += (word == "(") - (word == ")")
        if word == "," and (depth == 0 or index == len(found)):
            if found[begin:index]:
                yield found[begin:index]
            begin = index + 1


class _Body:
    """The definitions between the parentheses of CREATE TABLE, or behind ADD."""

    def __init__(self, table: str, parts: list[list[Token]], place: Place) -> None:
        self.columns: list[Column] = []
        self.keys: list[Key] = []
        self.others: list[str] = []
        self.complete = True
        self._place = place
        for part in parts:
            self._read(table, part)
        primary = {one for key in self.keys if key.primary for one in key.columns}
        self.columns = [
            replace(column, nullable=False) if column.name in primary else column
            for column in self.columns
        ]

    def _read(self, table: str, part: list[Token]) -> None:
        if not part or part[0].hole:
            self.complete = False
        elif part[0].word in _CONSTRAINTS and not _names_column(part):
            self._constraint(table, part)
        else:
            self._column(table, part)

    def _column(self, table: str, part: list[Token]) -> None:
        name = part[0].text.lower()
        words = [token.word for token in part[1:]]
        text = " ".join(words)
        primary = "PRIMARY KEY" in text or text.endswith(" PRIMARY")
        made = _makes_up(part[1:])
        # SQLite fills an INTEGER PRIMARY KEY that is left out
        made = made or (words[:1] == ["INTEGER"] and primary)
        nullable = not ("NOT NULL" in text or primary or bool(_COUNTED & set(words)))
        constant = "DEFAULT" in words and not made and "DEFAULT NULL" not in text
        self.columns.append(Column(name, made, nullable, constant))
        if primary or "UNIQUE" in words:
            named = None
            if "CONSTRAINT" in words:
                named = name_at(part, words.index("CONSTRAINT") + 2)[0]
            self._add(table, (name,), self._span(part), named, primary=primary)
            if primary and "UNIQUE" in words:
                self._add(table, (name,), self._span(part), None, primary=False)

    def _constraint(self, table: str, part: list[Token]) -> None:
        at, named = 0, None
        if part[0].word == "CONSTRAINT":
            at = 1
            if len(part) > 1 and part[1].word not in ("PRIMARY", "UNIQUE"):
                named = part[1].text.lower() if not part[1].hole else None
                at = 2
        part = part[at:]
        kind = part[0].word if part else ""
        if kind == "LIKE":
            self.complete = False
        if kind not in ("PRIMARY", "UNIQUE"):
            if kind in ("KEY", "INDEX", "FULLTEXT", "SPATIAL"):
                named = next((one.text.lower() for one in part[1:] if not _is_kind(one)), named)
            if named is not None:
                self.others.append(named)
            return
        opens = next((index for index, token in enumerate(part) if token.word == "("), None)
        if opens is None:
            self.complete = False
            return
        parts, end = groups(part, opens)
        key = _key(parts, self._span(part[:end]))
        if key is None:
            if named is not None:
                self.others.append(named)
            return
        if kind == "UNIQUE":  # MySQL: UNIQUE KEY name (…)
            inner = [one for one in part[1:opens] if not _is_kind(one)]
            named = inner[0].text.lower() if inner else named
        self._add(table, key.columns, key.span, named, primary=kind == "PRIMARY")

    def _add(
        self, table: str, columns: tuple[str, ...], span: Span, named: str | None, *, primary: bool
    ) -> None:
        self.keys.append(key_of(table, columns, span, named, primary=primary))

    def _span(self, part: list[Token]) -> Span:
        return self._place(part[0].start, part[-1].end)


def _is_kind(token: Token) -> bool:
    return token.word in (
        "KEY",
        "INDEX",
        "USING",
        "BTREE",
        "HASH",
        "NONCLUSTERED",
        "CLUSTERED",
    ) or (token.word in ("NULLS", "NOT", "DISTINCT", "("))


def _names_column(part: list[Token]) -> bool:
    """Whether a part that begins like a constraint is a column of that name (`key text`)."""
    if part[0].word not in ("KEY", "INDEX", "PERIOD", "LIKE") or len(part) < 2:
        return False
    return part[1].word in _TYPES


_TYPES = frozenset(
    {"TEXT", "VARCHAR", "CHAR", "CHARACTER", "INT", "INTEGER", "BIGINT", "SMALLINT", "UUID"}
    | {"NUMERIC", "DECIMAL", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "JSON", "JSONB", "BYTEA", "BLOB"}
    | {"NVARCHAR", "BOOLEAN", "REAL", "DOUBLE", "FLOAT", "TINYINT", "CITEXT", "BINARY", "VARBINARY"}
)


def _makes_up(part: list[Token]) -> bool:
    """Whether a definition has the database fill a column anew in each row: a sequence, an
    identity, a random id, the time."""
    words = [token.word for token in part]
    if any(word in _GENERATED for word in words):
        return True
    if "DEFAULT" not in words:
        return False
    value = [word for word in words[words.index("DEFAULT") + 1 :][:3] if word != "("]
    return bool(value) and value[0] in _CHANGING


def _key(parts: list[list[Token]], span: Span) -> Key | None:
    """A key over plain columns; a part that is an expression or a prefix makes it none."""
    names = []
    for part in parts:
        if part[0].hole or any(token.word == "(" for token in part[:2]):
            return None
        names.append(part[0].text.lower())
    return Key(tuple(names), span) if names else None
