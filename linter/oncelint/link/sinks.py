"""Writes to databases that a consume loop reaches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.objects import bases_of
from oncelint.flow.trace import Execution, LoopContext
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Built,
    ClassObj,
    Comp,
    Ext,
    File,
    Foreign,
    Items,
    Lit,
    Phi,
    Ref,
)
from oncelint.frameworks.databases import (
    DRIVERS,
    FUNCTIONS,
    LOOKUP_METHODS,
    MANAGER_METHODS,
    MAPPERS,
    NOT_RELATIONAL,
    OBJECT_METHODS,
    STATEMENT_KEYWORDS,
    STATEMENT_METHODS,
)
from oncelint.link.clients import Made, Surroundings, is_test
from oncelint.link.handling import going_on
from oncelint.link.lookups import given, is_idle, within
from oncelint.link.paths import call_path
from oncelint.link.schemas import Declared, Schemas, model_keys
from oncelint.model import ir
from oncelint.model.project import Consumer, Sink
from oncelint.model.values import Span
from oncelint.sql.statements import Written, begins_statement, read_lookup, read_statement

Confidence: TypeAlias = Literal["high", "medium", "low"]


def sinks(
    machine: Machine,
    made: Sequence[Made],
    around: Surroundings,
    files: Iterable[str] = (),
    read: Callable[[str], bytes | None] = lambda path: None,
) -> tuple[Sink, ...]:
    """Every write in a consume loop, once for each consumer whose records lead to it.

    `files` are the project's, `read` gives the bytes of one: its .sql files tell unique keys.
    """
    consumers = {one.site: one.client for one in reversed(made) if isinstance(one.client, Consumer)}
    positioned = {use.site for use in machine.trace.uses if use.method in _POSITIONS}
    finder = _Finder(machine, around, Schemas(machine, around, files, read))
    found: dict[tuple[Span, Span], Sink] = {}
    for execution in machine.trace.executions:
        for loop in execution.loops:
            for site, polled in loop.consumers.items():
                consumer = consumers.get(site)
                sink = finder.sink(execution, consumer, polled, loop) if consumer else None
                if sink is None:
                    continue
                if site in positioned:
                    sink = replace(sink, positioned=True)
                key = (sink.span, sink.consumer.span)
                if key not in found or (sink.guard and not found[key].guard):
                    found[key] = sink
        finder.remember(execution)
    return tuple(found.values())


# What chooses the position of a consumer other than its group and auto.offset.reset do.
_POSITIONS = frozenset({"seek", "seek_to_beginning", "assign", "incremental_assign"})
# Names of tables that remember which records were processed (the inbox pattern).
_INBOX = re.compile(r"inbox|processed|dedup|idempoten|already_|seen_|handled_|consumed_")
_ANY_TABLE = "*"


class _Finder:
    """Judges one execution after the other, in the order of the program."""

    def __init__(self, machine: Machine, around: Surroundings, schemas: Schemas) -> None:
        self._machine = machine
        self._around = around
        self._schemas = schemas
        self._looked: dict[int, dict[str, str]] = {}
        self._imported: dict[str, frozenset[str]] = {}

    def sink(
        self, execution: Execution, consumer: Consumer, polled: At, loop: LoopContext
    ) -> Sink | None:
        library, inferred = self._library(execution)
        if library in NOT_RELATIONAL or execution.record is False:
            return None
        written = _written(self._machine, execution, library)
        if written is None:
            return None
        dialect = _dialect(execution, library)
        table = written.table
        guard = written.guard or self._looked_up(execution.loops, table)
        declared = None
        if guard is None and table is not None:
            declared = self._declared(execution, written, table, dialect)
        path = call_path(execution.path, loop, polled, execution.at, "writes here")
        confidence: Confidence = "high"
        if inferred or not written.certain:
            confidence = "medium"
        if execution.record is None:
            confidence = "low"
        span = span_of(execution.at)
        if written.span is not None and self._hands_on(execution, written.span):
            span = written.span
        fresh = _made_up(written, execution)
        sites = [At(step.span.path, _place(step.span)) for step in execution.path]
        handlers = going_on(
            self._machine.modules, execution.handlers, (*sites, execution.at), loop.at
        )
        return Sink(
            library=library or "SQL",
            operation=written.operation,
            span=span,
            statement=written.text,
            table=table,
            columns=written.columns,
            guard=guard,
            keys=_violated(declared, written, execution) if declared is not None else None,
            caught=any(_catches(name) for name in handlers),
            consumer=consumer,
            path=path,
            confidence=confidence,
            in_tests=is_test(execution.at.path) and not self._around.include_tests,
            statement_span=written.span,
            keys_span=declared.span if declared is not None else None,
            keys_settled=declared is None or declared.settled,
            swallowed=any(_swallows(name) for name in handlers),
            sql=dialect,
            repeated=tuple(one for one in written.columns if one not in fresh),
        )

    def _hands_on(self, execution: Execution, statement: Span) -> bool:
        """Whether a helper writes a statement that another function gives it."""
        module = self._machine.modules.get(execution.at.path)
        index = 1 if execution.method in FUNCTIONS else 0
        if module is None or not given(module.body, execution.at.place, index):
            return False
        return statement.path != execution.at.path or not within(
            module.body, execution.at.place, _place(statement)
        )

    def _declared(
        self, execution: Execution, written: Written, table: str, dialect: str
    ) -> Declared | None:
        cls = _mapped_class(self._machine, execution)
        if written.operation != "insert" or cls is not None:
            return model_keys(self._machine, cls) if cls is not None else None
        return self._schemas.find(table, execution.at.path, dialect)

    def remember(self, execution: Execution) -> None:
        """A lookup or a deletion of a table: what follows in the loop depends on it.

        A table of what was processed guards every write behind it, whether it is looked up or
        written to first. A lookup whose rows nothing depends on guards nothing.
        """
        if not execution.loops:
            return
        table, told = _lookup(self._machine, execution)
        if table is not None and told not in _CLEARS:
            module = self._machine.modules.get(execution.at.path)
            if module is not None and is_idle(module.body, execution.at.place):
                return
        if table is None:
            library, _ = self._library(execution)
            written = _written(self._machine, execution, library)
            if written is not None and written.table is not None:
                if _INBOX.search(written.table):
                    table, told = written.table, f"an entry in {written.table}"
        if table is None:
            return
        for loop in execution.loops:
            looked = self._looked.setdefault(id(loop), {})
            looked.setdefault(table, told)
            if _INBOX.search(table):
                looked.setdefault(_ANY_TABLE, told)

    def _looked_up(self, loops: Sequence[LoopContext], table: str | None) -> str | None:
        for loop in loops:
            looked = self._looked.get(id(loop), {})
            told = looked.get(table or "") or looked.get(_ANY_TABLE)
            if told:
                return told
        return None

    def _library(self, execution: Execution) -> tuple[str | None, bool]:
        """The library that writes, and whether only the module's imports tell it."""
        library = _origin(execution.receiver)
        if library is not None:
            return library, False
        imported = self._imports(execution.at.path)
        stores = imported & NOT_RELATIONAL
        if stores:
            return min(stores), True
        drivers = imported & DRIVERS.keys()
        return (next(iter(drivers)) if len(drivers) == 1 else None), True

    def _imports(self, path: str) -> frozenset[str]:
        """Top packages a module imports."""
        if path not in self._imported:
            module = self._machine.modules.get(path)
            body = module.body if module is not None else ()
            names = {
                one.module.partition(".")[0]
                for one in body
                if isinstance(one, ir.Import) and not one.module.startswith(".")
            }
            self._imported[path] = frozenset(names)
        return self._imported[path]


