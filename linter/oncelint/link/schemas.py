"""Which unique keys the project's own files give a table.

Three places tell: CREATE TABLE and its kin executed by Python code, the project's .sql files, and
the classes that are mapped to tables. Files outside the writer's deployment unit say nothing of
its database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.objects import bases_of
from oncelint.flow.values import At, ClassObj, Comp, Lit, Ref
from oncelint.frameworks.databases import STATEMENT_METHODS
from oncelint.link.clients import Surroundings
from oncelint.model import ir
from oncelint.model.facts import KeySpan, TableFact
from oncelint.model.values import Position, Span
from oncelint.sql.schema import read_schema

# More schema files than this are not read for one project.
_FILES = 200


@dataclass(frozen=True, slots=True)
class Declared:
    """A table's unique keys as far as the project tells, and where it is declared.

    `required` are the attributes of a mapped class without which no object of it is valid. Not
    `settled` when the keys may be others by now: something drops keys, or two declarations differ.
    """

    keys: tuple[KeySpan, ...]
    span: Span
    required: frozenset[str] = frozenset()
    settled: bool = True


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
        self._files = [path for path in files if path.lower().endswith(".sql")][:_FILES]
        self._read = read
        self._texts: dict[str, str] | None = None
        self._facts: list[TableFact] | None = None
        self._dropping: list[str] = []
        self._classes: dict[str, list[ClassObj]] | None = None
        self._found: dict[tuple[str, str, str], Declared | None] = {}

    def find(self, table: str, path: str, dialect: str) -> Declared | None:
        """The keys of a table (lower case) for code at `path`; None when nothing declares it."""
        unit = self._around.unit(path)
        wanted = (table, unit, dialect)
        if wanted not in self._found:
            facts = [*self._executed(), *self._in_files(table, unit, dialect)]
            facts = [one for one in facts if one.name == table]
            facts = [one for one in facts if self._around.unit(one.span.path) == unit]
            found = _joined(facts)
            if found is not None and found.settled and self._drops(unit, table):
                found = replace(found, settled=False)
            self._found[wanted] = found or self._mapped(table, unit)
        return self._found[wanted]

    def _drops(self, unit: str, table: str) -> bool:
        """Whether a text of the unit takes keys of a table away. An index is dropped by its name
        alone, so that any such drop may be that of any key."""
        texts = [text for path, text in (self._texts or {}).items() if self._unit_is(path, unit)]
        return any(
            (found["table"] or table).lower().endswith(table)
            for text in (*texts, *self._dropping)
            for found in _DROPS.finditer(text)
        )

    def _unit_is(self, path: str, unit: str) -> bool:
        return self._around.unit(path) == unit

    def _executed(self) -> list[TableFact]:
        """What Python code declares by executing it."""
        if self._facts is not None:
            return self._facts
        self._facts = []
        seen: set[tuple[str, At]] = set()
        for execution in self._machine.trace.executions:
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
            if _DROPS.search(text):
                self._dropping.append(text)
            span = span_of(at)
            self._facts.extend(read_schema(text, "", lambda start, end, span=span: span))  # type: ignore[misc]
        return self._facts

    def _in_files(self, table: str, unit: str, dialect: str) -> Iterator[TableFact]:
        if self._texts is None:
            data = {path: self._read(path) for path in self._files}
            self._texts = {
                path: raw.decode("utf-8", "replace")
                for path, raw in data.items()
                if raw is not None
            }
        for path, text in self._texts.items():
            if table not in text.lower() or self._around.unit(path) != unit:
                continue
            if _foreign(path, text, dialect):
                continue
            # a dump may hold megabytes of rows beside its few declarations
            for statement in _DECLARATION.finditer(text):
                if table in statement[0].lower():
                    place = _placer(path, text, statement.start())
                    yield from read_schema(statement[0], dialect, place)

    def _mapped(self, table: str, unit: str) -> Declared | None:
        """The class that is mapped to a table by its __tablename__."""
        if self._classes is None:
            self._classes = {}
            for value in self._machine.cells.values():
                named = value.attrs.get("__tablename__") if isinstance(value, ClassObj) else None
                if isinstance(value, ClassObj) and isinstance(named, Lit):
                    self._classes.setdefault(str(named.value).lower(), []).append(value)
        for cls in self._classes.get(table, ()):
            if self._around.unit(cls.path) == unit:
                return _declared(cls, _class_keys(cls))
        return None


def model_keys(machine: Machine, cls: Ref) -> Declared | None:
    """The unique keys of a mapped class, inherited columns included; by attribute name."""
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return None
    classes = [obj]
    for base in bases_of(machine, cls):
        inherited = machine.obj(base) if isinstance(base, Ref) else None
        if isinstance(inherited, ClassObj):
            classes.append(inherited)
    keys = [key for one in classes for key in _class_keys(one)]
    required = frozenset(name for one in classes for name in _required(one))
    return replace(_declared(obj, keys), required=required)


def _declared(obj: ClassObj, keys: Iterable[KeySpan]) -> Declared:
    return Declared(tuple(keys), span_of(At(obj.path, obj.node.place)))


_DROPS = re.compile(
    r"(?:\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?[\"`\[]?(?P<table>[\w.]+)[^;]*?)?"
    r"\bDROP\s+(?:CONSTRAINT|INDEX|PRIMARY|UNIQUE|KEY)\b",
    re.I,
)


def _joined(facts: Sequence[TableFact]) -> Declared | None:
    """All keys that statements give a table; one of them must create it."""
    created = [fact for fact in facts if fact.declared]
    if not created:
        return None
    keys = dict.fromkeys(key for fact in facts for key in fact.keys)
    shown = next((fact for fact in created if fact.keys), created[0])
    declarations = {frozenset(key.columns for key in fact.keys) for fact in created}
    return Declared(tuple(keys), shown.span, settled=len(declarations) == 1)


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


def _foreign(path: str, text: str, dialect: str) -> bool:
    """Whether a schema file is another database's: by its name, or by what Cassandra alone has."""
    stem = path.rpartition("/")[2].lower()
    named = {sql for word, sql in _NAMED if word in stem}
    if not dialect:
        named &= {"cassandra", "clickhouse"}
    return (bool(named) and dialect not in named) or _CQL.search(text) is not None


