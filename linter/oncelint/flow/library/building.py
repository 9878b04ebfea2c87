"""Builders of stream processors: chains of calls that each add a setting, up to the one that makes a
source, a sink or a job.

What a builder was told is a dict of its own in the heap, so that a chain may be broken over
variables, branches and functions like any other configuration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.blocks import block_of, span_of
from oncelint.flow.values import (
    Abs,
    At,
    DictObj,
    Foreign,
    Items,
    Lit,
    Missing,
    Phi,
    Ref,
    Slot,
    describe,
)
from oncelint.model.facts import Home

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine
    from oncelint.flow.trace import Site

LAST = "\0last"
TOPICS = "\0topics"


def begin(machine: Machine, path: str, made_from: tuple[Abs, ...], at: At) -> Foreign:
    """A builder that was told nothing yet."""
    began = Items(tuple(_condition(*one) for one in machine.conditions), exact=True)
    slots = {_WHERE: Slot(Lit(_where(machine)), None), _BEGAN: Slot(began, None)}
    return Foreign(path, (machine.alloc(DictObj(slots)), *made_from), at)


_WHERE = "\0where"
_BEGAN = "\0began"


def _condition(choice: str, label: str) -> Lit:
    return Lit(f"{choice}\0{label}")


def _where(machine: Machine) -> str:
    """How deep in loops and branches this place is."""
    return f"{len(machine.loops)} {len(machine.conditions)}"


def told_of(machine: Machine, builder: Foreign) -> Ref | None:
    """Where a builder keeps what it was told."""
    first = builder.made_from[0] if builder.made_from else None
    return first if isinstance(first, Ref) and isinstance(machine.obj(first), DictObj) else None


def tell(machine: Machine, told: Ref, key: str, value: Abs, key_at: At | None) -> None:
    """A builder is told one setting more."""
    obj = machine.obj(told)
    if isinstance(obj, DictObj):
        machine.write(told.id, replace(obj, slots={**obj.slots, key: Slot(value, key_at)}))


def tell_named(machine: Machine, told: Ref, key: Abs, value: Abs, at: At) -> None:
    """A builder is told a setting by a name that may not be known."""
    place = key.at if isinstance(key, Lit) and key.at is not None else at
    objects.set_item(machine, told, key, value, place)


def tell_all(machine: Machine, told: Ref, given: Abs) -> None:
    """A builder is told the entries of a dict."""
    inner = objects.deref_dict(machine, given)
    tell_dict(machine, told, inner if inner is not None else DictObj({}, open=describe(given)))


def tell_dict(machine: Machine, told: Ref, other: DictObj) -> None:
    """A builder is told what is in a dict, which says nothing of what it is told in other ways."""
    before = machine.obj(told)
    objects.update_dict(machine, told, other)
    after = machine.obj(told)
    if isinstance(before, DictObj) and isinstance(after, DictObj):
        own = {key: slot for key, slot in before.slots.items() if key.startswith("\0")}
        machine.write(told.id, replace(after, slots={**after.slots, **own}))


def tell_keywords(
    machine: Machine, told: Ref, keywords: list[tuple[str, Slot]], open_args: str | None
) -> None:
    tell_dict(machine, told, DictObj(dict(keywords), open=open_args))


def called_here(machine: Machine, told: Ref, at: At) -> None:
    """Remember the last call of a chain that is reached whenever its builder is: behind it another
    one can stand."""
    began = known(machine, told, _WHERE)
    if not isinstance(began, Lit) or began.value != _where(machine):
        return
    tell(machine, told, LAST, Lit(repr(at.place), replace(at, turn=0)), None)


def known(machine: Machine, told: Ref, key: str) -> Abs | None:
    """What a builder was told under a key of its own."""
    slot = settings(machine, told).slots.get(key)
    return slot.value if slot is not None else None


def settings(machine: Machine, told: Ref) -> DictObj:
    """What a builder was told, as it is in the branch that it began in.

    Where what a chain begins with is a choice, each link is called for one alternative after the
    other, and the builder of one is told nothing in the branches of the others.
    """
    obj = machine.obj(told)
    if not isinstance(obj, DictObj):
        return DictObj({})
    began = obj.slots.get(_BEGAN)
    names = began.value.items if began is not None and isinstance(began.value, Items) else ()
    chosen = {one[0]: one[1] for one in machine.conditions if _condition(*one) in names}
    if not chosen:
        return obj
    slots: dict[str, Slot] = {}
    for key, slot in obj.slots.items():
        value = _chosen(slot.value, chosen)
        if not isinstance(value, Missing):
            slots[key] = replace(slot, value=value)
    return replace(obj, slots=slots)


def _chosen(value: Abs, chosen: dict[str, str]) -> Abs:
    """A value in branches that were chosen."""
    while isinstance(value, Phi) and value.choice in chosen:
        by_label = dict(value.branches)
        found = by_label.get(chosen[value.choice], by_label.get("otherwise"))
        if found is None:
            break
        value = found
    return value


def make(
    machine: Machine,
    constructor: str,
    told: DictObj,
    at: At,
    topics: tuple[Abs, ...] = (),
    style: str = "",
    *,
    homes: tuple[Home, ...] = (),
    details: tuple[tuple[str, str], ...] = (),
    anew: bool = False,
) -> Site:
    """What a builder makes, with the settings it has now.

    `style` is how the chain is given one setting more. With `anew` what was made here before is
    told anew: an environment is set up by and by.
    """
    from oncelint.flow.state import CONTEXTS
    from oncelint.flow.trace import Making

    site = calls.site_of(machine, constructor, at)
    slots = {
        key: replace(slot, value=calls.settled(machine, slot.value))
        for key, slot in told.slots.items()
    }
    last = told.slots.get(LAST)
    if style and last is not None and isinstance(last.value, Lit) and last.value.at is not None:
        homes = (*homes, Home(span_of(last.value.at), "chain", style=style))
    block = block_of(replace(told, slots=slots), at, homes)
    made = Making(
        block,
        tuple(calls.settled(machine, one) for one in topics),
        calls.steps_here(machine),
        bool(machine.calls),
        details,
    )
    if anew:
        site.makings[:] = [made]
    elif len(site.makings) < CONTEXTS and made not in site.makings:
        site.makings.append(made)
    return site


def here(machine: Machine, value: Abs) -> Abs:
    """A value that is given under the conditions of this place, and else missing."""
    for choice, label in reversed(machine.conditions):
        value = Phi(choice, ((label, value), ("otherwise", Missing())))
    return value


def over(base: DictObj, inner: DictObj) -> DictObj:
    """Settings under the names of a constructor's keywords, and those of a dict that count over
    them; which two mean the same is told by the reader of the block, to whom the later counts."""
    slots = dict(base.slots)
    for key, slot in inner.slots.items():
        slots.pop(key.replace(".", "_"), None)
        slots[key] = slot
    return DictObj(slots, base.open or inner.open, inner.twice)
