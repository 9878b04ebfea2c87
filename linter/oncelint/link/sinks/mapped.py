"""The keys that a class of mapped documents declares: MongoEngine "Defining documents"."""

from __future__ import annotations

from oncelint.flow.machine import Machine
from oncelint.flow.values import Abs, Built, ClassObj, Ref
from oncelint.model import ir


def declared_keys(
    machine: Machine, value: Abs | None
) -> tuple[tuple[str, ...], tuple[frozenset[str], ...], str | None]:
    """The primary key's fields, the unique fields, and the class's name in lower case."""
    ref = value.cls if isinstance(value, Built) else value
    obj = machine.obj(ref) if isinstance(ref, Ref) else None
    if not isinstance(obj, ClassObj):
        return (), (), None
    primary: list[str] = []
    unique: list[frozenset[str]] = []
    for stmt in obj.node.body:
        if not isinstance(stmt, ir.Assign) or not isinstance(stmt.value, ir.Call):
            continue
        names = [one.id for one in stmt.targets if isinstance(one, ir.Name)]
        given = {
            one.name
            for one in stmt.value.keywords
            if isinstance(one.value, ir.Const) and one.value.value is True
        }
        if names and "primary_key" in given:
            primary.append(names[0])
        elif names and "unique" in given:
            unique.append(frozenset(names[:1]))
    return tuple(primary), tuple(unique), obj.name.lower()
