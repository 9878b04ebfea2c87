"""Writes by SQL statements through database drivers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Comp, Foreign, Lit, Phi
from oncelint.frameworks.python.databases import DRIVERS, FUNCTIONS, STATEMENT_METHODS
from oncelint.link.schemas import Schemas
from oncelint.link.sinks.clauses import Clauses, Text, clauses, effect_in, texts, with_names
from oncelint.link.sinks.origins import dialect_of, library_of
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.repetition import made_up, violated
from oncelint.link.sinks.texts import read_in, statement_args
from oncelint.sql.effects import Effect, Filled
from oncelint.sql.statements import Filler, Written, begins_statement, read_lookup, read_statement

# What a statement says that looks up whether the row is there, in the same breath.
_LOOKS = frozenset({"NOT EXISTS", "NOT IN", "EXCEPT", "an anti-join"})


def recognise(machine: Machine, execution: Execution, schemas: Schemas) -> Partial | None:
    """A statement, handed to a driver as text, that writes to a table."""
    library, inferred = library_of(machine, execution)
    values = _values(machine, execution, library)
    if not values:
        return None
    dialect = "postgres" if execution.method in FUNCTIONS else dialect_of(execution, library)
    written = _statement(values, dialect)
    if written is None:
        changed = _changed(machine, execution, texts(values), dialect)
        if changed is None:
            return None
        return replace(changed, library=library or "SQL", certain=changed.certain and not inferred)
    text = next((one for one in texts(values) if one.text == written.text), None)
    effect = effect_in(text, dialect, ("insert", "upsert")) if text is not None else None
    if text is not None and effect is not None and effect.conflict is not None:
        if _grows(effect_in(text, dialect, ("update",))):
            # the insert tolerates its repetition, and the update beside it does not
            changed = _changed(machine, execution, [text], dialect)
            if changed is not None:
                return replace(changed, library=library or "SQL", certain=not inferred)
    written = _completed(written, effect)
    declared = None
    if written.table is not None:
        declared = schemas.find(written.table, execution.at.path, dialect)
    fresh = made_up(written, execution)
    partial = Partial(
        library=library or "SQL",
        operation=written.operation,
        certain=written.certain and not inferred,
        target=written.table,
        statement=written.text,
        statement_span=written.span,
        table=written.table,
        columns=written.columns,
        guard=written.guard,
        declared=declared,
        keys=violated(declared, written, execution) if declared is not None else None,
        sql=dialect,
        repeated=tuple(one for one in written.columns if one not in fresh),
        looked_up=span_of(execution.at) if written.guard in _LOOKS else None,
    )
    if text is None or effect is None or effect.table != written.table:
        return partial
    return _told(partial, effect, clauses(machine, execution, effect, text))


def _grows(effect: Effect | None) -> bool:
    """Whether an UPDATE adds to what is there, whenever it is executed."""
    if effect is None or effect.only_if is not None:
        return False
    return any(change.how in ("add", "append") for change in effect.changes)


def _completed(written: Written, effect: Effect | None) -> Written:
    """A REPLACE or MERGE, of which only the words were read, with the names of its effect."""
    if written.table is not None or effect is None or effect.table is None:
        return written
    fillers = tuple(_filler(filled) for filled in effect.filled)
    return written._replace(table=effect.table, columns=effect.columns, fillers=fillers)


def _filler(filled: Filled) -> Filler:
    """What fills a column, as the reader of words says it."""
    if any(one.kind == "made" for one in filled.fills):
        return False
    given = [one.value for one in filled.fills if one.kind in ("index", "name")]
    return given[0] if len(given) == 1 else None


def _values(machine: Machine, execution: Execution, library: str | None) -> tuple[Abs, ...]:
    """What a statement may be that is executed, if it is one."""
    if execution.method in FUNCTIONS:
        found = read_in(machine, execution, execution.args[1:2])
    elif execution.method not in STATEMENT_METHODS or (
        library is not None and library not in DRIVERS
    ):
        return ()
    else:
        found = read_in(machine, execution, statement_args(execution))
    return tuple(_named(one) for one in found)


# A name that a setting gives where it is set: without it nothing stands in its place.
_NAMELESS = re.compile(
    r"\b(?:INTO|FROM|JOIN)\s*(?:\(\s*\w+\s*[,)]|WHERE\b|SET\b)|\bUPDATE\s+SET\b", re.I
)


def _named(value: Abs) -> Abs:
    """A choice of texts without those that lack the name of a table, which fail where they are
    executed, or that are not told from what is unknown."""
    if not isinstance(value, Phi):
        return value
    named = tuple(branch for branch in value.branches if not _nameless(branch[1]))
    if not named or len(named) == len(value.branches):
        return value
    return named[0][1] if len(named) == 1 else replace(value, branches=named)


def _nameless(value: Abs) -> bool:
    text = value.value if isinstance(value, Lit) else None
    text = value.template if isinstance(value, Comp) else text
    if not isinstance(text, str):
        return False
    unset = isinstance(value, Comp) and not value.kinds and text.startswith("{}")
    return unset or _NAMELESS.search(text) is not None


def _told(partial: Partial, effect: Effect, told: Clauses) -> Partial:
    """A write with what its statement's clauses say."""
    return replace(
        partial,
        operation=effect.operation,
        fills=told.fills,
        changes=told.changes,
        conflict=told.conflict,
        many=told.many,
        one_statement=told.one_statement,
        selected_by=effect.selected_by,
    )


