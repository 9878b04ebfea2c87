"""The effective configuration of a client in every world that is left possible.

A block of written settings, the client's dialect and the versions it may have become worlds: the
client's defaults beneath, the user's settings, what these imply, and what the client does with
contradictions. Versions that answer alike are one world.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod

from oncelint.dialects import CLIENT_NAMES, Table, table, table_name
from oncelint.dialects.constraints import (
    ACKS,
    ARRIVALS,
    BREAKPOINTS,
    ISOLATION,
    MAX_INT,
    Draft,
    contradictions,
    implied,
)
from oncelint.model.facts import Alternative, Block, Condition, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.project import Setting, World
from oncelint.model.values import (
    Computed,
    Known,
    Origin,
    Scalar,
    Unknown,
    Value,
    as_text,
    scalar_text,
)
from oncelint.model.versions import at_least, span_text

# The settings that decide exactly-once, by role: worlds differ in these alone.
MATTER: dict[str, tuple[str, ...]] = {
    "producer": (
        "enable.idempotence",
        "acks",
        "retries",
        "max.in.flight.requests.per.connection",
        "delivery.timeout.ms",
        "linger.ms",
        "request.timeout.ms",
        "transactional.id",
        "transaction.timeout.ms",
        "queuing.strategy",
        "socket.timeout.ms",
    ),
    "consumer": (
        "isolation.level",
        "group.id",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "max.poll.interval.ms",
        "session.timeout.ms",
        "group.protocol",
    ),
    "streams": ("processing.guarantee", "application.id", "replication.factor"),
    "connect-worker": (
        "exactly.once.source.support",
        "connector.client.config.override.policy",
        "group.id",
    ),
    "flink-sink": (
        "sink.delivery-guarantee",
        "sink.transactional-id-prefix",
        "sink.semantic",
        "properties.transaction.timeout.ms",
    ),
    "spark-source": ("kafka.isolation.level", "startingOffsets"),
    "spark-sink": (
        "checkpointLocation",
        "kafka.enable.idempotence",
        "kafka.transactional.id",
        "kafka.acks",
    ),
    "spark-session": ("spark.sql.streaming.checkpointLocation",),
    "flink-job": ("execution.checkpointing.interval", "execution.checkpointing.mode"),
    "connector": ("connector.class", "exactly.once.support", "transaction.boundary"),
    "broker": (
        "transaction.max.timeout.ms",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
    ),
}

_MAX_WORLDS = 64


def worlds(
    block: Block,
    candidates: Sequence[tuple[str, Sequence[str]]],
    role: str,
    layers: Sequence[Layer] = (),
) -> tuple[World, ...]:
    """All worlds of a client; `candidates` are its possible dialects with their versions, `layers`
    what a framework adds to its configuration."""
    found: list[World] = []
    breaks = tuple(sorted({one for layer in layers for one in layer.breakpoints()}))
    for dialect, versions in candidates:
        info = table(table_name(dialect, role))
        written = _canonical(block, info)
        for conditions, alternatives in _combinations(written, MATTER.get(role, ())):
            chosen = _chosen(info, dialect, alternatives)
            for group in _groups(dialect, role, tuple(versions), breaks):
                found.append(_world(info, dialect, role, group, conditions, chosen, block, layers))
    return _startable(found)


def _startable(found: Sequence[World]) -> tuple[World, ...]:
    """The worlds without those whose version does not know a setting that is used, where another
    version does: code that asks for transactions is not meant for a client without them."""
    able = {world.conditions for world in found if not _lacks_a_setting(world)}
    return tuple(
        world for world in found if world.conditions not in able or not _lacks_a_setting(world)
    )


def _lacks_a_setting(world: World) -> bool:
    return any(c.family == "missing" and c.outcome == "refuses" for c in world.contradictions)


def _canonical(block: Block, info: Table) -> dict[str, WrittenSetting]:
    """Written settings by canonical name; of two spellings of one setting the later counts."""
    result: dict[str, WrittenSetting] = {}
    for setting in block.settings:
        name = _name_of(setting.key, info)
        result.pop(name, None)
        result[name] = setting
    return result


def canonical(block: Block, dialect: str, role: str) -> Mapping[str, WrittenSetting]:
    """The written settings of a block by canonical name, the ones that count."""
    return _canonical(block, table(table_name(dialect, role)))


def normalised(value: Value, key: str, dialect: str, role: str) -> Value:
    """A value as a client of a dialect and role understands it for a key as written."""
    info = table(table_name(dialect, role))
    name = _name_of(key, info)
    known = info.settings.get(name)
    return normalise(value, known.type if known else "string", name, dialect)


def suits(value: Value, key: str, dialect: str, role: str) -> bool:
    """Whether a setting is of a kind that a value can be of; what is not known may be."""
    table_ = table(table_name(dialect, role))
    info = table_.settings.get(_name_of(key, table_))
    read = normalised(value, key, dialect, role)
    if info is None or not isinstance(read, Known):
        return True
    if info.type in (*_INTEGERS, *_FLOATS):
        if info.name == ACKS and read.value == "all":
            return True
        return isinstance(read.value, (int, float)) and not isinstance(read.value, bool)
    return info.type != "boolean" or isinstance(read.value, bool)


def _name_of(spelling: str, info: Table) -> str:
    """The canonical name of a spelling; one the table does not know stands for itself."""
    found = info.find(spelling)
    if found is None and info.dialect == "librdkafka" and spelling.startswith("topic."):
        # librdkafka takes a topic's properties under this prefix among the client's
        found = info.find(spelling.removeprefix("topic."))
    if found is None and info.dialect == "kafka-python-ng":
        # the same keywords, of which it never had the newer ones
        found = table("kafka-python").find(spelling)
    return found.name if found is not None else spelling


def _combinations(
    written: dict[str, WrittenSetting], matter: Sequence[str]
) -> Iterator[tuple[tuple[Condition, ...], dict[str, tuple[WrittenSetting, Alternative]]]]:
    """Self-consistent choices of one alternative for each setting that matters."""
    fixed: dict[str, tuple[WrittenSetting, Alternative]] = {}
    varying: list[tuple[str, WrittenSetting]] = []
    for name, setting in written.items():
        if len(setting.alternatives) == 1 and not setting.alternatives[0].when:
            fixed[name] = (setting, setting.alternatives[0])
        elif name in matter:
            varying.append((name, setting))
        else:
            fixed[name] = (setting, _either(setting.alternatives))
    for name, setting in _beyond_the_limit(varying, matter):
        fixed[name] = (setting, _either(setting.alternatives))
        varying.remove((name, setting))
    partial: list[tuple[dict[str, str], dict[str, tuple[WrittenSetting, Alternative]]]] = [
        ({}, fixed)
    ]
    for name, setting in varying:
        partial = [
            (agreed, {**chosen, name: (setting, alternative)})
            for decided, chosen in partial
            for alternative in setting.alternatives
            if (agreed := _agreed(decided, alternative.when)) is not None
        ]
    for decided, chosen in partial:
        yield tuple(sorted(Condition(key, value) for key, value in decided.items())), chosen


def _beyond_the_limit(
    varying: Sequence[tuple[str, WrittenSetting]], matter: Sequence[str]
) -> list[tuple[str, WrittenSetting]]:
    """The settings, least important first, that have to stay undecided so that the choices of the
    others make no more than _MAX_WORLDS worlds. None may be dropped: that would make it certain."""
    kept = sorted(varying, key=lambda item: matter.index(item[0]))
    undecided = []
    while kept and _possibilities(kept) > _MAX_WORLDS:
        undecided.append(kept.pop())
    return undecided


def _possibilities(varying: Sequence[tuple[str, WrittenSetting]]) -> int:
    branches: dict[str, set[str]] = {}
    for _, setting in varying:
        for alternative in setting.alternatives:
            for one in alternative.when:
                branches.setdefault(one.choice, set()).add(one.branch)
    return prod(len(labels) for labels in branches.values())


def _either(alternatives: Sequence[Alternative]) -> Alternative:
    values = {as_text(a.value) if a.value is not None else "" for a in alternatives}
    if len(values) == 1:
        return alternatives[0]
    return Alternative(Unknown("one of several values"), (), alternatives[0].span)


def _agreed(decided: dict[str, str], when: Iterable[Condition]) -> dict[str, str] | None:
    """The choices decided so far with those of an alternative; None when they contradict."""
    result = dict(decided)
    for one in when:
        if result.setdefault(one.choice, one.branch) != one.branch:
            return None
    return result


@lru_cache(maxsize=512)
def _groups(
    dialect: str, role: str, versions: tuple[str, ...], more: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """Versions in groups that behave alike as far as the settings that matter go; they part at
    the client's own break points and at `more` of them."""
    info = table(table_name(dialect, role))
    breaks = BREAKPOINTS.get(dialect, ()) + more
    groups: dict[object, list[str]] = {}
    for version in versions:
        signature: tuple[object, ...] = (
            tuple(at_least(version, one) for one in breaks),
            tuple(
                (_has(info, dialect, name, version), repr(found.default(_tabled(info, version))))
                if (found := info.settings.get(name)) is not None
                else None
                for name in MATTER.get(role, ())
            ),
        )
        groups.setdefault(signature, []).append(version)
    return tuple(tuple(group) for group in groups.values())


