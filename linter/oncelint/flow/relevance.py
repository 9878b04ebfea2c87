"""Which functions may lead to a client at all.

A project with a hundred Kafka modules has thousands of functions that no call reached and that
never touch a client; running each of them would be most of the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oncelint.flow.statements import bound_names
from oncelint.flow.values import (
    Abs,
    ClassObj,
    DictObj,
    Ext,
    Fn,
    Foreign,
    Imported,
    InstanceObj,
    KafkaClient,
    ListObj,
    Mod,
    Part,
    Phi,
    Ref,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


# What begins a builder on an object that a function is given: Spark's sessions and frames.
_BUILDERS = frozenset({"readStream", "writeStream"})


def live_functions(machine: Machine, module: ir.Module, functions: Iterable[Fn]) -> list[Fn]:
    """Those of a module's functions that mention, by way of others, something of Kafka's.

    A class with one such method is relevant as a whole: its methods share `self`.
    """
    pending = list(functions)
    live = {
        name
        for name in _module_names(machine, module)
        if _bears(machine, machine.cells.get((machine.module_frames[module.path], name)), module)
    }
    live |= machine.packages | _BUILDERS
    owners: set[int] = {
        fn.owner.id for fn in pending if fn.owner is not None and _is_ours(machine, fn.owner, live)
    }
    chosen: dict[int, Fn] = {}
    grew = True
    while grew:
        grew = False
        for fn in pending:
            node = fn.node
            if id(node) in chosen or not isinstance(node, ir.Function):
                continue
            owned = fn.owner is not None and fn.owner.id in owners
            if not owned and live.isdisjoint(node.names):
                continue
            chosen[id(node)] = fn
            grew = True
            live.add(node.name)
            owner = machine.obj(fn.owner) if fn.owner is not None else None
            if fn.owner is not None and isinstance(owner, ClassObj):
                owners.add(fn.owner.id)
                live.add(owner.name)
    return [fn for fn in pending if id(fn.node) in chosen]


def _module_names(machine: Machine, module: ir.Module) -> list[str]:
    starred = machine.frames[machine.module_frames[module.path]].starred
    return [*bound_names(module.body), *starred]


def _bears(machine: Machine, value: object, module: ir.Module, depth: int = 0) -> bool:
    """Whether a name is bound to a client, a client library, or project code that bears one."""
    if isinstance(value, KafkaClient):
        return True
    if isinstance(value, (Ext, Foreign)):
        name = value.name if isinstance(value, Ext) else value.path
        return name.partition(".")[0] in machine.packages
    if isinstance(value, Phi):
        return depth < 3 and any(_bears(machine, v, module, depth + 1) for _, v in value.branches)
    if isinstance(value, Imported):
        top = (value.dotted or "").partition(".")[0]
        return value.path in machine.bearing or top in machine.packages
    if isinstance(value, Mod):
        return value.path in machine.bearing or not value.path.endswith(".py")
    if isinstance(value, (Fn, Part)):
        return isinstance(value, Part) or (
            value.path != module.path and value.path in machine.bearing
        )
    if isinstance(value, Ref):
        return _object_bears(machine, value, module, depth)
    return False


def _object_bears(machine: Machine, ref: Ref, module: ir.Module, depth: int) -> bool:
    """Whether an object holds a client, or its class is another module's that bears one."""
    obj = machine.obj(ref)
    inner: Iterable[object] = ()
    if isinstance(obj, ListObj):
        inner = obj.items
    elif isinstance(obj, DictObj):
        inner = [slot.value for slot in obj.slots.values()]
    elif isinstance(obj, InstanceObj):
        if obj.client is not None:
            return True
        inner = obj.attrs.values()
        obj = machine.obj(obj.cls)
    if isinstance(obj, ClassObj) and obj.path != module.path and obj.path in machine.bearing:
        return True
    return depth < 3 and any(_bears(machine, one, module, depth + 1) for one in inner)


def _is_ours(machine: Machine, cls: Ref, live: set[str]) -> bool:
    """Whether a class derives from something that bears Kafka."""
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return False
    return any(_base_name(base) in live for base in obj.node.bases) or any(
        _of_client(machine, base) for base in obj.bases
    )


def _base_name(base: ir.Expr) -> str:
    while isinstance(base, (ir.Attribute, ir.Subscript)):
        base = base.base
    return base.id if isinstance(base, ir.Name) else ""


def _of_client(machine: Machine, base: Abs) -> bool:
    return isinstance(base, Ext) and base.name.partition(".")[0] in machine.packages
