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
    from oncelint.frameworks.python.clients import TopicShape


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
    from oncelint.frameworks.python.clients import CLIENTS, TOPICS

    if constructor in TOPICS:
        return _topic(machine, TOPICS[constructor], args, keywords, at, open_args)
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


def _topic(
    machine: Machine,
    shape: TopicShape,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Making:
    """A topic to be created: its numbers as arguments, its own settings in a dict."""
    from oncelint.flow.trace import Making

    named = {name: Slot(value, None) for name, value in zip(shape.arguments, args, strict=False)}
    named.update(keywords)
    title = named.pop(shape.arguments[0], None)
    given = named.pop(shape.config, None)
    settings = DictObj(named, open=open_args)
    homes: list[Home] = []
    if given is not None:
        inner = objects.deref_dict(machine, given.value)
        if inner is None:
            inner = DictObj({}, open=describe(given.value))
        homes = [] if inner.home is None else [home_of(inner.home)]
        settings = merge_dicts(settings, inner)
    slots = {
        key: replace(slot, value=calls.settled(machine, slot.value))
        for key, slot in settings.slots.items()
    }
    block = block_of(replace(settings, slots=slots), at, tuple(homes))
    topics = (calls.settled(machine, title.value),) if title is not None else ()
    return Making(block, topics, calls.steps_here(machine), bool(machine.calls))
