"""Cassandra's rows, and the points of time series."""

from __future__ import annotations

from oncelint.flow.values import Abs, Foreign, Items
from oncelint.link.sinks import cql
from oncelint.link.sinks.arguments import (
    entries,
    is_given,
    parts,
    text,
    whole,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, join
from oncelint.link.sinks.stores.case import Case
from oncelint.link.sinks.stores.mongo import changing
from oncelint.model.sinks import Change, Source

# Cassandra -------------------------------------------------------------------------------------------


def cassandra(case: Case) -> Partial | None:
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
        return case.partial(changing(how), identity=UNKNOWN, target=written.table, changes=how)
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


def point(case: Case) -> Partial | None:
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
