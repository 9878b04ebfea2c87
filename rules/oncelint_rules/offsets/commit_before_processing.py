"""A consumer commits a record before it has done what it does for it.

## What it does

Reports a commit after which a record that it covers is still to be written, sent or called for. The
finding carries the way from the poll through the commit to what follows it.

What a commit covers depends on the client:

- `commit()` without offsets takes everything that was delivered. After confluent-kafka's `poll()`,
  in the iteration of kafka-python and aiokafka, and after `getone()` that is the record in hand.
  After kafka-python's `poll()`, aiokafka's `getmany()` and confluent-kafka's `consume()` it is the
  whole batch, so that such a commit inside the loop over the batch covers records that are not
  begun.
- `commit(message)` and `commit(offsets)` take that record and those before it in its partition.
- With `enable.auto.offset.store` off, confluent-kafka's `commit()` takes what was stored with
  `store_offsets`, and that call is what must come last.

A row counts as written when its database commits, where the program does that itself.

## The failure

A booking service polls payment 17, commits offset 18, and is killed before the INSERT. Its successor
asks the group where to begin and is told 18. Payment 17 is in no table, no log says so, and the lag
is zero. The same happens at every deployment that stops the process between the two lines, and for
a hundred records at once where a batch was committed at its first one, or where records wait in a
list that is written when it is full.

An exception does the same: the handler raises, the process is restarted, and begins after the record.

## What the fix costs

Two lines change places. A crash between the work and the commit then delivers the record again, so
what is done must bear its own repetition: an upsert, a unique key, an idempotency key. Where each
record is committed, committing each batch instead is cheaper than before.

Committing first is a choice where a record may be lost and must not be repeated (a mail). Write the
reason into a suppression comment.

## When it is silent

When the record is done before the commit on every way; when the commit covers only records of
earlier rounds, since it stands above the next poll; when it writes offsets that were stored, or
counted, after the work; when the record's own offset is committed, which says that it is next; when
nothing but logging and metrics follows, a cache beside another effect of the record, or something
that has nothing of the record in it; when the record is skipped after the commit; where a call on
the way was not followed; where the work runs in a task or thread that nobody waits for, which is
`commit-before-async-work-done`.

## References

Kafka documentation, message delivery semantics; confluent-kafka `Consumer.commit`, `store_offsets`;
kafka-python `KafkaConsumer.commit` and `poll`; aiokafka "Manual commit" and `getmany`; librdkafka
CONFIGURATION.md (`enable.auto.offset.store`).

Shown on Apache Kafka 4.1 with confluent-kafka 2.16 and kafka-python 3.0: the record in hand, or the
rest of its batch, is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Misorder, Pipeline, Project, Rule, speak
from oncelint_rules.common.order import at_commit, beside, by_place, listed, surest, way


def _message(pipeline: Pipeline, found: list[Misorder]) -> str:
    what = listed(found)
    commit = found[0].commit
    kept = [b.name for b in pipeline.batches for f in b.flushes if f.span == found[0].effect.span]
    if commit is not None and commit.transactional:
        return (
            f"a crash before {what} loses the record: its offset is sent to a transaction that"
            " commits first; do that work before the transaction commits"
        )
    if found[0].held:
        return (
            f"a crash before the database commits loses the record: {what} is still in its"
            " transaction when this commit covers the record; commit the database first"
        )
    if found[0].rest:
        return (
            f"a crash loses the rest of the batch: this commit covers all that was delivered, and"
            f" {what} for the other records comes later; commit when the batch is done, or each"
            " record's own next offset"
        )
    if kept:
        return (
            f"a crash loses the records that wait in {kept[0]}: they are committed here, and"
            f" {what} comes later; commit after that"
        )
    return (
        f"a crash before {what} loses the record: this commit covers it, and comes first;"
        " commit when the work is done"
    )


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    found = [m for m in pipeline.misorders if m.kind == "before" and not beside(m, pipeline)]
    for span, some in by_place(found, at_commit):
        yield Hit(
            span=span,
            message=_message(pipeline, some),
            confidence=surest(some),
            related=way(pipeline, some),
            causes=(span, *(one.effect.span for one in some)),
            subject_key=speak.subject_key(pipeline.consumer, some[0].effect.what),
        )


RULE = Rule(
    id="commit-before-processing",
    group="offsets",
    subject=Pipeline,
    severity="error",
    check=check,
    summary="an offset is committed before the record's effects: a crash loses it",
    # who commits first chose losing a call over making it twice
    supersedes=("external-call-without-idempotency-key",),
)