def _place(span: Span) -> ir.Place:
    return span.start.line, span.start.column, span.end.line, span.end.column


# What is caught -------------------------------------------------------------------------------

_VIOLATIONS = ("IntegrityError", "UniqueViolation", "UniqueViolationError", "DuplicateKeyError")
_ANYTHING = frozenset({"*", "Exception", "BaseException", "any exception"})
_ANY_DATABASE_ERROR = ("Error", "DatabaseError", "SQLAlchemyError", "DBAPIError", "PostgresError")


def _catches(name: str) -> bool:
    return name.rpartition(".")[2] in _VIOLATIONS


def _swallows(name: str) -> bool:
    last = name.rpartition(".")[2]
    return name in _ANYTHING or last in _ANYTHING or ("." in name and last in _ANY_DATABASE_ERROR)


# Where a connection comes from ----------------------------------------------------------------


def _origin(receiver: Abs) -> str | None:
    """The top package of the library a receiver came from; None when it cannot be told."""
    if isinstance(receiver, Foreign):
        return receiver.path.partition(".")[0].partition("(")[0]
    if isinstance(receiver, Ext):
        return receiver.name.partition(".")[0]
    if isinstance(receiver, Bound):
        return _origin(receiver.receiver)
    if isinstance(receiver, Phi):
        named = {_origin(one) for _, one in receiver.branches} - {None}
        return named.pop() if len(named) == 1 else None
    return None


