"""A schema's history: what one statement, migration or model changes, and what all of them leave.

Readers turn SQL and Python into changes in the order in which they are made; `Catalog` makes them.
It knows no more than it was told: what it cannot make out leaves a table unsettled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from oncelint.model.values import Span


@dataclass(frozen=True, slots=True)
class Column:
    """A column: whether its value is another one in each row that leaves it out (a sequence, an
    identity, a random id, the time), whether it may be NULL (None: not known), and whether it has
    a constant default."""

    name: str
    generated: bool = False
    nullable: bool | None = None
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A unique key of a whole table. `names` are the names it may have: its own, or, if it has
    none and they are `guessed`, those that databases would give it."""

    columns: tuple[str, ...]
    span: Span
    names: frozenset[str] = frozenset()
    primary: bool = False
    guessed: bool = False

    def may_be(self, name: str) -> bool:
        """Whether a key of a guessed name may be called so: by a naming convention (uq_t_code), or
        by what SQL Server makes up (UQ__t__3F1A)."""
        parts = name.split("_")
        if not self.guessed:
            return False
        if self.primary:
            return bool({"pk", "pkey", "primary"} & set(parts))
        return "_".join(self.columns) in name or name.startswith("uq__")


@dataclass(frozen=True, slots=True)
class CreateTable:
    """`tolerant` of a table that is there already (IF NOT EXISTS). Not `complete` when there may
    be columns or keys that are not seen."""

    table: str
    span: Span
    columns: tuple[Column, ...] = ()
    keys: tuple[Key, ...] = ()
    others: frozenset[str] = frozenset()
    tolerant: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class DropTable:
    """A table goes."""

    table: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    """A table has another name from now on."""

    table: str
    to: str


