"""A consumer commits the offset of the record it has done, where Kafka wants the next one.

## What it does

Reports offsets that are committed, stored, or sent to a transaction, and that are the record's own:
`OffsetAndMetadata(record.offset, …)`, `{partition: record.offset}`,
`TopicPartition(topic, partition, message.offset())`.

A committed offset is where reading begins. Only confluent-kafka's `commit(message)` and
`store_offsets(message)` add one by themselves.

## The failure

An invoice forwarder commits the offset of each invoice it has forwarded. It is deployed, and its
successor begins with the last invoice of every partition, which is forwarded a second time; so it is
after each rebalance. On a topic that is quiet over the weekend the lag stays at one for each
partition, and each restart sends the same twelve invoices. In a transaction it is the record that
was to be processed exactly once.

## What the fix costs

Nothing: add 1. The fix does that; it is safe where the offset is written in the call that commits,
and unsafe where a helper or a variable holds the position, since a `seek()` may take it as well. The
first start after the change still begins at the offset that was committed last, and repeats one
record of each partition.

## When it is silent

When one is added anywhere on the way to the call, in a variable or a helper; when the offset comes
from `position()`, or from somewhere that was not followed; when the message itself is passed; when
the own offset is committed before anything is done with the record, or where that failed: there it
says rightly that this record is next; for `seek()`, which takes the record's own offset to have it
again.

## References

confluent-kafka `Consumer.commit`, `Producer.send_offsets_to_transaction`; librdkafka issue 1811 and
pull request 2605; kafka-python `KafkaConsumer.commit` ("the next message your application should
consume"); aiokafka `AIOKafkaConsumer.commit`, issue 921; Java `KafkaConsumer.commitSync`.

Shown on Apache Kafka 4.1 with kafka-python 3.0 and, in a transaction, confluent-kafka 2.16: the
last record is done twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Commit, Goal, Hit, Pipeline, Project, Related, Rule, speak


def _message(commit: Commit) -> str:
    if commit.transactional:
        return (
            "the last record of each partition is processed again after every restart, although its"
            " transaction was committed: this sends the record's own offset, and reading begins at"
            " what is sent; add 1"
        )
    return (
        "the last record of each partition is delivered again after every restart and rebalance:"
        " this commits the record's own offset, and reading begins at what is committed; add 1"
    )


def _goal(commit: Commit) -> Goal | None:
    if commit.offset_span is None:
        return None
    inside = commit.span.covers(commit.offset_span)
    return Goal(
        "commit the next offset",
        safety="safe" if inside else "unsafe",
        reason="" if inside else "what else uses this position would get the next one as well",
        next_offset=commit.offset_span,
    )


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    for commit in pipeline.commits:
        if commit.offset != "own" or commit.done is False:
            continue
        span = commit.offset_span or commit.span
        related = [Related(pipeline.polled, "consumes here")]
        related += speak.steps(commit.path)
        related.append(Related(pipeline.consumer.span, "the consumer"))
        yield Hit(
            span=span,
            message=_message(commit),
            confidence="high" if commit.done else "medium",
            related=tuple(dict.fromkeys(related)),
            goal=_goal(commit),
            causes=(span,),
            subject_key=speak.subject_key(pipeline.consumer, "own offset"),
        )


RULE = Rule(
    id="commit-off-by-one",
    group="offsets",
    subject=Pipeline,
    severity="error",
    check=check,
    summary="the record's own offset is committed instead of the next one",
    fix="safe",
)
