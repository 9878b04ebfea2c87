"""ON CONFLICT names columns that are no unique key, or leaves it to a table that has none to violate.

## What it does

Reports an upsert reached from a consume loop whose conflict target, taken as a set of columns, is no
unique key of the table as the project declares it, and an insert that skips conflicts (DO NOTHING,
INSERT IGNORE) into a table all of whose unique keys are made up by the database for each row.

## The failure

A consumer stores shipments with `ON CONFLICT (order_id) DO UPDATE`, and the table has a primary key on
`id` and a plain index on `order_id`. PostgreSQL refuses the statement: "there is no unique or exclusion
constraint matching the ON CONFLICT specification". The first record raises, the consumer dies, is
restarted, polls the same record and dies again; where the exception is caught and logged, nothing is
ever stored.

With DO NOTHING and no target nothing is raised, and that is worse. Payment 17 is inserted into a table
whose only key is a serial `id`; the process is killed before the offset is committed; its successor
inserts payment 17 again under the next `id`. The clause looks like protection and never applies.

## What the fix costs

A unique index on the columns that tell records apart, which has to be built once
(`CREATE UNIQUE INDEX CONCURRENTLY` keeps PostgreSQL's table writable) and looked up for every row. Rows
that are there twice already have to be removed first.

## When it is silent

When the table is not declared in the project, or its declaration is contradicted, altered in a way that
is not understood, or belongs to another deployment unit; when the target is a constraint's name, an
expression, or has a condition, which a partial index may match; when the table has no target and some key
of it is filled by the statement, or the statement's columns are not known. Where a key column is filled
with a value that is made up in the program, conflict-key-not-from-record says so.

## References

PostgreSQL INSERT (conflict_target, "unique index inference"); SQLite "UPSERT"; MySQL "INSERT IGNORE";
Kafka documentation, message delivery semantics.

Shown on SQLite, PostgreSQL 15 and MariaDB 10.11, on SQLite behind Apache Kafka 4.1: refused, or the
row is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Conflict, Hit, Project, Related, Rule, Sink, speak
from oncelint_rules.common.redelivery import again, causes, never, way

# Databases that look for a unique index by the target's columns.
_INFER = frozenset(("postgres", "sqlite", "duckdb", ""))
_INSERTS = frozenset(("insert", "upsert", "orm-create"))


def _shown(sink: Sink) -> str:
    """The table's unique keys, in words."""
    keys = sorted(", ".join(sorted(key)) for key in sink.unique or ())
    return " and ".join(f"({key})" for key in keys)


def _refused(sink: Sink, conflict: Conflict) -> bool:
    """Whether no unique key of the table matches the target."""
    if conflict.columns is None or conflict.action == "merge" or conflict.partial:
        return False
    if any("(" in column for column in conflict.columns):
        return False  # indexes over expressions are not read
    return sink.sql in _INFER and frozenset(conflict.columns) not in (sink.unique or ())


def _never_applies(sink: Sink, conflict: Conflict) -> bool:
    """Whether every unique key has a column that the database makes up for each row."""
    if conflict.columns is not None or conflict.constraint is not None or not sink.columns:
        return False
    if conflict.action != "nothing" or sink.keys != ():
        return False
    made_up = sink.generated - set(sink.columns)
    return all(key & made_up for key in sink.unique or ())


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    conflict = sink.conflict
    if sink.kind != "table" or sink.operation not in _INSERTS or conflict is None:
        return  # a mapper's own upserts look first, and need no index for that
    if sink.unique is None or not sink.keys_settled:
        return
    table = sink.table or "the table"
    if _refused(sink, conflict):
        target = ", ".join(conflict.columns or ())
        keys = f"only {_shown(sink)}" if sink.unique else "none at all"
        message = (
            f"the first record stops the consumer: ON CONFLICT ({target}) matches no unique key of"
            f" {table}, which has {keys}, and the database refuses the statement; make"
            f" ({target}) a unique key of {table}"
        )
    elif _never_applies(sink, conflict) and not never(sink):
        keys = (
            f"has only {_shown(sink)}, made up for each row" if sink.unique else "has no unique key"
        )
        message = (
            f"{again(sink)} becomes a second row: {table} {keys}, so that nothing is ever skipped;"
            " make the record's business key, or its topic, partition and offset, a unique key of"
            f" {table}"
        )
    else:
        return
    places = [Related(sink.keys_span, f"{table} is declared here")] if sink.keys_span else []
    yield Hit(
        span=sink.span,
        message=message,
        confidence=sink.confidence,
        related=way(sink, *places),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="conflict-target-not-unique",
    group="sinks",
    subject=Sink,
    severity="error",
    check=check,
    summary="an upsert's conflict target is no unique key of its table",
    supersedes=(
        "insert-without-conflict-key",
        "batch-upsert-not-deduplicated",
        "non-idempotent-update",
        "upsert-overwrites-progress",
    ),
)