def _chosen(
    info: Table,
    dialect: str,
    alternatives: Mapping[str, tuple[WrittenSetting, Alternative]],
) -> dict[str, Setting]:
    """The settings that somebody wrote, each with its chosen alternative, by canonical name."""
    settings: dict[str, Setting] = {}
    for name, (written, alternative) in alternatives.items():
        if alternative.value is None:
            continue
        known = info.settings.get(name)
        value = normalise(alternative.value, known.type if known else "string", name, dialect)
        origins = alternative.origins
        if secret(name):
            value = Known(_HIDDEN) if isinstance(value, Known) else value
            origins = tuple(replace(origin, value=_HIDDEN) for origin in origins)
        settings[name] = Setting(
            name,
            written.shown or written.key,
            value,
            "user",
            written.key_span,
            alternative.span,
            origins,
        )
    return settings


def _world(
    info: Table,
    dialect: str,
    role: str,
    versions: tuple[str, ...],
    conditions: tuple[Condition, ...],
    chosen: Mapping[str, Setting],
    block: Block,
    layers: Sequence[Layer],
) -> World:
    version = versions[-1]
    settings = dict(chosen)
    if dialect == "kafka-python" and ISOLATION in settings:
        level = settings[ISOLATION]
        value = normalise(level.value, "string", ISOLATION, dialect, version)
        settings[ISOLATION] = replace(level, value=value)
    matter = MATTER.get(role, ())
    present = _present(dialect, role, version)
    missing = frozenset(name for name in settings if name in matter and name not in present)
    given = set(settings)
    for layer in layers:
        for name in layer.settings:
            given_by = layer.at(name, version)
            if given_by is None or (name in settings and not layer.locked):
                continue
            settings[name] = _layered(layer, name, given_by, settings.get(name), info, dialect)
            given.add(name)
            if block.open_reason is not None and not layer.locked:
                unseen = Unknown(block.open_reason)
                settings[name] = replace(settings[name], value=unseen)
    for name in present:
        if name not in settings:
            settings[name] = _unset(dialect, role, name, versions, block.open_reason)
    values = {name: setting.value for name, setting in settings.items()}
    draft = Draft(dialect, role, version, values, frozenset(given), missing)
    for name, derived, why in implied(draft):
        settings[name] = _implied(name, derived, why, settings.get(name), block, draft)
        draft.values[name] = settings[name].value
    found = contradictions(replace(draft, values={**draft.values, **_as_given(settings)}))
    return World(
        CLIENT_NAMES[dialect],
        dialect,
        versions,
        conditions,
        settings,
        block.open_reason,
        tuple(found),
    )


