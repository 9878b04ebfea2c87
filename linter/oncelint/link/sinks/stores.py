"""Writes to stores that are no relational tables: documents, caches, search, objects, frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Bound, Ext, File, Foreign, Items, Lit, Unk
from oncelint.frameworks.python.calls import OBSERVES_NAME
from oncelint.frameworks.python.stores import (
    AWS_PACKAGES,
    AWS_STORES,
    FRAME_METHODS,
    STAGING,
    STORES,
    Does,
    Store,
)
from oncelint.link.sinks import cql, spark
from oncelint.link.sinks.arguments import (
    argument,
    comes_from,
    entries,
    fields,
    is_given,
    made_from,
    parts,
    text,
    way,
    whole,
)
from oncelint.link.sinks.engines import Engines
from oncelint.link.sinks.mapped import declared_keys
from oncelint.link.sinks.origins import imports
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, join, source_of
from oncelint.link.sinks.written import handles_failure, mentions, stands_alone
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


def recognise(
    machine: Machine, execution: Execution, engines: Engines | None = None
) -> Partial | None:
    """A write to a document store, cache, search index, object store or data frame."""
    case = _case(machine, execution, engines)
    if case is None:
        return _appended(machine, execution)
    return _READERS.get(case.store.reader, _keyed)(case)


def looked_up(machine: Machine, execution: Execution) -> tuple[str | None, str]:
    """What a call of a store asks about, and how; `*` where everything behind it depends on it.

    SET NX, SISMEMBER and EXISTS are how a consumer asks whether it has seen a record; a plain GET
    counts only under a key that is named for it.
    """
    case = _case(machine, execution, None)
    if case is None:
        return None, ""
    told = f"{case.method}()"
    if case.does.operation == "delete" and case.store.kind in ("document", "search"):
        return _target(case), told  # what is written behind it is written anew
    if stands_alone(machine, execution.at):
        return None, ""
    if case.store.reader == "redis":
        asked = case.does.operation == "guard" or _truthy(case.get("nx"))
        if not asked and case.does.operation == "lookup":
            asked = bool(_SEEN.search(text(case.get(case.does.identity)) or ""))
        return ("*", told) if asked else (None, "")
    if case.does.operation in ("lookup", "guard"):
        target = _target(case)
        if target is not None and _SEEN.search(target):
            return "*", told
        return target, told
    return None, ""


# What keys and collections are called that remember which records were processed.
_SEEN = re.compile(r"processed|dedup|idempoten|inbox|already|seen|handled|consumed|\bdone\b", re.I)


def _truthy(value: Abs | None) -> bool:
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


def _case(machine: Machine, execution: Execution, engines: Engines | None) -> Case | None:
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


def _target(case: Case) -> str | None:
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

_NO_WRITES = frozenset({"lookup", "unique"})


def _keyed(case: Case, target: str | None = None) -> Partial | None:
    """A write under a key that the caller chooses; one key for each call is an insert."""
    does = case.does
    if does.operation in _NO_WRITES:
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
    return case.partial(operation, identity=identity, name=name, target=target or _target(case))


# MongoDB -----------------------------------------------------------------------------------------

_ADDS = frozenset({"$inc", "$mul"})
_APPENDS = frozenset({"$push", "$pushAll"})
_ASKING = frozenset({"$ne", "$nin", "$lt", "$lte", "$gt", "$gte", "$exists", "$not"})


def _mongo(case: Case) -> Partial | None:
    does, method = case.does, case.method
    if does.operation in _NO_WRITES:
        return None
    if method == "bulk_write":
        return _mongo_bulk(case)
    if does.operation == "insert":
        return _document(case, case.get(does.value), "_id")
    selected = case.get(does.identity)
    if does.operation == "put" and does.value:
        return _mongo_update(case, selected, case.get(does.value))
    return _selected(case, does.operation, selected)


def _document(case: Case, value: Abs | None, key: str) -> Partial:
    """A document that is inserted: under its own id, under one made up, or under none."""
    seen = {**entries(value), **fields(value)}
    target = _target(case)
    columns = tuple(seen)
    identity = case.source(seen[key]) if is_given(seen.get(key)) else None
    keys = _unique_keys(case, target, seen)
    if (
        identity is None
        and not whole(value)
        and mentions(case.machine, case.execution.at.path, key)
    ):
        identity = UNKNOWN  # the record seems to bring it along
    if identity is not None and identity.repeats() is not False:
        return case.partial("put", identity=identity, name=key, target=target, columns=columns)
    return case.partial(
        "insert",
        identity=identity,
        name=key if identity is not None else "",
        target=target,
        columns=columns,
        keys=keys,
        certain=identity is not None or whole(value),
    )


def _unique_keys(
    case: Case, target: str | None, seen: dict[str, Abs]
) -> tuple[frozenset[str], ...] | None:
    """The unique indexes that the program gives a collection; None when it gives it none."""
    found: list[frozenset[str]] = []
    for execution in case.machine.trace.executions:
        if execution.method not in ("create_index", "ensure_index"):
            continue
        other = _case(case.machine, execution, None)
        if other is None or not _truthy(other.get("unique")) or _target(other) != target:
            continue
        names = _index_fields(other.get(other.does.identity))
        fresh = {
            name for name in names if name in seen and case.source(seen[name]).repeats() is False
        }
        if names and not fresh:
            found.append(names)
    return tuple(found) or None


def _index_fields(value: Abs | None) -> frozenset[str]:
    if isinstance(value, Lit) and isinstance(value.value, str):
        return frozenset((value.value,))
    names: set[str] = set()
    for pair in value.items if isinstance(value, Items) else ():
        first = pair.items[0] if isinstance(pair, Items) and pair.items else pair
        name = text(first)
        if name is None:
            return frozenset()
        names.add(name)
    return frozenset(names)


def _selected(case: Case, operation: str, selected: Abs | None) -> Partial:
    """A write of the document that a filter selects; one made up selects none that is there."""
    chosen = entries(selected)
    identity = join(case.source(one) for one in chosen.values()) if chosen else UNKNOWN
    if operation == "put" and identity.repeats() is False and _truthy(case.get("upsert")):
        operation = "insert"
    return case.partial(operation, identity=identity, name=", ".join(chosen), target=_target(case))


def _asks(selected: Abs | None) -> str | None:
    """A condition in a filter on what the document has seen already: it is not changed twice."""
    for name, value in entries(selected).items():
        asked = [one for one in entries(value) if one in _ASKING]
        if asked:
            return f"{asked[0]} in the filter on {name}"
        if name in ("$nor", "$expr"):
            return f"{name} in the filter"
    return None


def _mongo_update(case: Case, selected: Abs | None, update: Abs | None) -> Partial:
    changes = tuple(_mongo_changes(case, update))
    chosen = entries(selected)
    identity = join(case.source(one) for one in chosen.values()) if chosen else UNKNOWN
    operation = _changing(changes)
    if operation == "put":
        return _selected(case, "put", selected)
    return case.partial(
        operation,
        identity=identity,
        name=", ".join(chosen),
        target=_target(case),
        changes=changes,
        guard=_asks(selected),
    )


_ONE = frozenset({"update_one", "find_one_and_update", "update_many", "delete_one"})


def claims(execution: Execution) -> bool:
    """Whether a change of a document finds none the second time: it selects by what it sets."""
    if execution.method not in _ONE or not execution.args:
        return False
    selected = entries(execution.args[0])
    if execution.method == "delete_one":
        return bool(selected)
    given = entries(execution.args[1] if len(execution.args) > 1 else None)
    if any(_truthy(value) for name, value in execution.keywords if name == "upsert"):
        return False
    return not selected.keys().isdisjoint(entries(given.get("$set")))


def raises_again(execution: Execution, partial: Partial) -> bool:
    """Whether a document is inserted under a key of the record, so that the second time fails."""
    if partial.kind != "document" or execution.method != "insert_one":
        return False
    return bool(partial.keys) or (partial.operation == "put" and partial.identity_name == "_id")


def _changing(changes: tuple[Change, ...]) -> str:
    hows = {one.how for one in changes}
    if "add" in hows:
        return "increment"
    return "append" if "append" in hows else "put"


def _mongo_changes(case: Case, update: Abs | None) -> Iterable[Change]:
    for operator, value in entries(update).items():
        if operator in _ADDS | _APPENDS and not entries(value):
            # `{f"votes.{name}": 1}`: which field it is cannot be told
            how: Literal["add", "append"] = "add" if operator in _ADDS else "append"
            yield Change("a field", how, UNKNOWN, _span(value))
        for column, amount in entries(value).items():
            span = _span(amount)
            if operator in _ADDS:
                yield Change(column, "add", case.source(amount), span)
            elif operator in _APPENDS:
                yield Change(column, "append", case.source(amount), span)
            elif operator in ("$set", "$max", "$min", "$addToSet", "$currentDate"):
                yield Change(column, "set", case.source(amount), span)
            elif operator == "$setOnInsert":
                yield Change(column, "kept", case.source(amount), span)


def _span(value: Abs) -> Span | None:
    at = getattr(value, "at", None)
    return span_of(at) if isinstance(at, At) else None


def _mongo_bulk(case: Case) -> Partial | None:
    """bulk_write() of operations: what the first that repeats badly does."""
    listed = case.get(case.does.value)
    found = {
        one.path.rpartition(".")[2]: one
        for one in parts(listed)
        if isinstance(one, Foreign) and comes_from(one.path, ("pymongo",))
    }
    insert = found.get("InsertOne()")
    if insert is not None:
        return _document(case, insert.made_from[0] if insert.made_from else None, "_id")
    for name in ("UpdateOne()", "UpdateMany()"):
        update = found.get(name)
        if update is not None and len(update.made_from) >= 2:
            return _mongo_update(case, update.made_from[0], update.made_from[1])
    return case.partial("put", identity=UNKNOWN, target=_target(case))


# Mapped documents ----------------------------------------------------------------------------------

_FRESH = re.compile(r"^(?:mongoengine|beanie)\.(?:\w+\.)*(?:Document|DynamicDocument)\(\)$")


def _mapped(case: Case) -> Partial | None:
    if case.does.operation in _NO_WRITES:
        return None
    execution = case.execution
    if case.does.operation == "put":
        return _mapped_update(case)
    if case.does.operation == "delete":
        return case.partial("delete", identity=UNKNOWN)
    built: Abs | None = next(iter(made_from(execution.receiver)), None)
    if case.method in ("save", "insert") and not _FRESH.match(case.path):
        return case.partial("put", identity=UNKNOWN)  # one that was looked up
    seen = dict(execution.keywords) if case.method == "create" else fields(built)
    primary, unique, target = declared_keys(case.machine, built)
    for key in dict.fromkeys((*primary, "id", "pk", "_id")):
        if is_given(seen.get(key)):
            identity = case.source(seen[key])
            operation = "insert" if identity.repeats() is False else "put"
            return case.partial(operation, identity=identity, name=key, target=target)
    if primary:
        return case.partial("put", identity=UNKNOWN, target=target)
    keys = tuple(one for one in unique if one <= set(seen)) or None
    return case.partial("insert", target=target, columns=tuple(seen), keys=keys)


_MAPPED_HOW = (("inc__", "add"), ("dec__", "add"), ("push__", "append"), ("push_all__", "append"))


def _mapped_update(case: Case) -> Partial:
    changes: list[Change] = []
    for name, value in case.execution.keywords:
        for prefix, how in _MAPPED_HOW:
            if name.startswith(prefix):
                column = name[len(prefix) :]
                changes.append(
                    Change(
                        column,
                        "add" if how == "add" else "append",
                        case.source(value),
                        _span(value),
                    )
                )
    return case.partial(_changing(tuple(changes)), identity=UNKNOWN, changes=tuple(changes))


# Redis -------------------------------------------------------------------------------------------


def _redis(case: Case) -> Partial | None:
    does = case.does
    if does.unless == "incr" and _truthy(case.get("incr")):
        does = Does("increment", identity=does.identity)
    if does.unless == "id" and is_given(case.get("id")) and text(case.get("id")) != "*":
        identity = case.source(case.get("id"))
        operation = "append" if identity.repeats() is False else "put"
        return case.partial(operation, identity=identity, name="id", target=_key(case))
    if does.operation not in ("increment", "append"):
        return _keyed(case, _key(case))
    amount = case.get(does.value)
    how: str = "add" if does.operation == "increment" else "append"
    added = case.source(amount) if amount is not None else Source(frozenset(("constant",)))
    change = Change(_key(case) or case.method, "add" if how == "add" else "append", added, None)
    return case.partial(
        does.operation,
        identity=case.source(case.get(does.identity)),
        name="key",
        target=_key(case),
        changes=(change,),
    )


def _key(case: Case) -> str | None:
    return text(case.get(case.does.identity))


# Elasticsearch and OpenSearch ---------------------------------------------------------------------

_GROWS = re.compile(r"\+=|-=|\+\+|--|\.add\(")


def _search(case: Case) -> Partial | None:
    if case.does.operation in ("lookup", "guard"):
        return None
    target = _target(case)
    if case.does.value.startswith("actions"):
        return _search_bulk(case)
    if case.method == "index" and isinstance(case.execution.receiver, Bound):
        return None  # es.indices.…
    value = case.get(case.does.identity)
    if case.method == "update":
        scripts = [text(one) or "" for one in _scripts(case)]
        grown = next((one for one in scripts if _GROWS.search(one)), None)
        if grown is not None:
            changes = (Change(grown, "add", UNKNOWN, None),)
            return case.partial(
                "increment", identity=case.source(value), name="id", target=target, changes=changes
            )
    if not is_given(value):
        opened = any(name.startswith("\0") for name, _ in case.execution.keywords)
        return case.partial("insert", target=target, certain=not opened)
    identity = case.source(value)
    operation = case.does.operation
    if operation in ("insert", "put"):
        operation = "insert" if identity.repeats() is False else "put"
    return case.partial(operation, identity=identity, name="id", target=target)


def _scripts(case: Case) -> Iterable[Abs]:
    body = case.get("body:2") or case.get("body:1")
    for value in (case.get("script"), entries(body).get("script")):
        yield from parts(value)


def _search_bulk(case: Case) -> Partial:
    actions = case.get(case.does.value)
    seen = entries(actions)
    target = text(seen.get("_index")) or text(case.get("index"))
    kind = text(seen.get("_op_type")) or "index"
    key = seen.get("_id")
    if kind in ("index", "create") and seen and (whole(actions) or _listed(actions)):
        if not is_given(key):
            certain = whole(actions)
            return case.partial("insert", target=target, certain=certain)
        identity = case.source(key)
        if identity.repeats() is False:
            return case.partial("insert", identity=identity, name="_id", target=target)
    return case.partial("put", identity=case.source(key), name="_id", target=target)


def _listed(value: Abs | None) -> bool:
    """A list of dicts that is not seen to its end, whose first dict is."""
    return isinstance(value, Items) and not value.keys and bool(value.items) and whole(value)


# AWS -----------------------------------------------------------------------------------------------

_KEY_NAMES = frozenset({"id", "pk", "sk", "uuid", "key", "hash_key", "range_key", "_id"})


def _dynamodb(case: Case) -> Partial | None:
    does = case.does
    if does.operation == "lookup":
        return None
    target = _target(case)
    condition = case.get("ConditionExpression")
    guard = "ConditionExpression" if is_given(condition) else None
    if case.method == "put_item":
        keys = {
            name: case.source(value)
            for name, value in entries(case.get("Item")).items()
            if name.lower() in _KEY_NAMES
        }
        made_up = next((name for name, one in keys.items() if one.repeats() is False), None)
        if made_up is not None:
            return case.partial(
                "insert", identity=keys[made_up], name=made_up, target=target, guard=guard
            )
        identity = join(keys.values()) if keys else UNKNOWN
        return case.partial("put", identity=identity, name=", ".join(keys), target=target)
    key = entries(case.get("Key"))
    identity = join(case.source(one) for one in key.values()) if key else UNKNOWN
    changes = tuple(_expression(case)) if case.method == "update_item" else ()
    operation = _changing(changes) if case.method == "update_item" else does.operation
    return case.partial(
        operation,
        identity=identity,
        name=", ".join(key),
        target=target,
        changes=changes,
        guard=guard,
    )


_ADDING = re.compile(r"([#\w.]+)\s*=\s*(?:if_not_exists\(\s*\1\s*,[^)]*\)|\1)\s*[+-]")
_ADD = re.compile(r"\bADD\s+([#\w.]+)\s+(:\w+)")
_APPENDING = re.compile(r"([#\w.]+)\s*=\s*list_append\(")


def _expression(case: Case) -> Iterable[Change]:
    """What an UpdateExpression does; ADD of a set is no addition."""
    value = case.get("UpdateExpression")
    expression = text(value) or ""
    given = entries(case.get("ExpressionAttributeValues"))
    names = entries(case.get("ExpressionAttributeNames"))
    span = _span(value) if value is not None else None

    def column(name: str) -> str:
        return text(names.get(name)) or name

    for name in _ADDING.findall(expression):
        yield Change(column(name), "add", UNKNOWN, span)
    for name, amount in _ADD.findall(expression):
        added = given.get(amount)
        if not isinstance(added, Items) or "N" in added.keys:
            yield Change(column(name), "add", case.source(added), span)
    for name in _APPENDING.findall(expression):
        yield Change(column(name), "append", UNKNOWN, span)


def _s3(case: Case) -> Partial | None:
    if case.does.operation == "lookup":
        return None
    if case.method == "put":  # Object(bucket, key).put(…)
        values = made_from(case.execution.receiver)
        return _object(case, values[-1] if values else None, "Key")
    value = case.get("Key")
    if value is None:
        value = case.get(case.does.identity)
    if value is None and "Bucket()" in case.path:
        value = case.get("Key:1")
    return _object(case, value, "Key")


def _object(case: Case, value: Abs | None, name: str) -> Partial:
    identity = case.source(value)
    operation = case.does.operation
    if operation == "put" and identity.repeats() is False:
        operation = "insert"
    return case.partial(operation, identity=identity, name=name, target=_target(case))


# Google --------------------------------------------------------------------------------------------


def _blob(case: Case) -> Partial | None:
    """bucket.blob(name).upload_from_string(…): the name is the last thing it is made from."""
    if not case.path.endswith("blob()"):
        return None
    values = made_from(case.execution.receiver)
    return _object(case, values[-1] if values else None, "the blob's name")


def _firestore(case: Case) -> Partial | None:
    if case.does.operation == "lookup":
        return None
    if case.method == "add":
        if not case.path.endswith("collection()"):
            return None
        value = case.get(case.does.identity)
        identity = case.source(value) if is_given(value) else None
        operation = "put" if identity is not None and identity.repeats() is not False else "insert"
        return case.partial(operation, identity=identity, name="document_id", target=_target(case))
    if not case.path.endswith(".document()"):
        return None
    values = made_from(case.execution.receiver)
    steps = case.path.count(".document()") + case.path.count(".collection()")
    if len(values) < steps:  # document() without an id makes one up
        return case.partial("insert", target=text(values[-1]) if values else None)
    identity = case.source(values[-1])
    operation = "insert" if identity.repeats() is False else case.does.operation
    changes: list[Change] = []
    for name, value in entries(case.get(case.does.value)).items():
        if isinstance(value, Foreign) and value.path.endswith(("Increment()", "INCREMENT()")):
            changes.append(Change(name, "add", UNKNOWN, _span(value)))
    if changes and operation == "put":
        operation = "increment"
    return case.partial(
        operation, identity=identity, name="the document's id", changes=tuple(changes)
    )


def _load(case: Case) -> Partial | None:
    target = _target(case)
    named = case.does.identity
    value = case.get(named)
    identity = case.source(value) if is_given(value) else None
    if identity is not None and identity.repeats() is not False:
        return case.partial("put", identity=identity, name=named, target=target, table=True)
    config = case.get("job_config")
    if config is not None and not _appends(config):
        return case.partial("put", identity=UNKNOWN, target=target, table=True)
    return case.partial(
        "append",
        identity=identity,
        name=named if identity is not None else "",
        target=target,
        table=True,
        guard=_staging(case, target),
    )


def _appends(value: Abs) -> bool:
    return any(
        (isinstance(one, Ext) and one.name.endswith("WRITE_APPEND"))
        or (isinstance(one, Lit) and one.value == "WRITE_APPEND")
        for one in parts(value)
    )


# Tables that are filled to be merged into others --------------------------------------------------

_STAGED = re.compile(STAGING, re.I)


def _staging(case: Case, target: str | None) -> str | None:
    """Why what is appended here is no table to stay: its name, or what else is done with it."""
    if target is None:
        return None
    name = target.rpartition(".")[2].strip('"`')
    if _STAGED.search(name):
        return f"{target} is a staging table"
    used = re.compile(
        rf"\b(?:FROM|JOIN|USING|TRUNCATE(?:\s+TABLE)?|TEMP(?:ORARY)?\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?)"
        rf"\s+(?:\w+\.)?[\"`]?{re.escape(name)}\b",
        re.I,
    )
    for execution in case.machine.trace.executions:
        for one in execution.args[:1]:
            statement = next(filter(None, map(text, parts(one))), "")
            if _MOVES.search(statement) and used.search(statement):
                return f"{target} is moved to another table"
    return None


_MOVES = re.compile(
    r"\b(?:INSERT\s+INTO|MERGE|TRUNCATE|TEMP(?:ORARY)?\s+TABLE|DELETE\s+FROM)\b", re.I
)
_COPY = re.compile(r"^\s*COPY\s+([\w.\"]+)[^;]*\bFROM\b", re.I | re.S)


def _copy(case: Case) -> Partial | None:
    if case.does.value:
        value = case.get(case.does.value)
        found = next(filter(None, map(_COPY.match, filter(None, map(text, parts(value))))), None)
        if found is None:
            return None
        target: str | None = found.group(1).strip('"')
    else:
        target = text(case.get(case.does.target))
    return case.partial("copy", target=target, table=True, guard=_staging(case, target))


# ClickHouse ----------------------------------------------------------------------------------------

_INSERT = re.compile(r"^\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`\"]+)", re.I)
_TOKEN = "insert_deduplication_token"


def _clickhouse(case: Case) -> Partial | None:
    if case.method in ("execute", "execute_iter", "executemany", "insert_dataframe") or (
        case.method in ("command", "query")
    ):
        value = case.get(case.does.value)
        statement = next(filter(None, map(text, parts(value))), "")
        found = _INSERT.match(statement)
        if found is None:
            return None
        target: str | None = re.sub(r"[`\"]", "", found.group(1))
        token = _TOKEN if _TOKEN in statement else None
    else:
        target, token = text(case.get(case.does.target)), None
    given = entries(case.get("settings")).get(_TOKEN)
    identity = case.source(given) if is_given(given) else (UNKNOWN if token else None)
    name = target.rpartition(".")[2].lower() if target else ""
    engine = None
    if case.engines is not None and name:
        engine = case.engines.find(name, case.execution.at.path)
    return case.partial(
        "append",
        identity=identity,
        name=_TOKEN if identity is not None else "",
        target=target,
        engine=engine,
        table=True,
    )


# Cassandra -------------------------------------------------------------------------------------------


def _cassandra(case: Case) -> Partial | None:
    value = case.get(case.does.value)
    read = (cql.read(statement) for statement in filter(None, map(text, parts(value))))
    written = next(filter(None, read), None)
    if written is None:
        return None
    if written.added:
        how: tuple[Change, ...] = tuple(
            Change(one, "append" if is_list else "add", UNKNOWN, None)
            for one, is_list in written.added
        )
        return case.partial(_changing(how), identity=UNKNOWN, target=written.table, changes=how)
    bound = _bound_values(case, value)
    for column, filler in written.columns.items():
        if not cql.LIKE_A_KEY.search(column):
            continue
        fresh = Source(frozenset(("random",))) if filler is cql.MADE_UP else None
        if isinstance(filler, int) and filler < len(bound):
            given = case.source(bound[filler])
            fresh = given if given.repeats() is False else None
        if fresh is not None:
            return case.partial(
                "insert",
                identity=fresh,
                name=column,
                target=written.table,
                columns=tuple(written.columns),
                certain=False,
            )
    return case.partial(
        "put", identity=UNKNOWN, target=written.table, columns=tuple(written.columns)
    )


def _bound_values(case: Case, value: Abs | None) -> tuple[Abs, ...]:
    """The values of a statement's placeholders, in order."""
    given = case.get("parameters:1")
    if isinstance(given, Items) and not given.keys:
        return given.items
    if isinstance(value, Foreign) and value.path.endswith(".bind()") and value.made_from:
        last = value.made_from[-1]
        return last.items if isinstance(last, Items) and not last.keys else ()
    return ()


