"""Changelogs and repartition topics with one copy, on a cluster of several brokers.

## What it does

Reports a Kafka Streams or ksqlDB application whose internal topics have one replica, because
`replication.factor` (ksqlDB: also `ksql.internal.topic.replicas`) is 1, or is left at that in Kafka
Streams before 3.0, where several brokers are known: they stand in bootstrap.servers, or in the
project's own description of its only cluster.

## The failure

A clickstream application keeps its session counts in a store; the store's changelog has one replica,
on broker 2. The disk of broker 2 fails. The counts are rebuilt from nothing, as the only copy of their
changelog is gone; what was on its way in a repartition topic is lost although it had been acknowledged.
With exactly-once the guarantee ends here as well: a committed transaction's records are lost with their
only replica.

## What the fix costs

Three copies of the internal topics on the brokers' disks, and their replication. The setting counts
when a topic is made: topics that exist keep their one replica until they are reassigned, so the fix is
unsafe.

## When it is silent

On one broker, or when it is not known how many there are: a development cluster can have no more. From
Kafka Streams 3.0 on without the setting (the brokers' default counts then); when the value is filled in
from elsewhere.

## References

KIP-733 (the default of Streams is the brokers'); KAFKA-13298 (exactly-once and replication); Kafka
Streams configuration, `replication.factor`; ksqlDB "Configure ksqlDB for high availability".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Known,
    Project,
    Rule,
    Setting,
    StreamsApplication,
    World,
    across,
    speak,
)
from oncelint_rules.common import streams

FACTOR, KSQL = "replication.factor", "ksql.internal.topic.replicas"


def _one(world: World, name: str) -> bool | None:
    setting = world.setting(name)
    if setting is None:
        return False
    value = setting.value
    return str(value.value).strip() == "1" if isinstance(value, Known) else None


def _brokers(application: StreamsApplication, project: Project) -> str | None:
    """How several brokers are known, in words; None when they are not."""
    for setting in application.block.settings:
        if setting.key == "bootstrap.servers" and isinstance(setting.value, Known):
            value = setting.value.value
            parts = value if isinstance(value, tuple) else str(value).split(",")
            servers = {str(part).strip() for part in parts} - {""}
            if len(servers) > 1:
                return f"{len(servers)} brokers in bootstrap.servers"
    sizes = [one.size for one in project.clusters]
    if len(sizes) == 1 and sizes[0] is not None and sizes[0] > 1:
        return f"{sizes[0]} brokers in {project.clusters[0].span.path}"
    return None


def check(application: StreamsApplication, project: Project) -> Iterator[Hit]:
    if any(world.dialect != "java" for world in application.worlds):
        return
    brokers = _brokers(application, project)
    if brokers is None:
        return
    for name in (FACTOR, KSQL):
        verdict = across(application.worlds, lambda world, name=name: _one(world, name))  # type: ignore[misc]
        if verdict and verdict.confidence == "high":
            yield _hit(application, verdict.world, verdict.world.settings[name], brokers)


def _hit(application: StreamsApplication, world: World, setting: Setting, brokers: str) -> Hit:
    exactly = streams.is_exactly_once(world)
    lost = (
        "what the exactly-once guarantee has committed"
        if exactly
        else "state and records in between"
    )
    if setting.name == KSQL:
        lost = "the commands that made its queries"
    span = speak.place(setting, application)
    return Hit(
        span=span,
        message=(
            f"one lost disk takes {lost} with it, as internal topics have a single replica:"
            f" {speak.told(setting, world)}, with {brokers}; set {setting.spelled} to 3"
        ),
        setting=setting.spelled,
        related=speak.elsewhere(application, span, setting),
        provenance=setting.origins,
        goal=Goal(
            f"set {setting.spelled} to 3",
            {setting.name: 3},
            "unsafe",
            "it takes three brokers, and topics that exist keep their one replica",
        ),
        causes=(span,),
        subject_key=speak.subject_key(application, setting.name),
    )


RULE = Rule(
    id="streams-internal-topics-unreplicated",
    group="streaming",
    subject=StreamsApplication,
    severity="warning",
    check=check,
    summary="changelogs and repartition topics with a single replica",
    stable=False,
    fix="unsafe",
)
