"""What warehouses load, copy and append: jobs, COPY, ClickHouse, frames."""

from __future__ import annotations

import re

from oncelint.flow.values import Abs, Ext, Lit
from oncelint.frameworks.python.stores import STAGING
from oncelint.link.sinks.arguments import (
    entries,
    is_given,
    parts,
    text,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN
from oncelint.link.sinks.stores.case import Case, target_of


def load(case: Case) -> Partial | None:
    target = target_of(case)
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
        guard=staging(case, target),
    )


def _appends(value: Abs) -> bool:
    return any(
        (isinstance(one, Ext) and one.name.endswith("WRITE_APPEND"))
        or (isinstance(one, Lit) and one.value == "WRITE_APPEND")
        for one in parts(value)
    )


_COPY = re.compile(r"^\s*COPY\s+([\w.\"]+)[^;]*\bFROM\b", re.I | re.S)


def copy(case: Case) -> Partial | None:
    if case.does.value:
        value = case.get(case.does.value)
        found = next(filter(None, map(_COPY.match, filter(None, map(text, parts(value))))), None)
        if found is None:
            return None
        target: str | None = found.group(1).strip('"')
    else:
        target = text(case.get(case.does.target))
    return case.partial("copy", target=target, table=True, guard=staging(case, target))


# ClickHouse ----------------------------------------------------------------------------------------

_INSERT = re.compile(r"^\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`\"]+)", re.I)


_TOKEN = "insert_deduplication_token"


def clickhouse(case: Case) -> Partial | None:
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


# Frames ----------------------------------------------------------------------------------------------


def frame(case: Case) -> Partial | None:
    mode = text(case.get(case.does.value)) or ""
    table = case.method in ("to_sql", "to_gbq", "write_database")
    target = text(case.get(case.does.target))
    if not (mode == "append" or (case.method in ("to_csv", "to_json") and mode.startswith("a"))):
        return None
    custom = case.get("method") if case.method == "to_sql" else None
    guard = staging(case, target) if table else None
    if custom is not None and not isinstance(custom, Lit):
        guard = "an insert of the program's own (method=)"
    return case.partial("append", target=target, table=table, guard=guard)


# Tables that are filled to be merged into others --------------------------------------------------

_MOVES = re.compile(
    r"\b(?:INSERT\s+INTO|MERGE|TRUNCATE|TEMP(?:ORARY)?\s+TABLE|DELETE\s+FROM)\b", re.I
)
_STAGED = re.compile(STAGING, re.I)


def staging(case: Case, target: str | None) -> str | None:
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
