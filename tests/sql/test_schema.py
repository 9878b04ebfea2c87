"""Which unique keys a schema gives, and where they stand."""

from __future__ import annotations

import pytest

from oncelint.model.values import Position, Span
from oncelint.sql.schema import read_schema


def _place(start: int, end: int) -> Span:
    return Span("schema.sql", Position(1, start + 1), Position(1, end + 1))


def _keys(text: str, dialect: str) -> list[tuple[str, set[str], bool]]:
    return [
        (table.name, set(key.columns), key.generated)
        for table in read_schema(text, dialect, _place)
        for key in table.keys
    ]


CASES = [
    (
        "CREATE TABLE IF NOT EXISTS public.orders (id SERIAL PRIMARY KEY, code uuid NOT NULL UNIQUE,"
        " price numeric(10, 2) DEFAULT 0)",
        "postgres",
        [("orders", {"id"}, True), ("orders", {"code"}, False)],
    ),
    ("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))", "", [("t", {"a", "b"}, False)]),
    (
        "CREATE TABLE `e` (`id` bigint AUTO_INCREMENT, `k` varchar(36), PRIMARY KEY (`id`),"
        " UNIQUE KEY `uk` (`k`), KEY `other` (`k`)) ENGINE=InnoDB;",
        "mysql",
        [("e", {"id"}, True), ("e", {"k"}, False)],
    ),
    ("CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT)", "sqlite", [("s", {"id"}, True)]),
    (
        "CREATE TABLE u (a uuid PRIMARY KEY DEFAULT gen_random_uuid(), b uuid UNIQUE)",
        "postgres",
        [("u", {"a"}, True), ("u", {"b"}, False)],
    ),
    (
        "CREATE UNIQUE INDEX i ON public.t USING btree (a, b)",
        "postgres",
        [("t", {"a", "b"}, False)],
    ),
    ("CREATE UNIQUE INDEX i ON t (lower(a))", "postgres", []),
    ("CREATE UNIQUE INDEX i ON t (a) WHERE deleted IS NULL", "postgres", []),
    ("CREATE INDEX i ON t (a)", "postgres", []),
    ("ALTER TABLE ONLY t ADD CONSTRAINT u UNIQUE (b)", "postgres", [("t", {"b"}, False)]),
    ("ALTER TABLE t ADD COLUMN c int", "postgres", []),
    ("CREATE TABLE t (a int REFERENCES o (id), FOREIGN KEY (a) REFERENCES o (id))", "", []),
    ("CREATE TABLE t AS SELECT 1", "postgres", []),
    ("SELECT 'CREATE TABLE t (a int PRIMARY KEY)'", "postgres", []),
    ("CREATE TABLE t (a int PRIMARY KEY", "postgres", []),
]


@pytest.mark.parametrize(("text", "dialect", "keys"), CASES)
def test_keys(text: str, dialect: str, keys: list[tuple[str, set[str], bool]]) -> None:
    assert _keys(text, dialect) == keys


def test_a_key_stands_where_it_is_declared() -> None:
    text = "CREATE TABLE t (a int,\n b text UNIQUE, CONSTRAINT k PRIMARY KEY (a));"
    (table,) = read_schema(text, "postgres", _place)
    shown = [text[key.span.start.column - 1 : key.span.end.column - 1] for key in table.keys]
    assert shown == ["b text UNIQUE", "PRIMARY KEY (a)"]
    assert table.declared


def test_several_statements_and_a_table_without_keys() -> None:
    text = "CREATE TABLE a (x int); CREATE TABLE b (y int PRIMARY KEY);"
    tables = read_schema(text, "postgres", _place)
    assert [(table.name, len(table.keys), table.declared) for table in tables] == [
        ("a", 0, True),
        ("b", 1, True),
    ]
