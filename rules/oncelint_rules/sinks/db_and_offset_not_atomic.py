"""A write that a look alone keeps from being repeated, and an offset that is committed elsewhere.

## What it does

Reports, to those who ask for pedantic findings, a write to a table that tolerates no repetition by
itself (an insert, an update that adds), where the program looks up whether the record was processed,
and marks that it was: in the same row, or in another table whose keys do not keep a second mark out.
The look, the write and the offset in Kafka are three things, and nothing holds them together. It also
reports a write behind an entry that decides (INSERT … ON CONFLICT DO NOTHING) and is committed first:
a crash between the two skips the record for good.

## The failure

A wallet service looks the transfer up, adds its amount when the transfer is new, marks it as booked,
and commits the offset to Kafka. Consumer A has looked and is about to add transfer 8 when its
partition goes to consumer B, which is given transfer 8 again, since its offset was not committed. B
looks, finds it new, and adds. A wakes up and adds as well. Both mark it as booked, and nothing in
the database objects.

## What the fix costs

A mark that only one of the two can make: an INSERT of the record's key ON CONFLICT DO NOTHING, in the
same transaction and before the write, which is done only if a row was inserted. Or a row that is
locked by the look (SELECT … FOR UPDATE), or a condition in the UPDATE itself. Where none of these can
be had, keep the offset in a table of the same database, write it in the same transaction, and seek to
it when a partition is assigned: one more row per commit, and the group's own offsets are no longer
read.

## When it is silent

When the entry and the write are one transaction, or their commits are not in one function; when the
write has a clause or a condition against its own repetition, or its table a unique key that
the record fills; when the mark's table has such a key, or its keys are not known; when what is looked
up is not marked in the loop, as a customer or a list of blocked accounts; when the loop takes a lock,
its transactions are serialisable, or its rows have a version; when the program chooses where the
consumer reads (seek, assign), or nothing is delivered twice. A row that is looked up and inserted is
check-then-insert.

## References

Kafka documentation, message delivery semantics (storing the offset with the output); KIP-98;
PostgreSQL "Explicit Locking".

Shown on Apache Kafka 4.1 with confluent-kafka 2.16 and SQLite, in a rebalance: both members add the
amount.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Decided, Hit, Project, Related, Rule, Sink, Span, speak
from oncelint_rules.common.redelivery import never, way

_INSERTS = frozenset(("insert", "orm-add", "orm-create"))
_UPDATES = frozenset(("update", "orm-update"))


def _doubles(sink: Sink, decided: Decided) -> bool:
    """Whether a second write makes another difference, and no rule speaks of it as an insert that
    was looked up."""
    if sink.operation in _INSERTS:
        return not sink.keys and sink.table != decided.table and not sink.caught
    return sink.operation in _UPDATES and any(one.how in ("add", "append") for one in sink.changes)


def _mark(sink: Sink, decided: Decided, project: Project) -> Sink | None:
    """What marks a record as processed, if it does not keep a second mark out."""
    if sink.table == decided.table:
        return sink
    marks = [
        one
        for one in project.sinks
        if one.consumer.span == sink.consumer.span and one.table == decided.table
    ]
    if not marks or any(_keeps_out(one) for one in marks):
        return None
    return marks[0]


def _keeps_out(mark: Sink) -> bool:
    """Whether a second mark fails, or may."""
    if mark.operation in _INSERTS:
        return mark.conflict is None and (mark.keys is None or bool(mark.keys) or mark.caught)
    return mark.operation in _UPDATES and mark.guard is not None and mark.decided is None


def _lost(sink: Sink, committed: Span) -> Hit:
    """The mark is committed by itself, before the write."""
    return Hit(
        span=sink.span,
        message=(
            f"a crash before this write to {sink.table or 'the table'} loses the record: the entry"
            " that tells a repetition from the first delivery is committed already, and the next"
            " delivery is taken for a repetition; commit both in one transaction"
        ),
        confidence=sink.confidence,
        related=way(sink, Related(committed, "the entry is committed here")),
        causes=(sink.span, committed),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or sink.positioned or never(sink):
        return
    if sink.marked_first is not None:
        yield _lost(sink, sink.marked_first)
        return
    decided = sink.decided
    if decided is None:
        return
    if not _doubles(sink, decided):
        return
    mark = _mark(sink, decided, project)
    if mark is None:
        return
    table = sink.table or "the table"
    places = [Related(decided.span, "looked up here")]
    if mark is not sink:
        places.append(Related(mark.span, "marked here"))
    yield Hit(
        span=sink.span,
        message=(
            f"around a rebalance two consumers write this to {table}, and the record counts twice:"
            f" each looks {decided.table} up before the other has committed, and the offset is kept"
            " in Kafka, not with the row; lock what is looked up, or enter the record's key under"
            " a unique key first, in the same transaction"
        ),
        confidence=sink.confidence,
        related=way(sink, *places),
        causes=(sink.span, decided.span),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="db-and-offset-not-atomic",
    group="sinks",
    subject=Sink,
    severity="note",
    audience="pedantic",
    check=check,
    summary="a look alone guards a write, and the offset is in another store",
)
