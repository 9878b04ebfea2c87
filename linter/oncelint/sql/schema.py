"""Which unique keys a schema gives its tables, read from CREATE TABLE and its kin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from oncelint.model.facts import KeySpan, TableFact
from oncelint.model.values import Span
from oncelint.sql.tokens import Token, groups, name_at, tokens

_DECLARES = re.compile(r"\b(?:CREATE|ALTER)\b", re.I)
_CONSTRAINTS = frozenset(
    {"PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "EXCLUDE", "LIKE", "PERIOD"}
    | {"FULLTEXT", "SPATIAL"}
)
_GENERATED = frozenset(
    {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL8", "AUTO_INCREMENT", "AUTOINCREMENT"}
    | {"IDENTITY", "GENERATED", "NEXTVAL", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "NEWID"}
    | {"NEWSEQUENTIALID", "SYS_GUID"}
)


def read_schema(
    text: str, dialect: str, place: Callable[[int, int], Span]
) -> tuple[TableFact, ...]:
    """The tables a text declares or alters, each with the keys that this text gives it.

    `place` turns offsets of the text into a span. Partial and expression indexes are no keys of
    the whole table and are left out. A text the lexer gives up on declares nothing.
    """
    if not _DECLARES.search(text):
        return ()
    found = tokens(text, dialect)
    if found is None:
        return ()
    tables: list[TableFact] = []
    for statement in _statements(found):
        table = _table(statement, place)
        if table is not None:
            tables.append(table)
    return tuple(tables)


def _statements(found: list[Token]) -> Iterator[list[Token]]:
    start = 0
    for index, token in enumerate(found):
        if token.word in (";", "GO"):
            yield found[start:index]
            start = index + 1
    yield found[start:]


def _table(found: list[Token], place: Callable[[int, int], Span]) -> TableFact | None:
    words = [token.word for token in found[:8]]
    if not words or words[0] not in ("CREATE", "ALTER"):
        return None
    if "TABLE" in words:
        at = _skip(found, words.index("TABLE") + 1, ("IF", "NOT", "EXISTS", "ONLY"))
        name, behind = name_at(found, at)
        if name is None:
            return None
        span = place(found[at].start, found[behind - 1].end)
        if words[0] == "ALTER":
            keys = tuple(_added(found, behind, place))
            return TableFact(name, keys, span) if keys else None
        parts, _ = groups(found, behind)
        if not parts:
            return None
        return TableFact(name, tuple(_keys(parts, place)), span, declared=True)
    if words[:2] == ["CREATE", "UNIQUE"] and "INDEX" in words and "ON" in [t.word for t in found]:
        return _index(found, place)
    return None


def _index(found: list[Token], place: Callable[[int, int], Span]) -> TableFact | None:
    on = next(index for index, token in enumerate(found) if token.word == "ON")
    at = _skip(found, on + 1, ("ONLY",))
    name, behind = name_at(found, at)
    if behind < len(found) and found[behind].word == "USING":
        behind += 2
    parts, end = groups(found, behind)
    if name is None or any(token.word == "WHERE" for token in found[end:]):
        return None
    key = _key(parts, found[on].start, found[end - 1].end, place)
    return TableFact(name, (key,), place(found[at].start, found[at].end)) if key else None


def _skip(found: list[Token], index: int, words: tuple[str, ...]) -> int:
    while index < len(found) and found[index].word in words:
        index += 1
    return index


def _keys(parts: list[list[Token]], place: Callable[[int, int], Span]) -> Iterator[KeySpan]:
    generated = {
        part[0].text.lower()
        for part in parts
        if part[0].word not in _CONSTRAINTS and _generates(part)
    }
    for part in parts:
        at = 2 if part[0].word == "CONSTRAINT" else 0
        head = part[at] if at < len(part) else part[0]
        if at or head.word in _CONSTRAINTS:
            key = _constraint(part[at:], place)
            if key is not None:
                yield _marked(key, generated)
            continue
        words = [token.word for token in part[1:]]
        if "UNIQUE" in words or "PRIMARY" in words:
            name = part[0].text.lower()
            # SQLite fills an INTEGER PRIMARY KEY that is left out
            made = name in generated or (words[:1] == ["INTEGER"] and "PRIMARY" in words)
            yield KeySpan(frozenset((name,)), made, place(part[0].start, part[-1].end))


def _generates(part: list[Token]) -> bool:
    """Whether the database fills a column by itself: a sequence, an identity, a random id."""
    words = [token.word for token in part[1:]]
    return any(word in _GENERATED for word in words) or "DEFAULT UUID (" in " ".join(
        word for word in words if word
    ).replace("DEFAULT ( ", "DEFAULT ")


def _marked(key: KeySpan, generated: set[str]) -> KeySpan:
    if key.columns <= generated:
        return KeySpan(key.columns, True, key.span)
    return key


def _constraint(part: list[Token], place: Callable[[int, int], Span]) -> KeySpan | None:
    if not part or part[0].word not in ("PRIMARY", "UNIQUE"):
        return None
    opens = next((index for index, token in enumerate(part) if token.word == "("), None)
    if opens is None:
        return None
    parts, end = groups(part, opens)
    return _key(parts, part[0].start, part[end - 1].end, place)


def _added(found: list[Token], start: int, place: Callable[[int, int], Span]) -> Iterator[KeySpan]:
    """The keys that ALTER TABLE … ADD gives."""
    for index in range(start, len(found)):
        if found[index].word != "ADD":
            continue
        at = index + 1
        if at < len(found) and found[at].word == "CONSTRAINT":
            at += 2
        key = _constraint(found[at:], place)
        if key is not None:
            yield key


def _key(
    parts: list[list[Token]], start: int, end: int, place: Callable[[int, int], Span]
) -> KeySpan | None:
    """A key over plain columns; a part that is an expression makes it none."""
    names = []
    for part in parts:
        if part[0].hole or any(token.word == "(" for token in part[:2]):
            return None
        names.append(part[0].text.lower())
    return KeySpan(frozenset(names), False, place(start, end)) if names else None
