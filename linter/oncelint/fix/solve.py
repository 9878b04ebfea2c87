"""From a goal to the changes of one block: worked out on the effective configuration that the
client will have after the edit, in every world that the project leaves possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from oncelint.dialects import CLIENT_NAMES, table, table_name
from oncelint.dialects.constraints import ACKS, IDEMPOTENCE, IN_FLIGHT, RETRIES
from oncelint.dialects.defects import defects_of
from oncelint.effective import canonical, normalised, suits, worlds
from oncelint.fix.remedies import Wanted, equal, gone, remedy
from oncelint.frameworks.spelling import spell
from oncelint.model.facts import Alternative, Block, Condition, Duplicate, WrittenSetting
from oncelint.model.finding import Goal
from oncelint.model.project import Client, Contradiction, World
from oncelint.model.values import Computed, Known, Scalar, Span, Unknown, Value
from oncelint.model.versions import span_text
from oncelint.patches import CannotWrite

_ROUNDS = 16
# What tells a client which brokers it talks to: with ones from before 0.11 it refuses idempotence
# (kafka/producer/kafka.py; aiokafka/producer/producer.py; rdkafka_conf.c).
_BROKER_VERSIONS = ("api_version", "broker.version.fallback", "api.version.request")
# librdkafka's topic settings in a dict of their own (confluent_kafka.c, common_conf_setup)
_TOPIC_CONFIG = "default.topic.config"


@dataclass(frozen=True, slots=True)
class Added:
    """A setting nobody wrote, in the client's own spelling."""

    name: str
    key: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Changed:
    """The literal at `span` is what a written setting gets its value from; `old` is that value as
    it reached the client. `at_key` when the key gets a literal of its own instead."""

    name: str
    setting: WrittenSetting
    span: Span
    value: Scalar
    old: Scalar | tuple[Scalar, ...] = None
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """A written key goes; `spelled` is how the file has it."""

    name: str
    key_span: Span
    spelled: str
    setting: WrittenSetting | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A written key gets another name."""

    name: str
    key_span: Span
    old: str
    new: str


Change: TypeAlias = "Added | Changed | Removed | Renamed"


@dataclass(slots=True)
class Solution:
    """The changes of a block, and the worlds before and after them.

    `decided_elsewhere` are settings whose value something outside the project has the last word
    on, in spite of the changes (an environment variable whose default is changed).
    """

    block: Block
    before: tuple[World, ...]
    after: tuple[World, ...]
    changes: list[Change] = field(default_factory=list)
    decided_elsewhere: list[str] = field(default_factory=list)

    def effects(self) -> dict[str, tuple[Value, ...]]:
        """The settings that matter and change effectively in some world, with their new values."""
        found: dict[str, dict[Value, None]] = {}
        old = _by_version(self.before)
        for place, world in _by_version(self.after).items():
            beside = old.get(place)
            if beside is None:
                continue
            for name in dict.fromkeys((*beside.settings, *world.settings)):
                value = world.value(name)
                if _told(beside.value(name)) != _told(value):
                    found.setdefault(name, {})[value] = None
        return {name: tuple(values) for name, values in found.items()}


def _told(value: Value) -> object:
    """A value as far as a change of it concerns the user: what is unknown stays that."""
    return "unknown" if isinstance(value, Unknown) else value


def _by_version(found: Sequence[World]) -> dict[tuple[str, str, tuple[Condition, ...]], World]:
    return {
        (world.dialect, version, world.conditions): world
        for world in found
        for version in world.versions
    }


def solve(client: Client, goal: Goal) -> Solution:
    """The smallest set of changes to a client's block after which the goal holds and the client
    starts in every world.

    Raises CannotWrite when there is none.
    """
    solution = Solution(client.block, client.worlds, client.worlds)
    for span, name in goal.renames:
        _rename(solution, client, span, name)
    for span in goal.removals:
        _remove_key(solution, span)
    for name, value in goal.settings.items():
        if value is None:
            _put(solution, client, gone(name))
    seen: set[tuple[str, Scalar]] = set()
    for _ in range(_ROUNDS):
        solution.after = _evaluate(client, solution.block)
        _keep_versions(solution)
        wanted = _next(solution, client, goal)
        if wanted is None:
            if client.block.settings and not solution.block.settings:
                raise CannotWrite("nothing would be left of the client's settings")
            _start_surely(client, solution)
            _ask_for_nothing_broken(client, solution)
            return solution
        if (wanted.name, wanted.value) in seen:
            raise CannotWrite(f"{wanted.name} cannot be settled from here")
        seen.add((wanted.name, wanted.value))
        _put(solution, client, wanted)
    raise CannotWrite("no combination of settings was found that this client accepts")


def starts_with(client: Client, changes: Sequence[Change]) -> bool:
    """Whether a client starts in every world in which it does now, with changes of a place that it
    shares with another one."""
    added = [one for one in changes if isinstance(one, Added)]
    values = {one.span: one.value for one in changes if isinstance(one, Changed)}
    settings = [
        replace(
            setting,
            alternatives=tuple(
                replace(one, value=Known(values[one.span])) if one.span in values else one
                for one in setting.alternatives
            ),
        )
        for setting in client.block.settings
    ]
    for setting in client.block.settings:
        for one in setting.alternatives:
            if one.span in values and not all(
                suits(Known(values[one.span]), setting.key, world.dialect, client.role)
                for world in client.worlds
            ):
                return False
    keys = {setting.key for setting in settings}
    settings += [
        WrittenSetting(one.key, client.span, (Alternative(Known(one.value)),))
        for one in added
        if one.key not in keys
    ]
    after = _evaluate(client, replace(client.block, settings=tuple(settings)))
    return any(world.refuses() for world in client.worlds) or not any(
        world.refuses() for world in after
    )


def _evaluate(client: Client, block: Block) -> tuple[World, ...]:
    candidates: dict[str, dict[str, None]] = {}
    for world in client.worlds:
        candidates.setdefault(world.dialect, {}).update(dict.fromkeys(world.versions))
    named = [(dialect, tuple(versions)) for dialect, versions in candidates.items()]
    return worlds(block, named, client.role, client.layers)


def _keep_versions(solution: Solution) -> None:
    """No version that the project allows may be left without a way to start."""
    had = {(one.dialect, version): one for one in solution.before for version in one.versions}
    has = {(one.dialect, version) for one in solution.after for version in one.versions}
    lost = sorted(had.keys() - has)
    if lost:
        name, version = had[lost[0]].client, lost[0][1]
        raise CannotWrite(f"{name} {version}, which the project allows, has no such setting")


def _start_surely(client: Client, solution: Solution) -> None:
    """Where idempotence is new, nothing may be set that it cannot live with, from outside either."""
    before = {v: world for world in client.worlds for v in world.versions}
    for world in solution.after:
        old = before.get(world.versions[-1])
        if world.known(IDEMPOTENCE) is not True or old is None or old.known(IDEMPOTENCE) is True:
            continue
        for one in solution.block.settings:
            if one.key in _BROKER_VERSIONS and not _is_recent(one):
                raise CannotWrite(
                    f"{one.key} may say a broker from before 0.11, without idempotence"
                )
        if any(one.key == _TOPIC_CONFIG for one in solution.block.settings):
            raise CannotWrite(f"{_TOPIC_CONFIG} may hold settings that exclude it")
        for name in (ACKS, RETRIES, IN_FLIGHT):
            written = _written(solution.block, client, name)
            if written is None or world.setting(name) is None:
                continue
            spelled = written.shown or written.key
            unknown = [one for one in written.alternatives if not _is_settled(one.value)]
            if len(unknown) == len(written.alternatives):
                raise CannotWrite(
                    f"what {spelled} is, is not known, and the client may not start with it"
                )
            if unknown:
                raise CannotWrite(
                    f"{spelled} can be set from outside, and the client does not start with every"
                    " value of it"
                )


def _is_recent(setting: WrittenSetting) -> bool:
    """Whether a setting that tells the brokers' version tells one with idempotence, or none."""
    for one in setting.alternatives:
        if not isinstance(one.value, Known):
            return False
        value = one.value.value
        if value is None or value in ("auto", True, "true"):
            continue
        parts = value if isinstance(value, tuple) else str(value).split(".")
        numbers = [int(part) for part in map(str, parts) if part.isdecimal()]
        if not numbers or numbers < [0, 11]:
            return False
    return True


