"""Attributes, items and classes: what mutable objects hold and how it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, expressions
from oncelint.flow.dicts import join_dicts, may_be_missing, merge_dicts
from oncelint.flow.library import environment, paths, records, waiting
from oncelint.flow.library.injection import injected
from oncelint.flow.state import UNROLL, Status
from oncelint.flow.values import (
    MAX_BRANCHES,
    Abs,
    At,
    Bound,
    ClassObj,
    Comp,
    DictObj,
    Ext,
    File,
    Fn,
    Foreign,
    InstanceObj,
    KafkaClient,
    ListObj,
    Lit,
    Missing,
    Mod,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Super,
    Unk,
    describe,
    phi,
    present,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def deref_dict(machine: Machine, value: Abs) -> DictObj | None:
    """The dict a value is, choices joined entry by entry; None when it is none."""
    if isinstance(value, Ext) and value.name == "os.environ":
        return DictObj({}, open="the environment", environment=True)
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, DictObj):
            return obj
        return None
    if isinstance(value, Phi):
        found: list[tuple[str, DictObj]] = []
        for label, one in value.branches:
            inner = deref_dict(machine, one)
            if inner is None and isinstance(one, Lit) and one.value is None:
                inner = DictObj({})
            if inner is None:
                inner = DictObj({}, open=describe(one))
            found.append((label, inner))
        return join_dicts(value.choice, found)
    return None


def elements(machine: Machine, value: Abs) -> tuple[Abs, ...] | None:
    """The elements of an exact list; None for anything else."""
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, ListObj) and obj.exact:
            return obj.items
    return None


def exact_items(machine: Machine, value: Abs) -> tuple[Abs, ...] | None:
    """What iterating over a value gives, when that is certain."""
    if isinstance(value, File) and value.opened:
        return paths.file_lines(machine, value)
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, DictObj):
            if obj.open or obj.environment:
                return None
            if any(may_be_missing(slot.value) for slot in obj.slots.values()):
                return None
            return tuple(Lit(key, slot.key_at) for key, slot in obj.slots.items())
    return elements(machine, value)


def iterated(machine: Machine, value: Abs) -> Abs:
    """What is iterated over in the end: what an instance's own `__iter__` gives."""
    if isinstance(value, Ref) and isinstance(machine.obj(value), InstanceObj):
        for name in ("__iter__", "__aiter__"):
            method = find_method(machine, value, name)
            if method is not None:
                return calls.call(machine, method, [], [], At("", (1, 1, 1, 1)))
    return value


def element_of(machine: Machine, value: Abs) -> Abs:
    """One element of a value that is iterated over."""
    if isinstance(value, Rec):
        return value
    if isinstance(value, KafkaClient):
        sites = expressions.record_sites(machine, value)
        return Rec(sites) if sites else Unk("an element of a client")
    if isinstance(value, Phi):
        return machine.over(value, lambda one: element_of(machine, one))
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, ListObj) and obj.items:
            sites = expressions.record_sites(machine, value)
            if len(obj.items) == 1:
                return obj.items[0]
            several = one_of(machine, list(obj.items), "which element it is")
            if several is not None:
                return several
            return Rec(sites) if sites else Unk("one of several elements")
        if isinstance(obj, InstanceObj):
            for name in ("__iter__", "__aiter__"):
                method = find_method(machine, value, name)
                if method is not None:
                    got = calls.call(machine, method, [], [], At("", (1, 1, 1, 1)))
                    if got != value:
                        return element_of(machine, got)
            for name in ("__next__", "__anext__"):
                method = find_method(machine, value, name)
                if method is not None:
                    return calls.call(machine, method, [], [], At("", (1, 1, 1, 1)))
            if obj.client is not None:
                return element_of(machine, obj.client)
    sites = expressions.record_sites(machine, value)
    return Rec(sites) if sites else Unk("an element")


