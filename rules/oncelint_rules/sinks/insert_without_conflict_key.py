"""A consumer inserts rows that nothing keeps from being inserted twice.

## What it does

Reports an INSERT, an ORM add or a bulk insert that the records of a consume loop reach and that has
no clause for its own repetition: ON CONFLICT, ON DUPLICATE KEY, INSERT IGNORE, OR REPLACE, REPLACE
INTO, MERGE, NOT EXISTS.

## The failure

A consumer books payments: poll, INSERT, commit the offset. Payment 17 is inserted, the database
commits, and the process is killed before the offset is. Its successor polls payment 17 again, as it
must, and books it again. The same happens at every rebalance that comes between insert and commit,
and whenever somebody resets the group to reprocess a day.

Where the table has a unique key on what the record brings, the second INSERT raises instead. If
nobody catches that, the consumer dies, is restarted, polls the same record and dies again: one
redelivered record stops the partition. That is a warning. Where the table's keys are not known, it is
one or the other, and an error.

A consumer without a group that begins at the earliest offset inserts the whole topic at every start.

## What the fix costs

One index lookup for every row, and a unique key to look up: the record's business key, or its topic,
partition and offset as columns. `ON CONFLICT (…) DO NOTHING` (PostgreSQL, SQLite) or
`ON DUPLICATE KEY UPDATE id = id` (MySQL; INSERT IGNORE also hides data errors) then makes redelivery
harmless. The fix adds the clause where the statement is written, as a literal or in a .sql file: it is
safe with a unique key that is known, where nothing else is done for the record and nobody else calls
the function. Beside an UPDATE of a balance the violation is the guard: without it the UPDATE would be
done twice, so there the fix is unsafe. It is that as well where the statement names the record's topic,
partition and offset instead of a known key, since it fails where they are none. SQLAlchemy's `insert()` becomes the dialect's own,
and Django's `bulk_create` gets `ignore_conflicts=True`. Everything else is yours to write.

A key of topic, partition and offset does not remove duplicates that the upstream producer wrote, and
does not survive mirroring or recreating the topic.

## When it is silent

When a guard is seen in any form, a chained `.on_conflict_do_nothing()`, `ignore_conflicts=True` or a
clause many lines below included; when the same loop looks the table up or deletes from it first, or
enters the record in a table of processed ones (inbox, processed, dedup in its name) or in any table if
the number of rows that were entered decides, unless what the lookup finds is printed at most; when an
UPDATE or DELETE whose own condition a repetition fails (`SET state = 'paid' … AND state = 'open'`)
decides by the rows it changed, or a state that is looked up, compared and changed in the same loop;
when an UPDATE of the same row found none (check-then-insert, at low confidence); for temporary tables;
when the program assigns or seeks, and writes the record's offset to a table of the same database; when
a violation is caught (IntegrityError, UniqueViolation) around the write, or where a mapper's `flush()`
sends it, and the table has a unique key or its keys are not known; when whatever is raised is caught and the table is
known to have one, or the record fills a column that is likely one (id, order_id, uuid); when nothing is
delivered twice, since the consumer has no group, begins at the latest offset and does not seek; when
part of the statement is unknown and may hold the clause; when nothing of the record is written; for
stores where an insert is an upsert by key (Cassandra) or tables have no unique keys (ClickHouse); where
no consume loop is seen to lead to the write.

A handler that raises again, or that stands around the loop, catches nothing in this sense.

Where the driver is told only by the module's imports, or the rows are not known, the confidence is
medium; where it cannot be told whether the values come from the record, or neither columns nor keys
are known and whatever is raised is caught, it is low.

Unique keys are read from CREATE TABLE, CREATE UNIQUE INDEX and ALTER TABLE in Python code and .sql
files of the same deployment unit, from migrations, which are replayed to their end (Flyway, goose,
dbmate and other numbered files, Alembic, Django), and from the classes of SQLAlchemy, SQLModel, Django,
peewee and Tortoise. A generated key
(SERIAL, AUTO_INCREMENT, uuid4()) never repeats and is no key of the record; a SQLModel key without a
default that cannot be None is brought by every record that an object is made of. A .sql file that is
named after another database, or that only Cassandra can read, declares nothing.

A helper that executes whatever it is given is not what has to be changed: the place of the finding is
the statement that another function hands to it.

## References

PostgreSQL INSERT (ON CONFLICT); SQLite "UPSERT"; MySQL "INSERT ... ON DUPLICATE KEY UPDATE"; SQLAlchemy
"INSERT…ON CONFLICT (Upsert)"; Django `bulk_create(ignore_conflicts=…)`; Kafka documentation, message
delivery semantics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oncelint.model import (
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    Severity,
    Sink,
    speak,
)
from oncelint_rules.common.redelivery import again, causes, never, statement, way

_CALLS = {"orm-add": "this add", "orm-create": "this create"}


def _words(columns: frozenset[str], order: Sequence[str] = ()) -> str:
    """Columns in the order of the statement."""
    return ", ".join(sorted(columns, key=lambda one: (one not in order, [*order, one].index(one))))


def _guard(sink: Sink, key: str | None) -> str:
    """How this library's SQL tolerates a repetition, on a key as it is known."""
    if sink.statement is None and sink.library in ("django", "tortoise"):
        return "use get_or_create(), or bulk_create(ignore_conflicts=True)"
    if sink.library == "peewee":
        return "use insert(…).on_conflict_ignore()"
    if sink.library == "rest_framework":
        return "let the serializer's create() use get_or_create()"
    if sink.statement is None:
        method = "on_duplicate_key_update" if sink.sql == "mysql" else "on_conflict_do_nothing"
        return f"use the database's own insert() with {method}()"
    if sink.sql in ("postgres", "sqlite", "duckdb"):
        return f"add ON CONFLICT ({key or '…'}) DO NOTHING"
    if sink.sql == "mysql":
        column = key.partition(",")[0] if key is not None else ""
        return "add ON DUPLICATE KEY UPDATE" + (f" {column} = {column}" if column else "")
    if sink.sql in ("tsql", "oracle"):
        return "use MERGE"
    return f"add ON CONFLICT ({key or '…'}) DO NOTHING, or what this database has for it"


