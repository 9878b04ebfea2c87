"""Code takes the offsets of a topic with transactions for a count without gaps.

## What it does

Reports comparisons that expect the next record at the last offset plus one, or the last record at
the high watermark minus one, in the reader of a topic that a transactional producer of the project
writes.

## The failure

A backfill reads the high watermark of every partition and stops at the record with offset high − 1.
The last thing in the partition is the commit marker of a transaction, which takes an offset like a
record and is never delivered: the record the backfill waits for does not come, and it hangs. A
gap detector beside it raises an alarm at every transaction, since after offset 41 comes 43.
Aborted transactions, compaction and retention leave gaps as well.

## What the fix costs

Comparing the consumer's position (`consumer.position()`), which moves over markers, with the
watermark; gaps between records cannot be told from loss by offsets, only by a sequence number in
the record.

## When it is silent

When no transactional producer in the project writes the topic, or the topics are not known; when
offsets are only compared for order (a later one than the last); when a position, not a record's
offset, is compared with the watermark; when offset + 1 is what is committed.

## References

KIP-98 (control records); Kafka protocol documentation, "Control Batches"; confluent-kafka-python
issue 1706; risingwave pull request 24720; spring-kafka issue 3295.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Related, Rule, TransactionalPair, speak


def check(pair: TransactionalPair, project: Project) -> Iterator[Hit]:
    if pair.topic is None:
        return
    advice = "compare consumer.position() with the watermark, or number the records themselves"
    for step in pair.consumer.counts_offsets:
        related = [Related(pair.producer.span, "the transactional producer")]
        if pair.write_span is not None:
            related.append(Related(pair.write_span, f"writes {pair.topic}"))
        related.append(Related(pair.consumer.span, "the consumer"))
        yield Hit(
            span=step.span,
            message=(
                "every transaction leaves an offset at which no record ever comes, its commit or"
                f" abort marker: this {step.label}, and {pair.topic} is written in transactions;"
                f" {advice}"
            ),
            related=tuple(related),
            causes=(step.span,),
            subject_key=speak.subject_key(pair.consumer, str(pair.topic), "offsets"),
        )


RULE = Rule(
    id="offsets-not-contiguous",
    group="transactions",
    subject=TransactionalPair,
    severity="warning",
    check=check,
    summary="offsets of a transactional topic that are expected without gaps",
)
