"""A consumer reads records of transactions that may yet be aborted.

## What it does

Reports a consumer whose effective `isolation.level` is read_uncommitted while a producer of the
same project writes the topic it reads in transactions.

## The failure

A payment service writes a debit and a credit in one transaction, finds the balance too low and
aborts. Both records are in the log, marked as aborted by what follows them. A consumer at
read_committed never returns them; one at read_uncommitted books both. Nothing failed, and the
ledger holds a transfer that did not happen.

## What the fix costs

One setting. A read_committed consumer waits for open transactions to end, so its latency grows by
up to the producer's commit interval, and by `transaction.timeout.ms` after a producer died. The
fix is safe. kafka-python before 2.2 and kafka-python-ng have no such setting and always read
uncommitted: there the fix is another version of the client.

## When it is silent

When the consumer's client reads committed records by default (librdkafka, and with it
confluent-kafka); when both ends' topics are known and differ; when the producer's transactional
id is not known to be set; when the consumer only looks at metadata and takes no records; when the
level is misspelt and the client refuses it (invalid-value).

Topics pair by name, across files and formats, and a subscribed pattern reads every topic it
matches. Where a topic is not known, as in a configuration file, the two are paired only inside one
deployment unit (the nearest folder with its own dependency or build file), and not when the
consumer's records feed that very producer: with medium confidence when the consumer is a
configuration of its own and every producer of the unit is transactional, with low confidence
otherwise.

## References

KIP-98 (isolation.level); Kafka documentation, consumer configuration; librdkafka CONFIGURATION.md;
aiokafka `AIOKafkaConsumer`; kafka-python `KafkaConsumer` and its `fetcher.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Consumer,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    TransactionalPair,
    World,
    across,
    speak,
)

SETTING = "isolation.level"


def _uncommitted(consumer: Consumer, world: World) -> bool | None:
    setting = world.setting(SETTING)
    if setting is None:
        return _always_uncommitted(consumer, world)
    if not isinstance(setting.value, Known):
        return None
    value = str(setting.value.value)
    # kafka-python takes capitals from 3.0 on; librdkafka's are in lower case already
    return (value.lower() if world.dialect == "kafka-python" else value) == "read_uncommitted"


def _always_uncommitted(consumer: Consumer, world: World) -> bool | None:
    """A version without the setting asks for uncommitted records in every fetch."""
    if world.open_reason is not None:
        return None
    if world.dialect == "librdkafka":
        # before 1.2, of 2019: only where the project says that it is so old
        return True if set(world.versions) <= set(consumer.client_versions) else None
    return True if world.dialect in _SINCE else None


# The first version of each client that has the setting.
_SINCE = {
    "kafka-python": "kafka-python 2.2.0",
    "kafka-python-ng": "kafka-python 2.2.0",
    "librdkafka": "confluent-kafka 1.2.0",
    "aiokafka": "aiokafka 0.5.0",
}


def _alone(pair: TransactionalPair, project: Project) -> bool:
    """Whether the consumer is a configuration of its own beside transactional producers only."""
    beside = [p for p in project.producers if p.unit == pair.consumer.unit and not p.in_tests]
    transactional = {p.producer.span for p in project.pairs}
    return pair.consumer.placement != "python" and all(p.span in transactional for p in beside)


def _told(world: World) -> tuple[str, str]:
    """What is so, and what to do about it."""
    setting = world.setting(SETTING)
    if setting is None:
        name = "isolation.level" if world.dialect == "librdkafka" else "isolation_level"
        return (
            f"{world.client} {world.versions[-1]} has no {name} and always reads uncommitted",
            f"use {_SINCE[world.dialect]} or newer and set {name} to read_committed",
        )
    return speak.told(setting, world), f"set {setting.spelled} to read_committed"


def check(pair: TransactionalPair, project: Project) -> Iterator[Hit]:
    consumer, producer = pair.consumer, pair.producer
    verdict = across(consumer.worlds, lambda world: _uncommitted(consumer, world))
    if not verdict:
        return
    confidence: Confidence = verdict.confidence
    if across(producer.worlds, World.transactional).confidence == "low":
        confidence = "low"
    if pair.topic is None:
        confidence = "medium" if confidence == "high" and _alone(pair, project) else "low"
    world = next((w for w in reversed(verdict.worlds) if w.setting(SETTING)), verdict.world)
    setting = world.setting(SETTING)
    span = speak.place(setting, consumer)
    told, advice = _told(world)
    what = f"topic {pair.topic}" if pair.topic is not None else "what the project writes"
    related = [*speak.elsewhere(consumer, span, setting)]
    related.append(Related(producer.span, "the transactional producer"))
    if pair.write_span is not None:
        related.append(Related(pair.write_span, f"writes {pair.topic} here"))
    if pair.read_span is not None and pair.read_span != span:
        related.append(Related(pair.read_span, f"reads {pair.topic} here"))
    yield Hit(
        span=span,
        message=(
            f"this consumer sees records of aborted transactions: {told}{verdict.where()}, and"
            f" {what} is written in transactions; {advice}"
        ),
        confidence=confidence,
        setting=setting.spelled if setting is not None else None,
        related=tuple(related),
        provenance=setting.origins if setting is not None else (),
        goal=(
            Goal(
                f"set {setting.spelled} to read_committed",
                {SETTING: "read_committed"},
                "safe",
                client=consumer,
            )
            if setting is not None
            else Goal(advice, reason="an upgrade is yours to plan")
        ),
        causes=(consumer.span, span),
        subject_key=speak.subject_key(consumer, str(pair.topic)),
    )


RULE = Rule(
    id="consumer-reads-uncommitted",
    group="transactions",
    subject=TransactionalPair,
    severity="error",
    check=check,
    summary="a consumer that sees records of aborted transactions",
    fix="safe",
)
