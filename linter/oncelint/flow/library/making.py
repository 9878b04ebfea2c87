"""The configuration a client is constructed with, from the arguments of the call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.blocks import block_of, home_of, span_of
from oncelint.flow.dicts import merge_dicts
from oncelint.flow.values import Abs, At, DictObj, Slot, describe
from oncelint.model.facts import Home

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine
    from oncelint.flow.trace import Making


def making(
    machine: Machine,
    constructor: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Making:
    """The configuration block of a construction, from its arguments."""
    from oncelint.flow.trace import Making
    from oncelint.frameworks.python_clients import CLIENTS

    shape = CLIENTS[constructor]
    spread = machine.spreads.get(replace(at, turn=0))
    settings = DictObj({}, twice=spread.twice if spread is not None else ())
    topics: tuple[Abs, ...] = ()
    homes: list[Home] = []
    rest = list(args)
    named = dict(keywords)
    if shape.takes_dict:
        given = rest.pop(0) if rest else None
        for key in shape.dict_keywords:
            if given is None and key in named:
                given = named.pop(key).value
        for key in shape.other_keywords:
            named.pop(key, None)
        if given is not None:
            inner = objects.deref_dict(machine, given)
            if inner is None:
                inner = DictObj({}, open=describe(given))
            homes = [] if inner.home is None else [home_of(inner.home)]
            homes.append(Home(span_of(at), "argument"))
            settings = merge_dicts(settings, inner)
        elif spread is not None:
            homes = [] if spread.home is None else [home_of(spread.home)]
        elif not named and open_args is None and not shape.may_be_empty:
            open_args = "no configuration that can be seen"
    else:
        homes = [] if spread is None or spread.home is None else [home_of(spread.home)]
        homes.append(Home(span_of(at), "arguments"))
        if shape.topics_positional:
            topics = tuple(rest)
        for key in shape.other_keywords:
            named.pop(key, None)
    settings = merge_dicts(settings, DictObj(named, open=open_args))
    slots = {
        key: replace(slot, value=calls.settled(machine, slot.value))
        for key, slot in settings.slots.items()
    }
    block = block_of(replace(settings, slots=slots), at, tuple(homes))
    topics = tuple(calls.settled(machine, topic) for topic in topics)
    return Making(block, topics, calls.steps_here(machine), bool(machine.calls))