_DECLARATION = re.compile(r"^[ \t]*(?:CREATE|ALTER)\b[^;]*", re.I | re.M)


def _placer(path: str, text: str, base: int) -> Callable[[int, int], Span]:
    """Spans of a file from offsets in the part of its text that begins at `base`."""

    def position(relative: int) -> Position:
        offset = base + relative
        start = text.rfind("\n", 0, offset) + 1
        return Position(text.count("\n", 0, offset) + 1, offset - start + 1)

    return lambda start, end: Span(path, position(start), position(end))


# Mapped classes -------------------------------------------------------------------------------

_COLUMNS = frozenset({"Column", "mapped_column", "Field"})
_CONSTRAINTS = frozenset({"UniqueConstraint", "PrimaryKeyConstraint"})


def _class_keys(obj: ClassObj) -> Iterator[KeySpan]:
    """Keys of SQLAlchemy, SQLModel and Django classes: of their columns and of their arguments."""
    for stmt in obj.node.body:
        if isinstance(stmt, ir.Class) and stmt.name == "Meta":
            yield from _meta_keys(stmt, obj.path)
        if not isinstance(stmt, ir.Assign) or stmt.value is None:
            continue
        names = [target.id for target in stmt.targets if isinstance(target, ir.Name)]
        if names == ["__table_args__"]:
            for call in _calls(stmt.value):
                columns = _texts(call.args)
                unique = _callee(call) in _CONSTRAINTS
                if _callee(call) == "Index" and _true(call, "unique"):
                    columns, unique = columns[1:], not _is_partial(call)
                # what is no text may be an expression
                if unique and columns and len(_texts(call.args)) == len(call.args):
                    yield KeySpan(frozenset(columns), False, span_of(At(obj.path, call.place)))
        elif names and isinstance(stmt.value, ir.Call):
            key = _column_key(names[0], stmt.value, stmt.annotation, obj.path)
            if key is not None:
                yield key


def _is_partial(call: ir.Call) -> bool:
    """Whether an Index has a condition (postgresql_where, sqlite_where)."""
    return any(word.name is None or word.name.endswith("_where") for word in call.keywords)


