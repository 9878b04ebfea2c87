"""Whether a call makes a client, and whether its class keeps one instance."""

from __future__ import annotations

from oncelint.link.outline import (
    Level,
    Node,
    dotted,
    imports,
    last_name,
)
from oncelint.model import ir

INITS = ("__init__", "__post_init__")


def constructs(level: Level, constructor: str) -> bool:
    """Whether a call makes a client of a class that the library has: by its name, through
    functools.partial, or from the constructor of a subclass that adds nothing else."""
    func: Node = level.call.func
    if isinstance(func, ir.Call) and last_name(func.func) == "partial" and func.args:
        func = func.args[0]
    if last_name(func) in (constructor, _alias_of(level, constructor)):
        return True
    function = level.function
    cls = level.outline.owner(function) if function is not None else None
    return (
        initialises(level.call)
        and cls is not None
        and not any(isinstance(one, ir.Function) and one is not function for one in cls.body)
    )


def initialises(call: Node) -> bool:
    """Whether a call is `super().__init__(…)`: it makes the object itself a client."""
    func = call.func if isinstance(call, ir.Call) else None
    return (
        isinstance(func, ir.Attribute)
        and func.name == "__init__"
        and isinstance(func.base, ir.Call)
        and last_name(func.base.func) == "super"
    )


def one_instance(cls: ir.Class | None) -> bool:
    """Whether a class may give the same object again: by a metaclass, a `__new__` of its own, or a
    decorator or base that says so."""
    if cls is None:
        return False
    words = [dotted(one).lower() for one in (*cls.decorators, *cls.bases)]
    return (
        (cls.metaclass is not None and last_name(cls.metaclass) not in ("ABCMeta", "type"))
        or any(isinstance(one, ir.Function) and one.name == "__new__" for one in cls.body)
        or any(word in one for one in words for word in ("singleton", "cache", "borg", "once"))
    )


def _alias_of(level: Level, constructor: str) -> str | None:
    """Another name the constructor is imported under in a file."""
    for stmt in imports(level.outline):
        if stmt.name == constructor:
            return stmt.alias
    return None
