"""What statements do to their tables: clauses, changes, conditions and what fills the columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.sql.effects import Fill, Filled, read_effects
from oncelint.sql.statements import read_statement

COUNTED = "INSERT INTO t (k, n) VALUES (%s, 1) ON CONFLICT (k) DO UPDATE SET "
DOUBLED = "INSERT INTO t (k, n) VALUES (%s, 1) ON DUPLICATE KEY UPDATE "

# A statement, its SQL, and how it changes each column of a row that is there.
CHANGES = [
    (COUNTED + "n = t.n + 1", "postgres", {"n": "add"}),
    (COUNTED + "n = t.n + EXCLUDED.n", "postgres", {"n": "add"}),
    (COUNTED + "n = COALESCE(t.n, 0) + excluded.n", "postgres", {"n": "add"}),
    (COUNTED + "n = excluded.n", "postgres", {"n": "set"}),
    (COUNTED + "n = COALESCE(t.n, excluded.n)", "postgres", {"n": "kept"}),
    (COUNTED + "n = COALESCE(excluded.n, t.n)", "postgres", {"n": "set"}),
    (COUNTED + "n = GREATEST(t.n, excluded.n)", "postgres", {"n": "kept"}),
    (COUNTED + "n = LEAST(t.n + excluded.n, 100)", "postgres", {"n": "add"}),
    (COUNTED + "n = t.m + 1", "postgres", {"n": "other"}),
    (COUNTED + "(n, m) = (t.n + 1, 2)", "postgres", {"n": "add", "m": "set"}),
    (COUNTED + "n = t.n || ', ' || excluded.n", "postgres", {"n": "append"}),
    (COUNTED + "n = t.n || ARRAY[excluded.n]", "postgres", {"n": "append"}),
    (COUNTED + "n = array_append(t.n, excluded.n)", "postgres", {"n": "append"}),
    (COUNTED + "n = t.n || excluded.n", "postgres", {"n": "other"}),
    (COUNTED + "n = t.n || '{\"seen\": 1}'::jsonb", "postgres", {"n": "other"}),
    (
        COUNTED + "n = CASE WHEN t.n < excluded.n THEN excluded.n ELSE t.n END",
        "sqlite",
        {"n": "kept"},
    ),
    (COUNTED + "n = (SELECT max(n) FROM u)", "postgres", {"n": "other"}),
    (DOUBLED + "n = n + VALUES(n), m = VALUES(n)", "mysql", {"n": "add", "m": "set"}),
    (DOUBLED + "n = n", "mysql", {"n": "kept"}),
    (DOUBLED + "n = CONCAT(n, ',', VALUES(n))", "mysql", {"n": "append"}),
    (
        "INSERT INTO t (k, n) VALUES (%s, 1) AS new ON DUPLICATE KEY UPDATE n = t.n + new.n",
        "mysql",
        {"n": "add"},
    ),
    ("UPDATE t SET n = n - ?, at = NOW() WHERE k = ?", "mysql", {"n": "add", "at": "set"}),
    ("UPDATE t SET n = IFNULL(n, 0) + %s WHERE k = %s", "mysql", {"n": "add"}),
    ("UPDATE shop.t AS x SET n = x.n + $1 FROM u WHERE u.k = x.k", "postgres", {"n": "add"}),
    ("UPDATE t SET n = u.n + 1 FROM u WHERE u.k = t.k", "postgres", {"n": "set"}),
    ("UPDATE t_{} SET n = t.n + 1", "postgres", {"n": "add"}),
    (
        "MERGE INTO t USING (VALUES (?, ?)) AS s (k, n) ON t.k = s.k"
        " WHEN MATCHED THEN UPDATE SET n = t.n + s.n"
        " WHEN NOT MATCHED THEN INSERT (k, n) VALUES (s.k, s.n);",
        "tsql",
        {"n": "add"},
    ),
]


@pytest.mark.parametrize(("text", "dialect", "expected"), CHANGES)
def test_how_a_column_changes(text: str, dialect: str, expected: dict[str, str]) -> None:
    (effect,) = read_effects(text, dialect)
    changes = effect.changes or (effect.conflict.changes if effect.conflict is not None else ())
    assert {one.column: one.how for one in changes} == expected


# A statement, its SQL, and the condition that a repetition fails.
CONDITIONS = [
    ("UPDATE t SET n = n + 1, pos = %s WHERE k = %s AND pos < %s", "postgres", "pos < …"),
    ("UPDATE t SET s = 'paid', n = n + 1 WHERE k = %s AND s <> 'paid'", "postgres", "s <> 'paid'"),
    ("UPDATE t SET s = 'paid', n = n + 1 WHERE k = %s AND s = 'open'", "postgres", "s = 'open'"),
    ("UPDATE t SET n = n + 1, v = v + 1 WHERE k = %s AND v = %s", "postgres", "v = …"),
    ("UPDATE t SET n = n + 1 WHERE NOT ids @> ARRAY[%s]", "postgres", "NOT ids @> ARRAY[…]"),
    ("UPDATE t SET n = n - %s WHERE k = %s AND n >= %s", "postgres", None),
    ("UPDATE t SET n = n + 1 WHERE k = %s AND deleted_at IS NULL", "postgres", None),
    ("UPDATE t SET n = n + 1 WHERE k = %s", "postgres", None),
    ("UPDATE t SET n = n + 1 WHERE k IN (%s, %s)", "postgres", None),
]


@pytest.mark.parametrize(("text", "dialect", "expected"), CONDITIONS)
def test_a_condition_that_a_repetition_fails(text: str, dialect: str, expected: str | None) -> None:
    (effect,) = read_effects(text, dialect)
    assert effect.only_if == expected


def test_a_condition_of_an_upsert() -> None:
    (effect,) = read_effects(COUNTED + "n = t.n + 1 WHERE t.v < excluded.v", "postgres")
    assert effect.conflict is not None
    assert effect.conflict.only_if == "t.v < excluded.v"


# A statement, its SQL, and operation, action, target, and whether the target is partial.
CONFLICTS = [
    ("INSERT INTO t (a) VALUES (%s)", "postgres", ("insert", None, None, False)),
    (
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT DO NOTHING",
        "postgres",
        ("insert", "nothing", None, False),
    ),
    (
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT (b, A) DO NOTHING",
        "sqlite",
        ("insert", "nothing", ("b", "a"), False),
    ),
    (
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT (lower(a)) DO NOTHING",
        "postgres",
        ("insert", "nothing", (), True),
    ),
    (
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT (a) WHERE b DO NOTHING",
        "postgres",
        ("insert", "nothing", ("a",), True),
    ),
    (
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT (a) DO UPDATE SET b = 1",
        "postgres",
        ("upsert", "update", ("a",), False),
    ),
    ("INSERT IGNORE INTO t (a) VALUES (%s)", "mysql", ("insert", "nothing", None, False)),
    (
        "INSERT INTO t (a) VALUES (%s) ON DUPLICATE KEY UPDATE a = a",
        "mysql",
        ("insert", "update", None, False),
    ),
    ("INSERT OR IGNORE INTO t (a) VALUES (?)", "sqlite", ("insert", "nothing", None, False)),
    ("INSERT OR REPLACE INTO t (a) VALUES (?)", "sqlite", ("upsert", "replace", None, False)),
    ("REPLACE INTO t (a) VALUES (%s)", "mysql", ("upsert", "replace", None, False)),
    ("UPSERT INTO t (a) VALUES ($1)", "postgres", ("upsert", "replace", None, False)),
]


@pytest.mark.parametrize(("text", "dialect", "expected"), CONFLICTS)
def test_conflict_clauses(
    text: str, dialect: str, expected: tuple[str, str | None, tuple[str, ...] | None, bool]
) -> None:
    (effect,) = read_effects(text, dialect)
    conflict = effect.conflict
    told: tuple[str | None, tuple[str, ...] | None, bool] = (None, None, False)
    if conflict is not None:
        told = (conflict.action, conflict.columns, conflict.partial)
    assert (effect.operation, *told) == expected


def _index(number: int) -> Filled:
    return Filled((Fill("index", number),))


# A statement, its SQL, and what fills its columns.
FILLED = [
    ("INSERT INTO t (a, b) VALUES (%s, %s)", "postgres", (_index(0), _index(1))),
    ("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)", "sqlite", (_index(0), _index(1))),
    ("INSERT INTO t (a, b) VALUES ($2, $1::jsonb)", "postgres", (_index(1), _index(0))),
    ("INSERT INTO t (a) VALUES (%(id)s)", "postgres", (Filled((Fill("name", "id"),)),)),
    ("INSERT INTO t (a) VALUES (:id)", "", (Filled((Fill("name", "id"),)),)),
    ("INSERT INTO t (a) VALUES ('{record}')", "mysql", (Filled((Fill("hole", "record"),)),)),
    ("INSERT INTO t (a) VALUES (NOW())", "postgres", (Filled((Fill("made", "time"),)),)),
    (
        "INSERT INTO t (a) VALUES (gen_random_uuid())",
        "postgres",
        (Filled((Fill("made", "random"),)),),
    ),
    ("INSERT INTO t (a) VALUES (UUID())", "mysql", (Filled((Fill("made", "random"),)),)),
    ("INSERT INTO t (a) VALUES (lower(%s))", "postgres", (_index(0),)),
    ("INSERT INTO t (a) VALUES (make_key(%s))", "postgres", (Filled((Fill("index", 0),), False),)),
    ("INSERT INTO t (a) VALUES (DEFAULT)", "postgres", (Filled((), False),)),
    ("INSERT INTO t (a) VALUES (1)", "postgres", (Filled((Fill("constant", "1"),)),)),
    ("INSERT INTO t (a) VALUES (NULL)", "postgres", (Filled((Fill("constant", "null"),)),)),
    ("INSERT INTO t (a) VALUES (false)", "postgres", (Filled((Fill("constant", "false"),)),)),
    ("INSERT INTO t (a) VALUES (CURRENT_DATE)", "postgres", (Filled((), False),)),
    ("INSERT INTO t (a) SELECT b FROM u", "postgres", (Filled((), False),)),
    ("INSERT INTO t (a) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM u)", "postgres", (_index(0),)),
    ("INSERT INTO t (a, b) VALUES %s", "postgres", ()),
    ("INSERT INTO t (a, b) VALUES {rows}", "postgres", ()),
    ("INSERT INTO t (a, b) VALUES ({values})", "postgres", ()),
]


@pytest.mark.parametrize(("text", "dialect", "expected"), FILLED)
def test_what_fills_the_columns(text: str, dialect: str, expected: tuple[Filled, ...]) -> None:
    (effect,) = read_effects(text, dialect)
    assert effect.filled == expected


def test_several_statements_and_those_in_a_with() -> None:
    text = (
        "WITH once AS (INSERT INTO seen (id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id)"
        " UPDATE t SET n = n + %s WHERE EXISTS (SELECT 1 FROM once); DELETE FROM u WHERE id = %s"
    )
    effects = read_effects(text, "postgres")
    assert [(one.operation, one.table) for one in effects] == [
        ("insert", "seen"),
        ("update", "t"),
        ("delete", "u"),
    ]
    assert effects[1].only_if is not None
    assert effects[2].selected_by == ("id",)


@pytest.mark.parametrize(
    "text",
    ["", "SELECT 1", "INSERT coin", "INSERT INTO t (a) VALUES ('", "update your profile", "COPY"],
)
def test_what_is_no_write(text: str) -> None:
    assert read_effects(text, "postgres") == ()


def test_a_quoted_name_that_is_put_in_is_not_known() -> None:
    (effect,) = read_effects('INSERT INTO "{table}" (a) VALUES (%s)', "postgres")
    written = read_statement('INSERT INTO "{table}" (a) VALUES (%s)', "postgres")
    assert effect.table is None
    assert written is not None
    assert written.table is None


_PARTS = st.sampled_from(
    (
        *(
            "INSERT INTO t",
            "UPDATE",
            "(a, b)",
            "VALUES",
            "(%s, %s)",
            "ON CONFLICT",
            "DO UPDATE SET",
        ),
        *("a = a + 1", "{x}", "?", "$1", ":n", "'", '"', "--", ";", "WHERE", "SELECT", "MERGE"),
        *("(", ")", "%"),
    )
)


@given(st.lists(_PARTS, max_size=12), st.sampled_from(["postgres", "mysql", "sqlite", "tsql", ""]))
def test_no_text_is_too_broken_to_be_read(parts: list[str], dialect: str) -> None:
    text = " ".join(parts)
    for effect in read_effects(text, dialect):
        assert effect.table is None or effect.table == effect.table.lower()


# A statement, and whether one parameter brings all its rows.
AT_ONCE = [
    ("INSERT INTO t (a, b) VALUES %s", "postgres", True),
    ("INSERT INTO t (a, b) VALUES {rows} ON CONFLICT (a) DO NOTHING", "postgres", True),
    ("INSERT INTO t (a, b) SELECT * FROM unnest($1::text[], $2::int[])", "postgres", True),
    (
        "INSERT INTO t (a) SELECT a FROM jsonb_to_recordset(%s) AS r(a text)",
        "postgres",
        True,
    ),
    ("INSERT INTO t (a) SELECT DISTINCT ON (a) a FROM unnest($1) AS r(a)", "postgres", False),
    ("INSERT INTO t (a) SELECT a FROM unnest($1) AS r(a) GROUP BY a", "postgres", False),
    ("INSERT INTO t (a) SELECT a FROM staging WHERE run = %s", "postgres", False),
    ("INSERT INTO t (a) SELECT * FROM staging", "postgres", False),
    ("INSERT INTO t (a, b) VALUES (%s, %s)", "postgres", False),
    (
        "MERGE INTO t USING (VALUES {rows}) AS s (a, b) ON t.a = s.a"
        " WHEN MATCHED THEN UPDATE SET b = s.b",
        "tsql",
        True,
    ),
    (
        "MERGE INTO t USING (VALUES (?, ?)) AS s (a, b) ON t.a = s.a"
        " WHEN MATCHED THEN UPDATE SET b = s.b",
        "tsql",
        False,
    ),
]


@pytest.mark.parametrize(("text", "dialect", "expected"), AT_ONCE)
def test_rows_that_come_at_once(text: str, dialect: str, expected: bool) -> None:
    (effect,) = read_effects(text, dialect)
    assert effect.at_once is expected
