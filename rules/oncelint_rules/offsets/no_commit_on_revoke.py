"""A batch is held over polls, and nobody is told when its partitions are taken away.

## What it does

Notes a loop that keeps records over several polls, writes them together and commits then, where the
subscription has no rebalance callback.

## The failure

An archiver collects a thousand clicks and writes them as one file. It has 600 when the second archiver of
its group is started. The next poll hands half of the partitions over, from the last commit on: the new
archiver reads the same 600 clicks of those partitions, because none of them was committed. Both of them
write their thousand, and the clicks are in two files. The first one's commit then covers partitions it
does not own any more, and fails or moves nothing.

## What the fix costs

One function. In the callback for revoked partitions, write and commit the batch while the partitions are
still yours (the group waits for the callback), or drop their records from the batch: the new owner reads
them. The callback for lost partitions may only drop. Writes that tolerate repetition make the callback
unnecessary for correctness, and then it only saves work.

## When it is silent

When `subscribe()` is given `on_revoke` or `on_lost` (confluent-kafka) or a `listener` (kafka-python,
aiokafka); when partitions are assigned by hand, so that none is revoked; when there is no group; when the
batch is filled from one poll and written before the next; when nothing takes several records at once; when
auto commit is on, of which `auto-commit-loses-records` speaks.

## References

KIP-429 (incremental cooperative rebalancing, onPartitionsLost); confluent-kafka `Consumer.subscribe`;
kafka-python and aiokafka `ConsumerRebalanceListener`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Hit,
    Known,
    Pipeline,
    Project,
    Related,
    Rule,
    World,
    across,
    is_given,
    speak,
)
from oncelint_rules.common.order import line_of


def _by_hand(world: World) -> bool | None:
    """Whether the consumer is a member of a group and commits only what it is told to."""
    automatic = world.value("enable.auto.commit")
    stores = world.value("enable.auto.offset.store")
    if not isinstance(automatic, Known):
        return None
    if automatic.value is True and not (isinstance(stores, Known) and stores.value is False):
        return False
    return is_given(world.value("group.id"))


_CALLBACKS = {"librdkafka": "an on_revoke callback", "aiokafka": "a ConsumerRebalanceListener"}


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    consumer = pipeline.consumer
    if pipeline.handles_revocation or not (pipeline.commits or pipeline.stores):
        return
    if any(one.sink is not None and one.sink.positioned for one in pipeline.effects):
        return
    verdict = across(consumer.worlds, _by_hand)
    if not verdict:
        return
    for batch in pipeline.batches:
        flush = batch.flushes[0]
        callback = _CALLBACKS.get(consumer.dialect, "a ConsumerRebalanceListener")
        places = [
            Related(pipeline.polled, "consumes here"),
            Related(flush.span, f"{flush.what} takes them from there"),
            Related(consumer.span, "the consumer"),
        ]
        yield Hit(
            span=batch.span,
            message=(
                "a rebalance lets two consumers write these records: they are kept over several"
                f" polls until {flush.what} in {line_of(flush.span, batch.span)}, and subscribe()"
                f" has no callback{verdict.where()}; give it {callback} that writes and commits"
                " them, or drops them"
            ),
            confidence=verdict.confidence,
            related=tuple(one for one in places if one.span != batch.span),
            causes=(batch.span,),
            subject_key=speak.subject_key(consumer, batch.name),
        )


RULE = Rule(
    id="no-commit-on-revoke",
    group="offsets",
    subject=Pipeline,
    severity="note",
    check=check,
    summary="a batch is held over polls without a rebalance callback",
    audience="pedantic",
)
