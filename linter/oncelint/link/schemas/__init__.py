"""Which unique keys the project's own files give a table.

Four places tell: CREATE TABLE and its kin executed by Python code, .sql files (whole schemas, and
the steps of a migrations folder), the migrations of Alembic and Django, and the classes that are
mapped to tables. Each history is replayed to its end. Files outside the writer's deployment unit
say nothing of its database. Files are read when a table is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.values import At, ClassObj, Comp, Lit, Ref
from oncelint.frameworks.python.databases import STATEMENT_METHODS
from oncelint.link.clients import Surroundings, is_test
from oncelint.link.outline import covers
from oncelint.link.schemas import alembic, django, migrations, models
from oncelint.link.schemas.source import Source, Sources
from oncelint.model import ir
from oncelint.model.values import Position, Span
from oncelint.sql.schema import read_changes
from oncelint.sql.tables import (
    AddKey,
    AddOther,
    Catalog,
    Change,
    CreateTable,
    DropTable,
    RenameTable,
    SetColumn,
    Table,
    Unclear,
)

# More schema files, or bytes of them, than this are not read for one project.
_FILES = 400
_BYTES = 16_000_000
# A larger .sql file is most likely a dump: its declarations alone are read.
_LARGE = 64_000


@dataclass(frozen=True, slots=True)
class KeySpan:
    """The place of one key of one table, as CREATE TABLE and its kin declare it."""

    columns: frozenset[str]
    generated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Declared:
    """A table's unique keys as far as the project tells, and where it is declared.

    All names are the database's, in lower case. `columns` are all of the table's, empty when they
    are not known. Those of `generated` get another value in each row that leaves them out, those of
    `constant` the same; those of `nullable` may be NULL, and rows with a NULL in a key never
    conflict. `primary` are the primary key's columns. `required` are the columns without which no
    object of a mapped class is valid, and `attributes` the column of each of its attributes. Not
    `settled` when the keys may be others by now: something that was done to the table is not
    understood, or two declarations differ.
    """

    keys: tuple[KeySpan, ...]
    span: Span
    required: frozenset[str] = frozenset()
    settled: bool = True
    columns: tuple[str, ...] = ()
    generated: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    primary: frozenset[str] = frozenset()
    table: str = ""

    def column(self, attribute: str) -> str:
        """The column of an attribute of the mapped class; other names are columns already."""
        return self.attributes.get(attribute, attribute.lower())

    def violated(self, written: frozenset[str]) -> tuple[frozenset[str], ...]:
        """The keys that a row violates which fills `written` as one before it did: columns that
        are left out take their constant default, and NULLs, which never conflict, if they have
        none."""
        return tuple(
            dict.fromkeys(
                key.columns
                for key in self.keys
                if key.columns & written and key.columns - written <= self.constant
            )
        )


class Schemas:
    """Looks tables up, and reads only what a lookup asks for.

    `files` are the project's paths, and `read` gives the bytes of one of them.
    """

    def __init__(
        self,
        machine: Machine,
        around: Surroundings,
        files: Iterable[str],
        read: Callable[[str], bytes | None],
    ) -> None:
        self._machine = machine
        self._around = around
        self._files = [path for path in files if not is_test(path)]
        self._read = read
        self._sources = Sources(machine.modules)
        self._models: dict[Ref, Declared | None] = {}
        self._tables: dict[str, dict[str, models.Lineage | ir.Call]] = {}
        self._units: dict[str, _Unit] = {}
        self._grouped: dict[str, list[str]] = {}
        self._stamp: tuple[int, int] | None = None
        self._ran: dict[str, list[str]] = {}
        self._executed: list[tuple[str, Change]] | None = None
        self._found: dict[tuple[str, str, str], Declared | None] = {}

    def find(self, table: str, path: str, dialect: str) -> Declared | None:
        """The keys of a table (lower case) for code at `path`; None when nothing declares it."""
        unit = self._around.unit(path)
        wanted = (table, unit, dialect)
        if wanted not in self._found:
            self._found[wanted] = self._look(table, unit, dialect)
        return self._found[wanted]

    def model(self, cls: Ref) -> Declared | None:
        """What a mapped class declares of its table, bases and mixins included; None when it is
        mapped to none that is known."""
        if cls not in self._models:
            lineage = self._lineage(cls)
            mapping = models.mapping(lineage) if lineage is not None else None
            self._models[cls] = declared_by(mapping) if mapping is not None else None
        return self._models[cls]

    def model_table(self, cls: Ref) -> str | None:
        """The table of a mapped class, in lower case; the name of a class that is mapped by other
        means."""
        lineage = self._lineage(cls)
        if lineage is None:
            return None
        return models.table_of(lineage) or lineage.classes[0][0].name.lower()

    def column_table(self, column: At) -> str | None:
        """The table of the mapped class that declares a column at a place, in lower case."""
        source = self._sources.at(column.path)
        if source is None:
            return None
        holder = next((one for one in source.classes() if covers(one.place, column.place)), None)
        return models.table_of(source.lineage(holder)) if holder is not None else None

    def _lineage(self, cls: Ref) -> models.Lineage | None:
        obj = self._machine.obj(cls)
        if not isinstance(obj, ClassObj):
            return None
        source = self._sources.at(obj.path)
        return source.lineage(obj.node) if source is not None else None

    def completed(self, declared: Declared, table: str, path: str, dialect: str) -> Declared:
        """What a mapped class declares, with what migrations and scripts say of its table."""
        found = self.find(table, path, dialect)
        if found is None:
            return declared
        return replace(
            _merged(declared, found), attributes=declared.attributes, required=declared.required
        )

    def _look(self, table: str, unit: str, dialect: str) -> Declared | None:
        if unit not in self._units:
            self._units[unit] = _Unit(self._files_of(unit), self._read, self._sources)
        files = self._units[unit]
        scripts = Catalog(dialect)
        _pool(scripts, [self._executions(unit), *files.scripts(table, dialect)])
        catalogs = [scripts, *files.histories(table, dialect)]
        tables = [one.tables[table] for one in catalogs if table in one.tables]
        found = _joined(tables)
        mapped = self._mapped(table, unit, files)
        if mapped is not None:
            found = mapped if found is None else _merged(found, mapped)
        if found is not None and files.partial:
            found = replace(found, settled=False)
        return found

    def _files_of(self, unit: str) -> list[str]:
        if not self._grouped:
            for path in self._files:
                self._grouped.setdefault(self._around.unit(path), []).append(path)
        return self._grouped.get(unit, [])

    def _executions(self, unit: str) -> list[Change]:
        """What Python code of a unit declares by executing it."""
        if self._executed is None:
            self._executed = list(_execution_changes(self._machine))
        # a function that drops all tables may be run before the one that creates them
        return [
            change
            for path, change in self._executed
            if self._around.unit(path) == unit and not isinstance(change, DropTable)
        ]

    def _mapped(self, table: str, unit: str, files: _Unit) -> Declared | None:
        """The class, or the Table of SQLAlchemy's, that is mapped to a table."""
        paths = self._loaded(unit)
        known = set(paths)
        paths = sorted(paths) + [path for path in files.mapping_files(table) if path not in known]
        for path in paths:
            found = self._tables_of(path).get(table)
            source = self._sources.at(path)
            mapping = models.read(found, source) if found is not None and source else None
            if mapping is not None:
                return declared_by(mapping)
        return None

    def _loaded(self, unit: str) -> list[str]:
        """The modules of a unit that were run, gathered anew only when more has been."""
        machine = self._machine
        stamp = machine.next_id, len(machine.module_frames)
        if stamp != self._stamp:
            self._stamp = stamp
            self._ran = {}
            run = {one.path for one in machine.cells.values() if isinstance(one, ClassObj)}
            for path in run | set(machine.module_frames):
                if not is_test(path):
                    self._ran.setdefault(self._around.unit(path), []).append(path)
        return self._ran.get(unit, [])

    def _tables_of(self, path: str) -> dict[str, models.Lineage | ir.Call]:
        """What a module maps to tables, found once for all lookups."""
        if path not in self._tables:
            source = self._sources.at(path)
            mapped = source is not None and models.may_map(source)
            self._tables[path] = models.tables(source) if source is not None and mapped else {}
        return self._tables[path]


