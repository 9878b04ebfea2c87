"""An upsert sets a column back to its first value that others have moved on since.

## What it does

Reports an upsert reached from a consume loop that sets a column to the same constant for every record,
one that rows begin with (new, pending, 0, false, NULL …), where the column's name says that it moves on
(status, state, stage, step, attempts, processed, handled …), or another write of a consume loop in the
project updates it; and a REPLACE, which deletes the row first, into a table that such a write updates in
columns that the REPLACE leaves out.

## The failure

A consumer stores orders with `INSERT (id, status) VALUES (…, 'new') ON CONFLICT (id) DO UPDATE SET status
= EXCLUDED.status`. Order 31 is stored; the warehouse picks it and sets its status to 'shipped'. Then the
group rebalances before the offset was committed, order 31 is delivered again, and the upsert sets it back
to 'new': it is picked and shipped a second time. The upsert is idempotent as long as nobody else writes
to the row.

## What the fix costs

Nothing: `DO NOTHING`, or leaving the column out of DO UPDATE, keeps what is there. Where later records
have to update other columns, a condition (`WHERE t.version < EXCLUDED.version`) lets only newer ones
through.

## When it is silent

When the column is set from the record, which then is where its state is kept; when the constant says what
has become of the row (shipped, cancelled), which is what the topic is about; when the clause has a
condition that a repetition fails; when the column keeps what it has (COALESCE, GREATEST, CASE); when an
entry in a table of processed records comes first in the loop; when nothing is delivered twice, since the
consumer has no group, begins at the latest offset and does not seek.

## References

PostgreSQL INSERT (ON CONFLICT DO UPDATE … WHERE); MySQL "REPLACE Statement"; Kafka documentation, message
delivery semantics; kafka-connect-jdbc issue 874 (insert-or-ignore beside upsert).

Shown on SQLite, PostgreSQL 15 and MariaDB 10.11, on SQLite behind Apache Kafka 4.1: what was
shipped is new again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.model import Hit, Project, Related, Rule, Sink, speak, weakest
from oncelint_rules.common.redelivery import causes, never, statement, way

_MOVES_ON = re.compile(
    r"(?:^|_)(?:status|state|stage|phase|step|progress|attempts?|retries|processed|handled|done"
    r"|sent|shipped|notified|completed|claimed|acknowledged)(?:_|$)"
)

# Values that a row begins with.
_FIRST = re.compile(
    r"new|pending|open(?:ed)?|created?|received|queued|enqueued|waiting|init\w*|draft|todo"
    r"|unprocessed|not[ _-]?\w+|idle|ready|registered|submitted|placed|accepted|scheduled|started"
    r"|unread|unpaid|unsent|imported|0|false|null|n|no|",
    re.I,
)


def _advances(sink: Sink, project: Project) -> dict[str, Sink]:
    """The columns of the same table that other writes update."""
    found: dict[str, Sink] = {}
    for other in project.sinks:
        if other.table == sink.table and other.span != sink.span and not other.in_tests:
            if other.operation in ("update", "orm-update"):
                found.update({change.column: other for change in other.changes})
    return found


def _reset(sink: Sink, others: dict[str, Sink]) -> str | None:
    """The column that is set back."""
    conflict = sink.conflict
    if conflict is None or conflict.only_if is not None:
        return None
    if conflict.action == "replace":
        if not sink.columns or not others:
            return None
        return next((one for one in sorted(others) if one not in sink.columns), None)
    for change in conflict.changes:
        if change.how != "set" or change.source.kinds != {"constant"} or not change.source.known:
            continue
        first = change.source.constant
        if first is not None and not _FIRST.fullmatch(first):
            continue  # what has become of the row, said by the record's topic
        if change.column in others or (first and _MOVES_ON.search(change.column.lower())):
            return change.column
    return None


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or sink.table is None or sink.deduplicated or never(sink):
        return
    others = _advances(sink, project)
    column = _reset(sink, others)
    if column is None:
        return
    advice = f"leave {column} out of what a conflict updates, or use DO NOTHING"
    if sink.conflict is not None and sink.conflict.action == "replace":
        advice = "use an upsert that updates only what the record brings"
    elif sink.sql == "mysql" or sink.statement is None:
        advice = f"leave {column} out of what a conflict updates"
    message = (
        f"a record delivered again sets {column} of {sink.table} back to its first value, whatever"
        f" others have made of it since; {advice}"
    )
    places = []
    if column in others:
        places.append(Related(others[column].span, f"{column} is updated here"))
    places += statement(sink)
    yield Hit(
        span=sink.span,
        message=message,
        # that others advance it is told by its name alone where no other write to it is seen
        confidence=sink.confidence if column in others else weakest(sink.confidence, "medium"),
        related=way(sink, *places),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table, column),
    )


RULE = Rule(
    id="upsert-overwrites-progress",
    group="sinks",
    subject=Sink,
    severity="note",
    check=check,
    summary="an upsert sets back a column that others advance",
)