def item(machine: Machine, base: Abs, key: Abs, at: At) -> Abs:
    if isinstance(base, Phi):
        return machine.over(base, lambda one: item(machine, one, key, at))
    if isinstance(base, Rec):
        return records.part_of(base, key)
    if isinstance(base, Comp):
        return base
    if isinstance(base, Lit) and isinstance(base.value, str) and isinstance(key, Lit):
        if isinstance(key.value, int) and -len(base.value) <= key.value < len(base.value):
            return Lit(base.value[key.value], base.at)
    if isinstance(base, Ref):
        obj = machine.obj(base)
        if isinstance(obj, DictObj):
            if isinstance(key, Lit) and isinstance(key.value, str):
                slot = obj.slots.get(key.value)
                if slot is None and obj.environment:
                    return environment.environment(key.value, None, at)
                if slot is not None:
                    return slot.value
                if obj.default is None:
                    return Unk(obj.open or f"no entry {key.value}", at)
                return new_entry(machine, base, key.value, obj.default, at)
            if not obj.slots and obj.default is not None:
                return new_entry(machine, base, "\0", obj.default, at)
            return any_entry(machine, base, obj, at)
        if isinstance(obj, ListObj):
            if isinstance(key, Lit) and isinstance(key.value, int) and obj.exact:
                try:
                    return obj.items[key.value]
                except IndexError:
                    return Unk("no such element", at)
            return element_of(machine, base)
        if isinstance(obj, InstanceObj):
            method = find_method(machine, base, "__getitem__")
            if method is not None:
                return calls.call(machine, method, [key], [], at)
    if isinstance(base, Bound):
        base = rooted(base)
    if isinstance(base, Foreign):
        known = paths.foreign_item(base, key, at)
        return known or Foreign(f"{base.path}[]", (*base.made_from, key), at)
    if isinstance(base, Ext):
        injection = injected(machine, base, key, at)
        if injection is not None:
            return injection
    if isinstance(base, Ext) and base.name == "os.environ":
        name = key.value if isinstance(key, Lit) else None
        return environment.environment(name if isinstance(name, str) else "?", None, at)
    return expressions.derived(machine, [base], "an item of something unknown", at)


def new_entry(machine: Machine, base: Ref, key: str, make: Abs, at: At) -> Abs:
    """The entry that a defaultdict makes for a key it does not have."""
    made = calls.call(machine, make, [], [], at)
    obj = machine.obj(base)
    if isinstance(obj, DictObj):
        machine.write(base.id, replace(obj, slots={**obj.slots, key: Slot(made, None)}))
    return made


def any_entry(machine: Machine, base: Ref, obj: DictObj, at: At) -> Abs:
    """An entry whose key is not known: where all of them can be called, it is one of them."""
    entries = [slot.value for slot in obj.slots.values()]
    choice = f"the entry at {at.path}:{at.place[0]}"
    found = one_of(machine, entries, choice) or _inner_dicts(machine, entries, choice)
    return found or expressions.derived(machine, [base], "an entry whose key is not known", at)


def _inner_dicts(machine: Machine, entries: Sequence[Abs], choice: str) -> Abs | None:
    """One of several dicts of what may be called: handlers by topic and by kind of event."""
    inner = [machine.obj(one) if isinstance(one, Ref) else None for one in entries]
    if not 0 < len(inner) <= MAX_BRANCHES:
        return None
    for obj in inner:
        if not isinstance(obj, DictObj) or not obj.slots:
            return None
        if not all(is_handler(machine, slot.value) for slot in obj.slots.values()):
            return None
    return phi(choice, [(f"entry {number}", one) for number, one in enumerate(entries, 1)])


def one_of(machine: Machine, values: Sequence[Abs], choice: str) -> Abs | None:
    """A choice of functions, classes or objects that do something; None if anything else is
    among them, or if they are too many to be followed."""
    if not values or len(values) > UNROLL or not all(is_handler(machine, one) for one in values):
        return None
    labels = [(f"is {describe(one)} ({number})", one) for number, one in enumerate(values, 1)]
    return labels[0][1] if len(labels) == 1 else Phi(choice, tuple(labels))


