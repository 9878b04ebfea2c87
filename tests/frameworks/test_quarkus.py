"""Application files of Quarkus: channels, profiles in names, what all clients share."""

from __future__ import annotations

import pytest
from tests.frameworks.test_spring import clients, settings

from oncelint.model.facts import ConfigFact

PATH = "src/main/resources/application.properties"
CHANNEL = "mp.messaging.outgoing.rides."


def channels(*lines: str) -> dict[str, ConfigFact]:
    return {one.name: one for one in clients({PATH: "\n".join(lines) + "\n"})}


def test_a_channel_is_a_client_of_its_direction() -> None:
    found = channels(
        "mp.messaging.outgoing.out.connector=smallrye-kafka",
        "mp.messaging.incoming.in.connector=smallrye-kafka",
    )
    assert {name: one.role for name, one in found.items()} == {"out": "producer", "in": "consumer"}


def test_the_channel_lies_above_the_connector_and_that_above_kafka() -> None:
    fact = channels(
        CHANNEL + "acks=all",
        CHANNEL + "connector=smallrye-kafka",
        "mp.messaging.connector.smallrye-kafka.acks=1",
        "mp.messaging.connector.smallrye-kafka.linger.ms=7",
        "kafka.acks=0",
        "kafka.linger.ms=9",
        "kafka.retries=3",
        "kafka.max.poll.records=5",
    )["rides"]
    assert settings(fact) == {"acks": "all", "linger.ms": "7", "retries": "3"}


def test_attributes_of_the_connector_are_no_settings() -> None:
    fact = channels(
        CHANNEL + "connector=smallrye-kafka",
        CHANNEL + "topic=rides",
        CHANNEL + "waitForWriteCompletion=false",
        CHANNEL + "max-inflight-messages=1",
        CHANNEL + "key=id",
        CHANNEL + "key.serializer=x.Y",
    )["rides"]
    assert settings(fact) == {"key.serializer": "x.Y"}


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("connector=smallrye-kafka", True),
        ("connector=smallrye-amqp", False),
        ("value.serializer=x.Y", True),
        ("address=rides", False),
    ],
)
def test_which_channels_are_kafkas(line: str, seen: bool) -> None:
    assert ("rides" in channels(CHANNEL + line)) is seen


def test_production_lies_above_and_development_is_left_out() -> None:
    fact = channels(
        "%dev." + CHANNEL + "acks=0",
        "%{test,dev}." + CHANNEL + "retries=0",
        "%prod." + CHANNEL + "acks=all",
        CHANNEL + "acks=1",
        CHANNEL + "connector=smallrye-kafka",
    )["rides"]
    assert settings(fact) == {"acks": "all"}


def test_a_profile_of_another_name_is_a_client() -> None:
    lines = (CHANNEL + "connector=smallrye-kafka", "%bulk." + CHANNEL + "acks=0")
    base, bulk = clients({PATH: "\n".join(lines)})
    assert (settings(base), settings(bulk)) == ({}, {"acks": "0"})
    assert bulk.details["profile"] == "bulk"


def test_a_file_of_a_profile() -> None:
    bodies = {
        PATH: CHANNEL + "connector=smallrye-kafka\n",
        "src/main/resources/application-prod.properties": CHANNEL + "acks=all\n",
    }
    (fact,) = clients(bodies)
    assert settings(fact) == {"acks": "all"}


def test_profiles_in_nested_yaml() -> None:
    body = """
mp:
  messaging:
    incoming:
      "ride-events":
        connector: smallrye-kafka
        isolation:
          level: read_committed
"%prod":
  mp:
    messaging:
      incoming:
        ride-events:
          group.id: rides
"""
    (fact,) = clients({"src/main/resources/application.yaml": body})
    assert settings(fact) == {"isolation.level": "read_committed", "group.id": "rides"}
    assert fact.name == "ride-events"


@pytest.mark.parametrize(
    ("lines", "topics"),
    [
        ((), "rides"),
        (("topic=a",), "a"),
        (("topic=${TOPIC}",), ""),
        (("topics=a,b",), "a b"),
        (("topic=a.*", "pattern=true"), ""),
    ],
)
def test_topics(lines: tuple[str, ...], topics: str) -> None:
    channel = "mp.messaging.incoming.rides."
    found = channels(channel + "connector=smallrye-kafka", *(channel + line for line in lines))
    assert found["rides"].details["topics"] == topics


def test_kafka_streams() -> None:
    (fact,) = clients(
        {
            PATH: "quarkus.kafka-streams.application-id=a\n"
            "kafka-streams.processing.guarantee=exactly_once_v2\n"
        }
    )
    assert fact.role == "streams"
    assert settings(fact) == {
        "application.id": "a",
        "processing.guarantee": "exactly_once_v2",
    }