def _is_settled(value: Value | None) -> bool:
    return value is None or isinstance(value, Known)


def _ask_for_nothing_broken(client: Client, solution: Solution) -> None:
    """A guarantee that this version is known to break is no remedy."""
    had = {(one.id, one.setting) for one in client.defects}
    for dialect in dict.fromkeys(world.dialect for world in solution.after):
        for defect in defects_of(dialect, client.client_versions, solution.after, client.span):
            if (defect.id, defect.setting) not in had:
                raise CannotWrite(
                    f"{CLIENT_NAMES[dialect]} {span_text(client.client_versions)} has a defect:"
                    f" {defect.text} ({defect.source})"
                )


def _next(solution: Solution, client: Client, goal: Goal) -> Wanted | None:
    """What is still to be changed; None when the goal is reached."""
    for world in solution.after:
        for found in world.contradictions:
            if not _in_the_way(found, goal, solution):
                continue
            if found.family == "missing":
                raise CannotWrite(
                    f"{world.client} {world.versions[0]}, which the project allows, has no"
                    f" {found.settings[0]}"
                )
            wanted = remedy(world, found)
            if wanted is None:
                raise CannotWrite(f"{found.settings[0]} keeps the client from starting as well")
            return wanted
    for name, value in goal.settings.items():
        if value is None:
            continue
        wanted = equal(name, value)
        for world in solution.after:
            got = world.value(name)
            if isinstance(got, Known) and wanted.fine(got.value):
                continue
            if name in solution.decided_elsewhere and not isinstance(got, Known):
                continue
            return wanted
    return None