def declared_by(mapping: models.Mapping) -> Declared:
    """What a mapped class declares."""
    catalog = Catalog().apply([mapping.create])
    found = _declared(catalog.tables[mapping.create.table], mapping.create.span)
    return replace(found, attributes=mapping.attributes, required=mapping.required)


def _declared(table: Table, span: Span) -> Declared:
    columns = table.columns.values()
    generated = frozenset(one.name for one in columns if one.generated)
    return Declared(
        keys=tuple(
            {
                frozenset(key.columns): KeySpan(
                    frozenset(key.columns), bool(generated & set(key.columns)), key.span
                )
                for key in reversed(table.keys)
            }.values()
        )[::-1],
        span=span,
        table=table.name,
        settled=table.settled,
        columns=tuple(table.columns) if table.complete else (),
        generated=generated,
        primary=frozenset(one for key in table.keys if key.primary for one in key.columns),
        constant=frozenset(one.name for one in columns if one.constant),
        nullable=frozenset(one.name for one in columns if one.nullable is True),
    )


def _joined(tables: list[Table]) -> Declared | None:
    """What all histories that create a table say of it, and those that only add to it."""
    created = [table for table in tables if table.created and table.span is not None]
    if not created:
        return None
    found = [_declared(table, table.span) for table in created if table.span is not None]
    first = found[0]
    for other in found[1:]:
        first = _merged(first, other)
    for table in tables:
        if not table.created and (table.keys or not table.settled):
            extra = _declared(table, first.span)
            known = {key.columns for key in first.keys}
            more = tuple(key for key in extra.keys if key.columns not in known)
            first = replace(first, keys=first.keys + more, settled=first.settled and table.settled)
    return first


