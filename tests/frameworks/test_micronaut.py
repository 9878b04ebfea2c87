"""Application files of Micronaut Kafka: producers, consumers and streams by name."""

from __future__ import annotations

from tests.frameworks.test_spring import MAIN, clients, settings

NAMED = "micronaut.application.name: shop\n"


def test_a_name_lies_above_the_default_and_that_above_all() -> None:
    body = NAMED + (
        "kafka:\n  retries: 3\n  bootstrap.servers: b:9092\n  producers:\n"
        "    default: {acks: 1, linger.ms: 5}\n    orders: {acks: all}\n"
    )
    found = {one.name: settings(one) for one in clients({MAIN: body})}
    assert found["orders"] == {
        "acks": "all",
        "bootstrap.servers": "b:9092",
        "linger.ms": "5",
        "retries": "3",
    }
    assert found["default"]["acks"] == "1"


def test_what_annotations_set_is_not_seen() -> None:
    body = NAMED + "kafka.producers.a.acks: all\nkafka.consumers.b.group.id: b\n"
    reasons = {one.role: one.block.open_reason for one in clients({MAIN: body})}
    assert all(reason and "not seen" in reason for reason in reasons.values())


def test_nested_keys_are_dotted() -> None:
    body = NAMED + "kafka:\n  consumers:\n    b:\n      isolation:\n        level: read_committed\n"
    (fact,) = clients({MAIN: body})
    assert settings(fact) == {"isolation.level": "read_committed"}


def test_streams() -> None:
    body = NAMED + "kafka.streams.words.processing.guarantee: exactly_once_v2\n"
    (fact,) = clients({MAIN: body})
    assert (fact.role, fact.name, fact.block.open_reason) == (
        "streams",
        "words",
        "what a ConfiguredStreamBuilder is given is not seen",
    )


def test_another_programs_names_are_left_alone() -> None:
    assert not clients({MAIN: "kafka.producers.a.acks: 1\n"})


def test_an_environment_that_changes_a_client() -> None:
    files = {
        MAIN: NAMED + "kafka.producers.a.acks: all\n",
        "src/main/resources/application-bulk.yml": "kafka.producers.a.acks: 0\n",
    }
    base, bulk = clients(files)
    assert (settings(base)["acks"], settings(bulk)["acks"]) == ("all", "0")
