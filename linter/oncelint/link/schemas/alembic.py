"""Alembic: what the upgrade() functions of a folder of revisions do to the schema, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from oncelint.link.schemas import sqlalchemy
from oncelint.link.schemas.mapping import Builder
from oncelint.link.schemas.source import (
    Source,
    constant,
    is_false,
    is_true,
    keyword,
    keywords,
    name_of,
)
from oncelint.model import ir
from oncelint.sql.schema import read_changes
from oncelint.sql.tables import (
    AddKey,
    AddOther,
    Change,
    CreateTable,
    DropColumn,
    DropKey,
    DropTable,
    RenameColumn,
    RenameTable,
    SetColumn,
    Unclear,
    key_of,
)

_DEFINES = re.compile(r"\b(?:CREATE|ALTER|DROP|RENAME)\s", re.I)
# How deep helper functions of a revision are followed.
_DEPTH = 4


class Revision(NamedTuple):
    """A revision by the head of its file: its name and those it revises."""

    path: str
    name: str
    parents: tuple[str, ...]


_NAMES_ITSELF = re.compile(r"^revision\b[^=\n]*=\s*[\"']([^\"']+)[\"']", re.M)
_REVISES = re.compile(r"^down_revision\b[^=\n]*=\s*(\([^)]*\)|[^\n]*)", re.M)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")


def revision(path: str, text: str) -> Revision | None:
    """The revision a file is; None for any other file."""
    name = _NAMES_ITSELF.search(text)
    if name is None or "def upgrade" not in text:
        return None
    revises = _REVISES.search(text)
    parents = tuple(_QUOTED.findall(revises[1])) if revises is not None else ()
    return Revision(path, name[1], parents)


def in_order(revisions: Sequence[Revision]) -> list[Revision | None]:
    """Revisions so that each follows those it revises; None stands where one of them is missing."""
    named = {one.name: one for one in revisions}
    ordered: list[Revision | None] = []
    done: set[str] = set()
    pending = [(one.name, False) for one in sorted(revisions)][::-1]
    while pending:
        name, ready = pending.pop()
        if ready:
            ordered.append(named[name])
            continue
        if name in done:
            continue
        done.add(name)
        pending.append((name, True))
        for parent in named[name].parents:
            if parent not in named:
                ordered.append(None)
            elif parent not in done:
                pending.append((parent, False))
    return ordered


def changes(source: Source, dialect: str) -> Iterator[tuple[Change, bool]]:
    """What upgrade() changes, each with whether it is certain that it does."""
    for stmt in source.module.body:
        if isinstance(stmt, ir.Function) and stmt.name == "upgrade":
            yield from _Upgrade(source, dialect).body(stmt.body, {}, True, 0)


class _Upgrade:
    def __init__(self, source: Source, dialect: str) -> None:
        self.source = source
        self.dialect = dialect
        self._batches: dict[str, str | None] = {}

    def body(
        self, body: Iterable[ir.Stmt], local: dict[str, ir.Expr], certain: bool, depth: int
    ) -> Iterator[tuple[Change, bool]]:
        for stmt in body:
            yield from self._statement(stmt, local, certain, depth)

    def _statement(
        self, stmt: ir.Stmt, local: dict[str, ir.Expr], certain: bool, depth: int
    ) -> Iterator[tuple[Change, bool]]:
        if isinstance(stmt, ir.Assign):
            if stmt.value is not None:
                for target in stmt.targets:
                    if isinstance(target, ir.Name):
                        local[target.id] = stmt.value
                yield from self._call(stmt.value, local, certain, depth)
        elif isinstance(stmt, ir.Evaluate):
            yield from self._call(stmt.value, local, certain, depth)
        elif isinstance(stmt, ir.With):
            for context, bound in stmt.items:
                if isinstance(context, ir.Call) and name_of(context.func) == "batch_alter_table":
                    table = self._table(context.args[:1], context, local, "table_name")
                    if isinstance(bound, ir.Name):
                        self._batches[bound.id] = table
            yield from self.body(stmt.body, local, certain, depth)
        elif isinstance(stmt, ir.If):
            yield from self.body((*stmt.body, *stmt.orelse), local, False, depth)
        elif isinstance(stmt, ir.Try):
            yield from self.body(stmt.body, local, not stmt.handlers and certain, depth)
            for handler in stmt.handlers:
                yield from self.body(handler.body, local, False, depth)
            yield from self.body((*stmt.orelse, *stmt.final), local, certain, depth)
        elif isinstance(stmt, ir.Loop):
            yield from self._loop(stmt, local, depth)

    def _loop(
        self, stmt: ir.Loop, local: dict[str, ir.Expr], depth: int
    ) -> Iterator[tuple[Change, bool]]:
        """A loop over a display is run for each element, any other may do anything."""
        items = stmt.iter
        if isinstance(items, (ir.Name, ir.Attribute)):
            found = self.source.look(items)
            items = (
                found.stmt.value if isinstance(found.stmt, ir.Assign) else local.get(name_of(items))
            )
        if isinstance(items, ir.ListDisplay) and isinstance(stmt.target, ir.Name):
            for item in items.items[:50]:
                yield from self.body(stmt.body, {**local, stmt.target.id: item}, True, depth)
            return
        target = {stmt.target.id} if isinstance(stmt.target, ir.Name) else set()
        inner = {name: value for name, value in local.items() if name not in target}
        yield from self.body(stmt.body, inner, False, depth)

    def _call(
        self, value: ir.Expr, local: dict[str, ir.Expr], certain: bool, depth: int
    ) -> Iterator[tuple[Change, bool]]:
        if isinstance(value, ir.Await):
            value = value.value
        if not isinstance(value, ir.Call):
            return
        func = value.func
        if isinstance(func, ir.Name):
            found = self.source.look(func)
            if isinstance(found.stmt, ir.Function) and found.source is not None and depth < _DEPTH:
                given = {
                    param.name: arg
                    for param, arg in zip(found.stmt.params, value.args, strict=False)
                }
                inner = (
                    self if found.source is self.source else _Upgrade(found.source, self.dialect)
                )
                yield from inner.body(found.stmt.body, given, certain, depth + 1)
            return
        if not isinstance(func, ir.Attribute):
            return
        owner = name_of(func.base)
        if func.name in ("execute", "exec_driver_sql"):
            yield from ((one, certain) for one in self._executed(value, local))
        elif func.name in _OPERATIONS:
            if owner in self._batches:
                made = self._operation(value, func.name, self._batches[owner], local, batch=True)
                yield from ((one, certain) for one in made)
            elif owner == "op" or self.source.dotted(func.base) == "alembic.op":
                made = self._operation(value, func.name, None, local, batch=False)
                yield from ((one, certain) for one in made)

    def _table(
        self, args: Sequence[ir.Expr], call: ir.Call, local: dict[str, ir.Expr], *names: str
    ) -> str | None:
        text = self.source.text(args[0] if args else keyword(call, *names), local)
        return text.lower().rpartition(".")[2] if text is not None else None

    def _executed(self, call: ir.Call, local: dict[str, ir.Expr]) -> Iterator[Change]:
        value = call.args[0] if call.args else keyword(call, "sqltext", "statement")
        text = self.source.text(value, local)
        if text is not None:
            span = self.source.span(call.place)
            yield from read_changes(text, self.dialect, lambda start, end: span)
        elif value is not None and (
            isinstance(value, (ir.Name, ir.Attribute)) or any(map(_DEFINES.search, _texts(value)))
        ):
            yield Unclear()

    def _operation(
        self,
        call: ir.Call,
        name: str,
        table: str | None,
        local: dict[str, ir.Expr],
        *,
        batch: bool,
    ) -> Iterator[Change]:
        """One operation; in a batch the table is given, and is no argument."""
        args = list(call.args)
        naming = name in _NAMED
        label: str | None = None
        if naming:
            label = self.source.text(args[0] if args else keyword(call, *_NAMES), local)
            args = args[1:]
        if not batch:
            table = self._table(args, call, local, "table_name", "source_table", "old_table_name")
            if name in ("create_table", "rename_table"):
                table = self._table(call.args[:1], call, local, "table_name", "old_table_name")
            args = args[1:]
        if name == "drop_index":
            yield DropKey(table, label.lower()) if label is not None else Unclear(table)
            return
        if table is None:
            yield Unclear()
            return
        yield from self._of_table(call, name, table, label, args, local)

    def _of_table(
        self,
        call: ir.Call,
        name: str,
        table: str,
        label: str | None,
        args: list[ir.Expr],
        local: dict[str, ir.Expr],
    ) -> Iterator[Change]:
        names = frozenset((label.lower(),)) if label is not None else frozenset()
        first = args[0] if args else None
        if name == "create_table":
            yield self._created(call, table, args, local)
        elif name == "drop_table":
            yield DropTable(table)
        elif name == "rename_table":
            new = self.source.text(first or keyword(call, "new_table_name"), local)
            yield RenameTable(table, new.lower()) if new else Unclear(table)
        elif name == "add_column":
            yield from self._added(table, first or keyword(call, "column"), local)
        elif name == "drop_column":
            column = self.source.text(first or keyword(call, "column_name"), local)
            yield DropColumn(table, column.lower()) if column else Unclear(table)
        elif name == "alter_column":
            yield from self._altered(table, call, first or keyword(call, "column_name"), local)
        elif name == "drop_constraint":
            if constant(keyword(call, "type_")) in ("foreignkey", "check"):
                return
            yield DropKey(table, label.lower()) if label is not None else Unclear(table)
        elif name in ("create_unique_constraint", "create_primary_key", "create_index"):
            yield from self._key(call, name, table, names, first, local)
        elif label is not None:
            yield AddOther(label.lower())

    def _created(
        self, call: ir.Call, table: str, args: list[ir.Expr], local: dict[str, ir.Expr]
    ) -> CreateTable:
        builder = Builder(table, self.source.span(call.place))
        sqlalchemy.read_arguments(builder, args, self.source, local)
        sqlalchemy.settle_counted(builder)
        if None in keywords(call):
            builder.complete = False
        made = builder.build().create
        tolerant = is_true(call, "if_not_exists")
        return CreateTable(
            table, made.span, made.columns, made.keys, made.others, tolerant, made.complete
        )

    def _added(
        self, table: str, value: ir.Expr | None, local: dict[str, ir.Expr]
    ) -> Iterator[Change]:
        if isinstance(value, ir.Name):
            value = local.get(value.id, value)
        if not isinstance(value, ir.Call):
            yield Unclear(table)
            return
        builder = Builder(table, self.source.span(value.place))
        if sqlalchemy.read_column(builder, value, self.source, None, None, local) is None:
            yield Unclear(table)
            return
        made = builder.build().create
        for column in made.columns:
            yield SetColumn(table, column.name, column.generated, column.nullable, column.constant)
        for key in made.keys:
            yield AddKey(table, key)

    def _altered(
        self, table: str, call: ir.Call, value: ir.Expr | None, local: dict[str, ir.Expr]
    ) -> Iterator[Change]:
        column = self.source.text(value, local)
        if column is None:
            yield Unclear(table)
            return
        column = column.lower()
        nullable = constant(keyword(call, "nullable"))
        if isinstance(nullable, bool):
            yield SetColumn(table, column, nullable=nullable)
        default = keyword(call, "server_default")
        if default is not None and not is_false(call, "server_default"):
            fixed = constant(default) is not None
            dropped = isinstance(default, ir.Const) and default.value is None
            yield SetColumn(table, column, generated=not (fixed or dropped), constant=fixed)
        new = keyword(call, "new_column_name", "name")
        if new is not None:
            text = self.source.text(new, local)
            yield RenameColumn(table, column, text.lower()) if text else Unclear(table)

    def _key(
        self,
        call: ir.Call,
        name: str,
        table: str,
        names: frozenset[str],
        value: ir.Expr | None,
        local: dict[str, ir.Expr],
    ) -> Iterator[Change]:
        if name == "create_index":
            unique = keyword(call, "unique")
            partial = any(word is None or word.endswith("_where") for word in keywords(call))
            if unique is not None and constant(unique) not in (True, False):
                yield Unclear(table)
                return
            if not is_true(call, "unique") or partial:
                yield from (AddOther(one) for one in names)
                return
        given = value or keyword(call, "columns")
        columns = sqlalchemy.columns_of(given, self.source, local)
        if columns:
            primary = name == "create_primary_key"
            label = next(iter(names), None)
            span = self.source.span(call.place)
            yield AddKey(table, key_of(table, columns, span, label, primary=primary))
        elif isinstance(given, ir.ListDisplay):
            yield from (AddOther(one) for one in names)  # over expressions
        else:
            yield Unclear(table)


def _texts(value: ir.Expr) -> Iterator[str]:
    """The literal parts of a text that is put together."""
    if isinstance(value, ir.Text):
        yield value.value
    elif isinstance(value, ir.Format):
        for part in value.parts:
            yield from _texts(part)
    elif isinstance(value, ir.Binary):
        yield from _texts(value.left)
        yield from _texts(value.right)
    elif isinstance(value, ir.Call):
        for arg in value.args:
            yield from _texts(arg)
        if isinstance(value.func, ir.Attribute):
            yield from _texts(value.func.base)


# Operations whose first argument is the name of a constraint or index.
_NAMED = frozenset(
    {"create_unique_constraint", "create_primary_key", "create_index", "drop_index"}
    | {"drop_constraint", "create_foreign_key", "create_check_constraint"}
    | {"create_exclude_constraint"}
)
_NAMES = ("constraint_name", "index_name", "name")
_OPERATIONS = _NAMED | {
    *("create_table", "drop_table", "rename_table", "add_column", "drop_column", "alter_column"),
}
