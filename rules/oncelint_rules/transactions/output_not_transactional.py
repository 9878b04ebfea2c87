"""Records are consumed, transformed and produced again without a transaction.

## What it does

Notes, for pedants, a consume loop whose records a producer without a transactional id writes to
another topic, while the consumer's group keeps its progress.

## The failure

An enrichment service polls click 9, produces the enriched click, and is killed before the offset of
click 9 is committed. Its successor polls click 9 again and produces the enriched click again. The
producer's idempotence does not help: it is another producer with another record. Everybody who
reads the output counts click 9 twice.

## What the fix costs

A transaction over outputs and offsets: a transactional id, init_transactions(), begin, produce,
send_offsets_to_transaction(), commit, and abort on failure; read_committed downstream. The field
speaks of 20–30 % of the throughput, less with larger batches, and of latency: outputs are seen when
their transaction commits. A consumer that recognises repeated records by a key of their own needs
none of that.

## When it is silent

When the producer has, or may have, a transactional id; when the consumer has no group, so that it
keeps no progress; when consumer and producer are known to talk to different clusters, since no
transaction spans two; when every topic written is one for failed records (dead letter, error,
retry), by its name or the name of the variable that holds it; when what is sent is not seen to come
from the record.

## References

KIP-98 (consume–transform–produce); KIP-447; Kafka documentation, message delivery semantics.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: the output is there twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.model import Client, Feed, Hit, Known, Project, Related, Rule, World, across, speak

_FAILED = re.compile(r"(?i)(?:^|[._-])(?:dlq|dlt|dead|error|fail|invalid|poison|retry|retries)")


def _plain(world: World) -> bool | None:
    transactional = world.transactional()
    return None if transactional is None else not transactional


def _kept(world: World) -> bool | None:
    """Whether a consumer's group keeps its offsets."""
    group = world.setting("group.id")
    if group is None:
        return None
    if isinstance(group.value, Known):
        return group.value.value not in (None, "")
    return group.set_by == "user" or None


def _clusters(client: Client) -> set[object]:
    """The servers a client is told of, in each world; None where they are not known."""
    told: set[object] = set()
    for world in client.worlds:
        value = world.known("bootstrap.servers")
        listed = value.split(",") if isinstance(value, str) else value
        told.add(frozenset(listed) if isinstance(listed, (list, tuple)) else None)
    return told


def check(feed: Feed, project: Project) -> Iterator[Hit]:
    producer, consumer = feed.producer, feed.consumer
    verdict = across(producer.worlds, _plain)
    if not verdict or verdict.fails or verdict.unknown:
        return
    if not across(consumer.worlds, _kept):
        return
    ends = _clusters(producer), _clusters(consumer)
    if None not in ends[0] | ends[1] and not ends[0] & ends[1]:
        return
    outputs = [
        send
        for life in project.lifecycles
        if life.producer.span == producer.span
        for send in life.sends
        if send.record and not _FAILED.search(send.topic)
    ]
    topics = [topic.name for topic in producer.topics]
    if topics and all(name is not None and _FAILED.search(name) for name in topics):
        return
    span = feed.path[-1].span if feed.path else producer.span
    if not outputs:
        return
    if span not in {send.span for send in outputs}:
        span = outputs[0].span
    yield Hit(
        span=span,
        message=(
            "a crash between this and the commit of the offsets writes the outputs again: the"
            " producer has no transactional.id, so output and offset are not one transaction; use one with"
            " send_offsets_to_transaction(), or let readers recognise a repeated record"
        ),
        related=(
            *(one for one in speak.steps(feed.path) if one.span != span),
            Related(consumer.span, "the consumer"),
            Related(producer.span, "the producer"),
        ),
        causes=(span,),
        subject_key=speak.subject_key(producer, "output"),
    )


RULE = Rule(
    id="output-not-transactional",
    group="transactions",
    subject=Feed,
    severity="note",
    check=check,
    summary="consume, transform and produce without a transaction",
    audience="pedantic",
)