def _changed(
    machine: Machine, execution: Execution, found: Sequence[Text], dialect: str
) -> Partial | None:
    """An UPDATE or DELETE; of several that can stand here, a guarded one."""
    partials = []
    for text in found:
        effect = effect_in(text, dialect, ("update", "delete"))
        if effect is None:
            return None
        plain = Partial(
            library="SQL",
            operation=effect.operation,
            target=effect.table,
            statement=text.text,
            statement_span=text.span,
            table=effect.table,
            columns=effect.columns,
            guard=effect.only_if,
            sql=dialect,
        )
        partials.append(_told(plain, effect, clauses(machine, execution, effect, text)))
    guarded = next((one for one in partials if one.guard is not None), None)
    return guarded or (partials[0] if partials else None)


def looked_up(execution: Execution) -> tuple[str | None, str]:
    """The table that a statement looks up or clears by a condition, and by what."""
    if execution.method not in STATEMENT_METHODS:
        return None, ""
    value: Abs | None = next(iter(statement_args(execution)), None)
    if isinstance(value, Foreign):
        value = value.made_from[0] if value.made_from else None
    text = value.value if isinstance(value, Lit) else None
    text = value.template if isinstance(value, Comp) else text
    read = read_lookup(text, "") if isinstance(text, str) else None
    return (read.table, read.operation.upper()) if read is not None else (None, "")


def _statement(args: Sequence[Abs], dialect: str) -> Written | None:
    if not args:
        return None
    value = args[0]
    if isinstance(value, Phi):
        read = [_statement([one], dialect) for _, one in value.branches if not _garbled(one)]
        inserts = [one for one in read if one is not None]
        # every statement that can stand here must be an unguarded insert
        guarded = next((one for one in inserts if one.guard), None)
        if guarded is not None or not inserts or len(inserts) < len(read):
            return guarded
        return inserts[0]
    if isinstance(value, Lit) and isinstance(value.value, str):
        return _placed(read_statement(value.value, dialect), value.at)
    if isinstance(value, Comp):
        return _placed(read_statement(value.template, dialect), value.at)
    if isinstance(value, Foreign):
        return _composed(value, dialect)
    return None


def _garbled(value: Abs) -> bool:
    """Whether a text begins like no statement at all: it fails where it is executed."""
    return isinstance(value, Lit) and (
        not isinstance(value.value, str) or not begins_statement(value.value)
    )


def _placed(written: Written | None, at: At | None) -> Written | None:
    if written is None or at is None:
        return written
    return written._replace(span=span_of(at))


def _composed(value: Foreign, dialect: str) -> Written | None:
    """sqlalchemy.text(…) and psycopg's sql.SQL(…).format(…): the template is the statement, unless
    another of its parts brings a clause."""
    head = value.path.partition("()")[0]
    if not head.endswith((".SQL", ".text")):
        return None
    texts = [one for one in value.made_from if isinstance(one, Lit) and isinstance(one.value, str)]
    if not texts or value.made_from[0] is not texts[0]:
        return None
    read = [read_statement(f"INSERT {one.value}", dialect) for one in texts[1:]]
    clause = next((one.guard for one in read if one is not None and one.guard), None)
    text = str(texts[0].value)
    written = _placed(read_statement(with_names(text, value.made_from[1:]), dialect), texts[0].at)
    if written is not None and written.text is not None:
        written = written._replace(text=text)
    if written is not None and written.guard is None and clause is not None:
        return written._replace(guard=clause)
    return written