def _in_the_way(found: Contradiction, goal: Goal, solution: Solution) -> bool:
    """Whether a contradiction has to go: what keeps the client from starting, unless it did so
    before and the goal is another one; what switches idempotence off that is asked for."""
    if found.outcome == "switches-off":
        return goal.settings.get(IDEMPOTENCE) is True
    if found.outcome != "refuses":
        return False
    if goal.starts and found.family != "missing":
        return True
    was_there = any(
        (one.family, one.settings, one.outcome) == (found.family, found.settings, found.outcome)
        for world in solution.before
        for one in world.contradictions
    )
    return not was_there or found.settings[0] in goal.settings


# Changes of the block -------------------------------------------------------------------------


def _rename(solution: Solution, client: Client, span: Span, name: str) -> None:
    block = solution.block
    found = next((one for one in block.settings if one.key_span == span), None)
    if found is None:
        raise CannotWrite("the key is not written in this block")
    home = block.homes[0] if block.homes else None
    if home is None or home.style == "plain" or (found.shown or found.key).endswith(found.key):
        prefix = (found.shown or found.key).removesuffix(found.key)
        key = name.removeprefix(prefix)
        new = prefix + key
    else:
        key, new = name, spell(home, name, None)[0]
        if home.path and (found.shown or "").startswith(home.path):
            new = home.path + new  # the old one is told with the names that lead there as well
    if any(one.key == key for one in block.settings):
        raise CannotWrite(f"{new} is set as well")
    if not all(
        suits(one.value, key, world.dialect, client.role)
        for one in found.alternatives
        for world in client.worlds
        if one.value is not None
    ):
        raise CannotWrite(f"the value of {found.shown or found.key} is none that {new} takes")
    renamed = replace(found, key=key, shown=new if found.shown else None)
    settings = tuple(renamed if one is found else one for one in block.settings)
    solution.block = replace(block, settings=settings)
    solution.changes.append(Renamed(key, span, found.shown or found.key, new))


def _remove_key(solution: Solution, span: Span) -> None:
    block = solution.block
    found = next((one for one in block.settings if one.key_span == span), None)
    spelled = found.shown or found.key if found is not None else ""
    lost = next((one for one in block.duplicates if one.first == span), None)
    if found is not None:
        solution.block = replace(
            block, settings=tuple(one for one in block.settings if one is not found)
        )
    elif lost is not None:
        spelled = lost.key
        solution.block = replace(block, duplicates=_without(block.duplicates, lost))
    else:
        raise CannotWrite("the key is not written in this block")
    solution.changes.append(Removed(found.key if found is not None else spelled, span, spelled))


def _without(duplicates: Sequence[Duplicate], one: Duplicate) -> tuple[Duplicate, ...]:
    return tuple(item for item in duplicates if item is not one)


def _put(solution: Solution, client: Client, wanted: Wanted) -> None:
    written = _written(solution.block, client, wanted.name)
    if wanted.value is None:
        if written is not None:
            _remove(solution, written, wanted.name)
        return
    if written is None:
        _add(solution, client, wanted)
    else:
        _change(solution, client, written, wanted)


def _written(block: Block, client: Client, name: str) -> WrittenSetting | None:
    """The setting of a canonical name that counts, under whatever spelling."""
    found = None
    for world in client.worlds:
        found = canonical(block, world.dialect, client.role).get(name) or found
    return found


def _remove(solution: Solution, written: WrittenSetting, name: str) -> None:
    if any(one.value is None for one in written.alternatives):
        raise CannotWrite(f"{written.shown or written.key} is set on some ways only")
    solution.block = replace(
        solution.block,
        settings=tuple(one for one in solution.block.settings if one is not written),
    )
    spelled = written.shown or written.key
    for change in solution.changes:
        if isinstance(change, Renamed) and change.key_span == written.key_span:
            spelled = change.old
    removed = Removed(name, written.key_span, spelled, written)
    own = [one for one in solution.changes if isinstance(one, Added) and one.key == written.key]
    kept = [one for one in solution.changes if one not in own and not _of(one, written)]
    solution.changes = kept if own else [*kept, removed]


