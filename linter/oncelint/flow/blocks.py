"""From the interpreter's dict to the settings of a block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Comp,
    DictObj,
    Ext,
    Fn,
    Foreign,
    Items,
    Lit,
    Missing,
    Phi,
    Rec,
    Unk,
    describe,
)
from oncelint.model.facts import (
    Alternative,
    Block,
    Condition,
    Duplicate,
    Home,
    WrittenSetting,
)
from oncelint.model.values import (
    Computed,
    ComputedKind,
    Known,
    Origin,
    Position,
    Span,
    Unknown,
    Value,
    as_text,
)


def span_of(at: At) -> Span:
    line, column, end_line, end_column = at.place
    return Span(at.path, Position(line, column), Position(end_line, end_column))


def block_of(settings: DictObj, at: At, homes: tuple[Home, ...] = ()) -> Block:
    """The block of a dict; `at` is the construction, for keys that stand nowhere."""
    written = tuple(
        WrittenSetting(key, span_of(slot.key_at or at), alternatives(slot.value))
        for key, slot in settings.slots.items()
        if not key.startswith("\0")
    )
    duplicates = tuple(
        Duplicate(item.key, span_of(item.first), span_of(item.second)) for item in settings.twice
    )
    return Block(written, settings.open, duplicates, homes)


def home_of(at: At) -> Home:
    """Where a dict is written as a place that takes one setting more."""
    return Home(span_of(at), "display" if at.path.endswith((".py", ".pyi")) else "mapping")


def alternatives(value: Abs) -> tuple[Alternative, ...]:
    """Every value something can have, each with the choices that lead to it."""
    return tuple(_alternatives(value, ()))


def _alternatives(value: Abs, when: tuple[Condition, ...]) -> Iterator[Alternative]:
    if isinstance(value, Phi):
        for label, branch in value.branches:
            decided = {condition.choice: condition.branch for condition in when}
            if decided.get(value.choice, label) != label:
                continue
            condition = Condition(value.choice, label)
            yield from _alternatives(branch, when if condition in when else (*when, condition))
        return
    if isinstance(value, Missing):
        yield Alternative(None, when)
        return
    plain = plain_value(value)
    at = value.at if isinstance(value, (Lit, Comp, Unk, Foreign)) else None
    span = span_of(at) if at is not None and at.path else None
    kind = "computed" if isinstance(plain, Computed) else "file"
    if isinstance(plain, Unknown) and plain.reason.startswith("environment variable"):
        kind = "environment"
    origin = Origin(kind, as_text(plain), span)  # type: ignore[arg-type]
    yield Alternative(plain, when, span, (origin,))


# What a setting may be computed from; parts of a record are the record there.
_PLAIN: tuple[ComputedKind, ...] = get_args(ComputedKind)


def plain_value(value: Abs) -> Value:
    """A value without the interpreter's own kinds."""
    if isinstance(value, Lit):
        return Known(value.value)
    if isinstance(value, Comp):
        kinds = frozenset(kind for kind in value.kinds if kind in _PLAIN)
        if kinds:
            return Computed(value.template, kinds)
        return Unknown("text with a part that is not known", present=True)
    if isinstance(value, Unk):
        return Unknown(value.reason, value.present)
    if isinstance(value, Items):
        items = [item.value for item in value.items if isinstance(item, Lit)]
        if value.exact and not value.keys and len(items) == len(value.items):
            return Known(tuple(items))
        return Unknown("a list that is not known")
    if isinstance(value, (Bound, Foreign)):
        return Unknown(describe(value))
    if isinstance(value, (Fn, Ext)):
        return Unknown("a function or object", present=True)
    if isinstance(value, Rec):
        return Computed("{record}", frozenset(("record",)))
    return Unknown("an object")