def is_handler(machine: Machine, value: Abs, depth: int = 0) -> bool:
    """Whether a value is a function, a class, an object with methods, or some of them."""
    if isinstance(value, Bound):
        return isinstance(value.receiver, KafkaClient)
    if isinstance(value, (Fn, Part)):
        return True
    if isinstance(value, Phi):
        return all(is_handler(machine, one, depth) for _, one in value.branches)
    obj = machine.obj(value) if isinstance(value, Ref) else None
    if isinstance(obj, ListObj):
        return (
            bool(obj.items)
            and depth < 2
            and all(is_handler(machine, one, depth + 1) for one in obj.items)
        )
    if isinstance(obj, InstanceObj):
        return obj.client is None and not is_model(machine, obj.cls)
    return isinstance(obj, ClassObj)


def rooted(value: Bound) -> Abs:
    """An attribute of what a library gave back, `client.shop`, as something of that library."""
    receiver = rooted(value.receiver) if isinstance(value.receiver, Bound) else value.receiver
    if isinstance(receiver, Foreign):
        return Foreign(f"{receiver.path}.{value.name}", receiver.made_from, value.at or receiver.at)
    return value


def update_dict(machine: Machine, target: Ref, other: DictObj) -> None:
    obj = machine.obj(target)
    if isinstance(obj, DictObj):
        machine.write(target.id, replace(merge_dicts(obj, other), home=obj.home))


def open_dict(machine: Machine, value: Abs, reason: str) -> None:
    """Something out of sight may have changed a dict."""
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, DictObj):
            machine.write(value.id, replace(obj, open=obj.open or reason))
    elif isinstance(value, Phi):
        for _, one in value.branches:
            open_dict(machine, one, reason)


def set_attribute(machine: Machine, base: Abs, name: str, value: Abs) -> None:
    if isinstance(base, Ref):
        obj = machine.obj(base)
        if isinstance(obj, (InstanceObj, ClassObj)):
            machine.note_rebinding(obj.attrs.get(name), value)
            machine.write(base.id, replace(obj, attrs={**obj.attrs, name: value}))
    elif isinstance(base, Phi):
        for _, one in base.branches:
            set_attribute(machine, one, name, value)
    elif isinstance(base, Ext):
        machine.patched[f"{base.name}.{name}"] = value
    elif isinstance(base, Mod) and base.path in machine.module_frames:
        machine.write((machine.module_frames[base.path], name), value)


def set_item(machine: Machine, base: Abs, key: Abs, value: Abs, key_at: At) -> None:
    if isinstance(base, Phi):
        machine.each(base, lambda one: _item_set(machine, one, key, value, key_at))
        return
    if not isinstance(base, Ref):
        return
    obj = machine.obj(base)
    waiting.tell_kept(machine, base, value, key_at)
    if isinstance(obj, DictObj):
        if isinstance(key, Lit) and isinstance(key.value, str):
            slots = {**obj.slots, key.value: Slot(value, key_at)}
            machine.write(base.id, replace(obj, slots=slots))
        elif isinstance(key, Phi) and all(
            isinstance(one, Lit) and isinstance(one.value, str) for _, one in key.branches
        ):
            machine.branch(
                key.choice,
                [
                    (label, lambda one=one: _set_one(machine, base, one, value, key_at))  # type: ignore[misc]
                    for label, one in key.branches
                ],
            )
        elif is_handler(machine, value) or isinstance(value, (Foreign, Rec)):
            keep_unnamed(machine, base, obj, value, key_at)
        elif isinstance(key, (Unk, Rec, Comp)):
            hidden = DictObj({}, open="an entry whose key is not known")
            machine.write(base.id, replace(merge_dicts(obj, hidden), home=obj.home))
    elif isinstance(obj, ListObj):
        machine.write(base.id, ListObj((*obj.items, value), False))


def keep_unnamed(machine: Machine, base: Ref, obj: DictObj, value: Abs, key_at: At) -> None:
    """Keep a handler whose key is no known text: it is one of those that may be called."""
    known = [slot.value for slot in obj.slots.values()]
    if value in known:
        return
    slots = {**obj.slots, f"\0{len(obj.slots)}": Slot(value, key_at)}
    machine.write(
        base.id, replace(obj, slots=slots, open=obj.open or "an entry whose key is not known")
    )