def _merged(one: Declared, other: Declared) -> Declared:
    """Two declarations of one table: all keys of both, and settled where they agree."""
    known = {key.columns for key in one.keys}
    more = tuple(key for key in other.keys if key.columns not in known)
    alike = known == {key.columns for key in other.keys}
    shown = one if one.keys or not other.keys else other
    return replace(
        one,
        keys=tuple(
            replace(key, generated=key.generated or bool(key.columns & other.generated))
            for key in one.keys
        )
        + more,
        span=shown.span,
        settled=one.settled and other.settled and alike,
        columns=one.columns or other.columns,
        generated=one.generated | other.generated,
        primary=one.primary or other.primary,
        constant=(one.constant | other.constant) - one.generated - other.generated,
        nullable=one.nullable | other.nullable,
        attributes=other.attributes or one.attributes,
        required=one.required | other.required,
    )


# Scripts --------------------------------------------------------------------------------------


def _pool(catalog: Catalog, scripts: Iterable[list[Change]]) -> None:
    """Scripts whose order among each other is not known: each creates its tables first; what is
    added elsewhere is added to them, and what is taken away elsewhere leaves them unsettled."""
    kept = [list(script) for script in scripts]
    rest: list[Change] = []
    for script in kept:
        made = {change.table for change in script if isinstance(change, CreateTable)}
        inner = Catalog(catalog.dialect)
        inner.apply(one for one in script if _touches(one, made))
        for table in inner.tables.values():
            if table.created and table.span is not None:
                known = catalog.tables.get(table.name)
                if known is not None and known.created:
                    _unite(known, table)
                else:
                    catalog.tables[table.name] = table
        rest += [one for one in script if not _touches(one, made)]
    catalog.apply(one for one in rest if isinstance(one, (AddKey, SetColumn)))
    for one in rest:
        if not isinstance(one, _HARMLESS):
            for table in catalog.tables.values():
                named = getattr(one, "table", None)
                if named in (None, table.name) and _may_take(one, table):
                    table.settled = False


_HARMLESS = (AddKey, SetColumn, DropTable, AddOther, CreateTable)


def _may_take(change: Change, table: Table) -> bool:
    """Whether a change that names no table may be one of this table's keys."""
    name = getattr(change, "name", None)
    if getattr(change, "table", None) is not None or name is None:
        return True
    return any(name in key.names or key.may_be(name) for key in table.keys)


def _touches(change: Change, made: set[str]) -> bool:
    table = getattr(change, "table", None)
    return table is None or table in made or isinstance(change, RenameTable)


