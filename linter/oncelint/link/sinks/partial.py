"""What a recogniser tells of a write before it is known which consumer's records lead to it."""

from __future__ import annotations

from dataclasses import dataclass

from oncelint.link.schemas import Declared
from oncelint.model.sinks import Change, Conflict, SinkKind, Source
from oncelint.model.values import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """A write as its execution alone shows it; every field is that of `oncelint.model.sinks.Sink`.

    A recogniser is a pure function `recognise(machine, execution) -> Partial | None`: None for
    anything that is not its kind of write, so that the next one is asked. Not `certain` where the
    write was inferred or is not known whole: the sink gets medium confidence. `declared` is the
    table as the project declares it, None where nothing does; `keys` and `repeated` are then what
    it means for this write. `record`: part of it derives from the record (None: may derive from
    it), whether or not the last call's own arguments do. `span` is where the write stands, where
    that is not the call.
    """

    library: str
    operation: str
    kind: SinkKind = "table"
    certain: bool = True
    target: str | None = None
    statement: str | None = None
    statement_span: Span | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()
    guard: str | None = None
    conflict: Conflict | None = None
    fills: tuple[tuple[str, Source], ...] = ()
    changes: tuple[Change, ...] = ()
    selected_by: tuple[str, ...] = ()
    declared: Declared | None = None
    keys: tuple[frozenset[str], ...] | None = None
    identity: Source | None = None
    identity_name: str = ""
    engine: str | None = None
    many: bool = False
    one_statement: bool = False
    sql: str = ""
    repeated: tuple[str, ...] = ()
    looked_up: Span | None = None
    record: bool | None = False
    span: Span | None = None