@lru_cache(maxsize=4096)
def _present(dialect: str, role: str, version: str) -> tuple[str, ...]:
    """The settings that matter which a client has at a version."""
    info = table(table_name(dialect, role))
    return tuple(name for name in MATTER.get(role, ()) if _has(info, dialect, name, version))


def _has(info: Table, dialect: str, name: str, version: str) -> bool:
    """Whether the client has a setting at a version. A table does not tell what its oldest version
    inherited, but for the features that have a date of their own."""
    known = info.settings.get(name)
    if known is None:
        return False
    arrival = ARRIVALS.get(dialect, {}).get(name)
    if arrival is not None:
        return at_least(version, arrival)
    return known.exists(_tabled(info, version))


def _tabled(info: Table, version: str) -> str:
    """The version itself, or the table's oldest for one that is older still."""
    oldest = info.versions[0]
    return version if at_least(version, oldest) else oldest


def _as_given(settings: Mapping[str, Setting]) -> dict[str, Value]:
    """What the user wrote where something else holds in the end: contradictions are about that."""
    return {
        name: setting.overridden
        for name, setting in settings.items()
        if setting.set_by == "implied" and setting.overridden is not None
    }


def _layered(
    layer: Layer, name: str, value: Scalar, old: Setting | None, info: Table, dialect: str
) -> Setting:
    """A setting as a framework has it; what the user wrote beneath a lock stays among its origins."""
    known = info.settings.get(name)
    final = normalise(Known(value), known.type if known else "string", name, dialect)
    origin = Origin("lock" if layer.locked else "default", as_text(final), None, layer.origin)
    if old is None:
        spelling = known.spellings[0] if known else name
        return Setting(
            name, spelling, final, "lock" if layer.locked else "default", origins=(origin,)
        )
    return replace(old, value=final, set_by="lock", origins=(origin, *old.origins))


def _implied(
    name: str, value: Value, why: str, old: Setting | None, block: Block, draft: Draft
) -> Setting:
    """A setting whose value follows from others; in an open block only a given one decides that."""
    given = name in draft.given
    decided = isinstance(draft.values.get("transactional.id"), (Known, Computed))
    if block.open_reason and not given and not decided and isinstance(value, Known):
        value = Unknown(block.open_reason)
    origin = Origin("default", as_text(value), None, why)
    if old is None:
        return Setting(name, name, value, "implied", origins=(origin,))
    return replace(
        old,
        value=value,
        set_by="implied",
        origins=(origin, *old.origins),
        overridden=old.value if given else None,
    )


