"""Which applications of stream frameworks are seen to write to Kafka or to keep state.

Those that do neither have nothing that a transaction could keep from being repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import objects
from oncelint.flow.values import Abs, At, Bound, Fn, Foreign, KafkaClient, Lit, Phi, Ref, Slot
from oncelint.frameworks.python import builders

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_TOPS = ("faust", "quixstreams")


def call_method(
    machine: Machine,
    func: Bound,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> None:
    """Note what a method of an application, a topic or a pipeline does."""
    receiver = objects.rooted(func.receiver) if isinstance(func.receiver, Bound) else func.receiver
    top = receiver.path.partition(".")[0] if isinstance(receiver, Foreign) else ""
    if not isinstance(receiver, Foreign) or top not in _TOPS:
        handed_on(machine, args, keywords)
        return
    if receiver.at is not None:
        _known(machine, receiver, func.name, at)
    site = _application_of(machine, receiver)
    if site is None:
        return
    said = _faust(func.name, keywords, machine) if top == "faust" else _quix(func.name, keywords)
    if said is not None:
        _note(machine, site, said)


def handed_on(machine: Machine, args: list[Abs], keywords: list[tuple[str, Slot]]) -> None:
    """Something that is not followed is given an application or a part of one: it may write."""
    for value in (*args, *(slot.value for _, slot in keywords)):
        branches = [one for _, one in value.branches] if isinstance(value, Phi) else [value]
        for one in branches:
            if isinstance(one, Foreign) and one.path.partition(".")[0] in _TOPS:
                site = _application_of(machine, one)
                if site is not None:
                    _note(machine, site, False)


def _note(machine: Machine, site: int, surely: bool) -> None:
    noted = machine.trace.repeats
    noted[site] = noted.get(site, False) or surely


def _known(machine: Machine, application: Foreign, method: str, at: At) -> None:
    """Remember whose application the parts are that are made from one."""
    site = _site(machine, application)
    if site is None:
        return
    if application.made_from and isinstance(application.made_from[0], Ref):
        machine.trace.applications[application.made_from[0].id] = site
    if method == "dataframe":
        machine.trace.applications[at.path, at.place] = site


def _site(machine: Machine, application: Foreign) -> int | None:
    """The site of a value that is an application itself."""
    for constructor in builders.HANDLES:
        if application.at is not None:
            site = machine.sites.get((application.at.path, application.at.place, constructor))
            if site is not None:
                return site.index
    return None


def _application_of(machine: Machine, value: Foreign) -> int | None:
    own = _site(machine, value)
    if own is not None or not value.made_from:
        return own
    first = value.made_from[0]
    known = machine.trace.applications
    if isinstance(first, KafkaClient):
        place = machine.trace.sites[first.site].at
        return known.get((place.path, place.place))
    return known.get(first.id) if isinstance(first, Ref) else None


def _quix(method: str, keywords: list[tuple[str, Slot]]) -> bool | None:
    """Whether a method writes; None for one that does not."""
    if method in builders.QUIX_WRITES:
        return True
    if method in builders.QUIX_MAY_WRITE:
        return False
    for name, slot in keywords:
        if name in builders.WRITE_KEYWORDS[builders.QUIX]:
            if isinstance(slot.value, Lit):
                return True if slot.value.value else None
            return False
    return None


def _faust(method: str, keywords: list[tuple[str, Slot]], machine: Machine) -> bool | None:
    if method in builders.FAUST_TABLES or method in builders.FAUST_SENDS:
        return True
    if method in builders.FAUST_MAY_WRITE:
        return False
    for name, slot in keywords:
        if name in builders.WRITE_KEYWORDS[builders.FAUST]:
            sinks = objects.elements(machine, slot.value)
            if sinks is None:
                return False
            if any(isinstance(one, Foreign) and one.path.endswith(".topic()") for one in sinks):
                return True
            return None if all(isinstance(one, Fn) for one in sinks) else False
    return None
