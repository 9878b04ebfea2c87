"""What a mapper writes of a row: the columns that are given, and what a repetition of it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from oncelint.flow.machine import Machine
from oncelint.flow.values import Abs, Built, Items, Phi
from oncelint.link.schemas import Declared
from oncelint.link.sinks.sources import source_of
from oncelint.model.sinks import CHANGING_KINDS, Source


@dataclass(frozen=True, slots=True)
class Row:
    """Values by column. Not `whole` when others may be given as well (`**values`); `made` of a
    project class, whose fields were given or not."""

    values: Mapping[str, Abs] = field(default_factory=dict)
    whole: bool = False
    made: bool = False


def row_of(value: Abs | None, declared: Declared | None) -> Row:
    """The row of an object or a dict; of a list, its first."""
    if isinstance(value, Phi):
        return next((row_of(one, declared) for _, one in value.branches), Row())
    if isinstance(value, Built):
        return named(value.fields, declared, made=True)
    if isinstance(value, Items):
        if value.keys:
            pairs = zip(value.keys, value.items, strict=False)
            row = named(pairs, declared)
            return Row(row.values, row.whole and value.exact)
        if value.items:
            return row_of(value.items[0], declared)
    return Row()


def named(
    pairs: Iterable[tuple[str, Abs]], declared: Declared | None, *, made: bool = False
) -> Row:
    """A row of values by the names of attributes."""
    values: dict[str, Abs] = {}
    whole = True
    for name, value in pairs:
        if name.startswith("\0"):
            whole = False
        else:
            values[declared.column(name) if declared is not None else name] = value
    return Row(values, whole and bool(values), made)


def fills(machine: Machine, row: Row) -> tuple[tuple[str, Source], ...]:
    """What each column of a row is filled from."""
    return tuple((column, source_of(machine, value)) for column, value in row.values.items())


def fresh(filled: Iterable[tuple[str, Source]]) -> frozenset[str]:
    """The columns that a repetition fills with other values."""
    return frozenset(column for column, source in filled if source.kinds & CHANGING_KINDS)


def violated(
    declared: Declared | None, row: Row, changing: frozenset[str]
) -> tuple[frozenset[str], ...] | None:
    """The unique keys that the same row violates when it is written again.

    None where it is not known which columns are written, so that a key which the database would
    make up may come from the record after all.
    """
    if declared is None:
        return None
    if row.whole:
        found = declared.violated(frozenset(row.values))
        kept = tuple(key for key in found if not key & changing)
        return kept if kept or declared.settled else None
    keys = [key for key in declared.keys if not key.columns & changing]
    if row.made and any(key.columns <= declared.required for key in keys):
        # Model(**record): what an object cannot do without, the record brings
        keys = [key for key in keys if not key.generated or key.columns <= declared.required]
    elif keys and all(key.generated for key in keys):
        return None
    else:
        keys = [key for key in keys if not key.generated]
    return tuple(dict.fromkeys(key.columns for key in keys))