@lru_cache(maxsize=4096)
def _unset(
    dialect: str, role: str, name: str, versions: tuple[str, ...], open_reason: str | None
) -> Setting:
    """A setting nobody wrote: its default, or unknown where something may be hidden."""
    known = table(table_name(dialect, role))
    info = known.settings[name]
    spelling, default = info.spellings[0], info.default(_tabled(known, versions[-1]))
    if open_reason is not None:
        return Setting(info.name, spelling, Unknown(open_reason), "default")
    value: Value
    if isinstance(default, list):
        value = Known(tuple(default))
    elif default is None or isinstance(default, (str, int, float, bool)):
        value = normalise(Known(default), info.type, info.name, dialect)
    else:
        value = Unknown("a default that is an object")
    origin = Origin(
        "default", as_text(value), None, f"default of {CLIENT_NAMES[dialect]} {span_text(versions)}"
    )
    return Setting(info.name, spelling, value, "default", origins=(origin,))


_NUMBERS_IN_FRONT = {
    "int": re.compile(r"\s*([-+]?\d+)"),
    "float": re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"),
}
_INTEGERS = ("int", "long", "short")
_FLOATS = ("float", "double")
_PYTHON_CLIENTS = ("kafka-python", "kafka-python-ng", "aiokafka")


def normalise(
    value: Value, type_: str, name: str, dialect: str, version: str | None = None
) -> Value:
    """A value as the client understands it: text becomes number or boolean where it is one.

    Text that the client refuses stays what it is. Without a `version` the oldest is meant.
    """
    if not isinstance(value, Known) or isinstance(value.value, tuple):
        return value
    raw = value.value
    if name == "acks":
        return Known(_acks(raw, dialect))
    if isinstance(raw, str):
        if name == ISOLATION and dialect == "kafka-python":
            # kafka/consumer/fetcher.py: case does not matter from 3.0 on
            return Known(raw.lower() if version and at_least(version, "3.0.0") else raw)
        return Known(_from_text(raw, type_, dialect))
    if type_ == "boolean" and isinstance(raw, int) and not isinstance(raw, bool):
        return Known(bool(raw))
    if isinstance(raw, float) and raw == float("inf"):
        return Known(MAX_INT)
    return value


def _from_text(raw: str, type_: str, dialect: str) -> Scalar:
    text = raw.strip()
    if type_ == "boolean":
        if dialect in _PYTHON_CLIENTS:
            return bool(raw)  # any text is true to Python, "false" too
        lowered = (raw if dialect == "librdkafka" else text).lower()
        if lowered in ("true", "false"):
            return lowered == "true"
        if dialect == "librdkafka" and lowered in ("1", "0", "t", "f"):
            return lowered in ("1", "t")
        return raw
    if type_ in _INTEGERS or type_ in _FLOATS:
        return _number(raw, type_, dialect)
    if type_ == "enum" and dialect == "librdkafka":
        return text.lower()
    return text if dialect == "java" else raw


def _number(raw: str, type_: str, dialect: str) -> Scalar:
    text = raw.strip()
    if dialect == "librdkafka":
        # strtol and strtod: what follows the digits is dropped
        found = _NUMBERS_IN_FRONT["int" if type_ in _INTEGERS else "float"].match(text)
        if found is None:
            return raw
        text = found[1]
    if text == "inf":
        return MAX_INT
    try:
        return int(text) if type_ in _INTEGERS else float(text)
    except ValueError:
        return raw


def _acks(raw: Scalar, dialect: str) -> Scalar:
    """`acks` as all or a number; only librdkafka takes `ALL`."""
    if isinstance(raw, str):
        text = raw.strip()
        if (text.lower() if dialect == "librdkafka" else text) in ("all", "-1"):
            return "all"
        return int(text) if text.lstrip("-").isdigit() else raw
    return "all" if raw == -1 and not isinstance(raw, bool) else raw


@lru_cache(maxsize=4096)
def secret(name: str) -> bool:
    """Whether a setting's value must never be shown."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRETS)


_HIDDEN = "(hidden)"
_SECRETS = (
    "password",
    "passphrase",
    "passwd",
    "secret",
    "jaas",
    "token",
    "credential",
    "auth.user.info",
    "api.key",
    "apikey",
    "access.key",
    "keystore.key",
    "private",
    "ssl.key.pem",
    "connection.url",
    "connection.uri",
)


__all__ = ["MATTER", "normalise", "scalar_text", "secret", "worlds"]
