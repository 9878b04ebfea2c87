"""One call of a store, what it writes to, and a write under a key that the caller chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Bound, Lit, Unk
from oncelint.frameworks.python.stores import (
    AWS_PACKAGES,
    AWS_STORES,
    FRAME_METHODS,
    STORES,
    Does,
    Store,
)
from oncelint.link.sinks.arguments import (
    argument,
    comes_from,
    is_given,
    made_from,
    text,
    way,
)
from oncelint.link.sinks.engines import Engines
from oncelint.link.sinks.origins import imports
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, source_of
from oncelint.model.sinks import Change, Conflict, Source
from oncelint.model.values import Span

_SERVICES = frozenset(AWS_STORES)


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a store: what its table says, and how its receiver was come by."""

    machine: Machine
    execution: Execution
    store: Store
    does: Does
    path: str
    certain: bool
    engines: Engines | None

    def get(self, named: str) -> Abs | None:
        return argument(self.execution, named)

    def source(self, value: Abs | None) -> Source:
        return source_of(self.machine, value)

    @property
    def method(self) -> str:
        return self.execution.method.rpartition(".")[2]

    def partial(
        self,
        operation: str,
        *,
        identity: Source | None = None,
        name: str = "",
        target: str | None = None,
        changes: tuple[Change, ...] = (),
        certain: bool = True,
        guard: str | None = None,
        keys: tuple[frozenset[str], ...] | None = None,
        columns: tuple[str, ...] = (),
        many: bool | None = None,
        engine: str | None = None,
        table: bool = False,
        conflict: Conflict | None = None,
    ) -> Partial:
        return Partial(
            library=self.store.name,
            operation=operation,
            kind="table" if table else self.store.kind,
            certain=self.certain and certain,
            target=target,
            table=target.rpartition(".")[2].lower() if table and target else None,
            identity=identity,
            identity_name=name,
            changes=changes,
            guard=guard,
            keys=keys,
            columns=columns,
            many=self.does.many if many is None else many,
            engine=engine,
            conflict=conflict,
        )


def truthy(value: Abs | None) -> bool:
    return isinstance(value, Lit) and bool(value.value)


# Which store -----------------------------------------------------------------------------------

# Methods that are called so in one store alone: enough to tell it where only the module's imports
# say which library is used.
_TELLING = frozenset(
    {"insert_one", "insert_many", "update_one", "update_many", "replace_one", "bulk_write"}
    | {
        "find_one_and_update",
        "find_one_and_replace",
        "hincrby",
        "hincrbyfloat",
        "incrby",
        "zincrby",
    }
    | {"xadd", "rpush", "lpush", "setex", "hset", "insert_rows_json", "copy_records_to_table"}
    | {"write_points", "execute", "insert_df", "copy_expert", "copy_from"}
)


def case_of(machine: Machine, execution: Execution, engines: Engines | None) -> Case | None:
    path = way(execution.receiver)
    if path and path == execution.method:
        for store in STORES:
            if path in store.functions:
                does = store.functions[path]
                return Case(machine, execution, store, does, path, True, engines)
        return None
    method = execution.method
    if comes_from(path, AWS_PACKAGES):
        return _of_aws(machine, execution, path, engines)
    for store in STORES:
        if method in store.methods and comes_from(path, store.packages):
            return Case(machine, execution, store, store.methods[method], path, True, engines)
    if path and not path.startswith("builtins."):
        return _of_frames(machine, execution, path, engines) if method in FRAME_METHODS else None
    return _inferred(machine, execution, engines)


def _of_aws(
    machine: Machine, execution: Execution, path: str, engines: Engines | None
) -> Case | None:
    service = _service(execution.receiver, _SERVICES)
    if service is None:
        return None
    kind, methods = AWS_STORES[service]
    does = methods.get(execution.method)
    if service == "s3" and does is None and execution.method == "put" and "Object()" in path:
        does = Does("put")
    if does is None:
        return None
    store = Store(f"boto3 {service}", kind, AWS_PACKAGES, methods, reader=f"aws-{service}")
    return Case(machine, execution, store, does, path, True, engines)


def _service(receiver: Abs, names: Iterable[str]) -> str | None:
    """The service an AWS client or resource was asked for."""
    return next(
        (
            str(one.value)
            for one in made_from(receiver)
            if isinstance(one, Lit) and str(one.value) in names
        ),
        None,
    )


def _of_frames(
    machine: Machine, execution: Execution, path: str, engines: Engines | None
) -> Case | None:
    """`x.to_sql(…, if_exists=…)`: a frame, whatever it was made by."""
    for store in STORES:
        if store.reader == "frame" and execution.method in store.methods:
            does = store.methods[execution.method]
            if any(name in ("if_exists", "if_table_exists") for name, _ in execution.keywords):
                return Case(machine, execution, store, does, path, True, engines)
    return None


def _inferred(machine: Machine, execution: Execution, engines: Engines | None) -> Case | None:
    method = execution.method
    if method in FRAME_METHODS:
        return _of_frames(machine, execution, "", engines)
    if method not in _TELLING or not isinstance(execution.receiver, (Unk, Bound)):
        return None
    imported = imports(machine, execution.at.path)
    found = [
        store
        for store in STORES
        if method in store.methods
        and any(one.partition(".")[0] in imported for one in store.packages)
        and "google" not in store.packages[0]
    ]
    if len(found) != 1:
        return None
    return Case(machine, execution, found[0], found[0].methods[method], "", False, engines)


# What is written to ----------------------------------------------------------------------------

_LAST_GIVEN = ("[]", "get_collection()", "Collection()", "Table()", "Bucket()", "collection()")


def target_of(case: Case) -> str | None:
    """The collection, table, index or bucket, as far as it is known."""
    given = text(case.get(case.does.target))
    if given is not None:
        return given
    receiver = case.execution.receiver
    if isinstance(receiver, Bound):
        return receiver.name
    if case.path.endswith(_LAST_GIVEN):
        values = made_from(receiver)
        return text(values[-1]) if values else None
    last = case.path.rpartition(".")[2]
    return last if last.isidentifier() else None


# Tables, which every reader answers for its library ----------------------------------------------

NO_WRITES = frozenset({"lookup", "unique"})


def keyed(case: Case, target: str | None = None) -> Partial | None:
    """A write under a key that the caller chooses; one key for each call is an insert."""
    does = case.does
    if does.operation in NO_WRITES:
        return None
    if does.operation == "guard" and case.method not in ("setnx", "hsetnx", "sadd"):
        return None
    name = "key" if case.store.kind == "cache" else does.identity.partition(":")[0]
    value = case.get(does.identity)
    identity = case.source(value) if is_given(value) else None
    operation = "put" if does.operation == "guard" else does.operation
    if operation == "put":
        identity = identity or UNKNOWN
        if identity.repeats() is False:
            operation = "insert"
    return case.partial(operation, identity=identity, name=name, target=target or target_of(case))


def span_at(value: Abs) -> Span | None:
    at = getattr(value, "at", None)
    return span_of(at) if isinstance(at, At) else None


# The names that keys have in mapped tables and in DynamoDB.
KEY_NAMES = frozenset({"id", "pk", "sk", "uuid", "key", "hash_key", "range_key", "_id"})
