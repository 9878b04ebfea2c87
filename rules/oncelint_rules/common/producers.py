"""What the rules about producers share: what follows from running one, what idempotence needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oncelint.model import Known, Producer, Setting, Verdict, World, as_text

# A client that does not start writes no duplicates and loses nothing: a rule that says so silences
# these, which would follow from running it.
PRODUCER_RUNS: tuple[str, ...] = (
    "producer-not-idempotent",
    "acks-not-all",
    "idempotence-silently-disabled",
    "client-with-known-defect",
    "unstable-transactional-id",
    "transaction-timeout-exceeds-broker",
    "auto-commit-in-transaction",
)

IDEMPOTENCE = "enable.idempotence"
ACKS = "acks"
RETRIES = "retries"
IN_FLIGHT = "max.in.flight.requests.per.connection"

_WANTED: dict[str, str] = {ACKS: "all", RETRIES: "more than 0", "queuing.strategy": "fifo"}


def duplicates(worlds: Sequence[World]) -> str:
    """What becomes of records without idempotence in these worlds, as the first half of a
    sentence; a client that is never seen to retry leaves that to the application."""
    retries = {world.known(RETRIES) for world in worlds} - {None}
    if retries == {0}:
        return "records whose request fails are lost, or written twice when they are sent again"
    return "a retry after a lost acknowledgement writes these records twice"


def wanted(world: World, name: str) -> str:
    """What a setting has to be beside idempotence, in words: `all`, `5 or fewer`."""
    if name == IN_FLIGHT:
        bound = world.in_flight_bound()
        return "1" if bound == 1 else f"{bound} or fewer"
    return _WANTED[name]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A setting the user chose that idempotence cannot, or perhaps cannot, be switched on beside.

    `wanted` is what it has to be, `reason` why it is in the way, both in words; `certain` when
    its value is known to be a wrong one.
    """

    setting: Setting
    wanted: str
    reason: str
    certain: bool


def in_the_way(worlds: Sequence[World]) -> tuple[Obstacle, ...]:
    """What is in the way of idempotence in any of some worlds, each setting once."""
    found = (_obstacle(worlds, name) for name in (ACKS, RETRIES, IN_FLIGHT))
    return tuple(one for one in found if one is not None)


def hidden(worlds: Sequence[World]) -> bool:
    """Whether a setting that idempotence depends on may stand in a part that is not seen."""
    return any(
        not isinstance(world.value(name), Known)
        for world in worlds
        if world.open_reason is not None
        for name in (ACKS, RETRIES, IN_FLIGHT)
        if world.setting(name) is not None
    )


def by_framework(setting: Setting) -> str:
    """Who set a setting that nobody wrote, where a framework did (a layer's origin); else nothing."""
    if setting.key_span is not None or not setting.origins:
        return ""
    note = setting.origins[0].note
    return note if note.startswith("set by ") else ""


def correction(producer: Producer, setting: Setting, value: str, worlds: Sequence[World]) -> str:
    """What to do about a wrong value, in words. Removing it gives the client's default only where
    no framework and no overridden file has another value beneath."""
    beneath = (
        _forbids(world, replace(setting, value=Known(given)))
        for layer in producer.layers
        for world in worlds
        for version in world.versions
        if (given := layer.at(setting.name, version)) is not None
    )
    hidden = (one for one in setting.origins if one.note == _OVERRIDDEN and one.value != value)
    if any(beneath) or any(hidden):
        return f"set {setting.spelled} to {value}"
    return f"remove {setting.spelled} or set it to {value}"


_OVERRIDDEN = "overridden"
"""The note of a value that another file or profile hides (frameworks/blocks.py)."""


def _chosen(world: World, name: str) -> bool:
    setting = world.setting(name)
    return world.is_set(name) or (setting is not None and bool(by_framework(setting)))


def _obstacle(worlds: Sequence[World], name: str) -> Obstacle | None:
    chosen = [world for world in worlds if _chosen(world, name)]
    wrong = [world for world in chosen if _forbids(world, world.settings[name])]
    unknown = [world for world in chosen if not world.settings[name].known]
    telling = tuple(wrong or unknown)
    if not telling:
        return None
    rest = tuple(world for world in worlds if world not in telling)
    values = dict.fromkeys(as_text(world.value(name)) for world in wrong)
    state = f"it is {' or '.join(values)}" if wrong else "it is not known"
    reason = " ".join(filter(None, (state, Verdict(telling, rest, ()).when())))
    world = telling[-1]
    return Obstacle(world.settings[name], wanted(world, name), reason, bool(wrong))


def _forbids(world: World, setting: Setting) -> bool:
    if not isinstance(setting.value, Known):
        return False
    value = setting.value.value
    if setting.name == ACKS:
        return value != "all"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or value is None or isinstance(value, (str, tuple)):
        return False
    return value == 0 if setting.name == RETRIES else value > world.in_flight_bound()
