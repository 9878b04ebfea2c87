"""The data files of connectors, and what a class name stands for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oncelint.frameworks import connectors
from oncelint.frameworks.connectors import Known, facts_of

DATA = Path(connectors.__file__).parent / "data"
FIELDS = {"name", "classes", "managed", "told_by", "facts", "text", "sources"}
COMMON = {
    "role", "exactly-once", "exactly-once-when", "managed", "tolerance", "dead-letter", "drops",
    "every-start", "kind", "boundary",
}  # fmt: skip
BY_KIND = {
    "jdbc-sink": {"mode", "mode-default", "key", "key-default", "key-fields", "create", "creates"},
    "jdbc-source": {"mode", "timestamp", "incrementing"},
    "mongodb-sink": {"id", "id-package", "write", "write-default", "cdc"},
    "index-sink": {"generates", "instead", "key-ignore"},
    "object-sink": {"scheduled"},
}
OPTIONAL = {
    "jdbc-sink": {"inserts"},
    "mongodb-sink": {"id-default"},
    "index-sink": {"method", "key-ignore-topics"},
    "object-sink": {"partitioner", "partitioner-default", "extractor", "extractor-default"},
}
ALL = connectors.known()


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.file)
def test_a_file_is_well_formed(one: Known) -> None:
    written = json.loads((DATA / f"{one.file}.json").read_text(encoding="utf-8"))
    assert set(written) <= FIELDS
    assert one.facts["role"] in ("sink", "source")
    assert one.classes or one.managed
    assert one.text.endswith(".")
    kind = one.facts.get("kind", "")
    needed, may = BY_KIND.get(kind, set()), OPTIONAL.get(kind, set())
    assert needed <= set(one.facts) <= COMMON | needed | may
    assert ("managed" in one.facts) == (not one.classes)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.file)
def test_facts_name_their_source(one: Known) -> None:
    cited = {fact.strip() for facts in one.sources for fact in facts.split(",")}
    assert cited <= {"role", *one.facts}
    about = {fact for fact in one.facts if fact in ("exactly-once", "drops", "every-start")}
    if one.file.startswith(("jdbc-sink", "mongodb-sink", "opensearch")):
        about.discard("exactly-once")  # follows from how they write
    assert about <= cited
    assert all(len(source) > 10 for source in one.sources.values())


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.file)
def test_exactly_once_of_a_source_is_of_the_agreed_form(one: Known) -> None:
    said = one.facts.get("exactly-once", "no")
    if one.facts["role"] == "source":
        assert said in ("yes", "no") or said.startswith("yes since ")
    else:
        assert said.startswith(("yes", "no"))


def test_a_class_stands_in_one_file() -> None:
    names = [name for one in ALL for name in one.classes]
    assert len(names) == len(set(names))
    managed = [name.lower() for one in ALL for name in one.managed]
    assert len(managed) == len(set(managed))


def test_a_class_is_found_by_its_full_name() -> None:
    facts = facts_of("io.debezium.connector.postgresql.PostgresConnector", ())
    assert facts["role"] == "source"
    assert facts["exactly-once"] == "yes since 2.3"
    assert facts["name"] == "Debezium's PostgreSQL source"
    assert facts_of("com.example.PostgresConnector", ()) == {}


def test_a_class_is_found_by_its_simple_name() -> None:
    full = facts_of("org.apache.kafka.connect.file.FileStreamSinkConnector", ())
    assert facts_of("FileStreamSinkConnector", ()) == full
    assert facts_of("FileStreamSink", ()) == full


def test_of_several_connectors_a_short_name_tells_what_they_share() -> None:
    facts = facts_of("JdbcSinkConnector", ("insert.mode", "pk.mode"))
    assert facts["name"] == "this JDBC sink"
    assert facts["key"] == "pk.mode"
    assert "inserts" not in facts
    # a sink and a source have nothing in common
    assert facts_of("Neo4jConnector", ()) == {}


def test_keys_tell_whose_plugin_a_short_name_means() -> None:
    assert facts_of("JdbcSink", ("primary.key.mode",))["name"] == "Debezium's JDBC sink"
    assert facts_of("S3SinkConnector", ("connect.s3.kcql",))["name"] == "Lenses' S3 sink"
    assert facts_of("S3SinkConnector", ("flush.size",))["name"] == "Confluent's S3 sink"


def test_names_of_a_service_are_found_in_any_case() -> None:
    facts = facts_of("postgressink", ())
    assert facts["name"] == "Confluent Cloud's PostgreSQL sink"
    assert facts["managed"] == "confluent-cloud"


def test_a_name_of_a_service_that_is_a_short_name_too() -> None:
    own = facts_of("SnowflakeSink", ("topics", "snowflake.url.name"))
    assert "managed" not in own
    managed = facts_of("SnowflakeSink", ("topics", "input.data.format"))
    assert managed["managed"] == "confluent-cloud"
    assert managed["role"] == own["role"] == "sink"


def test_a_name_that_nobody_has_stands_for_nothing() -> None:
    assert facts_of("", ()) == {}
    assert facts_of("Connector", ()) == {}
