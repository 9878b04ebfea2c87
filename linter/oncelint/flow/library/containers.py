"""Dicts, lists and configuration parsers: their constructors and methods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import expressions, objects
from oncelint.flow.dicts import merge_dicts
from oncelint.flow.library.conversions import conversion, to_float, to_int
from oncelint.flow.library.environment import environment
from oncelint.flow.library.models import first_of
from oncelint.flow.library.paths import load_file
from oncelint.flow.values import (
    Abs,
    At,
    DictObj,
    File,
    InstanceObj,
    ListObj,
    Lit,
    Missing,
    Phi,
    Rec,
    Ref,
    Slot,
    Unk,
    describe,
    phi,
)

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def _no_pair(value: Abs) -> bool:
    """Whether dict() and update() refuse an element: a text of two characters is a pair."""
    return isinstance(value, Lit) and not (isinstance(value.value, str) and len(value.value) == 2)


def _pairs(machine: Machine, pairs: tuple[Abs, ...]) -> DictObj | None:
    slots: dict[str, Slot] = {}
    for pair in pairs:
        parts = objects.elements(machine, pair)
        if parts is None or len(parts) != 2 or not isinstance(parts[0], Lit):
            return None
        key = parts[0]
        if not isinstance(key.value, str):
            return None
        slots[key.value] = Slot(parts[1], key.at)
    return DictObj(slots)


def new_dict(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:

    result = DictObj({})
    for value in args:
        inner = objects.deref_dict(machine, value)
        if inner is None:
            pairs = objects.exact_items(machine, value)
            inner = _pairs(machine, pairs) if pairs is not None else None
        if inner is None:
            inner = DictObj({}, open=f"dict({describe(value)})")
        result = merge_dicts(result, inner)
    merged = merge_dicts(result, DictObj(dict(named)))
    # a mere copy of a file's mapping is still written in that file
    copied = objects.deref_dict(machine, args[0]) if len(args) == 1 and not named else None
    from_file = copied is not None and copied.home is not None and copied.home.path != at.path
    home = copied.home if copied is not None and from_file else at
    return machine.alloc(replace(merged, home=home))


def new_list(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if not args:
        return machine.alloc(ListObj(()))
    items = objects.exact_items(machine, args[0])
    if items is not None:
        return machine.alloc(ListObj(items))
    return machine.alloc(ListObj((objects.element_of(machine, args[0]),), False))


def hidden_entries(
    machine: Machine, target: Abs, keywords: list[tuple[str, Slot]], open_args: str | None
) -> None:
    """What `**unknown` may have put into a dict beside the keywords that are seen."""
    if open_args is not None and isinstance(target, Ref):
        objects.update_dict(machine, target, DictObj(dict(keywords), open=open_args))
    elif open_args is not None:
        objects.open_dict(machine, target, open_args)


def new_parser(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return machine.alloc(DictObj({"\0parser": Slot(Lit(True), None)}))


def dict_method(
    machine: Machine,
    ref: Ref,
    obj: DictObj,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:

    if "\0parser" in obj.slots:
        answer = _parser_method(machine, ref, obj, name, args, keywords, at)
        if answer is not None:
            return answer
    if name == "__setitem__" and len(args) == 2:
        objects.set_item(machine, ref, args[0], args[1], at)
        return Lit(None)
    if name == "get":
        default = args[1] if len(args) > 1 else Lit(None, at)
        key = first_of(args)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            if slot is None and obj.environment:
                return environment(key.value, default, at)
            if slot is None:
                if obj.open is None:
                    return default
                return Unk(obj.open, at)
            return _or_default(slot.value, default)
        if args:
            found = objects.any_entry(machine, ref, obj, at)
            if not isinstance(found, (Rec, Unk)):
                return phi(
                    f"whether {at.path}:{at.place[0]} finds",
                    [("an entry", found), ("none", default)],
                )
            return found
        return expressions.derived(machine, [ref], "an entry whose key is not known", at)
    if name == "update":
        for value in args:
            inner, pairs = objects.deref_dict(machine, value), objects.exact_items(machine, value)
            if inner is None and pairs is not None:
                inner = _pairs(machine, pairs)
            if inner is None and pairs and any(_no_pair(one) for one in pairs):
                continue  # this raises at run time
            if inner is None:
                sites = expressions.record_sites(machine, value)
                slots = {"\0record": Slot(Rec(sites), None)} if sites else {}
                inner = DictObj(slots, open=f".update({describe(value)})")
            objects.update_dict(machine, ref, inner)
        if keywords:
            objects.update_dict(machine, ref, DictObj(dict(keywords)))
        return Lit(None)
    if name in ("copy", "__copy__"):
        # what is added where the original is written changes that too
        return machine.alloc(replace(obj, home=None))
    if name == "setdefault":
        key = first_of(args)
        default = args[1] if len(args) > 1 else Lit(None, at)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            value = _or_default(slot.value, default) if slot is not None else default
            if slot is None and obj.open:
                value = phi(obj.open, [("kept", Unk(obj.open)), ("set here", default)])
            key_at = slot.key_at if slot is not None else key.at
            machine.write(ref.id, replace(obj, slots={**obj.slots, key.value: Slot(value, key_at)}))
            return value
        if objects.is_handler(machine, default):
            objects.keep_unnamed(machine, ref, obj, default, at)
            return default
        return Unk("an entry whose key is not known", at)
    if name == "pop":
        key = first_of(args)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            objects.remove_item(machine, ref, key.value)
            if slot is not None:
                return slot.value
            return args[1] if len(args) > 1 and obj.open is None else Unk("a popped entry", at)
        objects.open_dict(machine, ref, "an entry was removed whose key is not known")
        return Unk("a popped entry", at)
    if name == "clear":
        machine.write(ref.id, DictObj({}))
        return Lit(None)
    if name in ("items", "keys", "values"):
        return _views(machine, ref, obj, name)
    return expressions.derived(machine, [ref, *args], f"the result of dict.{name}()", at)


def _views(machine: Machine, ref: Ref, obj: DictObj, name: str) -> Abs:
    exact = objects.exact_items(machine, ref) is not None
    items: list[Abs] = []
    for key, slot in obj.slots.items():
        literal = Unk("a key that is no text") if key.startswith("\0") else Lit(key, slot.key_at)
        if name == "items":
            items.append(machine.alloc(ListObj((literal, slot.value))))
        else:
            items.append(literal if name == "keys" else slot.value)
    if not exact and not items:
        items.append(Unk("an entry of a dict that is not known"))
    return machine.alloc(ListObj(tuple(items), exact))


def _or_default(value: Abs, default: Abs) -> Abs:
    if isinstance(value, Missing):
        return default
    if isinstance(value, Phi):
        return phi(value.choice, [(lb, _or_default(one, default)) for lb, one in value.branches])
    return value


def _inherit(machine: Machine, sections: DictObj) -> None:
    """Every section has what [DEFAULT] says (configparser, DEFAULTSECT)."""
    default = sections.slots.get("DEFAULT")
    inherited = objects.deref_dict(machine, default.value) if default is not None else None
    if inherited is None:
        return
    for name, slot in sections.slots.items():
        section = machine.obj(slot.value) if isinstance(slot.value, Ref) else None
        if name != "DEFAULT" and isinstance(section, DictObj) and isinstance(slot.value, Ref):
            slots = {**inherited.slots, **section.slots}
            machine.write(slot.value.id, replace(section, slots=slots))


def _parser_method(
    machine: Machine,
    ref: Ref,
    obj: DictObj,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    """ConfigParser and jproperties.Properties: read a literal file, then hand out sections."""
    if name in ("read", "read_file", "load", "readfp"):
        value = first_of(args)
        if isinstance(value, Lit) and isinstance(value.value, str):
            value = File(value.value)
        content = load_file(machine, value, "ini", at) if isinstance(value, File) else None
        inner = objects.deref_dict(machine, content) if content is not None else None
        if inner is None:
            machine.write(ref.id, replace(obj, open="a configuration file that is not known"))
        else:
            marker = {"\0parser": obj.slots["\0parser"]}
            _inherit(machine, inner)
            machine.write(ref.id, DictObj({**marker, **inner.slots}, inner.open))
        return Lit(None)
    sections = {key: slot for key, slot in obj.slots.items() if key != "\0parser"}
    if name == "items" and args:
        section = objects.item(machine, ref, args[0], at)
        inner = objects.deref_dict(machine, section)
        return (
            _views(machine, section, inner, "items")
            if inner and isinstance(section, Ref)
            else Unk(obj.open or "a section that is not known", at)
        )
    if name in ("get", "getint", "getboolean", "getfloat") and len(args) >= 2:
        section = objects.item(machine, ref, args[0], at)
        value = objects.item(machine, section, args[1], at)
        for key, slot in keywords:
            if key == "fallback" and isinstance(value, Unk) and obj.open is None:
                return slot.value
        convert = {"getint": to_int, "getfloat": to_float}.get(name)
        if convert is not None:
            return conversion(convert)(machine, [value], {}, at)
        return value
    if name == "items":
        return _views(machine, ref, DictObj(sections, obj.open), "items")
    if name == "properties":
        return machine.alloc(DictObj(sections, obj.open))
    return None


def list_method(
    machine: Machine, ref: Ref, obj: ListObj, name: str, args: list[Abs], at: At
) -> Abs:
    if name in ("append", "add", "insert", "appendleft", "put", "put_nowait"):
        value = args[-1] if args else Lit(None)
        in_loop = bool(machine.loops)
        items = (*obj.items[:64], value)
        machine.write(ref.id, replace(obj, items=items, exact=obj.exact and not in_loop))
        return Lit(None)
    if name == "extend" and args:
        extra = objects.elements(machine, args[0])
        added = extra if extra is not None else (objects.element_of(machine, args[0]),)
        exact = obj.exact and extra is not None and not machine.loops
        machine.write(ref.id, replace(obj, items=(*obj.items[:64], *added), exact=exact))
        return Lit(None)
    if name == "copy":
        return machine.alloc(obj)
    if name in ("popleft", "get", "get_nowait"):
        return _taken(machine, ref, obj, at)
    if name == "pop":
        return objects.element_of(machine, ref)
    if name == "clear":
        # in a loop the list may hold what later iterations put in
        if not machine.loops:
            machine.write(ref.id, replace(obj, items=(), exact=not obj.holder))
        return Lit(None)
    return expressions.derived(machine, [ref, *args], f"the result of list.{name}()", at)


def _taken(machine: Machine, ref: Ref, obj: ListObj, at: At) -> Abs:
    """What a queue gives. A loop that takes records from one is fed by their consumer; a function
    that finds it empty is run once more when everything else has been."""
    if not obj.items:
        machine.starves()
    value = objects.element_of(machine, ref)
    for site in expressions.record_sites(machine, value):
        if machine.loops and not any(site in loop.consumers for loop in machine.loops):
            machine.loops[-1].consumers.setdefault(site, at)
    return value


def deep_copy(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    inner = objects.deref_dict(machine, value)
    if inner is not None:
        slots = {
            key: Slot(deep_copy(machine, [slot.value], {}, at), slot.key_at)
            for key, slot in inner.slots.items()
        }
        return machine.alloc(replace(inner, slots=slots))
    obj = machine.obj(value) if isinstance(value, Ref) else None
    return machine.alloc(obj) if isinstance(obj, (ListObj, InstanceObj)) else value


def fields_of(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    if isinstance(value, Ref) and isinstance(machine.obj(value), InstanceObj):
        return objects.as_dict(machine, value, at)
    return expressions.derived(machine, [value], "the fields of something unknown", at)


def length_of(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    if isinstance(value, Lit) and isinstance(value.value, str):
        return Lit(len(value.value), at)
    items = objects.exact_items(machine, value)
    return Lit(len(items), at) if items is not None else Unk("a length", at)
