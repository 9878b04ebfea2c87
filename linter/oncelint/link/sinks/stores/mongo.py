"""MongoDB: inserts, updates with their operators, and bulks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Foreign, Items, Lit
from oncelint.link.sinks.arguments import (
    comes_from,
    entries,
    fields,
    is_given,
    parts,
    text,
    whole,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, join
from oncelint.link.sinks.stores.case import NO_WRITES, Case, case_of, span_at, target_of, truthy
from oncelint.link.sinks.written import mentions
from oncelint.model.sinks import Change

_ADDS = frozenset({"$inc", "$mul"})


_APPENDS = frozenset({"$push", "$pushAll"})


_ASKING = frozenset({"$ne", "$nin", "$lt", "$lte", "$gt", "$gte", "$exists", "$not"})


def mongo(case: Case) -> Partial | None:
    does, method = case.does, case.method
    if does.operation in NO_WRITES:
        return None
    if method == "bulk_write":
        return _mongo_bulk(case)
    if does.operation == "insert":
        return _document_write(case, case.get(does.value), "_id")
    selected = case.get(does.identity)
    if does.operation == "put" and does.value:
        return _mongo_update(case, selected, case.get(does.value))
    return _selected(case, does.operation, selected)


def _document_write(case: Case, value: Abs | None, key: str) -> Partial:
    """A document that is inserted: under its own id, under one made up, or under none."""
    seen = {**entries(value), **fields(value)}
    target = target_of(case)
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
        other = case_of(case.machine, execution, None)
        if other is None or not truthy(other.get("unique")) or target_of(other) != target:
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
    if operation == "put" and identity.repeats() is False and truthy(case.get("upsert")):
        operation = "insert"
    return case.partial(
        operation, identity=identity, name=", ".join(chosen), target=target_of(case)
    )


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
    operation = changing(changes)
    if operation == "put":
        return _selected(case, "put", selected)
    return case.partial(
        operation,
        identity=identity,
        name=", ".join(chosen),
        target=target_of(case),
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
    if any(truthy(value) for name, value in execution.keywords if name == "upsert"):
        return False
    return not selected.keys().isdisjoint(entries(given.get("$set")))


def raises_again(execution: Execution, partial: Partial) -> bool:
    """Whether a document is inserted under a key of the record, so that the second time fails."""
    if partial.kind != "document" or execution.method != "insert_one":
        return False
    return bool(partial.keys) or (partial.operation == "put" and partial.identity_name == "_id")


def changing(changes: tuple[Change, ...]) -> str:
    hows = {one.how for one in changes}
    if "add" in hows:
        return "increment"
    return "append" if "append" in hows else "put"


def _mongo_changes(case: Case, update: Abs | None) -> Iterable[Change]:
    for operator, value in entries(update).items():
        if operator in _ADDS | _APPENDS and not entries(value):
            # `{f"votes.{name}": 1}`: which field it is cannot be told
            how: Literal["add", "append"] = "add" if operator in _ADDS else "append"
            yield Change("a field", how, UNKNOWN, span_at(value))
        for column, amount in entries(value).items():
            span = span_at(amount)
            if operator in _ADDS:
                yield Change(column, "add", case.source(amount), span)
            elif operator in _APPENDS:
                yield Change(column, "append", case.source(amount), span)
            elif operator in ("$set", "$max", "$min", "$addToSet", "$currentDate"):
                yield Change(column, "set", case.source(amount), span)
            elif operator == "$setOnInsert":
                yield Change(column, "kept", case.source(amount), span)


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
        return _document_write(case, insert.made_from[0] if insert.made_from else None, "_id")
    for name in ("UpdateOne()", "UpdateMany()"):
        update = found.get(name)
        if update is not None and len(update.made_from) >= 2:
            return _mongo_update(case, update.made_from[0], update.made_from[1])
    return case.partial("put", identity=UNKNOWN, target=target_of(case))