def _item_set(machine: Machine, base: Abs, key: Abs, value: Abs, key_at: At) -> Abs:
    set_item(machine, base, key, value, key_at)
    return Lit(None)


def _set_one(machine: Machine, base: Abs, key: Abs, value: Abs, key_at: At) -> Status:
    set_item(machine, base, key, value, key_at)
    return None


def delete_item(machine: Machine, base: Abs, key: Abs) -> Abs:
    """`del base[key]`."""
    if isinstance(base, Phi):
        return machine.each(base, lambda one: delete_item(machine, one, key))
    if isinstance(base, Ref) and isinstance(key, Lit) and isinstance(key.value, str):
        remove_item(machine, base, key.value)
    return Lit(None)


def remove_item(machine: Machine, base: Ref, key: str) -> None:
    obj = machine.obj(base)
    if isinstance(obj, DictObj) and key in obj.slots:
        slots = {name: slot for name, slot in obj.slots.items() if name != key}
        machine.write(base.id, replace(obj, slots=slots))


def attribute(machine: Machine, base: Abs, name: str, at: At) -> Abs:
    base = present(base)
    if isinstance(base, Phi):
        return machine.over(base, lambda one: attribute(machine, one, name, at))
    if isinstance(base, Ref):
        obj = machine.obj(base)
        if isinstance(obj, InstanceObj):
            return instance_attribute(machine, base, obj, name, at)
        if isinstance(obj, DictObj) and name == "properties" and "\0parser" in obj.slots:
            sections = {key: slot for key, slot in obj.slots.items() if key != "\0parser"}
            return machine.alloc(DictObj(sections, obj.open))
        if isinstance(obj, ClassObj):
            found = class_attribute(machine, base, name)
            if found is not None:
                if isinstance(found, Fn) and is_class_method(machine, found):
                    return replace(found, bound=base)
                return found
            prefix = foreign_base(machine, base)
            if prefix is not None:
                return Foreign(f"{prefix}.{name}", (base,), at)
            return Unk(f"{obj.name} has no {name}", at)
        return Bound(base, name, at)
    if isinstance(base, Mod):
        found = machine.member(base.path, name)
        return found if found is not None else Unk(f"{base.path} has no {name}", at)
    if isinstance(base, Ext):
        dotted = f"{base.name}.{name}"
        return machine.patched.get(dotted, Ext(dotted))
    if isinstance(base, Rec):
        return records.part_of(base, name)
    if isinstance(base, File):
        return paths.file_attribute(base, name, at)
    if isinstance(base, Lit) and name in ("data", "value"):
        return base  # an entry of jproperties, a member of an Enum
    if isinstance(base, Comp) and name in ("hex", "int", "urn", "bytes", "node", "year", "value"):
        return replace(base, at=at)
    if isinstance(base, Super):
        return super_attribute(machine, base, name, at)
    if isinstance(base, Foreign):
        return Bound(base, name, at)
    if isinstance(base, Unk):
        return Bound(base, name, at)
    return Bound(base, name, at)