def _column_key(name: str, call: ir.Call, annotation: ir.Expr | None, path: str) -> KeySpan | None:
    callee = _callee(call)
    if callee not in _COLUMNS and not callee.endswith("Field"):
        return None
    primary = _true(call, "primary_key")
    if not primary and not _true(call, "unique"):
        return None
    given = {keyword.name for keyword in call.keywords}
    types = {_callee(arg) if isinstance(arg, ir.Call) else _name(arg) for arg in call.args}
    if annotation is not None:
        types |= _names(annotation)
    generated = (
        bool(given & {"default", "default_factory", "server_default", "insert_default"})
        # an integer primary key that is left out is counted by the database
        or (primary and bool(types & _COUNTED) and not _false(call, "autoincrement"))
        or callee.endswith("AutoField")
        or bool(types & {"Identity", "Sequence"})
    )
    return KeySpan(frozenset((name,)), generated, span_of(At(path, call.place)))


def _required(obj: ClassObj) -> Iterator[str]:
    """SQLModel's fields of a type that excludes None, with no default: a record without one of
    them is refused wherever it is validated, and so it is part of every record."""
    for stmt in obj.node.body:
        if not isinstance(stmt, ir.Assign) or not isinstance(stmt.value, ir.Call):
            continue
        call, annotation = stmt.value, stmt.annotation
        if _callee(call) != "Field" or call.args or annotation is None:
            continue
        names = {keyword.name for keyword in call.keywords}
        if not names & _DEFAULTS and None not in names and not _admits_none(annotation):
            yield from (target.id for target in stmt.targets if isinstance(target, ir.Name))


_DEFAULTS = frozenset({"default", "default_factory", "sa_column", "sa_column_kwargs"})


def _admits_none(annotation: ir.Expr) -> bool:
    """Whether None is a value of a type; an annotation in quotation marks is not read."""
    if isinstance(annotation, ir.Binary):
        return _admits_none(annotation.left) or _admits_none(annotation.right)
    if isinstance(annotation, ir.Subscript):
        return _name(annotation.base) in ("Optional", "Union")
    return isinstance(annotation, (ir.Const, ir.Text)) or _name(annotation) in ("Any", "")


_COUNTED = frozenset({"Integer", "BigInteger", "SmallInteger", "int"})


def _names(value: ir.Expr) -> set[str]:
    """The names in an annotation."""
    if isinstance(value, ir.Subscript):
        return _names(value.base) | _names(value.key)
    if isinstance(value, ir.Binary):
        return _names(value.left) | _names(value.right)
    if isinstance(value, ir.ListDisplay):
        return {name for item in value.items for name in _names(item)}
    return {_name(value)} - {""}


def _meta_keys(meta: ir.Class, path: str) -> Iterator[KeySpan]:
    for stmt in meta.body:
        if not isinstance(stmt, ir.Assign) or stmt.value is None:
            continue
        names = [target.id for target in stmt.targets if isinstance(target, ir.Name)]
        span = span_of(At(path, stmt.place))
        if names == ["unique_together"] and isinstance(stmt.value, ir.ListDisplay):
            items = stmt.value.items
            nested = [item.items for item in items if isinstance(item, ir.ListDisplay)]
            for columns in nested or [items]:
                yield KeySpan(frozenset(_texts(columns)), False, span)
        elif names == ["constraints"]:
            for call in _calls(stmt.value):
                given = {keyword.name: keyword.value for keyword in call.keywords}
                fields = given.get("fields")
                if _callee(call) == "UniqueConstraint" and isinstance(fields, ir.ListDisplay):
                    if "condition" not in given:
                        yield KeySpan(frozenset(_texts(fields.items)), False, span)


def _calls(value: ir.Expr) -> Iterator[ir.Call]:
    if isinstance(value, ir.Call):
        yield value
    elif isinstance(value, ir.ListDisplay):
        for item in value.items:
            yield from _calls(item)


def _callee(call: ir.Call) -> str:
    return _name(call.func)


def _name(value: ir.Expr) -> str:
    if isinstance(value, ir.Attribute):
        return value.name
    return value.id if isinstance(value, ir.Name) else ""


def _texts(values: Iterable[ir.Expr]) -> list[str]:
    return [value.value for value in values if isinstance(value, ir.Text)]


def _flag(call: ir.Call, name: str) -> object:
    for keyword in call.keywords:
        if keyword.name == name and isinstance(keyword.value, ir.Const):
            return keyword.value.value
    return None


def _true(call: ir.Call, name: str) -> bool:
    return _flag(call, name) is True


def _false(call: ir.Call, name: str) -> bool:
    return _flag(call, name) is False
