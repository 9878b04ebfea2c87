"""Writes to databases that a consume loop reaches."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import (
    Abs,
    Bound,
    ClassObj,
    Comp,
    Ext,
    Foreign,
    Items,
    Lit,
    Phi,
    Ref,
)
from oncelint.frameworks.databases import (
    DRIVERS,
    FUNCTIONS,
    MANAGER_METHODS,
    NOT_RELATIONAL,
    OBJECT_METHODS,
    STATEMENT_METHODS,
)
from oncelint.link.clients import Made, Surroundings, is_test
from oncelint.model.project import Consumer, Sink, Step
from oncelint.model.values import Span
from oncelint.sql.statements import Written, read_statement


def sinks(machine: Machine, made: Sequence[Made], around: Surroundings) -> tuple[Sink, ...]:
    """Every write in a consume loop, once for each consumer whose records lead to it."""
    consumers = {one.site: one.client for one in reversed(made) if isinstance(one.client, Consumer)}
    found: dict[tuple[Span, Span], Sink] = {}
    for execution in machine.trace.executions:
        loops = [(loop, site) for loop in execution.loops for site in loop.consumers]
        for loop, site in loops:
            consumer = consumers.get(site)
            if consumer is None:
                continue
            sink = _sink(machine, execution, consumer, loop.consumers[site], around)
            if sink is None:
                continue
            key = (sink.span, consumer.span)
            if key not in found or (sink.guard and not found[key].guard):
                found[key] = sink
    return tuple(found.values())


def _sink(
    machine: Machine, execution: Execution, consumer: Consumer, polled: object, around: Surroundings
) -> Sink | None:
    library = _library(execution.receiver)
    if library in NOT_RELATIONAL:
        return None
    written = _written(machine, execution, library)
    if written is None or execution.record is False:
        return None
    path = (
        Step(span_of(polled), "consumes here"),  # type: ignore[arg-type]
        *execution.path,
        Step(span_of(execution.at), "writes here"),
    )
    return Sink(
        library=library or "SQL",
        operation=written.operation,
        span=written.span or span_of(execution.at),
        statement=written.text,
        table=written.table,
        columns=written.columns,
        guard=written.guard,
        keys=None,
        caught=any(_catches(name) for name in execution.handlers),
        consumer=consumer,
        path=path,
        certain=execution.record is True and library is not None and written.certain,
        in_tests=is_test(execution.at.path) and not around.include_tests,
    )


def _catches(name: str) -> bool:
    return name.endswith(
        ("IntegrityError", "UniqueViolation", "UniqueViolationError", "DuplicateKey")
    )


def _library(receiver: Abs) -> str | None:
    """The top package of the library a receiver came from; None when it cannot be told."""
    if isinstance(receiver, Foreign):
        return receiver.path.partition(".")[0].partition("(")[0]
    if isinstance(receiver, Ext):
        return receiver.name.partition(".")[0]
    if isinstance(receiver, Bound):
        return _library(receiver.receiver)
    if isinstance(receiver, Phi):
        named = {_library(one) for _, one in receiver.branches} - {None}
        return named.pop() if len(named) == 1 else None
    return None


def _written(machine: Machine, execution: Execution, library: str | None) -> Written | None:
    method = execution.method
    if method in FUNCTIONS:
        return _statement(execution.args[1:2], "postgres")
    known = library in DRIVERS
    if method in STATEMENT_METHODS:
        built = _built_statement(execution.args[:1])
        if built is not None:
            return built
        if library is not None and not known:
            return None
        return _statement(execution.args[:1], DRIVERS.get(library or "", ""))
    path = execution.receiver.path if isinstance(execution.receiver, Foreign) else ""
    if method in OBJECT_METHODS and library in ("sqlalchemy", "sqlmodel"):
        return _added(machine, execution)
    if method in MANAGER_METHODS and library == "django" and ".objects" in path:
        guard = None
        for name, value in execution.keywords:
            if name in ("ignore_conflicts", "update_conflicts"):
                guard = name if not (isinstance(value, Lit) and value.value is False) else None
        return Written("orm-create", None, _model(machine, execution.receiver), (), guard, True)
    return None


def _statement(args: Sequence[Abs], dialect: str) -> Written | None:
    if not args:
        return None
    value = args[0]
    if isinstance(value, Phi):
        read = [_statement([one], dialect) for _, one in value.branches]
        inserts = [one for one in read if one is not None]
        # every statement that can stand here must be an unguarded insert
        if len(inserts) < len(read) or any(one.guard for one in inserts):
            return next((one for one in inserts if one.guard), None)
        return inserts[0]
    if isinstance(value, Lit) and isinstance(value.value, str):
        return _placed(read_statement(value.value, dialect, complete=True), value)
    if isinstance(value, Comp):
        return _placed(read_statement(value.template, dialect, complete=bool(value.kinds)), value)
    return None


def _placed(written: Written | None, value: Lit | Comp) -> Written | None:
    if written is None or value.at is None:
        return written
    return written._replace(span=span_of(value.at))


def _built_statement(args: Sequence[Abs]) -> Written | None:
    """SQLAlchemy's insert(table).values(…): the chain of calls is the statement."""
    value = args[0] if args else None
    if not isinstance(value, Foreign) or not value.path.startswith(("sqlalchemy", "sqlmodel")):
        return None
    head = value.path.split("()", 1)[0]
    if not (head.endswith(".insert") or ".insert()" in value.path):
        return None
    guard = None
    for word in ("on_conflict_do_nothing", "on_conflict_do_update", "on_duplicate_key_update"):
        if word in value.path:
            guard = word
    if "prefix_with" in value.path:
        guard = "prefix_with"
    return Written("insert", None, None, (), guard, True)


def _added(machine: Machine, execution: Execution) -> Written | None:
    """session.add(Model(…)): what is added must be a mapped object made here."""
    value = execution.args[0] if execution.args else None
    cls: Abs | None = value
    if isinstance(value, Items) and value.items:
        cls = value.items[0]
    if not isinstance(cls, Ref) or not isinstance(machine.obj(cls), ClassObj):
        return None
    return Written("orm-add", None, _table_of(machine, cls), (), None, True)


def _model(machine: Machine, receiver: Abs) -> str | None:
    if isinstance(receiver, Foreign):
        for value in receiver.made_from:
            if isinstance(value, Ref):
                return _table_of(machine, value)
    return None


def _table_of(machine: Machine, cls: Ref) -> str | None:
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return None
    named = obj.attrs.get("__tablename__")
    if isinstance(named, Lit) and isinstance(named.value, str):
        return named.value.lower()
    return obj.name.lower()