def instance_attribute(machine: Machine, base: Ref, obj: InstanceObj, name: str, at: At) -> Abs:
    if name in obj.attrs and not isinstance(obj.attrs[name], Missing):
        return obj.attrs[name]
    found = class_attribute(machine, obj.cls, name)
    if found is not None:
        if isinstance(found, Fn) and isinstance(found.node, ir.Function):
            if is_static(machine, found):
                return replace(found, bound=None)
            if is_class_method(machine, found):
                return replace(found, bound=obj.cls)
            bound = replace(found, bound=base)
            if is_property(machine, found):
                return calls.call_function(machine, bound, [], [], at)
            return bound
        if is_settings(machine, obj.cls):
            prefix = environment_prefix(machine, obj.cls)
            return environment.setting_default(name, found, at, prefix)
        return environment.field_default(found, at)
    if name == "__class__":
        return obj.cls
    if obj.client is not None:
        return Bound(obj.client, name, at)
    if name in ("model_dump", "dict") and is_model(machine, obj.cls):
        return Bound(base, name, at)
    handed = class_attribute(machine, obj.cls, "__getattr__")
    if isinstance(handed, Fn) and not name.startswith("__"):
        return calls.call_function(machine, replace(handed, bound=base), [Lit(name, at)], [], at)
    if name == "__dict__":
        return machine.alloc(
            DictObj({key: Slot(value, None) for key, value in obj.attrs.items()}, open=obj.open)
        )
    outer = foreign_base(machine, obj.cls)
    if outer is not None:
        return Bound(Foreign(f"{outer}()", (base,), at), name, at)
    # made with `Order(**record)`: every field that is not seen is one of the record's
    hidden = obj.attrs.get("\0record")
    if isinstance(hidden, Rec) and not name.startswith("__"):
        return records.part_of(hidden, name)
    return Unk(f"attribute {name} is not set where it can be seen", at)


def as_dict(machine: Machine, instance: Ref, at: At) -> Abs:
    """model_dump(), dict() or asdict() of an instance: its fields by name."""
    obj = machine.obj(instance)
    if not isinstance(obj, InstanceObj):
        return Unk("the fields of something unknown", at)
    slots = {
        name: Slot(instance_attribute(machine, instance, obj, name, at), None)
        for name in {**dict.fromkeys(fields(machine, obj.cls)), **obj.attrs}
    }
    return machine.alloc(DictObj(slots, open=obj.open))


def class_attribute(machine: Machine, cls: Ref, name: str) -> Abs | None:
    """What a class or the nearest of its project bases defines under a name."""
    for one in resolution_order(machine, cls):
        obj = machine.obj(one) if isinstance(one, Ref) else None
        if isinstance(obj, ClassObj) and name in obj.attrs:
            return obj.attrs[name]
    return None


def foreign_base(machine: Machine, cls: Ref) -> str | None:
    """The dotted name of the library's class that a class of the project derives from; it may be
    an attribute of an object (`db.Model`)."""
    for base in bases_of(machine, cls):
        outer = rooted(base) if isinstance(base, Bound) else base
        if isinstance(outer, (Ext, Foreign)):
            return outer.name if isinstance(outer, Ext) else outer.path
    return None


def bases_of(machine: Machine, cls: Ref) -> list[Abs]:
    """All bases, nearest first, project classes and others."""
    return resolution_order(machine, cls)[1:]


def resolution_order(machine: Machine, cls: Ref) -> list[Abs]:
    """Python's method resolution order (C3); depth first where there is none."""
    known = machine.orders.get(cls.id)
    if known is None or not all(type(one) is not Ref or one.id in machine.cells for one in known):
        known = _resolution_order(machine, cls)
        if not all(type(one) is not Ref or one.id in machine.cells for one in known):
            return known  # a class of a branch that is not being run
        machine.orders[cls.id] = known
    return known


def _resolution_order(machine: Machine, cls: Ref, depth: int = 0) -> list[Abs]:
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj) or depth > 8:
        return [cls]
    if not obj.bases:
        return [cls]
    orders = [
        _resolution_order(machine, base, depth + 1) if isinstance(base, Ref) else [base]
        for base in obj.bases
    ]
    pending = [list(order) for order in (*orders, list(obj.bases))]
    result: list[Abs] = [cls]
    while any(pending):
        heads = [order[0] for order in pending if order]
        head = next(
            (one for one in heads if not any(one in order[1:] for order in pending)), heads[0]
        )
        result.append(head)
        pending = [[one for one in order if one != head] for order in pending]
    return result


def client_base(machine: Machine, cls: Ref) -> str | None:
    """The client constructor a class derives from."""
    for base in bases_of(machine, cls):
        if isinstance(base, Ext) and base.name in machine.constructors:
            return machine.constructors[base.name]
    return None


