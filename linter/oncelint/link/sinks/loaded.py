"""What becomes of an object that was loaded: `order.count += 1` is an UPDATE when it is saved."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.link.outline import last_name, span, walk
from oncelint.link.sinks.lookups import scope_of, statements
from oncelint.link.sinks.sources import CONSTANT, UNKNOWN
from oncelint.model import ir
from oncelint.model.sinks import Change


def changes(machine: Machine, execution: Execution) -> list[Change]:
    """What is done to the attributes of the object that `name.save()` saves, between the place
    where the name is bound and the call, in the function around it; by attribute."""
    module = machine.modules.get(execution.at.path)
    if module is None:
        return []
    body, _ = scope_of(module.body, (), execution.at.place)
    flat = list(statements(body))
    name = _receiver(flat, execution.at.place)
    if name is None:
        return []
    return list(_assigned(flat, name, execution.at.path, execution.at.place))


def made_by_keywords(machine: Machine, execution: Execution, name: str) -> bool:
    """Whether the function around a call makes objects of a class by keywords alone."""
    module = machine.modules.get(execution.at.path)
    if module is None:
        return False
    body, _ = scope_of(module.body, (), execution.at.place)
    found = [
        node
        for stmt in body
        for node in walk(stmt)
        if isinstance(node, ir.Call) and last_name(node.func) == name
    ]
    return bool(found) and not any(node.args for node in found)


# What gives one object of a query, a statement's rows or a session.
LOADS = frozenset(
    {"first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "get", "get_one"}
)


def changes_behind(machine: Machine, execution: Execution) -> list[Change]:
    """What is done, behind a call that loads an object, to the attributes of the name it is bound
    to, in the function around it; by attribute."""
    module = machine.modules.get(execution.at.path)
    if module is None:
        return []
    body, _ = scope_of(module.body, (), execution.at.place)
    flat = list(statements(body))
    name = _bound(flat, execution.at.place)
    if name is None:
        return []
    end = (1 << 30, 0, 1 << 30, 0)
    behind = [stmt for stmt in flat if stmt.place[:2] > execution.at.place[:2]]
    return list(_assigned(behind, name, execution.at.path, end))


def _bound(flat: list[ir.Stmt], place: ir.Place) -> str | None:
    """The name that a call's result is bound to."""
    for stmt in flat:
        if isinstance(stmt, ir.Assign) and stmt.value is not None and len(stmt.targets) == 1:
            value = stmt.value.value if isinstance(stmt.value, ir.Await) else stmt.value
            if isinstance(value, ir.Call) and value.place == place:
                target = stmt.targets[0]
                return target.id if isinstance(target, ir.Name) else None
    return None


def _receiver(flat: list[ir.Stmt], place: ir.Place) -> str | None:
    """The name whose method is called at a place."""
    for stmt in flat:
        if not isinstance(stmt, (ir.Evaluate, ir.Assign, ir.Return)) or stmt.value is None:
            continue
        for node in walk(stmt.value):
            if isinstance(node, ir.Call) and node.place == place:
                func = node.func
                if isinstance(func, ir.Attribute) and isinstance(func.base, ir.Name):
                    return func.base.id
    return None


def _assigned(flat: list[ir.Stmt], name: str, path: str, until: ir.Place) -> Iterator[Change]:
    for stmt in flat:
        if stmt.place[:2] >= until[:2]:
            continue
        place = span(path, stmt.place)
        if isinstance(stmt, ir.Augment) and _is_of(stmt.target, name):
            added = CONSTANT if isinstance(stmt.value, ir.Const) else UNKNOWN
            how = "add" if stmt.op in ("+", "-") else "other"
            yield Change(_attribute(stmt.target), how, added, place)  # type: ignore[arg-type]
        elif isinstance(stmt, ir.Assign) and stmt.value is not None:
            for target in stmt.targets:
                if _is_of(target, name):
                    yield _change(stmt.value, name, _attribute(target), place)


def _change(value: ir.Expr, name: str, attribute: str, place: object) -> Change:
    added = UNKNOWN
    how = "set"
    if isinstance(value, ir.Binary) and value.op in ("+", "-"):
        for old, other in ((value.left, value.right), (value.right, value.left)):
            is_old = _is_of(old, name) and _attribute(old) == attribute
            if (is_old or _is_field(old, attribute)) and (value.op == "+" or old is value.left):
                added = CONSTANT if isinstance(other, ir.Const) else UNKNOWN
                how = "add"
    if how == "set" and any(
        _is_of(node, name) and _attribute(node) == attribute for node in walk(value)
    ):
        how = "other"
    if how == "set" and isinstance(value, (ir.Const, ir.Text)):
        added = CONSTANT
    return Change(attribute, how, added, place)  # type: ignore[arg-type]


def _is_of(value: ir.Expr, name: str) -> bool:
    return (
        isinstance(value, ir.Attribute)
        and isinstance(value.base, ir.Name)
        and value.base.id == name
    )


def _attribute(value: ir.Expr) -> str:
    return value.name if isinstance(value, ir.Attribute) else ""


def _is_field(value: ir.Expr, attribute: str) -> bool:
    """F("attribute")."""
    if not isinstance(value, ir.Call) or not value.args:
        return False
    first = value.args[0]
    return isinstance(first, ir.Text) and first.value == attribute
