"""What a decorator makes of a function: calls of the project's own, entries of frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.library import streams
from oncelint.flow.values import Abs, At, Bound, Fn, Foreign, InstanceObj, Part, Phi, Ref

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def decorate(machine: Machine, decorator: Abs, value: Abs, at: At) -> Abs:
    """The value a decorated name gets. A decorator of a library keeps the function as it is, as
    far as records go; what a decorator of the project gives is taken if it can be called."""
    if isinstance(decorator, Bound) and isinstance(decorator.receiver, Fn):
        if decorator.name == "register" and isinstance(value, Fn):
            _register(machine, decorator.receiver, value)
        return value
    if isinstance(decorator, Foreign) and decorator.path == _REGISTER:
        if isinstance(value, Fn) and isinstance(decorator.made_from[0], Fn):
            _register(machine, decorator.made_from[0], value)
        return value
    if streams.decorates(machine, decorator, value, at):
        return value
    if not _is_project_code(machine, decorator):
        return value
    made = calls.call(machine, decorator, [value], [], at)
    return made if _can_be_called(machine, made) else value


# What `function.register(Type)` of a single-dispatch function gives.
_REGISTER = "functools.singledispatch().register()"


def _register(machine: Machine, function: Fn, value: Fn) -> None:
    """Another function for a type, of a function that functools.singledispatch has decorated."""
    known = machine.overloads.setdefault(id(function.node), [])
    if all(one.node is not value.node for one in known):
        known.append(value)


def _is_project_code(machine: Machine, decorator: Abs) -> bool:
    if isinstance(decorator, (Fn, Part)):
        return isinstance(decorator, Fn) or _is_project_code(machine, decorator.func)
    if isinstance(decorator, Phi):
        return all(_is_project_code(machine, one) for _, one in decorator.branches)
    obj = machine.obj(decorator) if isinstance(decorator, Ref) else None
    return isinstance(obj, InstanceObj) and (
        objects.class_attribute(machine, obj.cls, "__call__") is not None
    )


def _can_be_called(machine: Machine, value: Abs) -> bool:
    if isinstance(value, Phi):
        return all(_can_be_called(machine, one) for _, one in value.branches)
    return isinstance(value, (Fn, Part)) or _is_project_code(machine, value)
