"""Writes to stores that are no relational tables: documents, caches, search, objects, frames."""

from __future__ import annotations

import re
from collections.abc import Callable

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.link.sinks import spark
from oncelint.link.sinks.arguments import text
from oncelint.link.sinks.engines import Engines
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.stores.case import Case, case_of, keyed, target_of, truthy
from oncelint.link.sinks.stores.columns import cassandra, point
from oncelint.link.sinks.stores.documents import firestore, mapped
from oncelint.link.sinks.stores.keys import dynamodb, redis
from oncelint.link.sinks.stores.loads import clickhouse, copy, frame, load
from oncelint.link.sinks.stores.mongo import claims, mongo, raises_again
from oncelint.link.sinks.stores.objects import appended, blob, s3
from oncelint.link.sinks.stores.searching import searched
from oncelint.link.sinks.written import stands_alone


def recognise(
    machine: Machine, execution: Execution, engines: Engines | None = None
) -> Partial | None:
    """A write to a document store, cache, search index, object store or data frame."""
    case = case_of(machine, execution, engines)
    if case is None:
        return appended(machine, execution)
    return _READERS.get(case.store.reader, keyed)(case)


def looked_up(machine: Machine, execution: Execution) -> tuple[str | None, str]:
    """What a call of a store asks about, and how; `*` where everything behind it depends on it.

    SET NX, SISMEMBER and EXISTS are how a consumer asks whether it has seen a record; a plain GET
    counts only under a key that is named for it.
    """
    case = case_of(machine, execution, None)
    if case is None:
        return None, ""
    told = f"{case.method}()"
    if case.does.operation == "delete" and case.store.kind in ("document", "search"):
        return target_of(case), told  # what is written behind it is written anew
    if stands_alone(machine, execution.at):
        return None, ""
    if case.store.reader == "redis":
        asked = case.does.operation == "guard" or truthy(case.get("nx"))
        if not asked and case.does.operation == "lookup":
            asked = bool(_SEEN.search(text(case.get(case.does.identity)) or ""))
        return ("*", told) if asked else (None, "")
    if case.does.operation in ("lookup", "guard"):
        target = target_of(case)
        if target is not None and _SEEN.search(target):
            return "*", told
        return target, told
    return None, ""


# What keys and collections are called that remember which records were processed.
_SEEN = re.compile(r"processed|dedup|idempoten|inbox|already|seen|handled|consumed|\bdone\b", re.I)


_READERS: dict[str, Callable[[Case], Partial | None]] = {
    "": keyed,
    "mongo": mongo,
    "mapped": mapped,
    "redis": redis,
    "search": searched,
    "aws-dynamodb": dynamodb,
    "aws-s3": s3,
    "blob": blob,
    "firestore": firestore,
    "load": load,
    "copy": copy,
    "clickhouse": clickhouse,
    "cassandra": cassandra,
    "point": point,
    "frame": frame,
    "spark": spark.appended,
}

__all__ = ["claims", "looked_up", "raises_again", "recognise"]
