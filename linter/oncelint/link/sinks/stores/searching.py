"""Search engines: documents by id, scripts that grow them, and bulks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oncelint.flow.values import Abs, Bound, Items
from oncelint.link.sinks.arguments import (
    entries,
    is_given,
    parts,
    text,
    whole,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN
from oncelint.link.sinks.stores.case import Case, target_of
from oncelint.model.sinks import Change

_GROWS = re.compile(r"\+=|-=|\+\+|--|\.add\(")


def searched(case: Case) -> Partial | None:
    if case.does.operation in ("lookup", "guard"):
        return None
    target = target_of(case)
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
