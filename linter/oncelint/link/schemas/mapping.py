"""What a mapped class says of its table, whichever library maps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from oncelint.model.values import Span
from oncelint.sql.tables import Column, CreateTable, Key, key_of


@dataclass(frozen=True, slots=True)
class Mapping:
    """The table of a class, the column of each attribute, and the columns without which no object
    of the class is valid."""

    create: CreateTable
    attributes: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


class Builder:
    """Collects columns and keys; the nearest class to define an attribute defines it."""

    def __init__(self, table: str, span: Span) -> None:
        self.table = table.lower().rpartition(".")[2]
        self.span = span
        self.columns: dict[str, Column] = {}
        self.attributes: dict[str, str] = {}
        self.required: set[str] = set()
        self.complete = True
        self._keys: list[tuple[tuple[str, ...], Span, str | None]] = []
        self._primary: list[tuple[str, Span]] = []

    def add(
        self, attribute: str, column: Column, span: Span, *, unique: bool, primary: bool
    ) -> None:
        """A column of an attribute; the first definition counts."""
        if attribute in self.attributes:
            return
        column = replace(column, name=column.name.lower())
        self.attributes[attribute] = column.name
        self.columns[column.name] = column
        if primary:
            self._primary.append((column.name, span))
        if unique:
            self._keys.append(((column.name,), span, None))

    def key(self, columns: Iterable[str], span: Span, name: str | None = None) -> None:
        """A unique key by the names of columns or attributes."""
        found = tuple(columns)
        if found:
            self._keys.append((found, span, name))

    def primary(self, columns: Iterable[str], span: Span) -> None:
        self._primary.extend((column, span) for column in columns)

    @property
    def has_primary(self) -> bool:
        return bool(self._primary)

    @property
    def primary_columns(self) -> tuple[str, ...]:
        return tuple(self._column(name) for name, _ in self._primary)

    def set_generated(self, column: str, generated: bool) -> None:
        self.columns[column] = replace(self.columns[column], generated=generated)

    def _column(self, name: str) -> str:
        if name.lower() in self.columns:
            return name.lower()
        return self.attributes.get(name, name.lower())

    def build(self) -> Mapping:
        keys: list[Key] = []
        primary = tuple(dict.fromkeys(self.primary_columns))
        if primary:
            keys.append(key_of(self.table, primary, self._primary[0][1], None, primary=True))
        for given, span, name in self._keys:
            columns = tuple(self._column(one) for one in given)
            keys.append(key_of(self.table, columns, span, name))
        columns_ = tuple(
            replace(column, nullable=False) if column.name in primary else column
            for column in self.columns.values()
        )
        create = CreateTable(
            self.table, self.span, columns_, tuple(keys), complete=self.complete, tolerant=True
        )
        return Mapping(create, dict(self.attributes), frozenset(self.required))