@dataclass(frozen=True, slots=True)
class SetColumn:
    """A column is added or defined anew; what is None stays as it is."""

    table: str
    column: str
    generated: bool | None = None
    nullable: bool | None = None
    constant: bool | None = None


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column goes; what becomes of the keys it is part of depends on the database."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """A column has another name from now on, in keys too."""

    table: str
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class AddKey:
    """A table gets a unique key."""

    table: str
    key: Key


@dataclass(frozen=True, slots=True)
class AddOther:
    """A constraint or index that is no unique key, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class DropKey:
    """A constraint or index is dropped by its name, of whatever table where none is named; the
    primary key where no name is given."""

    table: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class RenameKey:
    """A key has another name from now on; `table` is None where only its own is told."""

    table: str | None
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something was done to a table (to any, where none is named) that is not understood."""

    table: str | None = None


Change: TypeAlias = (
    "CreateTable | DropTable | RenameTable | SetColumn | DropColumn | RenameColumn | AddKey"
    " | AddOther | DropKey | RenameKey | Unclear"
)


@dataclass(slots=True)
class Table:
    """A table as a history leaves it. Not `created` when only additions to it were seen, not
    `settled` when it may be otherwise by now."""

    name: str
    span: Span | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    created: bool = False
    settled: bool = True
    complete: bool = True


# How constraints and indexes are called that are no unique keys.
_NO_KEY = ("fk", "fkey", "ck", "chk", "check", "foreign")


class Catalog:
    """The tables after all changes made so far.

    `dialect` is one of frameworks.databases.DRIVERS' values: MySQL narrows a key whose column is
    dropped, the others drop it.
    """

    def __init__(self, dialect: str = "") -> None:
        self.tables: dict[str, Table] = {}
        self.dialect = dialect
        self._others: set[str] = set()

    def apply(self, changes: Iterable[Change], *, certain: bool = True) -> Catalog:
        """Make changes; not `certain` when they may or may not be made."""
        for change in changes:
            self._one(change)
            if not certain:
                self._unsettle(change)
        return self

    def _one(self, change: Change) -> None:
        if isinstance(change, CreateTable):
            self._create(change)
        elif isinstance(change, DropTable):
            self.tables.pop(change.table, None)
        elif isinstance(change, AddOther):
            self._others.add(change.name)
        elif isinstance(change, DropKey):
            self._drop_key(change)
        elif isinstance(change, RenameKey):
            self._rename_key(change)
        elif isinstance(change, Unclear):
            for table in self._meant(change.table):
                table.settled = False
        else:
            self._alter(change)

    def _unsettle(self, change: Change) -> None:
        name = None if isinstance(change, AddOther) else change.table
        if isinstance(change, RenameTable):
            name = change.to
        for table in self._meant(name):
            table.settled = False

    def _meant(self, name: str | None) -> list[Table]:
        if name is None:
            return list(self.tables.values())
        return [self.tables[name]] if name in self.tables else []

    def _table(self, name: str) -> Table:
        return self.tables.setdefault(name, Table(name))

    def _create(self, change: CreateTable) -> None:
        self._others |= change.others
        known = self.tables.get(change.table)
        table = Table(
            change.table,
            change.span,
            {column.name: column for column in change.columns},
            list(change.keys),
            created=True,
            settled=change.complete,
            complete=change.complete,
        )
        if known is None:
            self.tables[change.table] = table
            return
        if known.created and change.tolerant:
            return
        # twice: for another database, or before a DROP that was not seen
        alike = {frozenset(key.columns) for key in known.keys} == {
            frozenset(key.columns) for key in table.keys
        }
        table.settled = table.settled and known.settled and (alike or not known.created)
        table.keys += [key for key in known.keys if key not in table.keys]
        table.columns = {**known.columns, **table.columns}
        self.tables[change.table] = table

    def _alter(self, change: RenameTable | SetColumn | DropColumn | RenameColumn | AddKey) -> None:
        if isinstance(change, RenameTable):
            known = self.tables.pop(change.table, None)
            if known is not None:
                known.name = change.to
                self.tables[change.to] = known
            return
        table = self._table(change.table)
        if isinstance(change, SetColumn):
            _set(table, change)
        elif isinstance(change, AddKey):
            table.keys.append(change.key)
        elif isinstance(change, DropColumn):
            self._drop_column(table, change.column)
        else:
            _rename(table, change.column, change.to)

    def _drop_column(self, table: Table, column: str) -> None:
        table.columns.pop(column, None)
        kept: list[Key] = []
        for key in table.keys:
            if column not in key.columns:
                kept.append(key)
                continue
            rest = tuple(one for one in key.columns if one != column)
            if rest and self.dialect == "mysql":
                kept.append(replace(key, columns=rest))
            elif rest and not self.dialect:
                table.settled = False
        table.keys = kept

    def _drop_key(self, change: DropKey) -> None:
        tables = self._meant(change.table)
        if change.name is None:
            for table in tables:
                table.keys = [key for key in table.keys if not key.primary]
            return
        name = change.name
        found = False
        for table in tables:
            kept = [key for key in table.keys if name not in key.names]
            found = found or len(kept) < len(table.keys)
            table.keys = kept
        if found or name in self._others or self._is_no_key(name):
            self._others.discard(name)
            return
        for table in tables:
            if any(key.may_be(name) for key in table.keys):
                table.settled = False

    @staticmethod
    def _is_no_key(name: str) -> bool:
        parts = name.split("_")
        return parts[0] in _NO_KEY or parts[-1] in _NO_KEY

    def _rename_key(self, change: RenameKey) -> None:
        if change.name in self._others:
            self._others.discard(change.name)
            self._others.add(change.to)
        for table in self._meant(change.table):
            table.keys = [
                replace(key, names=frozenset((change.to,))) if change.name in key.names else key
                for key in table.keys
            ]


def _set(table: Table, change: SetColumn) -> None:
    old = table.columns.get(change.column, Column(change.column))
    table.columns[change.column] = Column(
        change.column,
        old.generated if change.generated is None else change.generated,
        old.nullable if change.nullable is None else change.nullable,
        old.constant if change.constant is None else change.constant,
    )


def _rename(table: Table, column: str, to: str) -> None:
    table.columns = {
        (to if name == column else name): (replace(one, name=to) if name == column else one)
        for name, one in table.columns.items()
    }
    table.keys = [
        replace(key, columns=tuple(to if one == column else one for one in key.columns))
        for key in table.keys
    ]


def key_of(
    table: str, columns: tuple[str, ...], span: Span, name: str | None, *, primary: bool = False
) -> Key:
    """A key by its name, or, without one, by those that databases give it: PostgreSQL's
    `t_a_b_key` and `t_pkey`, MySQL's name of the first column."""
    if name is not None:
        return Key(columns, span, frozenset((name.lower(),)), primary)
    names = (
        (f"{table}_pkey", "primary")
        if primary
        else (f"{table}_{'_'.join(columns)}_key", columns[0])
    )
    return Key(columns, span, frozenset(names), primary, guessed=True)