def _of(change: Change, written: WrittenSetting) -> bool:
    """Whether a change gives a written setting another value or name."""
    if isinstance(change, Renamed):
        return change.key_span == written.key_span
    return isinstance(change, Changed) and change.setting.key_span == written.key_span


def _of_a_client(client: Client, name: str) -> bool:
    """Whether a setting of a Connect worker is one for the clients that it makes."""
    prefixes = ("producer.", "consumer.", "admin.")
    return client.role == "connect-worker" and name.startswith(prefixes)


def _add(solution: Solution, client: Client, wanted: Wanted) -> None:
    block = solution.block
    if block.open_reason is not None:
        raise CannotWrite(f"{wanted.name} may be set in a part that is not seen")
    spelled = [
        setting.spelled
        for world in solution.after
        if (setting := world.setting(wanted.name)) is not None
    ]
    if not spelled:
        spelled = _tabled(client, wanted.name)
    if not spelled and (client.role == "connector" or _of_a_client(client, wanted.name)):
        spelled = [wanted.name]  # what a plug-in reads has one name
    if not spelled:
        version = f"{client.client} {span_text(client.client_versions)}".strip()
        raise CannotWrite(f"{version} has no setting {wanted.name}")
    if len(set(spelled)) > 1:
        raise CannotWrite(f"how {wanted.name} is spelled depends on the client, which is not known")
    home = block.homes[0] if block.homes else None
    shown = spell(home, spelled[0], wanted.value)[0]
    value = Known(wanted.value)
    place = block.homes[0].span if block.homes else client.span
    added = WrittenSetting(
        spelled[0], place, (Alternative(value),), shown if shown != spelled[0] else None
    )
    solution.block = replace(block, settings=(*block.settings, added))
    solution.changes.append(Added(wanted.name, spelled[0], wanted.value))


def _tabled(client: Client, name: str) -> list[str]:
    """How the client's table spells a setting that no world holds, for it decides nothing there."""
    info = table(table_name(client.dialect, client.role)).settings.get(name)
    return [info.spellings[0]] if info is not None and client.role in ("topic", "broker") else []


def _change(solution: Solution, client: Client, written: WrittenSetting, wanted: Wanted) -> None:
    spelled = written.shown or written.key
    own = next(
        (one for one in solution.changes if isinstance(one, Added) and one.key == written.key), None
    )
    alternatives: list[Alternative] = []
    changed = False
    for one in written.alternatives:
        if one.value is not None and _is_fine(one.value, client, written.key, wanted):
            alternatives.append(one)
            continue
        if own is None and not isinstance(one.value, Known):
            if one.value is None:
                raise CannotWrite(f"{spelled} is set on some ways only")
            if not any(isinstance(other.value, Known) for other in written.alternatives):
                raise CannotWrite(_whence(spelled, one.value))
            solution.decided_elsewhere.append(wanted.name)
            alternatives.append(one)
            continue
        if own is None and one.span is None:
            raise CannotWrite(f"where {spelled} gets its value is not known")
        alternatives.append(replace(one, value=Known(wanted.value), origins=()))
        changed = True
        if own is not None:
            solution.changes.remove(own)
            solution.changes.append(replace(own, value=wanted.value))
        elif one.span is not None:
            old = one.value.value if isinstance(one.value, Known) else None
            change = Changed(wanted.name, written, one.span, wanted.value, old)
            if change not in solution.changes:
                solution.changes.append(change)
    if not changed:
        raise CannotWrite(f"{spelled} is not what decides here")
    new = replace(written, alternatives=tuple(alternatives))
    solution.block = replace(
        solution.block,
        settings=tuple(new if one is written else one for one in solution.block.settings),
    )


def _is_fine(value: Value, client: Client, key: str, wanted: Wanted) -> bool:
    """Whether a written value is already what is wanted, as every possible client reads it."""
    if not isinstance(value, Known):
        return False
    read = [normalised(value, key, world.dialect, client.role) for world in client.worlds]
    return all(isinstance(one, Known) and wanted.fine(one.value) for one in read)


def _whence(spelled: str, value: Value) -> str:
    if isinstance(value, Computed):
        return f"{spelled} is computed when the program runs"
    return f"{spelled} comes from elsewhere: {value.reason}" if isinstance(value, Unknown) else ""
