"""Spark writes to Kafka at least once, and has no way to do better.

## What it does

Notes every place where Spark writes to Kafka: a streaming query, or a batch. It is an error where the
producer is given a transactional id, with which nothing is written at all.

## The failure

A query enriches orders and writes them to `orders-enriched`. Its tasks send their records and finish,
save for one, whose executor is lost after it sent 800 of 1000. Spark runs that task again on another
executor and sends all 1000: 800 of them are twice in the topic. When the driver is lost before it has
noted the batch as done, it runs the whole batch again. The checkpoint tells what was read, not what
was written, and the sink asks Kafka for no transaction.

A `kafka.transactional.id` does not change that. Spark does not begin transactions, so that the
producer refuses its first record (IllegalStateException).

## What the fix costs

Nothing can be set. Readers of the topic have to leave out repetitions by a key that the records
carry: an id of the order, or the topic, partition and offset that it was read from as columns beside
the value. A compacted topic with such a key leaves the last of them. `kafka.enable.idempotence`, on by
default since Spark 3.4 (kafka-clients 3.3), keeps out the repetitions of a producer's own retries
alone. Where exactly-once output into Kafka is needed, Kafka Streams and Flink have it.

## When it is silent

Where Spark writes to something other than Kafka, or to a format that is not known.

## References

Structured Streaming + Kafka Integration Guide, "Writing Data to Kafka" (at least once write semantics);
KafkaStreamingWrite and KafkaWriteTask of Spark's sources; KafkaProducer (kafka-clients),
`initTransactions`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Goal, Hit, Project, Rule, SparkSink, World, across, speak
from oncelint.model.values import is_given

IDEMPOTENCE, ID = "kafka.enable.idempotence", "kafka.transactional.id"


def _transactional(world: World) -> bool | None:
    setting = world.setting(ID)
    if setting is None or setting.set_by != "user":
        return None if world.open_reason is not None else False
    return is_given(setting.value)


def _off(world: World) -> bool | None:
    setting = world.setting(IDEMPOTENCE)
    return None if setting is None or not setting.known else world.known(IDEMPOTENCE) is False


def check(sink: SparkSink, project: Project) -> Iterator[Hit]:
    if sink.format != "kafka":
        return
    asked = across(sink.worlds, _transactional)
    if asked:
        setting = asked.world.settings[ID]
        span = speak.place(setting, sink)
        yield Hit(
            span=span,
            message=(
                "Spark writes nothing: it does not begin transactions, and a producer with a"
                f" transactional id refuses its first record (IllegalStateException); remove"
                f" {setting.spelled}, Spark's Kafka sink is at-least-once"
            ),
            confidence=asked.confidence,
            severity="error",
            setting=setting.spelled,
            related=speak.elsewhere(sink, span, setting),
            provenance=setting.origins,
            goal=Goal(
                f"remove {setting.spelled}", reason="whether at-least-once will do only you know"
            ),
            causes=(sink.span, span),
            subject_key=speak.subject_key(sink, ID),
        )
        return
    unit = "a batch" if sink.streaming else "a task"
    off = across(sink.worlds, _off)
    own = ""
    if off and off.confidence == "high":
        setting = off.world.settings[IDEMPOTENCE]
        own = f", nor are retries of its producer told apart ({speak.told(setting, off.world)})"
    yield Hit(
        span=sink.span,
        message=(
            f"{unit} that is run again after a failure writes its records again: Spark's Kafka sink"
            f" is at-least-once{own}; have the readers leave out repetitions by a key of the record"
        ),
        setting=None,
        subject_key=speak.subject_key(sink, "kafka"),
    )


RULE = Rule(
    id="spark-kafka-sink-at-least-once",
    group="streaming",
    subject=SparkSink,
    severity="note",
    check=check,
    summary="Spark writes to Kafka, which it does at least once",
    stable=False,
)