def _unite(known: Table, other: Table) -> None:
    """A table that two scripts create has the keys of both, and is settled where they agree."""
    mine = {frozenset(key.columns) for key in known.keys}
    theirs = {frozenset(key.columns) for key in other.keys}
    known.settled = known.settled and other.settled and mine == theirs
    known.keys += [key for key in other.keys if frozenset(key.columns) not in mine]
    known.columns = {**other.columns, **known.columns}
    if not mine and theirs:
        known.span = other.span


def _execution_changes(machine: Machine) -> Iterator[tuple[str, Change]]:
    seen: set[tuple[str, At]] = set()
    for execution in machine.trace.executions:
        if execution.method not in STATEMENT_METHODS or not execution.args:
            continue
        value = execution.args[0]
        text = value.value if isinstance(value, Lit) else None
        if isinstance(value, Comp):
            text = value.template
        at = getattr(value, "at", None) or execution.at
        if not isinstance(text, str) or (text, at) in seen:
            continue
        seen.add((text, at))
        span = span_of(at)
        for change in read_changes(text, "", lambda start, end, span=span: span):  # type: ignore[misc]
            yield span.path, change


class _Unit:
    """The files of one deployment unit that may tell of tables."""

    def __init__(
        self, files: list[str], read: Callable[[str], bytes | None], sources: Sources
    ) -> None:
        self._read = read
        self._sources = sources
        self._texts: dict[str, str] = {}
        self._lowered: dict[str, str] = {}
        self._bytes = 0
        self.partial = False
        scripts = [path for path in files if path.lower().endswith(".sql")]
        self._steps = migrations.histories(scripts)
        listed = {path for steps in self._steps for path in steps}
        self._scripts = [
            path for path in scripts if path not in listed and not migrations.takes_back(path)
        ]
        self._revisions = [path for path in files if migrations.is_revision_path(path)]
        self._django = [path for path in files if migrations.is_django_path(path)]
        self._mapping = [path for path in files if migrations.may_map(path)]
        self._changes: dict[tuple[str, str], list[Change]] = {}
        self._folders: list[list[alembic.Revision | None]] | None = None

    def text(self, path: str) -> str:
        """A file's text; empty when it cannot be read, or when too much was read already."""
        if path not in self._texts:
            if len(self._texts) >= _FILES * 3 or self._bytes > _BYTES:
                self.partial = True
                return ""
            raw = self._read(path)
            self._texts[path] = raw.decode("utf-8", "replace") if raw is not None else ""
            self._bytes += len(self._texts[path])
        return self._texts[path]

    def _mentions(self, path: str, *names: str) -> bool:
        if path not in self._lowered:
            self._lowered[path] = self.text(path).lower()
        return any(name in self._lowered[path] for name in names)

    def scripts(self, table: str, dialect: str) -> Iterator[list[Change]]:
        """What the scripts that mention a table, or drop something by its name alone, change."""
        for path in self._scripts[:_FILES]:
            if self._mentions(path, table, "drop index"):
                yield self._script(path, dialect)

    def histories(self, table: str, dialect: str) -> Iterator[Catalog]:
        """The ends of the histories in which a table occurs."""
        for steps in self._steps:
            if any(self._mentions(path, table) for path in steps[:_FILES]):
                catalog = Catalog(dialect)
                for path in steps[:_FILES]:
                    catalog.apply(self._script(path, dialect))
                yield catalog
        for folder in self._revision_folders():
            if any(one is not None and self._mentions(one.path, table) for one in folder):
                yield self._replayed(folder, table, dialect)
        for app in self._django_apps(table):
            catalog = Catalog(dialect)
            yield catalog.apply(django.replay(app, dialect))

    def _script(self, path: str, dialect: str) -> list[Change]:
        key = (path, dialect)
        if key not in self._changes:
            text = migrations.forward(self.text(path))
            foreign = is_foreign(path, text, dialect)
            self._changes[key] = [] if foreign else list(_read_script(path, text, dialect))
        return self._changes[key]

    def _revision_folders(self) -> list[list[alembic.Revision | None]]:
        if self._folders is None:
            found: dict[str, list[alembic.Revision]] = {}
            for path in self._revisions:
                one = alembic.revision(path, self.text(path))
                if one is not None:
                    found.setdefault(path.rpartition("/")[0], []).append(one)
            self._folders = [alembic.in_order(found[name]) for name in sorted(found)]
        return self._folders

    def _replayed(self, folder: list[alembic.Revision | None], table: str, dialect: str) -> Catalog:
        """The end of a folder of revisions; those that mention neither the table, nor what it was
        called before, nor one of its keys, are not read."""
        names = {table}
        while True:
            catalog = Catalog(dialect)
            more = set(names)
            for one in folder:
                if one is None:
                    for known in catalog.tables.values():
                        known.settled = False
                    continue
                source = self._sources.at(one.path) if self._mentions(one.path, *names) else None
                for change, certain in alembic.changes(source, dialect) if source else ():
                    catalog.apply([change], certain=certain)
                    if isinstance(change, RenameTable) and change.to in names:
                        more.add(change.table)
                    if isinstance(change, AddKey) and change.table in names:
                        more |= {name for name in change.key.names if len(name) > 5}
            if more == names:
                return catalog
            names = more

    def _django_apps(self, table: str) -> Iterator[list[Source]]:
        apps: dict[str, list[str]] = {}
        for path in self._django:
            apps.setdefault(path.rpartition("/")[0], []).append(path)
        for _, paths in sorted(apps.items()):
            label = django.app_label(paths[0]).lower()
            if table.startswith(f"{label}_") or any(self._mentions(one, table) for one in paths):
                found = [self._sources.at(path) for path in sorted(paths)]
                sources = [one for one in found if one is not None and django.is_migration(one)]
                if sources:
                    yield sources

    def mapping_files(self, table: str) -> Iterator[str]:
        """Python files that may map a class to a table: by their name, and as they mention it."""
        parts = table.split("_")
        classes = {"".join(parts[index:]) for index in range(len(parts))} - {""}
        for path in self._mapping[: _FILES * 2]:
            if self._mentions(path, table, *(f"class {one}(" for one in classes)):
                yield path


