"""An update adds to what is there, so that a second delivery adds it again.

## What it does

Reports a write reached from a consume loop whose result depends on how often it is done: `balance =
balance + x` and `DO UPDATE SET n = t.n + 1` in SQL, a text or array that grows (`||` with a literal,
`array_append`, CONCAT), INCR and its kin, lists in Redis, `$inc` and `$push`.

## The failure

A consumer keeps account balances: poll, `UPDATE accounts SET balance = balance + amount`, commit the
offset. Deposit 12 of 50 is added, the database commits, and the process is killed before the offset is.
Its successor polls deposit 12 again, as it must, and adds another 50. No error is raised, no row is
doubled, and no key can be violated; the sum is simply wrong from then on. It happens at every rebalance
that comes between update and commit, and to everybody when the group is reset to reprocess a day.

## What the fix costs

One row for each record in a table of processed ones, written in the same database transaction:
`INSERT INTO processed (topic, part, pos) VALUES (…) ON CONFLICT DO NOTHING`, and the update only if a row
was inserted. Rows older than the topic's retention can go. Where one partition feeds a row, its last
offset in the row itself is enough: `… SET balance = balance + %s, last_offset = %s WHERE id = %s AND
last_offset < %s`. Setting the value from the record, where the record has it, costs nothing.

## When it is silent

When the UPDATE has a condition that a repetition fails (a version, an offset, a state that the statement
itself sets, NOT EXISTS), or the upsert's DO UPDATE has; when an entry in a table of processed records
comes first in the loop, by its name (inbox, processed, dedup …) or because the number of rows it inserted
decides, or the rows that a change changed whose own condition a repetition fails; when an insert under a
key of the record comes first, whose violation leads past the update; when a list grows by what it has not
got (`AND NOT items @> …`); when rows that the loop looked up decide; when the program chooses the consumer's position itself
(seek, assign), since then the offsets may be kept with the data; for columns that count the deliveries or
the writes (version, revision, attempts, retries); for `||` of what may be two JSON objects, which merges
them; when nothing of the record is written; when nothing is delivered twice, since the consumer has no
group, begins at the latest offset and does not seek; beside an insert for the same record that violates a
known unique key when it is repeated, which undoes the transaction. Where such an insert's keys are not
known, the confidence is low.

`stock >= x` beside `stock = stock - x` says that there is enough, and is no such condition.

## References

PostgreSQL UPDATE, and INSERT (ON CONFLICT DO UPDATE … WHERE); Redis INCRBY; MongoDB `$inc`; Kafka
documentation, message delivery semantics.

Shown on SQLite, PostgreSQL 15 and MariaDB 10.11, on SQLite behind Apache Kafka 4.1: the amount is
added twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.model import Change, Hit, Project, Rule, Severity, Sink, speak
from oncelint_rules.common.redelivery import causes, never, starts_at, statement, way

# Columns that are meant to count what is done, deliveries included.
_COUNTS_DELIVERIES = re.compile(
    r"(?:^|_)(?:version|revision|rev|attempts?|retry|retries|tries|lock|deliver(?:y|ies)|epoch)"
    r"(?:_|$)"
)
_TABLES = frozenset(("update", "orm-update", "upsert", "orm-upsert"))


def _growing(sink: Sink) -> Change | None:
    """What grows with each repetition."""
    changes = [*sink.changes]
    if sink.conflict is not None:
        changes += sink.conflict.changes
    for change in changes:
        if change.how in ("add", "append") and not _COUNTS_DELIVERIES.search(change.column.lower()):
            return change
    return None


def _guarded(sink: Sink) -> bool:
    if sink.deduplicated is not None or sink.positioned:
        return True
    if sink.kind != "table" or sink.operation in ("update", "orm-update"):
        return sink.guard is not None
    return sink.conflict is None or sink.conflict.only_if is not None


def _beside(sink: Sink, project: Project) -> Sink | None:
    """An insert for the same records that raises where they come again, if it has a unique key:
    what its transaction did is then undone."""
    for other in project.sinks:
        if other.consumer.span != sink.consumer.span or other.library != sink.library:
            continue
        if other.operation in ("insert", "orm-add", "orm-create") and other.conflict is None:
            if other.keys != () and not other.swallowed and other.span != sink.span:
                return other
    return None


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind == "table" and sink.operation not in _TABLES:
        return
    change = _growing(sink)
    if change is None or _guarded(sink) or never(sink):
        return
    beside = _beside(sink, project) if sink.kind == "table" else None
    if beside is not None and beside.keys:
        return
    severity: Severity | None = "warning" if sink.kind == "cache" else None
    target = sink.target or sink.table
    where = f" of {target}" if target and target != change.column else ""
    does = "adds to" if change.how == "add" else "appends to"
    consequence = "a record delivered again counts twice"
    if change.how == "append":
        consequence = "a record delivered again is appended twice"
    if starts_at(sink.consumer, "earliest"):
        consequence = "every start of this consumer reads the whole topic again and counts it again"
    advice = (
        "insert the record's key, or its topic, partition and offset, into a table of processed"
        " records in the same transaction, and do this only if a row was inserted"
    )
    if sink.kind != "table":
        advice = (
            "set what the record says instead, or do this only when the record's key was not seen"
            " before"
        )
    message = (
        f"{consequence}: this write {does} {change.column}{where}, and nothing tells a second"
        f" delivery from the first; {advice}"
    )
    yield Hit(
        span=sink.span,
        message=message,
        confidence="low" if beside is not None else sink.confidence,
        severity=severity,
        related=way(sink, *statement(sink)),
        causes=causes(sink),
        subject_key=speak.subject_key(
            sink.consumer, sink.operation, sink.target or sink.table or "", change.column
        ),
    )


RULE = Rule(
    id="non-idempotent-update",
    group="sinks",
    subject=Sink,
    severity="error",
    check=check,
    summary="an update adds to what is there, and is repeated by every redelivery",
)
