"""Where a connection, session or client comes from: which library, and which SQL it speaks."""

from __future__ import annotations

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Bound, Comp, Ext, Foreign, Lit, Phi
from oncelint.frameworks.python.databases import DRIVERS, NOT_RELATIONAL
from oncelint.model import ir


def library_of(machine: Machine, execution: Execution) -> tuple[str | None, bool]:
    """The library that writes, and whether only the module's imports tell it."""
    library = origin(execution.receiver)
    if library is not None:
        return library, False
    imported = imports(machine, execution.at.path)
    stores = imported & NOT_RELATIONAL
    if stores:
        return min(stores), True
    drivers = imported & DRIVERS.keys()
    return (next(iter(drivers)) if len(drivers) == 1 else None), True


def imports(machine: Machine, path: str) -> frozenset[str]:
    """Top packages a module imports."""
    module = machine.modules.get(path)
    body = module.body if module is not None else ()
    return frozenset(
        one.module.partition(".")[0]
        for one in body
        if isinstance(one, ir.Import) and not one.module.startswith(".")
    )


def origin(receiver: Abs) -> str | None:
    """The top package of the library a receiver came from; None when it cannot be told."""
    if isinstance(receiver, Foreign):
        return receiver.path.partition(".")[0].partition("(")[0]
    if isinstance(receiver, Ext):
        return receiver.name.partition(".")[0]
    if isinstance(receiver, Bound):
        return origin(receiver.receiver)
    if isinstance(receiver, Phi):
        named = {origin(one) for _, one in receiver.branches} - {None}
        return named.pop() if len(named) == 1 else None
    return None


# The beginning of an SQLAlchemy or databases URL, to the name of its SQL.
_URLS = (
    ("postgres", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite", "sqlite"),
    ("mssql", "tsql"),
    ("oracle", "oracle"),
)


def dialect_of(execution: Execution, library: str | None) -> str:
    """The name of the SQL: the driver's, or that of a literal database URL."""
    known = DRIVERS.get(library or "", "")
    return known or _url_dialect(execution.receiver)


def _url_dialect(value: Abs, depth: int = 0) -> str:
    """What the URL says that a session, connection or engine was made from."""
    text = value.value if isinstance(value, Lit) else None
    text = value.template if isinstance(value, Comp) else text
    if isinstance(text, str):
        return next((name for prefix, name in _URLS if text.startswith(prefix)), "")
    if isinstance(value, Foreign) and depth < 4:
        return next(filter(None, (_url_dialect(one, depth + 1) for one in value.made_from)), "")
    return ""
