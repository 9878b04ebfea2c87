"""ksqlDB: which files are a server's, and what its scripts set."""

from __future__ import annotations

import pytest

from oncelint.formats import read
from oncelint.frameworks import assemble, ksqldb
from oncelint.model.facts import ConfigFact
from oncelint.text import SourceText

SERVER = "bootstrap.servers=kafka:9092\nksql.service.id=rides_\n"


def _facts(path: str, source: str) -> list[ConfigFact]:
    text = SourceText(path, source)
    kind = "properties" if path.endswith(".properties") else "sql"
    return list(ksqldb.recognise(read(kind, text), text, path))


def test_a_server_has_the_settings_of_streams_without_the_prefix() -> None:
    (fact,) = _facts("ksql-server.properties", SERVER + "ksql.streams.processing.guarantee=x\n")
    assert (fact.role, fact.placement, fact.details["framework"]) == (
        "streams",
        "ksqldb server",
        "ksqldb",
    )
    settings = {one.key: one.shown for one in fact.block.settings}
    assert settings["processing.guarantee"] == "ksql.streams.processing.guarantee"
    assert settings["ksql.service.id"] == "ksql.service.id"
    assert fact.block.homes[0].prefix == "ksql.streams."


@pytest.mark.parametrize(
    "source",
    [
        "ksql.server.url=http://ksqldb:8088\n",
        "bootstrap.servers=kafka:9092\nksql.schema.registry.url=http://registry:8081\n",
        "bootstrap.servers=kafka:9092\ngroup.id=rides\n",
        "ksql.service.id=rides_\n",
    ],
)
def test_what_is_no_server(source: str) -> None:
    assert not _facts("some.properties", source)


@pytest.mark.parametrize("key", ["processing.guarantee", "ksql.streams.processing.guarantee"])
def test_a_script_sets_the_guarantee(key: str) -> None:
    (fact,) = _facts(
        "a.ksql", f"SET '{key}' = 'exactly_once';\nSET 'auto.offset.reset'='earliest';"
    )
    (setting,) = fact.block.settings
    assert (setting.key, fact.placement) == ("processing.guarantee", "ksqldb script")
    assert fact.block.open_reason is not None
    assert not fact.block.homes


def test_other_settings_say_nothing() -> None:
    assert not _facts(
        "a.ksql", "SET 'auto.offset.reset' = 'earliest'; CREATE STREAM a AS SELECT 1;"
    )


@pytest.mark.parametrize(
    ("guarantee", "own", "is_open"),
    [("exactly_once_v2", "", True), ("at_least_once", "", False), ("exactly_once_v2", "x", False)],
)
def test_scripts_that_set_the_guarantee_leave_the_server_open(
    guarantee: str, own: str, is_open: bool
) -> None:
    written = f"processing.guarantee={own}\n" if own else ""
    facts = [
        *_facts("ksql-server.properties", SERVER + written),
        *_facts("a.ksql", f"SET 'processing.guarantee' = '{guarantee}';"),
    ]
    server = assemble(facts, lambda path: None)[0]
    assert (server.block.open_reason is not None) is is_open
