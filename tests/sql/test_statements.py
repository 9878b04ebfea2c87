"""What a statement is taken for: table, columns, guard, and what fills each column."""

from __future__ import annotations

import pytest

from oncelint.sql.statements import read_lookup, read_statement

PLAIN = [
    ("INSERT INTO orders (id, total) VALUES (%s, %s)", "postgres", "orders", ("id", "total")),
    ("insert into shop.Orders(ID) values ($1) returning id", "postgres", "orders", ("id",)),
    ('INSERT INTO "Orders" ("Id") VALUES (:id)', "postgres", "orders", ("id",)),
    ("INSERT INTO `db`.`t` (`a`) VALUES (%(a)s)", "mysql", "t", ("a",)),
    ("INSERT INTO [dbo].[t] (a) VALUES (?)", "tsql", "t", ("a",)),
    ("INSERT INTO t VALUES (?, ?)", "sqlite", "t", ()),
    ("INSERT INTO t (a) VALUES %s", "postgres", "t", ("a",)),
    ("INSERT LOW_PRIORITY INTO t (a) VALUES (1)", "mysql", "t", ("a",)),
    ("INSERT OR ABORT INTO t (a) VALUES (1)", "sqlite", "t", ("a",)),
    ("-- nightly\nINSERT INTO t (a) VALUES (%s)", "", "t", ("a",)),
    ("WITH x AS (SELECT 1) INSERT INTO t (a) SELECT * FROM x", "postgres", "t", ("a",)),
    ("INSERT INTO {table} ({columns}) VALUES ({values})", "postgres", None, ()),
    ("INSERT INTO {schema}.orders (id) VALUES ({record})", "postgres", "orders", ("id",)),
    ("INSERT INTO orders_{} (id) VALUES (%s)", "postgres", None, ("id",)),
]

GUARDED = [
    ("INSERT INTO t (a) VALUES (%s) ON CONFLICT DO NOTHING", "postgres"),
    ("INSERT INTO t (a) VALUES (%s)\n  on  conflict (a) do update set b = excluded.b", "postgres"),
    ("INSERT INTO t (a) VALUES (%s) ON DUPLICATE KEY UPDATE a = a", "mysql"),
    ("INSERT IGNORE INTO t (a) VALUES (%s)", "mysql"),
    ("INSERT LOW_PRIORITY IGNORE INTO t (a) VALUES (%s)", "mysql"),
    ("INSERT OR IGNORE INTO t (a) VALUES (?)", "sqlite"),
    ("INSERT OR REPLACE INTO t (a) VALUES (?)", "sqlite"),
    ("REPLACE INTO t (a) VALUES (?)", "sqlite"),
    ("REPLACE INTO t (a) VALUES (%s)", "mysql"),
    ("MERGE INTO t USING s ON (t.a = s.a) WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)", "oracle"),
    ("IF NOT EXISTS (SELECT 1 FROM t WHERE a = ?) INSERT INTO t (a) VALUES (?)", "tsql"),
    ("INSERT INTO t (a) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = %s)", "postgres"),
    ("DELETE FROM t WHERE a = %s; INSERT INTO t (a) VALUES (%s)", "postgres"),
    ("UPSERT INTO t (a) VALUES ($1)", "postgres"),
    ("INSERT INTO t (a) VALUES (%s) {clause} ON CONFLICT DO NOTHING", "postgres"),
]

NOTHING = [
    ("UPDATE t SET a = 1", "postgres"),
    ("SELECT REPLACE(a, 'INSERT', 'x') FROM t", "postgres"),
    ("CREATE TABLE t (a int)", "postgres"),
    ("INSERT INTO t (a) VALUES (%s) {}", "postgres"),
    ("INSERT INTO t (a) VALUES {}{}", "postgres"),
    ("INSERT INTO t (a) {}", "postgres"),
    ("insert coin to play", ""),
    ("INSERT INTO t (a) VALUES ('", "postgres"),
]


@pytest.mark.parametrize(("text", "dialect", "table", "columns"), PLAIN)
def test_plain_inserts(
    text: str, dialect: str, table: str | None, columns: tuple[str, ...]
) -> None:
    written = read_statement(text, dialect)
    assert written is not None
    assert written.guard is None
    assert (written.table, written.columns) == (table, columns)


@pytest.mark.parametrize(("text", "dialect"), GUARDED)
def test_guarded_inserts(text: str, dialect: str) -> None:
    written = read_statement(text, dialect)
    assert written is not None
    assert written.guard


@pytest.mark.parametrize(("text", "dialect"), NOTHING)
def test_no_insert_or_not_to_be_judged(text: str, dialect: str) -> None:
    assert read_statement(text, dialect) is None


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t (a) VALUES (%s) -- ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (%s) /* ON CONFLICT DO NOTHING */",
        "INSERT INTO t (a, b) VALUES (%s, 'ON CONFLICT DO NOTHING')",
        'INSERT INTO t (a, "NOT EXISTS") VALUES (%s, 1)',
    ],
)
def test_clauses_in_comments_and_literals_guard_nothing(text: str) -> None:
    written = read_statement(text, "postgres")
    assert written is not None
    assert written.guard is None


def test_unknown_rows_are_less_certain() -> None:
    rows = read_statement("INSERT INTO t (a) VALUES {};", "postgres")
    values = read_statement("INSERT INTO t (a) VALUES ({})", "postgres")
    assert rows is not None
    assert values is not None
    assert (rows.certain, values.certain) == (False, True)


def test_what_fills_the_columns() -> None:
    text = "INSERT INTO t (a, b, c, d, e) VALUES (%s, now(), gen_random_uuid(), %s::uuid, 'x')"
    written = read_statement(text, "postgres")
    assert written is not None
    assert written.fillers == (0, False, False, 1, None)
    named = read_statement("INSERT INTO t (a, b, c) VALUES (:a, %(b)s, CURRENT_TIMESTAMP)", "")
    assert named is not None
    assert named.fillers == ("a", "b", False)
    numbered = read_statement("INSERT INTO t (a, b) VALUES ($2, $1)", "postgres")
    assert numbered is not None
    assert numbered.fillers == (1, 0)
    formatted = read_statement("INSERT INTO t (a, b) VALUES ('{uuid4()}', '{record}')", "postgres")
    assert formatted is not None
    assert formatted.fillers == (False, None)


def test_lookups() -> None:
    found = read_lookup("SELECT 1 FROM orders WHERE id = %s", "")
    assert found is not None
    assert (found.operation, found.table) == ("select", "orders")
    gone = read_lookup("delete from shop.orders where id = ?", "")
    assert gone is not None
    assert (gone.operation, gone.table) == ("delete", "orders")
    assert read_lookup("SELECT count(*) FROM orders", "") is None
    assert read_lookup("INSERT INTO t (a) SELECT 1 FROM s WHERE a = 1", "") is None
