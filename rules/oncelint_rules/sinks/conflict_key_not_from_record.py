"""The key by which an upsert would meet its own repetition is made up anew for each delivery.

## What it does

Reports an insert or upsert reached from a consume loop that has a clause for rows that are there
(ON CONFLICT, ON DUPLICATE KEY, INSERT IGNORE, REPLACE, MERGE), where a column of the key it goes by is
filled with `uuid4()`, the current time, a counter in memory, Python's `hash()` of a text, or by the
database itself (a sequence, `gen_random_uuid()`, a generated column that the statement leaves out).

## The failure

A consumer stores invoices with `INSERT … ON CONFLICT (id) DO NOTHING` and `id = uuid4()`. Invoice 9 is
stored as 5f2c…, and the process is killed before the offset is committed. Its successor polls invoice 9
again, draws a91e… for it, and the database finds no conflict: there are two invoices. No redelivery ever
meets its first delivery, so that the clause does nothing at all. With the current time in the key it is
the same; Python salts `hash()` anew in every process, so that it is only stable until the restart that
causes the redelivery.

## What the fix costs

Nothing but the choice of the key: the record's business key, its topic, partition and offset, or
`uuid5()` of either where the column has to be a UUID. Topic, partition and offset do not remove
duplicates that the upstream producer wrote, and do not survive mirroring or recreating the topic.

## When it is silent

When a column's value was not followed to its end, or may come from the record as well
(`event.get("id") or uuid4()`); for the current day, which a record that comes again at once mostly meets
(`date.today()`, CURRENT_DATE); when a repetition violates another known unique key of the table, which
raises; when the clause names no target and the table's keys are not known; when nothing is delivered
twice, since the consumer has no group, begins at the latest offset and does not seek. Documents and
objects in other stores are append-only-write.

## References

PostgreSQL INSERT (ON CONFLICT); MySQL "INSERT ... ON DUPLICATE KEY UPDATE"; Python documentation, `uuid`
and `PYTHONHASHSEED`; Kafka documentation, message delivery semantics.

Shown on SQLite, PostgreSQL 15 and MariaDB 10.11, on SQLite behind Apache Kafka 4.1: the row is
there twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncelint.model import Hit, Project, Related, Rule, Sink, Source, speak
from oncelint_rules.common.redelivery import again, causes, never, statement, way

_WORDS = {
    "random": "a random value",
    "time": "the current time",
    "process": "a process id",
    "sequence": "a counter",
    "hash": "hash(), which is salted at every start",
}


def _made_up(sink: Sink, key: Iterable[str]) -> tuple[str, Source | None] | None:
    """The first column of a key that is never the same again, and what fills it."""
    fills = dict(sink.fills)
    for column in key:
        source = fills.get(column)
        if source is not None and source.repeats() is False:
            return column, source
        if source is None and sink.columns and column not in sink.columns:
            if column in sink.generated:
                return column, None
    return None


def _found(sink: Sink) -> tuple[tuple[str, ...], str, Source | None] | None:
    """The key that never conflicts, with its column that is made up."""
    conflict = sink.conflict
    if conflict is None or conflict.partial:
        return None
    if conflict.columns is not None:
        found = _made_up(sink, conflict.columns)
        return (conflict.columns, *found) if found is not None else None
    if conflict.constraint is not None or not sink.unique or not sink.keys_settled:
        return None
    each = [(tuple(sorted(key)), _made_up(sink, sorted(key))) for key in sink.unique]
    told = [(key, *found) for key, found in each if found is not None and found[1] is not None]
    # a table all of whose keys the database makes up is conflict-target-not-unique's matter
    return told[0] if told and all(found is not None for _, found in each) else None


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or sink.keys or sink.deduplicated or never(sink):
        return
    found = _found(sink)
    if found is None:
        return
    key, column, source = found
    if source is None:
        what = "which the database makes up for each row"
    else:
        kinds = [words for kind, words in _WORDS.items() if kind in source.kinds]
        what = f"which is filled with {' and '.join(kinds)}"
    into = f" into {sink.table}" if sink.table is not None else ""
    named = ", ".join(key)
    which = f"({named})" if len(key) == 1 else f"({named}) with {column}"
    message = (
        f"{again(sink)} becomes a second row: the write{into} goes by {which}, {what}, so that it"
        " never meets the row of its first delivery; take the key from the record, or use uuid5() of"
        " its topic, partition and offset"
    )
    places = []
    if source is not None and source.span is not None and not sink.span.covers(source.span):
        places.append(Related(source.span, f"{column} is made here"))
    places += statement(sink)
    yield Hit(
        span=sink.span,
        message=message,
        confidence=sink.confidence,
        related=way(sink, *places),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="conflict-key-not-from-record",
    group="sinks",
    subject=Sink,
    severity="error",
    check=check,
    summary="an upsert by a key that is made up anew, so that it never conflicts",
    supersedes=(
        "insert-without-conflict-key",
        "conflict-target-not-unique",
        "batch-upsert-not-deduplicated",
        "non-idempotent-update",
        "upsert-overwrites-progress",
    ),
)