# Databases by the names that schema files carry, with sqlglot's name of their SQL.
_NAMED: tuple[tuple[str, str], ...] = (
    ("postgres", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite", "sqlite"),
    ("mssql", "tsql"),
    ("sqlserver", "tsql"),
    ("oracle", "oracle"),
    ("duckdb", "duckdb"),
    ("cassandra", "cassandra"),
    ("scylla", "cassandra"),
    ("clickhouse", "clickhouse"),
)
# No relational database has these: keyspaces, collection types, partition keys in parentheses.
_CQL = re.compile(
    r"\bCREATE\s+KEYSPACE\b|\b(?:map|list|set|frozen)\s*<|\bPRIMARY\s+KEY\s*\(\s*\(", re.I
)


def is_foreign(path: str, text: str, dialect: str) -> bool:
    """Whether a schema file is another database's: by its name, or by what Cassandra alone has."""
    stem = path.rpartition("/")[2].lower()
    named = {sql for word, sql in _NAMED if word in stem}
    if not dialect:
        named &= {"cassandra", "clickhouse"}
    return (bool(named) and dialect not in named) or _CQL.search(text) is not None


_DECLARATION = re.compile(r"(?:^|;)[ \t]*\b((?:CREATE|ALTER|DROP|RENAME)\b[^;]*)", re.I | re.M)


def _read_script(path: str, text: str, dialect: str) -> Iterator[Change]:
    """The changes of a script; of a dump, which may hold megabytes of rows beside them, and of a
    text that cannot be read as a whole, those of its declarations one by one."""
    if len(text) < _LARGE:
        found = read_changes(text, dialect, _placer(path, text, 0))
        if not any(isinstance(change, Unclear) for change in found):
            yield from found
            return
    for statement in _DECLARATION.finditer(text):
        yield from read_changes(statement[1], dialect, _placer(path, text, statement.start(1)))


def _placer(path: str, text: str, base: int) -> Callable[[int, int], Span]:
    """Spans of a file from offsets in the part of its text that begins at `base`."""

    def position(relative: int) -> Position:
        offset = base + relative
        start = text.rfind("\n", 0, offset) + 1
        return Position(text.count("\n", 0, offset) + 1, offset - start + 1)

    return lambda start, end: Span(path, position(start), position(end))
