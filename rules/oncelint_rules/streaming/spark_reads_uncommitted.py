"""Spark reads records of transactions that may yet be aborted.

## What it does

Reports a Spark source whose effective `kafka.isolation.level` is read_uncommitted while a producer of
the project writes its topic in transactions.

## The failure

A service books orders in transactions: it writes an order and its invoice, fails at the third record
and aborts. The two records stay in the log, and the producer writes all three anew in its next
transaction. Spark's Kafka source reads like any consumer with Kafka's default, read_uncommitted, so
that it takes the aborted two as well: the day's revenue has an order twice, and no batch failed.
Spark's own checkpoint does not help, since each of the records is read once.

## What the fix costs

One option, `kafka.isolation.level=read_committed`, which Spark hands on to its consumers. Records of
an open transaction show when it is committed. Offsets of a topic with transactions have gaps, which
Spark takes since 2.4 (SPARK-25005); where `minPartitions` splits a partition, the pieces are of
unequal size.

## When it is silent

When the option is read_committed, or set from something that is not known; when no producer of the
project is known to write one of the source's topics, by name, in transactions. What other projects
write cannot be seen: declare it in the settings if it is transactional.

## References

Structured Streaming + Kafka Integration Guide, "Kafka Specific Configurations"; KIP-98; SPARK-25005;
KafkaSourceProvider (`kafkaParamsForExecutors`) of Spark's sources.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Known,
    Producer,
    Project,
    Related,
    Rule,
    SparkSource,
    World,
    across,
    speak,
)

SETTING = "kafka.isolation.level"


def _uncommitted(world: World) -> bool | None:
    value = world.value(SETTING)
    return str(value.value) == "read_uncommitted" if isinstance(value, Known) else None


def _writer(source: SparkSource, project: Project) -> tuple[Producer, Related] | None:
    """A producer that writes a topic of the source in transactions, and where."""
    for producer in project.producers:
        if producer.in_tests or across(producer.worlds, World.transactional).confidence == "low":
            continue
        if not across(producer.worlds, World.transactional):
            continue
        for read in source.topics:
            for written in producer.topics:
                if read.name is not None and not read.pattern and read.name == written.name:
                    return producer, Related(written.span, f"writes {read.name} here")
    return None


def check(source: SparkSource, project: Project) -> Iterator[Hit]:
    verdict = across(source.worlds, _uncommitted)
    found = _writer(source, project) if verdict else None
    if found is None:
        return
    producer, written = found
    world = verdict.world
    setting = world.settings[SETTING]
    span = speak.place(setting, source)
    topic = written.label.removeprefix("writes ").removesuffix(" here")
    yield Hit(
        span=span,
        message=(
            f"Spark reads records of aborted transactions: {speak.told(setting, world)}"
            f"{verdict.where()}, and topic {topic} is written in transactions; set"
            f" {setting.spelled} to read_committed"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled,
        related=(
            *speak.elsewhere(source, span, setting),
            Related(producer.span, "the transactional producer"),
            written,
        ),
        provenance=setting.origins,
        goal=Goal(f"set {setting.spelled} to read_committed", {SETTING: "read_committed"}, "safe"),
        subject_key=speak.subject_key(source, topic),
    )


RULE = Rule(
    id="spark-reads-uncommitted",
    group="streaming",
    subject=SparkSource,
    severity="error",
    check=check,
    summary="a Spark source that takes records of aborted transactions",
    stable=False,
    fix="safe",
)
