"""SQL: option lists and settings, where they stand, and how they are written."""

from __future__ import annotations

import pytest

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.sql import statements
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.patches import CannotWrite, apply
from oncelint.text import Piece, Region, SourceText

TABLE = """\
-- the totals; of a day
CREATE TABLE IF NOT EXISTS `shop`.totals (
  id STRING COMMENT 'it''s; the key',
  total DECIMAL(10, 2),
  PRIMARY KEY (id) NOT ENFORCED
) COMMENT 'a; b' WITH (
  'connector' = 'kafka',   -- append
  'topic'     = 'totals'
);
"""


def _mappings(source: str) -> list[Mapping]:
    roots = read("sql", SourceText("a.sql", source)).roots
    return [root for root in roots if isinstance(root, Mapping)]


def _pairs(mapping: Mapping | None) -> dict[str, str]:
    entries: tuple[Entry, ...] = mapping.entries if mapping is not None else ()
    return {e.key.text: e.value.text for e in entries if isinstance(e.value, Scalar)}


def _written(source: str, *operations: Operation, at: int = 0) -> str:
    return apply(source, render("sql", source, _mappings(source)[at], operations))


def test_a_table_has_its_options_its_name_and_its_key() -> None:
    (found,) = statements(TABLE)
    assert (found.kind, found.name, found.primary_key) == ("create table", "totals", True)
    assert TABLE[found.start : found.end] == "totals"
    assert _pairs(found.options) == {"connector": "kafka", "topic": "totals"}


def test_keys_and_values_stand_where_they_are_written() -> None:
    (mapping,) = _mappings(TABLE)
    entry = mapping.entries[0]
    assert TABLE[entry.key.start : entry.key.end] == "'connector'"
    assert TABLE[entry.value.start : entry.value.end] == "'kafka'"
    assert TABLE[mapping.start] + TABLE[mapping.end - 1] == "()"


def test_comments_are_kept() -> None:
    comments = read("sql", SourceText("a.sql", TABLE)).comments
    assert [one.text for one in comments] == ["the totals; of a day", "append"]


@pytest.mark.parametrize(
    ("source", "pair"),
    [
        ("SET 'a.b' = '10 s';", ("a.b", "10 s")),
        ("SET a.b=10s;", ("a.b", "10s")),
        ("set a.b = 10 min", ("a.b", "10 min")),
        ("SET 'k'='it''s';", ("k", "it's")),
        ("SET \"k\" = 'v';", ("k", "v")),
    ],
)
def test_a_setting_is_a_mapping_of_one_entry(source: str, pair: tuple[str, str]) -> None:
    (found,) = statements(source)
    assert found.kind == "set"
    assert list(_pairs(found.options).items()) == [pair]


@pytest.mark.parametrize(
    "source",
    [
        "SET search_path TO public;",
        "SET @a := 1;",
        "SELECT 1;",
        "",
        ";;;",
        "CREATE INDEX a ON b (c);",
        "CREATE TABLE a (b int) WITH (fillfactor=70",
        "'unclosed",
        "/* unclosed",
        "CREATE FUNCTION f() AS $$ BEGIN; SET 'a' = 'b'; END $$;",
    ],
)
def test_what_is_not_of_these_dialects_has_no_options(source: str) -> None:
    assert not [one for one in statements(source) if one.options is not None]


def test_the_statements_of_a_set_are_statements() -> None:
    source = (
        "EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO `d`.`b` SELECT 2;\nEND;"
    )
    assert [(one.kind, one.name) for one in statements(source)] == [
        ("insert", "a"),
        ("insert", "b"),
    ]


def test_connectors_of_ksqldb() -> None:
    source = (
        "CREATE SINK CONNECTOR IF NOT EXISTS out WITH (\"connector.class\" = 'x.Y', 'a'='1');\n"
        "CREATE SOURCE CONNECTOR `in` WITH (connector.class='x.Z');\n"
        "CREATE OR REPLACE SOURCE STREAM s (a INT) WITH (KAFKA_TOPIC='t');"
    )
    first, second, third = statements(source)
    assert (first.kind, first.name) == ("create sink connector", "out")
    assert _pairs(first.options) == {"connector.class": "x.Y", "a": "1"}
    assert (second.kind, second.name) == ("create source connector", "in")
    assert (third.kind, third.source) == ("create stream", True)


def test_a_region_has_the_places_of_its_host() -> None:
    host = SourceText("job.py", 't.execute_sql("""SET \'a\' = \'b\'""")\n')
    start = host.text.index("SET")
    inner = host.text[start : start + 13]
    region = Region(inner, host, (Piece(0, len(inner), start, len(inner)),))
    (root,) = read("sql", region).roots
    assert isinstance(root, Mapping)
    value = root.entries[0].value
    assert host.slice(region.span(value.start, value.end)) == "'b'"


def test_a_new_option_stands_on_its_own_line() -> None:
    written = _written(TABLE, Add("sink.delivery-guarantee", "exactly-once"))
    assert written == TABLE.replace(
        "'topic'     = 'totals'\n",
        "'topic'     = 'totals',\n  'sink.delivery-guarantee' = 'exactly-once'\n",
    )


def test_every_operation_at_once() -> None:
    source = "CREATE TABLE a (b INT) WITH ('c'='1', 'd'='2', 'e'='3');"
    (mapping,) = _mappings(source)
    first, second, third = mapping.entries
    written = _written(
        source, Change(first, "it's"), Remove(second), Rename(third, "f"), Add("g", 4)
    )
    assert written == "CREATE TABLE a (b INT) WITH ('c'='it''s', 'f'='3', 'g'='4');"
    assert list(_pairs(_mappings(written)[0])) == ["c", "f", "g"]


def test_keys_in_double_quotes_stay_so() -> None:
    source = "CREATE SINK CONNECTOR a WITH (\"b\" = 'c');"
    assert _written(source, Add("d", "e")).endswith("(\"b\" = 'c', \"d\" = 'e');")


def test_an_empty_list_takes_an_option() -> None:
    assert _written("CREATE TABLE a WITH ();", Add("b", "c")) in (
        "CREATE TABLE a WITH ('b' = 'c');",
        "CREATE TABLE a WITH ('b'='c');",
    )


def test_the_value_of_a_setting_changes() -> None:
    source = "SET 'a' = '0';\nSET b = 1;\n"
    (first, second) = _mappings(source)
    assert _written(source, Change(first.entries[0], "60s")) == "SET 'a' = '60s';\nSET b = 1;\n"
    assert _written(source, Change(second.entries[0], "2 s"), at=1).endswith("SET b = '2 s';\n")


@pytest.mark.parametrize("remove", [False, True])
def test_a_setting_holds_one_entry(remove: bool) -> None:
    source = "SET 'a' = '0';"
    (mapping,) = _mappings(source)
    operation: Operation = Remove(mapping.entries[0]) if remove else Add("b", "c")
    with pytest.raises(CannotWrite):
        _written(source, operation)


@pytest.mark.parametrize(
    "junk", ["'", '"', "`", "(", "/*", "--", "$$", "a-", "WITH (", "SET '", ";"]
)
def test_junk_of_any_length_is_got_through(junk: str) -> None:
    found = statements("CREATE TABLE a " + junk * (600_000 // len(junk)))
    assert not any(one.options for one in found)
