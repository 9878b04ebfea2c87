"""A row is inserted if a lookup finds none, and no unique key stands behind that.

## What it does

Reports an insert reached from a consume loop that is only done if a SELECT of the same table, earlier in
the loop, found nothing (`INSERT … WHERE NOT EXISTS`, and `get_or_create()` of a mapper, do both), where the
table is known to have no unique key that the record fills; with low confidence where its keys are not
known, and where an UPDATE that found no row takes the place of the SELECT.

## The failure

A consumer stores signups: SELECT by email, and INSERT if there is none. Its poll takes too long, the group
takes its partition away, and the successor is given signup 5 again while the first is still at it. Both
look it up, both find nothing, both insert it. Nothing in the database objects: a lookup sees only what
was committed before it began. It needs two deliveries at the same time, which is what a rebalance makes,
so that it happens a few times a month and never in a test.

## What the fix costs

A unique key on what the lookup asks for; then the insert with ON CONFLICT DO NOTHING takes the place of
both statements and costs one round trip less. Rows that are there twice have to be removed first.

## When it is silent

When the table has a unique key that the record fills, as then the second insert raises, and the lookup
finds the row when the record comes again; when the insert has a conflict clause, or a violation is caught;
when the loop takes a lock (FOR UPDATE, LOCK TABLE, an advisory lock), or the program makes its transactions
serialisable; when the lookup is not seen to decide; when nothing is delivered twice, since the consumer has
no group, begins at the latest offset and does not seek.

## References

PostgreSQL "Transaction Isolation" and "Explicit Locking"; PostgreSQL INSERT (ON CONFLICT); Kafka
documentation, consumer group rebalances.

Shown on SQLite and PostgreSQL 15, on SQLite behind Apache Kafka 4.1 in a rebalance: the row is
there twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Confidence, Hit, Project, Related, Rule, Sink, speak
from oncelint_rules.common.redelivery import causes, never, way

_INSERTS = frozenset(("insert", "orm-add", "orm-create"))


def _looks_up_no_key(sink: Sink) -> bool:
    """Whether a mapper's get_or_create() looks up by columns of which none are a unique key."""
    if sink.conflict is None or not sink.conflict.columns or sink.unique is None:
        return False
    asked = frozenset(sink.conflict.columns)
    return sink.keys == () and not any(key <= asked for key in sink.unique)


def _instead(sink: Sink) -> str:
    """What takes the place of the lookup behind a unique key."""
    if sink.operation == "orm-upsert":
        return ""  # get_or_create() catches the violation itself
    if sink.operation != "insert":
        return " and catch its violation"
    clause = "ON DUPLICATE KEY UPDATE" if sink.sql == "mysql" else "ON CONFLICT DO NOTHING"
    return f" and insert with {clause}"


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or sink.looked_up is None or sink.caught or never(sink):
        return
    if sink.operation == "orm-upsert":
        if not _looks_up_no_key(sink):
            return
    elif sink.operation not in _INSERTS or sink.conflict is not None or sink.keys:
        return
    if sink.keys is not None and not sink.keys_settled:
        return
    table = sink.table or "the table"
    confidence: Confidence = sink.confidence if sink.keys is not None else "low"
    lacking = f"{table} has no unique key the record fills"
    if sink.keys is None:
        lacking = f"no unique key of {table} is seen"
    each = "each looks it up before the other has committed"
    if sink.tried_first:
        each = "the UPDATE of each finds no row before the other has committed"
        confidence = "low"  # one after the other, they do no harm
    message = (
        f"two deliveries of a record at the same time both insert it: {each}, and {lacking}; make"
        f" what is looked up a unique key{_instead(sink)}"
    )
    places = []
    if sink.looked_up != sink.span:
        told = "finds no row here" if sink.tried_first else "looked up here"
        places.append(Related(sink.looked_up, told))
    if sink.keys_span is not None:
        places.append(Related(sink.keys_span, f"{table} is declared here"))
    yield Hit(
        span=sink.span,
        message=message,
        confidence=confidence,
        related=way(sink, *places),
        causes=(*causes(sink), sink.looked_up),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="check-then-insert",
    group="sinks",
    subject=Sink,
    severity="warning",
    check=check,
    summary="a lookup decides about an insert, and two deliveries both find nothing",
    supersedes=("insert-without-conflict-key", "db-and-offset-not-atomic"),
)
