"""Topics that commands and variables create: their names, their numbers, and where these stand."""

from __future__ import annotations

import pytest

from oncelint.formats import read
from oncelint.frameworks import recognise
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText


def facts(kind: str, source: str) -> list[ConfigFact]:
    text = SourceText("file", source)
    found = recognise(kind, read(kind, text), text, "file")
    return [fact for fact in found if fact.role == "topic"]


def told(fact: ConfigFact) -> dict[str, object]:
    """The settings by key; None for what is not known."""
    return {
        one.key: one.value.value if isinstance(one.value, Known) else None
        for one in fact.block.settings
    }


@pytest.mark.parametrize(
    ("command", "name", "settings"),
    [
        ("kafka-topics --create --topic a", "a", {}),
        (
            "kafka-topics.sh --create --topic=a --partitions=3 --replication-factor=2",
            "a",
            {"partitions": 3, "replication.factor": 2},
        ),
        (
            "sudo /opt/bin/kafka-topics.sh --topic 'a b' --create --config cleanup.policy=compact",
            "a b",
            {"cleanup.policy": "compact"},
        ),
        (
            "docker exec -it kafka kafka-topics --create --config=retention.ms=5 --topic a",
            "a",
            {"retention.ms": 5},
        ),
        (
            "COPIES=3\nkafka-topics --create --topic a --replication-factor $COPIES",
            "a",
            {"replication.factor": "3"},
        ),
        ("kafka-topics --create --topic $1 --partitions $2", "", {"partitions": None}),
        ("if true; then kafka-topics --create --topic a; fi", "a", {}),
    ],
)
def test_commands(command: str, name: str, settings: dict[str, object]) -> None:
    (fact,) = facts("shell", command + "\n")
    assert (fact.name, told(fact)) == (name, settings)


@pytest.mark.parametrize(
    "command",
    [
        "kafka-topics --list",
        "kafka-topics --alter --topic a --partitions 9",
        "echo kafka-topics-ui --create --topic a",
        "# kafka-topics --create --topic a",
        "echo 'kafka-topics --create --topic a'",
    ],
)
def test_what_creates_nothing(command: str) -> None:
    assert facts("shell", command + "\n") == []


def test_a_value_stands_where_it_is_written() -> None:
    (fact,) = facts("shell", "kafka-topics --create --topic a \\\n  --partitions 7\n")
    (setting,) = fact.block.settings
    assert (setting.key_span.start.line, setting.key_span.start.column) == (2, 16)
    assert setting.shown == "--partitions"


@pytest.mark.parametrize(
    "source",
    [
        'environment:\n  KAFKA_CREATE_TOPICS: "a:3:1,b:1:2:compact"\n',
        "environment:\n  - KAFKA_CREATE_TOPICS=a:3:1,b:1:2:compact\n",
    ],
)
def test_a_list_of_topics_in_a_variable(source: str) -> None:
    first, second = facts("yaml", source)
    assert (first.name, told(first)) == ("a", {"partitions": 3, "replication.factor": 1})
    assert (second.name, told(second)) == ("b", {"partitions": 1, "replication.factor": 2})
    line = source.splitlines()[1]
    assert second.span.start.column == line.index("b:1") + 1


def test_a_variable_of_placeholders() -> None:
    assert facts("yaml", "environment:\n  KAFKA_CREATE_TOPICS: ${TOPIC}:1:1\n") == []


@pytest.mark.parametrize(
    ("image", "names"),
    [
        ("wurstmeister/kafka:2.13-2.8.1", ["a"]),
        ("registry.example.org/queue:3", ["a"]),
        ("bitnami/kafka:3.7", []),
        ("confluentinc/cp-kafka:7.6.1", []),
    ],
)
def test_whose_variable_makes_topics(image: str, names: list[str]) -> None:
    source = (
        f"services:\n  k:\n    image: {image}\n    environment:\n      KAFKA_CREATE_TOPICS: a:1:1\n"
    )
    assert [fact.name for fact in facts("yaml", source)] == names