# The beginning of an SQLAlchemy or databases URL, to the name of its SQL.
_URLS = (
    ("postgres", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite", "sqlite"),
    ("mssql", "tsql"),
    ("oracle", "oracle"),
)


def _dialect(execution: Execution, library: str | None) -> str:
    """The name of the SQL: the driver's, or that of a literal database URL."""
    known = DRIVERS.get(library or "", "")
    return known or _url_dialect(execution.receiver)


def _url_dialect(value: Abs, depth: int = 0) -> str:
    """What the URL says that a session, connection or engine was made from."""
    text = value.value if isinstance(value, Lit) else None
    text = value.template if isinstance(value, Comp) else text
    if isinstance(text, str):
        return next((name for prefix, name in _URLS if text.startswith(prefix)), "")
    if isinstance(value, Foreign) and depth < 4:
        return next(filter(None, (_url_dialect(one, depth + 1) for one in value.made_from)), "")
    return ""


# What is written ------------------------------------------------------------------------------


def _written(machine: Machine, execution: Execution, library: str | None) -> Written | None:
    method = execution.method
    if method in FUNCTIONS:
        return _statement(_read_in(machine, execution, execution.args[1:2]), "postgres")
    if method in STATEMENT_METHODS:
        args = _read_in(machine, execution, _statement_args(execution))
        built = _built_statement(machine, args)
        if built is not None:
            return built
        if library is not None and library not in DRIVERS:
            return None
        return _statement(args, _dialect(execution, library))
    if method in OBJECT_METHODS:
        return _added(machine, execution, library)
    path = execution.receiver.path if isinstance(execution.receiver, Foreign) else ""
    if method in MANAGER_METHODS and library == "django" and ".objects" in path:
        return _created(machine, execution)
    return None


def _statement_args(execution: Execution) -> tuple[Abs, ...]:
    if execution.args:
        return execution.args[:1]
    return tuple(value for name, value in execution.keywords if name in STATEMENT_KEYWORDS)[:1]


# A .sql file with more lines than this is a script and no statement of a consumer.
_LINES = 200


def _read_in(machine: Machine, execution: Execution, args: Sequence[Abs]) -> tuple[Abs, ...]:
    """The arguments with the text of a .sql file in place of the file."""

    def text(value: Abs) -> Abs:
        if isinstance(value, Foreign) and value.made_from:
            return replace(value, made_from=(text(value.made_from[0]), *value.made_from[1:]))
        if not isinstance(value, File) or not value.path.lower().endswith(".sql"):
            return value
        found = machine.files.lines("" if value.rooted else execution.at.path, value.path)
        if found is None or len(found[1]) > _LINES:
            return value
        path, lines = found
        return Lit("\n".join(lines), At(path, (1, 1, len(lines), len(lines[-1]) + 1)))

    return tuple(text(value) for value in args)


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
    written = _placed(read_statement(str(texts[0].value), dialect), texts[0].at)
    if written is not None and written.guard is None and clause is not None:
        return written._replace(guard=clause)
    return written


_GUARDING = ("on_conflict_do_nothing", "on_conflict_do_update", "on_duplicate_key_update")


def _built_statement(machine: Machine, args: Sequence[Abs]) -> Written | None:
    """SQLAlchemy's insert(table).values(…): the chain of calls is the statement."""
    value = args[0] if args else None
    if isinstance(value, Phi):
        read = [_built_statement(machine, [one]) for _, one in value.branches]
        if any(one is None for one in read):
            return next((one for one in read if one is not None and one.guard), None)
        return next((one for one in read if one is not None and one.guard), read[0])
    if not isinstance(value, Foreign) or value.path.partition(".")[0] not in MAPPERS:
        return None
    calls = [call.rpartition(".")[2] for call in value.path.split("()")]
    if "insert" not in calls:
        return None
    guard = next((call for call in calls if call in (*_GUARDING, "prefix_with")), None)
    # from_select may hold its own NOT EXISTS
    guard = guard or ("from_select" if "from_select" in calls else None)
    span = span_of(value.at) if value.at is not None else None
    return Written("insert", None, _table_in(machine, value), (), guard, True, span)


def _table_in(machine: Machine, value: Foreign) -> str | None:
    """The table of a statement or manager: a mapped class or a Table it was made from."""
    for one in value.made_from:
        if isinstance(one, Ref):
            return _table_of(machine, one)
        if isinstance(one, Foreign) and one.path.endswith(".Table()"):
            return _table_in(machine, one)
        if isinstance(one, Lit) and ".Table()" in value.path and isinstance(one.value, str):
            return one.value.lower()
    return None


def _added(machine: Machine, execution: Execution, library: str | None) -> Written | None:
    """session.add(Model(…)): what is added must be a mapped object made here."""
    value = _object(execution)
    cls = value.cls if isinstance(value, Built) else value
    if not isinstance(cls, Ref) or not isinstance(machine.obj(cls), ClassObj):
        return None
    if library not in MAPPERS and not _is_mapped(machine, cls):
        return None
    columns = _named(value.fields) if isinstance(value, Built) else ()
    return Written("orm-add", None, _table_of(machine, cls), columns, None, True)


def _named(fields: Sequence[tuple[str, Abs]]) -> tuple[str, ...]:
    """The names of given fields; none where some of them are not seen (`**values`)."""
    if any(name.startswith("\0") for name, _ in fields):
        return ()
    return tuple(name for name, _ in fields)


def _object(execution: Execution) -> Abs | None:
    value = execution.args[0] if execution.args else None
    if isinstance(value, Items):
        return value.items[0] if value.items else None
    return value


def _is_mapped(machine: Machine, cls: Ref) -> bool:
    """Whether a class derives from a mapper's base."""
    return any(_origin(base) in MAPPERS for base in bases_of(machine, cls))


def _created(machine: Machine, execution: Execution) -> Written:
    """Model.objects.create(…) and bulk_create([…])."""
    guard = None
    for name, value in execution.keywords:
        if name in ("ignore_conflicts", "update_conflicts"):
            guard = None if isinstance(value, Lit) and value.value is False else name
    columns = _named(execution.keywords)
    if "bulk" in execution.method:
        first = _object(execution)
        columns = _named(first.fields) if isinstance(first, Built) else ()
    table = None
    if isinstance(execution.receiver, Foreign):
        table = _table_in(machine, execution.receiver)
    return Written("orm-create", None, table, columns, guard, True)


def _mapped_class(machine: Machine, execution: Execution) -> Ref | None:
    """The project's class that an execution writes objects or rows of."""
    values: list[Abs | None] = [_object(execution), execution.receiver]
    for value in values:
        if isinstance(value, Built):
            return value.cls
        candidates = value.made_from if isinstance(value, Foreign) else (value,)
        for one in candidates:
            if isinstance(one, Ref) and isinstance(machine.obj(one), ClassObj):
                return one
    return None


def _table_of(machine: Machine, cls: Ref) -> str | None:
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return None
    named = obj.attrs.get("__tablename__")
    if isinstance(named, Lit) and isinstance(named.value, str):
        return named.value.lower()
    return obj.name.lower()


# Keys and lookups -----------------------------------------------------------------------------


def _violated(
    declared: Declared, written: Written, execution: Execution
) -> tuple[frozenset[str], ...] | None:
    """The unique keys that the same record violates when it is written again.

    None where it is not known which columns are written, so that a key which the database would
    make up may come from the record after all.
    """
    fresh = _made_up(written, execution)
    keys = [key for key in declared.keys if not key.columns & fresh]
    value = _object(execution)
    if written.columns:
        keys = [key for key in keys if key.columns <= set(written.columns)]
    elif isinstance(value, Built) and any(key.columns <= declared.required for key in keys):
        # Model(**record): what an object cannot do without, the record brings
        keys = [key for key in keys if not key.generated or key.columns <= declared.required]
    elif keys and all(key.generated for key in keys):
        return None
    else:
        keys = [key for key in keys if not key.generated]
    return tuple(dict.fromkeys(key.columns for key in keys))


_CHANGING = frozenset(("random", "time", "process"))


def _made_up(written: Written, execution: Execution) -> frozenset[str]:
    """Columns that get another value each time: by the database, or by the program."""
    fresh = {
        column
        for column, filler in zip(written.columns, written.fillers, strict=False)
        if filler is False or (filler is not None and _changes(_argument(execution, filler)))
    }
    fields: list[tuple[str, Abs]] = list(execution.keywords)
    value = _object(execution)
    if isinstance(value, Built):
        fields.extend(value.fields)
    fresh.update(name for name, given in fields if _changes(given))
    return frozenset(fresh)


def _argument(execution: Execution, filler: int | str) -> Abs | None:
    """The value of a parameter of the statement, by index or by name."""
    given = execution.args[2:3] if execution.method in FUNCTIONS else execution.args[1:]
    if isinstance(filler, str):
        given_first = given[0] if given else None
        if isinstance(given_first, Items) and filler in given_first.keys:
            return given_first.items[given_first.keys.index(filler)]
        return dict(execution.keywords).get(filler)
    if len(given) == 1 and isinstance(given[0], Items):
        row = given[0]
        if row.items and isinstance(row.items[0], Items) and not row.items[0].keys:
            row = row.items[0]  # executemany: the first row stands for all
        return row.items[filler] if filler < len(row.items) and not row.keys else None
    return given[filler] if filler < len(given) else None


def _changes(value: Abs | None) -> bool:
    return isinstance(value, Comp) and bool(value.kinds & _CHANGING)


_CLEARS = frozenset({"delete()", "DELETE"})


def _lookup(machine: Machine, execution: Execution) -> tuple[str | None, str]:
    """The table that is looked up or cleared by a condition, and by what."""
    if execution.method in LOOKUP_METHODS:
        return _looked_up_object(machine, execution), f"{execution.method}()"
    if execution.method not in STATEMENT_METHODS:
        return None, ""
    value: Abs | None = next(iter(_statement_args(execution)), None)
    if isinstance(value, Foreign):
        calls = [call.rpartition(".")[2] for call in value.path.split("()")]
        if _origin(value) in MAPPERS and ("select" in calls or "delete" in calls):
            return _table_in(machine, value), "select()" if "select" in calls else "delete()"
        value = value.made_from[0] if value.made_from else None
    text = value.value if isinstance(value, Lit) else None
    text = value.template if isinstance(value, Comp) else text
    read = read_lookup(text, "") if isinstance(text, str) else None
    return (read.table, read.operation.upper()) if read is not None else (None, "")


def _looked_up_object(machine: Machine, execution: Execution) -> str | None:
    """session.get(Order, id), session.query(Order), Order.objects.filter(…): the table."""
    first = execution.args[0] if execution.args else None
    if isinstance(first, Ref):
        return _table_of(machine, first)
    receiver = execution.receiver
    if isinstance(receiver, Foreign) and _origin(receiver) in (*MAPPERS, "django"):
        return _table_in(machine, receiver)
    return None
