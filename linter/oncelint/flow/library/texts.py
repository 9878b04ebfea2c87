"""Text and arithmetic: what formatted, joined and compared values are made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from oncelint.flow import expressions, objects
from oncelint.flow.dicts import merge_dicts
from oncelint.flow.library import records
from oncelint.flow.library.paths import joined_path
from oncelint.flow.values import (
    MAX_BRANCHES,
    Abs,
    At,
    Bound,
    Comp,
    DictObj,
    Ext,
    File,
    Fn,
    Foreign,
    KafkaClient,
    ListObj,
    Lit,
    Missing,
    Phi,
    Rec,
    Ref,
    Slot,
    SourceKind,
    Unk,
    describe,
    leaves,
)

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def text_of(value: Abs) -> tuple[str, frozenset[SourceKind], bool]:
    """Text with what is computed in braces, the kinds of it, and whether all of it is known."""
    if isinstance(value, Lit):
        return ("" if value.value is None else str(value.value)), frozenset(), True
    if isinstance(value, Comp):
        return value.template, value.kinds, bool(value.kinds)
    if isinstance(value, Rec):
        return "{record}", records.kinds_of(value), True
    if isinstance(value, Unk) and value.reason.startswith("environment variable"):
        return "{" + value.reason.rpartition(" ")[2] + "}", frozenset(("environment",)), True
    return "{}", frozenset(), False


_SOURCE_KINDS: frozenset[SourceKind] = frozenset(
    ("random", "time", "process", "host", "sequence", "hash")
)


def format_parts(machine: Machine, parts: list[Abs], at: At) -> Abs:
    """An f-string, or any other joining of parts.

    Where the parts have more combinations than are kept, each that is a choice is unknown.
    """
    if prod(leaves(part) for part in parts) > MAX_BRANCHES:
        parts = [
            Comp("{}", frozenset(), at, expressions.record_sites(machine, part))
            if isinstance(part, Phi)
            else part
            for part in parts
        ]
    for index, part in enumerate(parts):
        if isinstance(part, Phi):
            return machine.over(
                part,
                lambda one, index=index: format_parts(  # type: ignore[misc]
                    machine, [*parts[:index], one, *parts[index + 1 :]], at
                ),
            )
    texts = [text_of(part) for part in parts]
    if sum(len(text) for text, _, _ in texts) > _LONG:
        return expressions.derived(machine, parts, _TOO_LONG, at)
    template = "".join(text for text, _, _ in texts)
    kinds = frozenset(kind for _, found, _ in texts for kind in found)
    if all(isinstance(part, Lit) for part in parts):
        return Lit(template, at)
    sites = frozenset(s for part in parts for s in expressions.record_sites(machine, part))
    if not kinds & _SOURCE_KINDS and not all(known for _, _, known in texts):
        kinds = frozenset()
    return Comp(template, kinds, at, sites)


def binary(machine: Machine, op: str, left: Abs, right: Abs, at: At) -> Abs:
    if isinstance(left, Phi):
        return machine.over(left, lambda one: binary(machine, op, one, right, at))
    if isinstance(right, Phi):
        return machine.over(right, lambda one: binary(machine, op, left, one, at))
    if op in ("==", "!=", "is", "is not"):
        if isinstance(left, Lit) and isinstance(right, Lit):
            equal = left.value == right.value
            return Lit(equal == (op in ("==", "is")), at)
        if op in ("is", "is not") and isinstance(right, Lit) and right.value is None:
            if isinstance(left, (Ref, KafkaClient, Fn, Comp)) or _is_object(left):
                return Lit(op == "is not", at)
        if isinstance(left, (Foreign, Bound)) and op in ("==", "!="):
            compared = expressions.record_sites(machine, right)
            if compared:
                return Rec(compared, "derived")  # a column in a query
        if isinstance(right, Lit):
            known_at = left.at if isinstance(left, Unk) and left.at is not None else at
            return Unk(f"{describe(left)} {op} {right.value!r}", known_at)
        return Unk("a comparison", at)
    if op in ("in", "not in"):
        return _contains(machine, op, left, right, at)
    if op == "|":
        one, other = objects.deref_dict(machine, left), objects.deref_dict(machine, right)
        if one is not None and other is not None:
            return machine.alloc(merge_dicts(one, other))
    if op == "/" and isinstance(left, File):
        return joined_path(left, [right])
    if op == "+":
        first, second = objects.elements(machine, left), objects.elements(machine, right)
        if first is not None and second is not None:
            if len(first) + len(second) > _LONG:
                return expressions.derived(machine, (left, right), _TOO_LONG, at)
            return machine.alloc(ListObj((*first, *second)))
    if isinstance(left, Lit) and isinstance(right, Lit):
        return _arithmetic(op, left, right, at)
    if op == "+" and isinstance(left, Lit) and isinstance(right, Rec) and not is_text(left):
        left, right = right, left
    if isinstance(left, Rec) and left.part == "offset" and isinstance(right, Lit):
        if op == "+" and isinstance(right.value, int):
            return replace(left, plus=left.plus + right.value)
    if op == "+" and (is_text(left) or is_text(right)):
        return format_parts(machine, [left, right], at)
    if op == "%" and is_text(left):
        return _percent(machine, left, right, at)
    if isinstance(left, Comp) or isinstance(right, Comp):
        kinds = frozenset(kind for one in (left, right) for kind in text_of(one)[1])
        sites = frozenset(
            s for one in (left, right) for s in expressions.record_sites(machine, one)
        )
        return Comp("{" + op + "}", kinds, at, sites)
    if isinstance(left, Unk) and left.reason == COUNTED and isinstance(right, Lit):
        return left
    return expressions.derived(machine, (left, right), "a computed value", at)


# A number that each round of a loop changes.
COUNTED = "counted in a loop"


def _percent(machine: Machine, template: Abs, right: Abs, at: At) -> Abs:
    """`template % values`: the text where everything is known, else what it is made of."""
    values = objects.elements(machine, right)
    if values is None:
        values = (right,)
    if isinstance(template, Lit) and all(isinstance(one, Lit) for one in values):
        try:
            plain = tuple(one.value for one in values if isinstance(one, Lit))
            return Lit(str(template.value) % plain, at, template.pieces)
        except (TypeError, ValueError):
            return Unk("a format that fails", at)
    text, kinds, known = text_of(template)
    told = [text_of(one) for one in values]
    kinds = kinds.union(*(found for _, found, _ in told))
    sites = frozenset(s for one in (right, *values) for s in expressions.record_sites(machine, one))
    if sites:
        kinds = kinds | {"record"}
    elif not kinds & _SOURCE_KINDS and not (known and all(clear for _, _, clear in told)):
        kinds = frozenset()
    filled = iter(part for part, _, _ in told)
    named = re.sub(r"%(?:\(\w+\))?[srdif]", lambda found: next(filled, found.group()), text)
    return Comp(named if kinds & _SOURCE_KINDS else text, kinds, at, sites)


def _is_object(value: Abs) -> bool:
    """Whether something outside the project is certain not to be None: a module, a class, or what
    calling a class gave, but not what a method or function may give."""
    if isinstance(value, Ext):
        return True
    if not isinstance(value, Foreign) or value.path.count("()") != 1:
        return False
    name = value.path.removesuffix("()").rpartition(".")[2]
    return name[:1].isupper() or name == "connect"


def is_text(value: Abs) -> bool:
    return isinstance(value, Comp) or (isinstance(value, Lit) and isinstance(value.value, str))


# Text and lists that a program doubles again and again must not take the machine with them.
_LONG = 10_000


_TOO_LONG = "a value too long to follow"


def _arithmetic(op: str, left: Lit, right: Lit, at: At) -> Abs:
    one, other = left.value, right.value
    if isinstance(one, str) and isinstance(other, str) and op == "+":
        if len(one) + len(other) > _LONG:
            return Unk(_TOO_LONG, at)
        return Lit(one + other, at)
    if any(isinstance(value, int) and value.bit_length() > 64 for value in (one, other)):
        return Unk(_TOO_LONG, at)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        operations: dict[str, Callable[[float, float], float]] = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
            "/": lambda a, b: a / b,
            "//": lambda a, b: a // b,
            "%": lambda a, b: a % b,
        }
        if op in operations:
            try:
                return Lit(operations[op](one, other), at)
            except (ZeroDivisionError, OverflowError):
                return Unk("arithmetic that fails", at)
        if op == "**" and abs(one) < 1000 and 0 <= other < 64:
            return Lit(one**other, at)
    if op == "%" and isinstance(one, str):
        return Comp(one, frozenset(), at)
    return Unk("a computed value", at)


def _contains(machine: Machine, op: str, left: Abs, right: Abs, at: At) -> Abs:
    if isinstance(left, Lit) and isinstance(right, Lit):
        if isinstance(left.value, str) and isinstance(right.value, str):
            return Lit((left.value in right.value) == (op == "in"), at)
    if isinstance(right, Ref) and isinstance(left, Lit):
        obj = machine.obj(right)
        found: bool | None = None
        if isinstance(obj, DictObj) and isinstance(left.value, str) and not obj.environment:
            slot = obj.slots.get(left.value)
            if slot is None and obj.open is None:
                found = False
            elif slot is not None and not isinstance(slot.value, (Phi, Missing)):
                found = True
        elif isinstance(obj, ListObj):
            if any(isinstance(item, Lit) and item.value == left.value for item in obj.items):
                found = True
            elif obj.exact and all(isinstance(item, Lit) for item in obj.items):
                found = False
        if found is not None:
            return Lit(found == (op == "in"), at)
    return Unk("a membership test", at)


def negate(machine: Machine, value: Abs) -> Abs:
    verdict = expressions.truth(machine, value)
    return Unk("a negation") if verdict is None else Lit(not verdict)


def text_method(
    machine: Machine,
    receiver: Lit,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:
    text = str(receiver.value)
    literals = [value.value for value in args if isinstance(value, Lit)]
    known = len(literals) == len(args) and not keywords
    if name in ("strip", "lower", "upper", "title", "lstrip", "rstrip") and known:
        changed = getattr(text, name)(*[str(one) for one in literals])
        return Lit(changed, receiver.at)
    if name in ("encode", "decode", "__str__"):
        return receiver
    if name == "format":
        if known and "{" not in text.replace("{}", ""):
            try:
                if sum(len(str(one)) for one in literals) + len(text) > _LONG:
                    return Unk(_TOO_LONG, at)
                return Lit(text.format(*literals), receiver.at)
            except (IndexError, KeyError, ValueError):
                return Unk("a format that fails", at)
        parts = [*args, *(slot.value for _, slot in keywords)]
        kinds = frozenset(kind for one in parts for kind in text_of(one)[1])
        sites = frozenset(s for one in parts for s in expressions.record_sites(machine, one))
        if sites:
            kinds = kinds | {"record"}
        return Comp(text, kinds, receiver.at, sites)
    if name == "join" and args:
        items = objects.elements(machine, args[0])
        if items is not None and all(isinstance(item, Lit) for item in items):
            joined = text.join(str(item.value) for item in items if isinstance(item, Lit))
            return Lit(joined, at) if len(joined) <= _LONG else Unk(_TOO_LONG, at)
        if items is not None and 0 < len(items) <= 16:
            parts_between: list[Abs] = [items[0]]
            for item in items[1:]:
                parts_between += [Lit(text), item]
            return format_parts(machine, parts_between, at)
        sites = expressions.record_sites(machine, args[0])
        return Comp("{}", frozenset(("record",)) if sites else frozenset(), at, sites)
    if name in ("split", "partition", "rpartition", "splitlines") and known:
        try:
            found = getattr(text, name)(*literals)
        except (TypeError, ValueError):
            return Unk(f"a {name} that fails", at)
        return machine.alloc(ListObj(tuple(Lit(part, receiver.at) for part in found)))
    if name == "replace" and known and len(literals) == 2:
        changed = text.replace(str(literals[0]), str(literals[1]))
        return Lit(changed, receiver.at) if len(changed) <= _LONG else Unk(_TOO_LONG, at)
    if name in ("startswith", "endswith") and known and literals:
        return Lit(bool(getattr(text, name)(str(literals[0]))), at)
    return expressions.derived(machine, args, f"the result of str.{name}()", at)
