"""Documents of mapped classes, and Firestore's."""

from __future__ import annotations

import re

from oncelint.flow.values import Abs, Foreign
from oncelint.link.sinks.arguments import (
    entries,
    fields,
    is_given,
    made_from,
    text,
)
from oncelint.link.sinks.mapped import declared_keys
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN
from oncelint.link.sinks.stores.case import NO_WRITES, Case, span_at, target_of
from oncelint.link.sinks.stores.mongo import changing
from oncelint.model.sinks import Change

_FRESH = re.compile(r"^(?:mongoengine|beanie)\.(?:\w+\.)*(?:Document|DynamicDocument)\(\)$")


def mapped(case: Case) -> Partial | None:
    if case.does.operation in NO_WRITES:
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
                        span_at(value),
                    )
                )
    return case.partial(changing(tuple(changes)), identity=UNKNOWN, changes=tuple(changes))


def firestore(case: Case) -> Partial | None:
    if case.does.operation == "lookup":
        return None
    if case.method == "add":
        if not case.path.endswith("collection()"):
            return None
        value = case.get(case.does.identity)
        identity = case.source(value) if is_given(value) else None
        operation = "put" if identity is not None and identity.repeats() is not False else "insert"
        return case.partial(
            operation, identity=identity, name="document_id", target=target_of(case)
        )
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
            changes.append(Change(name, "add", UNKNOWN, span_at(value)))
    if changes and operation == "put":
        operation = "increment"
    return case.partial(
        operation, identity=identity, name="the document's id", changes=tuple(changes)
    )
