"""What SQL changes of a schema, and the state that a history of changes leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.model.values import Position, Span
from oncelint.sql.schema import read_changes
from oncelint.sql.tables import AddKey, Catalog, CreateTable, Table


def _place(start: int, end: int) -> Span:
    return Span("schema.sql", Position(1, start + 1), Position(1, end + 1))


def _tables(text: str, dialect: str = "") -> dict[str, Table]:
    return Catalog(dialect).apply(read_changes(text, dialect, _place)).tables


def _keys(text: str, dialect: str = "") -> dict[str, list[tuple[str, ...]]]:
    return {name: [key.columns for key in t.keys] for name, t in _tables(text, dialect).items()}


STATEMENTS = [
    (
        "CREATE TABLE IF NOT EXISTS public.orders (id SERIAL PRIMARY KEY, code uuid NOT NULL UNIQUE,"
        " price numeric(10, 2) DEFAULT 0)",
        "postgres",
        {"orders": [("id",), ("code",)]},
    ),
    ("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))", "", {"t": [("a", "b")]}),
    (
        "CREATE TABLE `e` (`id` bigint AUTO_INCREMENT, `k` varchar(36), PRIMARY KEY (`id`),"
        " UNIQUE KEY `uk` (`k`), KEY `other` (`k`)) ENGINE=InnoDB;",
        "mysql",
        {"e": [("id",), ("k",)]},
    ),
    (
        "CREATE TABLE t (a int, b int, UNIQUE INDEX u USING BTREE (a, b))",
        "mysql",
        {"t": [("a", "b")]},
    ),
    ("CREATE TABLE t (key text, a int, UNIQUE (key))", "postgres", {"t": [("key",)]}),
    ("CREATE TABLE t (a int CONSTRAINT u UNIQUE, b int)", "postgres", {"t": [("a",)]}),
    ("CREATE TABLE t (a int, UNIQUE NULLS NOT DISTINCT (a))", "postgres", {"t": [("a",)]}),
    ("CREATE UNIQUE INDEX i ON public.t USING btree (a, b)", "postgres", {"t": [("a", "b")]}),
    ("CREATE UNIQUE INDEX i ON t (lower(a))", "postgres", {}),
    ("CREATE UNIQUE INDEX i ON t (a) WHERE deleted IS NULL", "postgres", {}),
    ("CREATE INDEX i ON t (a)", "postgres", {}),
    ("ALTER TABLE ONLY t ADD CONSTRAINT u UNIQUE (b)", "postgres", {"t": [("b",)]}),
    ("ALTER TABLE t ADD COLUMN c int", "postgres", {"t": []}),
    ("CREATE TABLE t (a int REFERENCES o (id), FOREIGN KEY (a) REFERENCES o (id))", "", {"t": []}),
    ("CREATE TEMP TABLE t (a int PRIMARY KEY)", "postgres", {}),
    ("CREATE TABLE t_2024 PARTITION OF t FOR VALUES FROM (1) TO (2)", "postgres", {}),
    ("SELECT 'CREATE TABLE t (a int PRIMARY KEY)'", "postgres", {}),
    ("CREATE TABLE t (a int PRIMARY KEY", "postgres", {"t": []}),
    ("CREATE TABLE a (x int UNIQUE); CREATE TABLE b (y int)", "", {"a": [("x",)], "b": []}),
    (
        "CREATE TABLE a (x int UNIQUE)\nGO\nCREATE TABLE b (y int UNIQUE)",
        "tsql",
        {"a": [("x",)], "b": [("y",)]},
    ),
    (
        "CREATE TABLE a (x int UNIQUE) CREATE TABLE b (y int UNIQUE)",
        "tsql",
        {"a": [("x",)], "b": [("y",)]},
    ),
]


@pytest.mark.parametrize(("text", "dialect", "keys"), STATEMENTS)
def test_the_keys_of_a_statement(
    text: str, dialect: str, keys: dict[str, list[tuple[str, ...]]]
) -> None:
    assert _keys(text, dialect) == keys


TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, CONSTRAINT u UNIQUE (a, b));"
HISTORIES = [
    ("ALTER TABLE t DROP CONSTRAINT u", "postgres", [("id",)]),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey", "postgres", [("a", "b")]),
    ("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b)", "mysql", [("a", "b"), ("b",)]),
    ("ALTER TABLE t DROP CONSTRAINT fk_owner", "postgres", [("id",), ("a", "b")]),
    ("ALTER TABLE t DROP COLUMN b", "postgres", [("id",)]),
    ("ALTER TABLE t DROP COLUMN b", "mysql", [("id",), ("a",)]),
    ("ALTER TABLE t RENAME COLUMN a TO c", "postgres", [("id",), ("c", "b")]),
    ("ALTER TABLE t CHANGE a c bigint NOT NULL", "mysql", [("id",), ("c", "b")]),
    ("ALTER TABLE t RENAME CONSTRAINT u TO v; ALTER TABLE t DROP CONSTRAINT v", "", [("id",)]),
    ("CREATE UNIQUE INDEX w ON t (b); DROP INDEX u", "postgres", [("id",), ("b",)]),
    ("CREATE UNIQUE INDEX w ON t (b); DROP INDEX w", "postgres", [("id",), ("a", "b")]),
    ("DROP INDEX u ON t", "mysql", [("id",)]),
    ("ALTER TABLE t DROP INDEX u, ADD UNIQUE KEY w (b)", "mysql", [("id",), ("b",)]),
    (
        "ALTER TABLE t ADD c int UNIQUE, ADD UNIQUE (b)",
        "postgres",
        [("id",), ("a", "b"), ("c",), ("b",)],
    ),
    ("ALTER TABLE t ADD c int, CONSTRAINT x UNIQUE (c)", "tsql", [("id",), ("a", "b"), ("c",)]),
    ("DROP TABLE t; CREATE TABLE t (z int UNIQUE)", "", [("z",)]),
    ("CREATE TABLE IF NOT EXISTS t (z int UNIQUE)", "", [("id",), ("a", "b")]),
    ("ALTER TABLE t RENAME TO o; CREATE TABLE t (z int UNIQUE)", "", [("z",)]),
    ("RENAME TABLE t TO o, n TO t", "mysql", None),
    ("IF EXISTS (SELECT 1 FROM sys.indexes) BEGIN DROP INDEX u ON t END", "tsql", [("id",)]),
    (
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint) THEN"
        " ALTER TABLE t ADD CONSTRAINT w UNIQUE (b); END IF; END $$",
        "postgres",
        [("id",), ("a", "b"), ("b",)],
    ),
    (
        "DO $x$ BEGIN ALTER TABLE t DROP CONSTRAINT u;"
        " EXCEPTION WHEN undefined_object THEN NULL; END $x$",
        "postgres",
        [("id",)],
    ),
    ("DROP TABLE IF EXISTS x, t CASCADE", "postgres", None),
]


@pytest.mark.parametrize(("text", "dialect", "keys"), HISTORIES)
def test_a_history_is_replayed(text: str, dialect: str, keys: list[tuple[str, ...]] | None) -> None:
    tables = _tables(f"{TABLE} {text};", dialect)
    table = tables.get("t")
    assert ([key.columns for key in table.keys] if table is not None else None) == keys
    assert table is None or table.settled


UNCLEAR = [
    "ALTER TABLE t DROP COLUMN b",  # whether the key goes or is narrowed is the database's matter
    "ALTER TABLE {} DROP CONSTRAINT u",
    "CREATE TABLE t (z int UNIQUE)",  # twice, and otherwise
]


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_not_understood_unsettles(text: str) -> None:
    assert not _tables(f"{TABLE} {text};")["t"].settled


def test_an_index_of_another_table_is_dropped() -> None:
    tables = _tables(f"{TABLE} CREATE TABLE o (x int); DROP INDEX o_x_idx;", "postgres")
    assert [(t.settled, len(t.keys)) for t in tables.values()] == [(True, 2), (True, 0)]


def test_what_a_table_says_of_its_columns() -> None:
    text = (
        "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, a text NOT NULL, b text, c int DEFAULT 1,"
        " d timestamptz NOT NULL DEFAULT now(), e uuid DEFAULT (gen_random_uuid()),"
        " f text GENERATED ALWAYS AS (a || b) STORED, g int GENERATED BY DEFAULT AS IDENTITY);"
        " ALTER TABLE t ALTER COLUMN b SET NOT NULL;"
        " ALTER TABLE t ALTER a DROP NOT NULL, ALTER COLUMN a SET DEFAULT 'x'"
    )
    columns = _tables(text, "postgres")["t"].columns.values()
    assert {one.name for one in columns if one.generated} == {"id", "d", "e", "g"}
    assert {one.name for one in columns if one.nullable} == {"a", "c", "e", "f"}
    assert {one.name for one in columns if one.constant} == {"a", "c"}


def test_sqlite_fills_an_integer_primary_key() -> None:
    table = _tables("CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT)", "sqlite")["s"]
    assert table.columns["id"].generated
    assert not _tables("CREATE TABLE s (id INT PRIMARY KEY)", "sqlite")["s"].columns["id"].generated


def test_a_key_stands_where_it_is_declared() -> None:
    text = "CREATE TABLE t (a int,\n b text UNIQUE, CONSTRAINT k PRIMARY KEY (a));"
    (made,) = read_changes(text, "postgres", _place)
    assert isinstance(made, CreateTable)
    shown = [text[key.span.start.column - 1 : key.span.end.column - 1] for key in made.keys]
    assert shown == ["b text UNIQUE", "PRIMARY KEY (a)"]
    assert [(sorted(key.names), key.primary) for key in made.keys] == [
        (["b", "t_b_key"], False),
        (["k"], True),
    ]


def test_an_index_has_its_own_name() -> None:
    (made,) = read_changes("CREATE UNIQUE INDEX CONCURRENTLY w ON t (b, a)", "postgres", _place)
    assert isinstance(made, AddKey)
    assert (made.table, made.key.columns, made.key.names) == ("t", ("b", "a"), frozenset({"w"}))


_WORDS = (
    "CREATE TABLE ALTER DROP ADD CONSTRAINT UNIQUE KEY INDEX PRIMARY COLUMN RENAME TO MODIFY CHANGE"
    " DEFAULT SERIAL ON WHERE USING BEGIN END DO IF NOT EXISTS LIKE AS GO ( ) ( ) , , ; . t u a b"
    " 'x' \"q\" {x} %s $$ now"
)


@given(
    st.lists(st.sampled_from(_WORDS.split(" ")), max_size=24),
    st.sampled_from(["postgres", "mysql", ""]),
)
def test_any_text_leaves_a_table_or_none(words: list[str], dialect: str) -> None:
    for table in _tables(f"{TABLE} ALTER TABLE t {' '.join(words)}", dialect).values():
        assert all(key.columns for key in table.keys)