# InfluxDB --------------------------------------------------------------------------------------------


def _point(case: Case) -> Partial | None:
    """A point's identity is its measurement, its tags and its time; without a time, the
    server's."""
    value = case.get(case.does.value)
    if value is None and case.method == "write":
        value = case.get("record:0")
    target = text(case.get(case.does.target)) if case.does.target else None
    chained = next(
        (one for one in parts(value) if isinstance(one, Foreign) and ".Point()" in one.path), None
    )
    if chained is not None:
        built = chained.path.partition(".Point()")[2]
        if ".time()" in built:
            identity = join(case.source(one) for one in chained.made_from)
            operation = "insert" if identity.repeats() is False else "put"
            return case.partial(operation, identity=identity, name="time", target=target)
        if ".field()" not in built:
            return case.partial("put", identity=UNKNOWN, target=target)
        return case.partial("insert", target=target, certain=False)
    seen = entries(value)
    if "fields" in seen and "measurement" in seen and whole(value):
        moment = seen.get("time")
        if not is_given(moment):
            return case.partial("insert", target=text(seen["measurement"]) or target)
        identity = case.source(moment)
        operation = "insert" if identity.repeats() is False else "put"
        return case.partial(
            operation, identity=identity, name="time", target=text(seen["measurement"]) or target
        )
    return case.partial("put", identity=UNKNOWN, target=target)


