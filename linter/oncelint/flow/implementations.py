"""Which class stands behind an annotation: an abstract class or protocol with one implementation.

Code that is given its collaborators names their types only. Where the project has one class that
fits, an instance of it is what will be given; where it has several, nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import objects
from oncelint.flow.values import Abs, ClassObj, Ext, Fn, Ref
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_PROTOCOLS = frozenset({"typing.Protocol", "typing_extensions.Protocol"})
_ABSTRACT = frozenset({"abc.ABC"})
# How deep the classes that implementations are made with may ask for implementations in turn.
_DEPTH = 4


def class_named(annotation: ir.Expr | None) -> ir.Name | ir.Attribute | None:
    """The class an annotation names: `Store`, `"Store"`, `Optional[Store]`, `Store | None` and
    `Annotated[Store, …]`; None for any other type."""
    if isinstance(annotation, (ir.Name, ir.Attribute)):
        return annotation
    if isinstance(annotation, ir.Text) and annotation.value.isidentifier():
        return ir.Name(annotation.value, annotation.place)
    if isinstance(annotation, ir.Binary) and annotation.op == "|" and _is_none(annotation.right):
        return class_named(annotation.left)
    if isinstance(annotation, ir.Subscript):
        base = annotation.base
        name = base.name if isinstance(base, ir.Attribute) else getattr(base, "id", "")
        if name == "Optional":
            return class_named(annotation.key)
        if name == "Annotated" and isinstance(annotation.key, ir.ListDisplay):
            return class_named(annotation.key.items[0]) if annotation.key.items else None
    return None


def _is_none(expression: ir.Expr) -> bool:
    return isinstance(expression, ir.Const) and expression.value is None


def instance_of(machine: Machine, cls: Ref) -> Abs | None:
    """The instance that a parameter annotated with a project class stands for; None if several
    would do, or none does. One is made blindly where the project's own is out of sight."""
    candidates = [cls, *_heirs(machine, cls)]
    known = [
        ref
        for one in candidates
        for ref in machine.instances.get(one.id, [])
        if machine.obj(ref) is not None
    ]
    if known:
        return known[0] if len(known) == 1 else None
    concrete = [one for one in candidates if not is_abstract(machine, one)]
    if not concrete:
        machine.load_heirs(cls)
        concrete = [one for one in _heirs(machine, cls) if not is_abstract(machine, one)]
    if not concrete and _is_protocol(machine, cls):
        concrete = _alike(machine, cls)
    if len(concrete) != 1 or machine.making_blindly >= _DEPTH:
        return None
    machine.making_blindly += 1
    try:
        made = machine.representatives(concrete[0])
    finally:
        machine.making_blindly -= 1
    return made[0] if len(made) == 1 else None


def is_abstract(machine: Machine, cls: Ref) -> bool:
    """Whether a class cannot be instantiated, or is there to be derived from."""
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return False
    if any(isinstance(base, Ext) and base.name in _PROTOCOLS | _ABSTRACT for base in obj.bases):
        return True
    seen: set[str] = set()
    for one in objects.resolution_order(machine, cls):
        found = machine.obj(one) if isinstance(one, Ref) else None
        if not isinstance(found, ClassObj):
            continue
        for name, value in found.attrs.items():
            if name not in seen and isinstance(value, Fn) and _unfinished(value):
                return True
            seen.add(name)
    return False


def _unfinished(fn: Fn) -> bool:
    """Whether a method is declared abstract."""
    node = fn.node
    return isinstance(node, ir.Function) and any(
        (isinstance(one, ir.Name) and one.id.startswith("abstract"))
        or (isinstance(one, ir.Attribute) and one.name.startswith("abstract"))
        for one in node.decorators
    )


def _is_protocol(machine: Machine, cls: Ref) -> bool:
    obj = machine.obj(cls)
    return isinstance(obj, ClassObj) and any(
        isinstance(base, Ext) and base.name in _PROTOCOLS for base in obj.bases
    )


def _heirs(machine: Machine, cls: Ref) -> list[Ref]:
    """All subclasses that have been seen."""
    found: list[Ref] = []
    pending = [cls]
    while pending:
        for one in machine.subclasses.get(pending.pop().id, []):
            if one not in found and machine.obj(one) is not None:
                found.append(one)
                pending.append(one)
    return found


def _alike(machine: Machine, protocol: Ref) -> list[Ref]:
    """Classes that have every method of a protocol without deriving from it."""
    obj = machine.obj(protocol)
    if not isinstance(obj, ClassObj):
        return []
    wanted = {name for name, value in obj.attrs.items() if isinstance(value, Fn)}
    found: list[Ref] = []
    for one in machine.classes:
        if one == protocol or not isinstance(machine.obj(one), ClassObj):
            continue
        if wanted and all(objects.class_attribute(machine, one, name) for name in wanted):
            if not is_abstract(machine, one):
                found.append(one)
    return found
