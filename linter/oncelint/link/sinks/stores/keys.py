"""Redis and DynamoDB: values under keys, and what is added to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncelint.flow.values import Items
from oncelint.frameworks.python.stores import (
    Does,
)
from oncelint.link.sinks.arguments import (
    entries,
    is_given,
    text,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, join
from oncelint.link.sinks.stores.case import KEY_NAMES, Case, keyed, span_at, target_of, truthy
from oncelint.link.sinks.stores.mongo import changing
from oncelint.model.sinks import Change, Source


def redis(case: Case) -> Partial | None:
    does = case.does
    if does.unless == "incr" and truthy(case.get("incr")):
        does = Does("increment", identity=does.identity)
    if does.unless == "id" and is_given(case.get("id")) and text(case.get("id")) != "*":
        identity = case.source(case.get("id"))
        operation = "append" if identity.repeats() is False else "put"
        return case.partial(operation, identity=identity, name="id", target=_key(case))
    if does.operation not in ("increment", "append"):
        return keyed(case, _key(case))
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


def dynamodb(case: Case) -> Partial | None:
    does = case.does
    if does.operation == "lookup":
        return None
    target = target_of(case)
    condition = case.get("ConditionExpression")
    guard = "ConditionExpression" if is_given(condition) else None
    if case.method == "put_item":
        keys = {
            name: case.source(value)
            for name, value in entries(case.get("Item")).items()
            if name.lower() in KEY_NAMES
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
    operation = changing(changes) if case.method == "update_item" else does.operation
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
    span = span_at(value) if value is not None else None

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
