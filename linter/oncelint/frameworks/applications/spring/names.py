"""What Spring Boot has names of its own for among the settings of Kafka's clients.

Source: `KafkaProperties` of Spring Boot 2.0 to 4.0 (spring-boot-autoconfigure, from 4.0
spring-boot-kafka), buildProperties of its nested classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from oncelint.model.values import Known, Scalar, Value

TRANSACTIONAL_ID = "transactional.id"

_COMMON: Mapping[str, str] = {
    "bootstrap-servers": "bootstrap.servers",
    "client-id": "client.id",
    "security.protocol": "security.protocol",
}
NAMES: Mapping[str, Mapping[str, str]] = {
    "common": _COMMON,
    "producer": {
        **_COMMON,
        "acks": "acks",
        "batch-size": "batch.size",
        "buffer-memory": "buffer.memory",
        "compression-type": "compression.type",
        "key-serializer": "key.serializer",
        "retries": "retries",
        "transaction-id-prefix": TRANSACTIONAL_ID,
        "value-serializer": "value.serializer",
    },
    "consumer": {
        **_COMMON,
        "auto-commit-interval": "auto.commit.interval.ms",
        "auto-offset-reset": "auto.offset.reset",
        "enable-auto-commit": "enable.auto.commit",
        "fetch-max-wait": "fetch.max.wait.ms",
        "fetch-min-size": "fetch.min.bytes",
        "group-id": "group.id",
        "heartbeat-interval": "heartbeat.interval.ms",
        "isolation-level": "isolation.level",
        "key-deserializer": "key.deserializer",
        "max-poll-interval": "max.poll.interval.ms",
        "max-poll-records": "max.poll.records",
        "value-deserializer": "value.deserializer",
    },
    "streams": {
        **_COMMON,
        "application-id": "application.id",
        "cache-max-size-buffering": "cache.max.bytes.buffering",
        "replication-factor": "replication.factor",
        "state-dir": "state.dir",
        "state-store-cache-max-size": "statestore.cache.max.bytes",
    },
    "admin": _COMMON,
}
"""By section of `spring.kafka`: what it calls a client's setting, and the client's own key."""

UNIFORM: Mapping[str, Mapping[str, str]] = {
    section: {name.replace("-", ""): key for name, key in names.items() if "." not in name}
    for section, names in NAMES.items()
}
"""The same with names as relaxed binding compares them."""


_DURATIONS = frozenset(
    {"auto.commit.interval.ms", "fetch.max.wait.ms", "heartbeat.interval.ms"}
    | {"max.poll.interval.ms"}
)
_SIZES = frozenset(
    {"batch.size", "buffer.memory", "fetch.min.bytes", "cache.max.bytes.buffering"}
    | {"statestore.cache.max.bytes"}
)
_UNITS: Mapping[str, int] = {
    "": 1, "ns": 0, "us": 0, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
}  # fmt: skip
_BYTES: Mapping[str, int] = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_MEASURE = re.compile(r"([+-]?\d+)\s*([A-Za-z]*)")


def convert(key: str, value: Value) -> Value:
    """A value in the framework's notation as the client gets it: durations (`30s`) in
    milliseconds, sizes (`16KB`) in bytes, levels without regard to case and dashes."""
    if not isinstance(value, Known) or not isinstance(value.value, str):
        return value
    text = value.value.strip()
    if key in _DURATIONS:
        return _measured(text, _UNITS, value)
    if key in _SIZES:
        return _measured(text, _BYTES, value)
    if key == "isolation.level":
        plain = re.sub(r"[^a-z]", "", text.lower())
        return Known(_LEVELS.get(plain, text))
    return value


_LEVELS = {"readcommitted": "read_committed", "readuncommitted": "read_uncommitted"}


def _measured(text: str, units: Mapping[str, int], value: Value) -> Value:
    match = _MEASURE.fullmatch(text)
    factor = units.get(match[2].lower()) if match is not None else None
    return Known(int(match[1]) * factor) if match is not None and factor else value


def style(section: str, *, camel: bool = False) -> Callable[[str, str, Scalar], tuple[str, Scalar]]:
    """How a section of `spring.kafka` spells a client's key: by its own name where it has one,
    else in its map of `properties`."""
    named = {key: name for name, key in NAMES[section].items() if key not in _PASSED[section]}

    def spell(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
        name = named.get(key)
        if name is None:
            return f"{prefix}properties.{key}", value
        return prefix + (_camel(name) if camel else name), value

    return spell


_PASSED: Mapping[str, frozenset[str]] = {
    "common": frozenset(),
    "producer": frozenset(),
    "consumer": frozenset({"max.poll.interval.ms"}),
    "streams": frozenset({"cache.max.bytes.buffering", "statestore.cache.max.bytes"}),
    "admin": frozenset(),
}
"""What some versions have no name for: it is written into the map, which every version has."""


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)


def binder(
    section: str, *, camel: bool = False
) -> Callable[[str, str, Scalar], tuple[str, Scalar]]:
    """How a Spring Cloud Stream binder spells a key of its producers, consumers or streams."""

    def spell(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
        if section == "streams":
            own = key == "application.id"
            name, rest = ("application-id", "") if own else ("configuration", f".{key}")
        elif (section, key) == ("producer", "acks"):
            name, rest = "required-acks", ""
        else:
            name, rest = f"{section}-properties", f".{key}"
        return prefix + (_camel(name) if camel else name) + rest, value

    return spell
