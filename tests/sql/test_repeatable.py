"""Where a conflict clause belongs in a plain INSERT, and in which INSERT it has no place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.sql.repeatable import (
    NotRepeatable,
    clause,
    position_columns,
    read_insert,
)
from oncelint.sql.statements import read_statement


def _with_clause(text: str, dialect: str, *key: str) -> str:
    added = clause(read_insert(text, dialect), dialect, key)
    return text[: added.at] + added.text + text[added.at :]


WRITTEN = [
    ("INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING"),
    ("insert into t (a) values (1);", "insert into t (a) values (1) on conflict (a) do nothing;"),
    (
        "INSERT INTO t (a) VALUES (1)  ; \n",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING  ; \n",
    ),
    (
        'INSERT INTO s."T" ("A", b) VALUES (f(1, 2), (SELECT 3))',
        'INSERT INTO s."T" ("A", b) VALUES (f(1, 2), (SELECT 3)) ON CONFLICT ("A") DO NOTHING',
    ),
    (
        "INSERT INTO t (a) VALUES (')') -- ;",
        "INSERT INTO t (a) VALUES (')') ON CONFLICT (a) DO NOTHING -- ;",
    ),
    (
        "INSERT INTO t (a) VALUES (1)/* one */",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING /* one */",
    ),
    (
        "/* a */\n  INSERT INTO t (a)\n  VALUES (1),\n    (2)\n",
        "/* a */\n  INSERT INTO t (a)\n  VALUES (1),\n    (2)\n  ON CONFLICT (a) DO NOTHING\n",
    ),
    (
        "INSERT INTO t (a)\n\tVALUES (1) RETURNING a",
        "INSERT INTO t (a)\n\tVALUES (1) ON CONFLICT (a) DO NOTHING RETURNING a",
    ),
    (
        "INSERT INTO t (a)\nVALUES (1)\nRETURNING a;",
        "INSERT INTO t (a)\nVALUES (1)\nON CONFLICT (a) DO NOTHING\nRETURNING a;",
    ),
]


@pytest.mark.parametrize(("before", "after"), WRITTEN)
def test_where_the_clause_goes(before: str, after: str) -> None:
    assert _with_clause(before, "postgres", "a") == after


def test_a_key_follows_the_order_and_the_spelling_of_the_statement() -> None:
    text = 'INSERT INTO t ("offset", [Part], v, `Topic`) VALUES (1, 2, 3, 4)'
    written = _with_clause(text, "sqlite", "topic", "part", "offset")
    assert written.endswith(' ON CONFLICT ("offset", [Part], `Topic`) DO NOTHING')


def test_mysql_updates_one_column_to_itself() -> None:
    text = "INSERT INTO t (v, `a`, b) VALUES (1, 2, 3)"
    assert _with_clause(text, "mysql", "b", "a") == text + " ON DUPLICATE KEY UPDATE `a` = `a`"


REFUSED = [
    ("", "quotation marks do not close"),
    ("INSERT INTO t (a) VALUES ('1)", "quotation marks do not close"),
    ("INSERT INTO t (a)", "its rows are not part of the text"),
    ("INSERT INTO t (a) VALUES", "the rows behind VALUES are put in"),
    ("INSERT INTO t (a) VALUES (1", "the rows behind VALUES are put in"),
    ("INSERT INTO t (a) VALUES {}", "the rows behind VALUES are put in"),
    ("INSERT INTO t (a) VALUES (1), {}", "the rows behind VALUES are put in"),
    ("INSERT INTO t (a) VALUES (1) {}", "what stands behind the rows is put in"),
    ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "ON stands behind the rows"),
    ("INSERT INTO t (a) VALUES (1); SELECT 1", "several statements"),
    ("INSERT INTO t (a) (SELECT 1)", "its rows come from a SELECT"),
    ("INSERT INTO t (a) WITH x AS (SELECT 1) SELECT 1", "its rows come from a SELECT"),
    ("INSERT INTO t DEFAULT VALUES", "DEFAULT VALUES"),
    ("INSERT INTO t SET a = 1", "INSERT … SET"),
    ("INSERT INTO t TABLE u", "TABLE stands between"),
    ("INSERT INTO {} (a) VALUES (1)", "the table's name is put in"),
    ("INSERT INTO t ({}) VALUES (1)", "a part of the column list is put in"),
    ("INSERT INTO t (a, {}) VALUES (1)", "a part of the column list is put in"),
    ("INSERT INTO t {} VALUES (1)", "behind the table's name is put in"),
    ("INSERT IGNORE INTO t (a) VALUES (1)", "plain INSERT INTO"),
    ("INSERT t (a) VALUES (1)", "plain INSERT INTO"),
    ("REPLACE INTO t (a) VALUES (1)", "plain INSERT INTO"),
    ("SELECT 1", "plain INSERT INTO"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_where_no_clause_has_a_place(text: str, reason: str) -> None:
    with pytest.raises(NotRepeatable) as caught:
        read_insert(text, "postgres")
    assert reason in caught.value.reason


@pytest.mark.parametrize("dialect", ["", "tsql", "oracle", "clickhouse"])
def test_databases_without_the_clause(dialect: str) -> None:
    with pytest.raises(NotRepeatable):
        _with_clause("INSERT INTO t (a) VALUES (1)", dialect, "a")


def test_a_column_that_is_not_listed() -> None:
    text = "INSERT INTO t VALUES (1)"
    assert _with_clause(text, "sqlite", "a") == text + " ON CONFLICT (a) DO NOTHING"
    for dialect, name in (("postgres", "a"), ("sqlite", "order"), ("sqlite", "a b")):
        with pytest.raises(NotRepeatable):
            _with_clause(text, dialect, name)


POSITIONS = [
    (("id", "topic", "partition", "offset"), ("topic", "partition", "offset")),
    (("kafka_offset", "src_topic", "partition_id"), ("src_topic", "partition_id", "kafka_offset")),
    (("topic_name", "k_partition_no", "offset_no"), ("topic_name", "k_partition_no", "offset_no")),
    (("topic", "offset"), ()),
    (("topic", "partition", "offset", "end_offset"), ()),
    (("topics", "partitioned", "offsets"), ()),
    ((), ()),
]


@pytest.mark.parametrize(("names", "expected"), POSITIONS)
def test_columns_of_a_records_position(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert position_columns(names) == expected


# Random statements ------------------------------------------------------------------------------

_BLANK = st.sampled_from([" ", "  ", "\n", "\n    ", "\t", " -- note\n", " /* a; (b */ "])
_MAYBE = st.one_of(st.just(""), _BLANK)
_VALUE = st.sampled_from(["%s", "?", "$1", ":id", "%(id)s", "'a;b'", "1.5", "now()", "f(1, (2))"])
_COLUMN = st.sampled_from(["a", "B", '"c d"', '"offset"', "total"])


@st.composite
def inserts(draw: st.DrawFn) -> str:
    columns = draw(st.lists(_COLUMN, min_size=1, unique=True))
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        values = [draw(_MAYBE) + draw(_VALUE) + draw(_MAYBE) for _ in columns]
        rows.append(f"({','.join(values)})")
    into = "INSERT INTO" if draw(st.booleans()) else "insert into"
    words = [into, draw(_BLANK), "s.t", draw(_MAYBE), f"({', '.join(columns)})", draw(_MAYBE)]
    words += ["VALUES", draw(_MAYBE), f",{draw(_MAYBE)}".join(rows), draw(_MAYBE)]
    words.append(draw(st.sampled_from(["", ";", "; \n", "\nRETURNING *", " RETURNING 1;"])))
    return draw(_MAYBE) + "".join(words)


@given(inserts(), st.sampled_from(["postgres", "sqlite", "duckdb", "mysql"]))
def test_random_statements(text: str, dialect: str) -> None:
    insert = read_insert(text, dialect)
    key = list(insert.columns)[:2]
    added = clause(insert, dialect, key)
    written = text[: added.at] + added.text + text[added.at :]
    assert "".join(written.replace(added.words, "", 1).split()) == "".join(text.split())
    assert text[added.at - 1] == ")"
    assert added.words.startswith("ON " if insert.upper else "on ")
    seen = read_statement(written, dialect)
    assert seen is not None
    assert seen.guard in ("ON CONFLICT", "ON DUPLICATE KEY")
    assert seen.columns == tuple(insert.columns)
    with pytest.raises(NotRepeatable):
        read_insert(written, dialect)
