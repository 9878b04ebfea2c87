"""One upsert takes the rows of a whole batch, in which a key may come twice.

## What it does

Reports an upsert with DO UPDATE (PostgreSQL, DuckDB) or a MERGE (of any database) reached from a consume
loop that brings the rows of several records in one statement (`execute_values`, a VALUES list
that is put together), where nothing is seen to keep one row for each key.

## The failure

A consumer keeps the newest position of each vehicle: it polls up to 500 records and upserts them with one
`execute_values`. Vehicle 8 reports twice within a batch. PostgreSQL raises "ON CONFLICT DO UPDATE command
cannot affect row a second time" (21000), and none of the 500 rows is written. The consumer dies, its
successor polls the same batch, and dies again; while there is little traffic it never happens, and with a
backlog it happens at once, since a backlog makes batches large.

## What the fix costs

One pass over the batch: `rows = list({row.key: row for row in batch}.values())` keeps the last of each key
in the order of the partition, which also is the one that has to win.

## When it is silent

When the rows are counted in the code, or are made of a list within one record; when the key holds the
record's offset; when a dict, a set, `drop_duplicates()`, a grouping, or a name that
says so (unique, latest, dedup …) is used in a function on the way; for DO NOTHING, which takes a key twice;
for `executemany()` and `execute_batch()`, which execute the statement for each row; for MySQL and SQLite,
which take one row after the other; for rows that come from another table.

## References

PostgreSQL INSERT ("INSERT with an ON CONFLICT DO UPDATE clause is a deterministic statement"); psycopg2
`execute_values`; SQL Server MERGE (error 8672); Oracle MERGE (ORA-30926); PostgreSQL MERGE ("cannot affect row a second
time").

Shown on PostgreSQL 15, with INSERT and with MERGE; SQLite takes the same statement.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, Sink, speak
from oncelint_rules.common.redelivery import causes, statement, way

_UPDATES = frozenset(("postgres", "duckdb"))


def _fails(sink: Sink) -> bool:
    """Whether the database refuses a statement that brings a key twice."""
    if sink.conflict is None:
        return False
    if sink.conflict.action == "update":
        return sink.sql in _UPDATES and any(one.how != "kept" for one in sink.conflict.changes)
    return sink.conflict.action == "merge"


def _by_position(sink: Sink) -> bool:
    """Whether the key is made of the record's offset, which no two records share."""
    fills = dict(sink.fills)
    columns = sink.conflict.columns if sink.conflict is not None else None
    return any("offset" in fills[one].kinds for one in columns or () if one in fills)


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or not sink.one_statement or sink.rows_distinct or not _fails(sink):
        return
    if _by_position(sink):
        return
    conflict = sink.conflict
    key = ", ".join(conflict.columns or ()) if conflict is not None else ""
    named = f"the same ({key})" if key else "the same key"
    into = f" into {sink.table}" if sink.table is not None else ""
    message = (
        f"a batch with two records of {named} is refused as a whole and stops the consumer: this"
        f" upsert{into} brings all rows in one statement, which may touch a row only once; keep the"
        " last row of each key before it"
    )
    yield Hit(
        span=sink.span,
        message=message,
        confidence=sink.confidence,
        related=way(sink, *statement(sink)),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="batch-upsert-not-deduplicated",
    group="sinks",
    subject=Sink,
    severity="warning",
    check=check,
    summary="one multi-row upsert is fed with a batch in which a key may come twice",
)
