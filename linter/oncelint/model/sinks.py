"""What is done for a consumed record outside the loop that took it: writes, calls, messages.

Everywhere `span` is the place of the thing itself. A sink's `consumer` is whose records it is done
for, `path` the steps from there to it, `confidence` how surely its library and its values were
recognised, `in_tests` that its code is a test's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from oncelint.model.finding import Confidence
    from oncelint.model.project import Consumer, Step
    from oncelint.model.values import Span

SinkKind: TypeAlias = Literal[
    "table", "document", "cache", "search", "object", "http", "payment", "mail", "queue", "frame"
]

# Parts of the record; "record" is the record itself, or a part of it that was not followed.
RECORD_KINDS = frozenset(
    ("record", "value", "key", "headers", "topic", "partition", "offset", "timestamp")
)
# What is another value when the same record is processed again, by this process or its successor:
# "process" is a process id, "sequence" a counter in memory or of the database, "hash" Python's
# hash(), which is salted at every start.
CHANGING_KINDS = frozenset(("random", "time", "process", "sequence", "hash"))


@dataclass(frozen=True, slots=True)
class Source:
    """What a value derives from, as far as it was followed.

    `kinds` are RECORD_KINDS, CHANGING_KINDS, "constant", "host" and "environment". Not `known`
    when a part of it could not be followed. `span` is where the value is written, `constant` the
    text of a single constant ("null" for none), None for anything else.
    """

    kinds: frozenset[str]
    known: bool = True
    span: Span | None = None
    constant: str | None = None

    @property
    def from_record(self) -> bool:
        return bool(self.kinds & RECORD_KINDS)

    def repeats(self) -> bool | None:
        """Whether a redelivered record gives the same value; None when that is not known."""
        if self.kinds & CHANGING_KINDS:
            return False
        return True if self.known else None


@dataclass(frozen=True, slots=True)
class Change:
    """What a write makes of a column or field, `column`, that is there already.

    `how`: "set" to a value that does not depend on the old one, "add" (x = x + n, INCR, $inc),
    "append" (a list, a text, $push), "kept" (x = x, COALESCE(x, …)), "other" for any other
    expression of the old value. `source` is what it is set to, or added.
    """

    column: str
    how: Literal["set", "add", "append", "kept", "other"]
    source: Source
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The clause by which a statement tolerates its own repetition.

    `action` is what it does with the row that is there. `columns` is the target in statement order,
    None when the clause names none (MySQL's, or `constraint`, one by its name). `partial`: the
    target has a WHERE or an expression. `changes` are what it does to the row that is there, and
    `only_if` is the condition under which it does so where a repetition fails that. `span` is the
    clause, or the literal that holds it.
    """

    action: Literal["nothing", "update", "replace", "merge"]
    columns: tuple[str, ...] | None = None
    constraint: str | None = None
    partial: bool = False
    changes: tuple[Change, ...] = ()
    span: Span | None = None
    only_if: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A lookup in `table` that alone keeps a repetition from being written: nothing is entered
    that decides, no lock is taken, and no transaction is serialisable."""

    span: Span
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Something done for a record that outlives it, reached from a consume loop.

    `span` is the call that writes, or the statement's literal where that call is a helper's that
    executes whatever it is given. `kind` is what is written to; `operation` what is done: for
    tables insert, orm-add, orm-create, upsert, orm-upsert, update, orm-update, delete, copy,
    append; for other stores insert, put (by a key the caller chooses), increment, append, delete;
    for calls post, put, patch, delete, call, send. `target` is the table, collection, bucket,
    queue or URL as far as known (for tables the same as `table`).

    Tables: `statement` is the SQL as known (placeholders and all) and `statement_span` its
    literal, `table` in lower case, `columns` in statement order, `guard` what makes it tolerate
    its own repetition (None: nothing seen), `conflict` its clause when it was followed. `fills`
    tells what each column is filled from, `changes` what an UPDATE does, `selected_by` the
    columns of its WHERE. `keys` are the unique keys that a repetition of the record violates: None
    where the table's keys are not known, empty where it has none that the record fills;
    `unique` are all the table's unique keys, generated ones included (None: not known), and
    `generated` its columns that the database makes up; `keys_span` is where the table is declared;
    not `keys_settled` when its keys may be others by now. `looked_up`: the SELECT of the same
    table that stands before the write in the loop and decides whether it is done, or
    (`tried_first`) the UPDATE that found no row to change.
    `deduplicated`: what is done before in the loop and decides that a repetition does not come
    here, an entry in a table of what was processed for instance.

    Other stores and calls: `identity` is what tells the write apart from another (the document's
    id, the cache or object key, the idempotency or deduplication key), None when the call gives
    none, and `identity_name` what it is called there (`_id`, `Idempotency-Key`). `engine` is the
    table's engine where that decides (ClickHouse).

    `caught`: a violation is caught around the write; `swallowed`: whatever is raised is. `library`
    is the driver, `sql` its SQL (postgres, mysql …). `many`: one call writes several records' rows,
    `one_statement`: all of them in one statement (`rows_distinct`: of which there may be one for
    each key). `repeated` are the columns that a repetition fills with the same values, as far as is
    seen. `positioned`: the program itself chooses where the consumer reads (seek, assign).
    `decided`: the lookup in any table, the write's own included, that it depends on.
    `marked_first`: where the entry that keeps a repetition out is committed before the write.
    """

    library: str
    operation: str
    span: Span
    consumer: Consumer
    path: tuple[Step, ...]
    kind: SinkKind = "table"
    target: str | None = None
    statement: str | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()
    guard: str | None = None
    conflict: Conflict | None = None
    fills: tuple[tuple[str, Source], ...] = ()
    changes: tuple[Change, ...] = ()
    selected_by: tuple[str, ...] = ()
    keys: tuple[frozenset[str], ...] | None = None
    unique: tuple[frozenset[str], ...] | None = None
    generated: frozenset[str] = frozenset()
    looked_up: Span | None = None
    deduplicated: str | None = None
    identity: Source | None = None
    identity_name: str = ""
    engine: str | None = None
    many: bool = False
    one_statement: bool = False
    rows_distinct: bool = False
    caught: bool = False
    confidence: Confidence = "high"
    in_tests: bool = False
    statement_span: Span | None = None
    keys_span: Span | None = None
    keys_settled: bool = True
    swallowed: bool = False
    sql: str = ""
    repeated: tuple[str, ...] = ()
    positioned: bool = False
    decided: Decided | None = None
    marked_first: Span | None = None
    tried_first: bool = False