# Columns that are a key in most tables that have them.
_LIKE_A_KEY = re.compile(r"(?:^|_)(?:id|uuid|guid|key)$")


def _tolerated(sink: Sink) -> bool:
    """Whether a repetition is skipped, or may well be: by a clause, or since what it raises is
    caught."""
    if sink.guard is not None or (sink.caught and sink.keys != ()):
        return True
    if not sink.swallowed:
        return False
    if sink.keys is None:
        return any(_LIKE_A_KEY.search(column) for column in sink.repeated)
    return bool(sink.keys)


_INSERTS = frozenset(("insert", "orm-add", "orm-create"))


def _reads_on(sink: Sink, project: Project) -> bool:
    """Whether the program chooses where it reads, and writes the offsets of its records to a table
    of the same database: the next start goes on behind the rows that are there."""
    if not sink.positioned:
        return False
    for other in project.sinks:
        if other.consumer.span != sink.consumer.span or other.kind != "table":
            continue
        if other.library != sink.library or other.span == sink.span:
            continue
        sources = [source for _, source in other.fills]
        changes = [*other.changes, *(other.conflict.changes if other.conflict is not None else ())]
        sources += [change.source for change in changes]
        if any("offset" in source.kinds for source in sources):
            return True
    return False


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind != "table" or sink.operation not in _INSERTS or _tolerated(sink):
        return
    if never(sink) or _reads_on(sink, project):
        return
    hidden = sink.keys is None and sink.swallowed and not sink.columns
    write = _CALLS.get(sink.operation, "this INSERT")
    into = f" into {sink.table}" if sink.table is not None else ""
    severity: Severity | None = None
    if sink.keys:
        severity = "warning"
        first = min(
            sink.keys,
            key=lambda key: (len(key), [one not in key for one in sink.columns], sorted(key)),
        )
        key = _words(first, sink.columns)
        message = (
            f"{again(sink)} violates the unique key ({key}) and stops the consumer:"
            f" {write}{into} has no conflict clause and the violation is not caught;"
            f" {_guard(sink, key)}"
        )
    else:
        table = sink.table or "the table"
        lacking = f", and {table} has no unique key the record fills" if sink.keys == () else ""
        doubled = "becomes a second row"
        if sink.keys is None and not sink.swallowed:
            doubled += ", or violates a key of the table and stops the consumer"
        message = (
            f"{again(sink)} {doubled}: {write}{into} has no conflict clause"
            f"{lacking}; make the record's business key, or its topic, partition and offset, a"
            f" unique key and {_guard(sink, None)}"
        )
    places = [*statement(sink)]
    if sink.keys_span is not None:
        places.append(Related(sink.keys_span, f"{sink.table} is declared here"))
    yield Hit(
        span=sink.span,
        message=message,
        # with a key that the record may fill, what is raised would be caught
        confidence="low" if hidden else sink.confidence,
        severity=severity,
        related=way(sink, *places),
        goal=Goal(
            "let the statement tolerate its own repetition",
            safety="safe" if sink.keys else "unsafe",
            repeatable=True,
        ),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.table or ""),
    )


RULE = Rule(
    id="insert-without-conflict-key",
    group="sinks",
    subject=Sink,
    severity="error",
    check=check,
    summary="a plain insert of consumed records, repeated by every redelivery",
    fix="unsafe",
)