# Files ---------------------------------------------------------------------------------------------

_WRITES = frozenset({"write", "writelines", "writerow", "writerows"})
# Files that tell what went on, and are nobody's data.
_LOG = re.compile(r"\.log$|(?:error|fail|debug|dead)[^/]*$", re.I)
_INTO = frozenset({"json.dump", "pickle.dump", "csv.writer()", "csv.DictWriter()"})


def _appended(machine: Machine, execution: Execution) -> Partial | None:
    """What is written to a file that was opened to be appended to; logs and notes of failures left
    out."""
    receiver = execution.receiver
    path = way(receiver)
    if path in _INTO:
        values = execution.args[1:2] if path == execution.method else made_from(receiver)[:1]
        receiver = values[0] if values else receiver
    elif execution.method not in _WRITES:
        return None
    mode, name = _opened(receiver)
    if not mode.startswith("a") or handles_failure(machine, execution):
        return None
    function = execution.path[-1].label.removeprefix("calls ") if execution.path else ""
    if _LOG.search(name or "") or OBSERVES_NAME.match(function):
        return None
    return Partial(library="open()", operation="append", kind="object", target=name)


def _opened(value: Abs) -> tuple[str, str | None]:
    """How a file was opened, and its name as far as it is known."""
    if isinstance(value, File):
        return value.mode, value.path
    if isinstance(value, Foreign) and value.path == "open()" and len(value.made_from) > 1:
        return text(value.made_from[1]) or "", text(value.made_from[0])
    return "", None


# Frames ----------------------------------------------------------------------------------------------


def _frame(case: Case) -> Partial | None:
    mode = text(case.get(case.does.value)) or ""
    table = case.method in ("to_sql", "to_gbq", "write_database")
    target = text(case.get(case.does.target))
    if not (mode == "append" or (case.method in ("to_csv", "to_json") and mode.startswith("a"))):
        return None
    custom = case.get("method") if case.method == "to_sql" else None
    guard = _staging(case, target) if table else None
    if custom is not None and not isinstance(custom, Lit):
        guard = "an insert of the program's own (method=)"
    return case.partial("append", target=target, table=table, guard=guard)


_READERS: dict[str, Callable[[Case], Partial | None]] = {
    "": _keyed,
    "mongo": _mongo,
    "mapped": _mapped,
    "redis": _redis,
    "search": _search,
    "aws-dynamodb": _dynamodb,
    "aws-s3": _s3,
    "blob": _blob,
    "firestore": _firestore,
    "load": _load,
    "copy": _copy,
    "clickhouse": _clickhouse,
    "cassandra": _cassandra,
    "point": _point,
    "frame": _frame,
    "spark": spark.appended,
}