def environment_prefix(machine: Machine, cls: Ref) -> str:
    """What a settings class puts before its fields' names in the environment."""
    config = class_attribute(machine, cls, "model_config")
    prefix: Abs | None = None
    if config is not None:
        found = deref_dict(machine, config)
        slot = found.slots.get("env_prefix") if found is not None else None
        prefix = slot.value if slot is not None else None
    else:
        inner = class_attribute(machine, cls, "Config")
        if isinstance(inner, Ref):
            prefix = class_attribute(machine, inner, "env_prefix")
    return prefix.value if isinstance(prefix, Lit) and isinstance(prefix.value, str) else ""


def is_settings(machine: Machine, cls: Ref) -> bool:
    return any(
        isinstance(base, Ext) and base.name in environment.SETTINGS_CLASSES
        for base in bases_of(machine, cls)
    )


# Class methods by which pydantic makes a model of data (pydantic/main.py; the older names of v1).
MODEL_MAKERS = frozenset(
    {"model_validate", "model_validate_json", "parse_raw", "parse_obj", "from_orm"}
    | {"model_construct", "model_validate_strings"}
)


def validated(machine: Machine, cls: Ref, data: Abs, at: At) -> Abs:
    """The model that a class makes of data: of a record's, every field is one of the record."""
    known = deref_dict(machine, data)
    if known is not None and not known.open:
        return calls.instantiate(machine, cls, [], list(known.slots.items()), at)
    sites = expressions.record_sites(machine, data)
    record = data if isinstance(data, Rec) else Rec(sites)
    attrs: dict[str, Abs] = {"\0record": record} if sites else {}
    return machine.alloc(InstanceObj(cls, attrs, None, "data that is not known"))


def is_model(machine: Machine, cls: Ref) -> bool:
    """Whether a class is a pydantic model, whose fields can be had as a dict."""
    return any(
        isinstance(base, Ext)
        and base.name.startswith(("pydantic.", "pydantic_settings.", "sqlmodel."))
        for base in bases_of(machine, cls)
    )


def is_property(machine: Machine, fn: Fn) -> bool:
    return isinstance(fn.node, ir.Function) and any(
        (isinstance(item, ir.Name) and item.id in ("property", "cached_property"))
        or (isinstance(item, ir.Attribute) and item.name == "cached_property")
        for item in fn.node.decorators
    )


def is_class_method(machine: Machine, fn: Fn) -> bool:
    return isinstance(fn.node, ir.Function) and any(
        isinstance(item, ir.Name) and item.id == "classmethod" for item in fn.node.decorators
    )


def is_static(machine: Machine, fn: Fn) -> bool:
    return isinstance(fn.node, ir.Function) and any(
        isinstance(item, ir.Name) and item.id == "staticmethod" for item in fn.node.decorators
    )


def find_method(machine: Machine, instance: Ref, name: str) -> Abs | None:
    obj = machine.obj(instance)
    if not isinstance(obj, InstanceObj):
        return None
    found = class_attribute(machine, obj.cls, name)
    return replace(found, bound=instance) if isinstance(found, Fn) else None


def super_attribute(machine: Machine, base: Super, name: str, at: At) -> Abs:
    owner = machine.obj(base.owner)
    if isinstance(owner, ClassObj):
        for outer in owner.bases:
            if isinstance(outer, Ref):
                found = class_attribute(machine, outer, name)
                if isinstance(found, Fn):
                    return replace(found, bound=base.instance)
                if found is not None:
                    return found
        constructor = client_base(machine, base.owner)
        if constructor is not None:
            if name == "__init__":
                return Part(Ext(constructor), (), (("\0self", base.instance),))
            obj = machine.obj(base.instance) if isinstance(base.instance, Ref) else None
            if isinstance(obj, InstanceObj) and obj.client is not None:
                return Bound(obj.client, name, at)
    return Bound(Unk("a base class out of sight", at), name, at)


def fields(machine: Machine, cls: Ref) -> list[str]:
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return []
    inherited: list[str] = []
    for base in obj.bases:
        if isinstance(base, Ref):
            inherited.extend(fields(machine, base))
    return [*inherited, *(name for name in obj.annotations if name not in inherited)]
