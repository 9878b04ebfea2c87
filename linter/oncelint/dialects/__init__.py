"""Vocabulary, defaults and constraints of each client library and version, as data.

A table is read from `data/<name>.json`, which tools/dialects writes from the clients themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from oncelint.model.values import Scalar
from oncelint.model.versions import at_least, key

_DATA = Path(__file__).parent / "data"

# The table for each dialect and role: Java keeps one for each component.
_JAVA_TABLES = {
    "producer": "java-producer",
    "consumer": "java-consumer",
    "admin": "java-admin",
    "streams": "java-streams",
    "connect-worker": "java-connect-worker",
    "connector": "java-connector",
    "broker": "java-broker",
    "topic": "java-topic",
}

# Flink has one for the options of a Kafka table, whichever way its records go, and one for a job.
_FLINK_TABLES = {
    "flink-source": "flink-table",
    "flink-sink": "flink-table",
    "flink-job": "flink-job",
}

DISTRIBUTIONS: dict[str, str] = {
    "librdkafka": "confluent-kafka",
    "kafka-python": "kafka-python",
    "kafka-python-ng": "kafka-python-ng",
    "aiokafka": "aiokafka",
    "java": "org.apache.kafka:kafka-clients",
    "logstash": "logstash",
    "telegraf": "telegraf",
    "redpanda-connect": "redpanda-connect",
    "redpanda-connect-sarama": "redpanda-connect",
    "flink": "apache-flink",
    "spark": "pyspark",
    "faust": "faust-streaming",
    "quixstreams": "quixstreams",
}

# librdkafka takes its topic settings behind `topic.` as well (rdkafka_conf.c, rd_kafka_conf_set).
_PREFIXES: dict[str, dict[str, str | None]] = {"librdkafka": {"topic.": "librdkafka"}}

CLIENT_NAMES: dict[str, str] = {
    "librdkafka": "confluent-kafka",
    "kafka-python": "kafka-python",
    "kafka-python-ng": "kafka-python-ng",
    "aiokafka": "aiokafka",
    "java": "kafka-clients",
    "logstash": "Logstash",
    "telegraf": "Telegraf",
    "redpanda-connect": "Redpanda Connect",
    "redpanda-connect-sarama": "Redpanda Connect",
    "flink": "Flink",
    "spark": "Spark",
    "faust": "faust-streaming",
    "quixstreams": "quixstreams",
}


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting of a table; versions are table versions, bounds in the setting's own unit."""

    name: str
    spellings: tuple[str, ...]
    type: str
    roles: frozenset[str]
    values: tuple[Scalar, ...] | None
    minimum: float | None
    maximum: float | None
    defaults: tuple[tuple[str, Any], ...]
    since: str
    removed: str | None
    deprecated: tuple[str, str] | None
    spellings_since: Mapping[str, str]
    case_insensitive: bool
    classes: frozenset[str] = frozenset()
    value_prefixes: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    values_since: tuple[tuple[str, tuple[Scalar, ...] | None], ...] = ()

    def names(self, version: str) -> tuple[Scalar, ...] | None:
        """The values the setting takes by name at a version; None when others do as well."""
        found = self.values_since[0][1] if self.values_since else self.values
        for since, values in self.values_since:
            if not at_least(version, since):
                break
            found = values
        return found

    def exists(self, version: str) -> bool:
        """Whether the client knows the setting at a version."""
        if not at_least(version, self.since) or version in self.absent:
            return False
        return self.removed is None or not at_least(version, self.removed)

    def default(self, version: str) -> Any:
        """The default at a version; None when there is none."""
        found: Any = None
        for since, value in self.defaults:
            if not at_least(version, since):
                break
            found = value
        return found

    def spelling_exists(self, spelling: str, version: str) -> bool:
        since = self.spellings_since.get(spelling)
        return since is None or at_least(version, since)


@dataclass(frozen=True, slots=True)
class Table:
    """All settings of one client library, or of one component of Kafka's own."""

    dialect: str
    distribution: str
    versions: tuple[str, ...]
    settings: Mapping[str, SettingInfo]
    by_spelling: Mapping[str, SettingInfo]
    embeds: tuple[str, ...] = ()
    prefixes: Mapping[str, str | None] = field(default_factory=dict)

    def find(self, spelling: str) -> SettingInfo | None:
        return self.by_spelling.get(spelling)

    @property
    def newest(self) -> str:
        return self.versions[-1]

    @property
    def oldest(self) -> str:
        return self.versions[0]


@dataclass(frozen=True, slots=True)
class Match:
    """What a key is to a table: `setting` of the table `owner`, behind `prefix`.

    `setting` is None behind a prefix whose keys are a plug-in's or an inner client's own.
    """

    setting: SettingInfo | None
    owner: str
    prefix: str = ""


def table_name(dialect: str, role: str) -> str:
    if dialect == "flink":
        return _FLINK_TABLES[role]
    if dialect == "spark":
        return role  # one for each of its roles
    return _JAVA_TABLES[role] if dialect == "java" else dialect


def match(name: str, key: str) -> Match | None:
    """Find a key in a table, in the tables whose keys it takes as well, and behind its prefixes.

    None when nothing in the table accounts for the key.
    """
    own = table(name)
    found = own.find(key)
    if found is not None:
        return Match(found, name)
    for prefix in sorted(own.prefixes, key=len, reverse=True):
        if key.startswith(prefix) and len(key) > len(prefix):
            target = own.prefixes[prefix]
            inner = table(target).find(key[len(prefix) :]) if target is not None else None
            return Match(inner, target or name, prefix)
    for target in own.embeds:
        found = table(target).find(key)
        if found is not None:
            return Match(found, target)
    return None


@cache
def table(name: str) -> Table:
    """Load a table by name; KeyError when there is none."""
    path = _DATA / f"{name}.json"
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise KeyError(name) from None
    versions: Sequence[str] = sorted(raw["versions"], key=key)
    moment = partial(_moment, oldest=versions[0], by_minor=name.startswith("java-"))
    firsts = {_minor(one): one for one in reversed(versions)} if moment.keywords["by_minor"] else {}

    def default_since(version: str) -> str:
        """A default that changed with a minor's first release in the table may be the minor's own."""
        minor = _minor(version)
        return minor if version != versions[0] and firsts.get(minor) == version else version

    settings = {
        key: _info(key, value, moment, default_since) for key, value in raw["settings"].items()
    }
    spelled = {spelling: info for info in settings.values() for spelling in info.spellings}
    return Table(
        raw["dialect"],
        raw["distribution"],
        tuple(versions),
        settings,
        spelled,
        tuple(raw.get("embeds") or ()),
        {**(raw.get("prefixes") or {}), **_PREFIXES.get(name, {})},
    )


def _moment(version: str, oldest: str, by_minor: bool) -> str:
    """The release a change came with, from the first release of the table that shows it.

    What the table's oldest release has may be older than the table. Kafka's settings come and go
    with minor releases, of which the table holds one release each.
    """
    if version == oldest:
        return "0"
    return _minor(version) if by_minor else version


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _info(
    name: str,
    raw: dict[str, Any],
    moment: Callable[[str], str],
    default_since: Callable[[str], str],
) -> SettingInfo:
    deprecated = raw.get("deprecated")
    removed = raw.get("removed")
    return SettingInfo(
        name,
        tuple(raw["spellings"]),
        raw["type"],
        frozenset(raw["roles"]),
        tuple(raw["values"]) if raw.get("values") is not None else None,
        raw.get("min"),
        raw.get("max"),
        tuple((default_since(since), value) for since, value in raw["defaults"]),
        moment(raw["since"]),
        moment(removed) if removed else None,
        (moment(deprecated["since"]), deprecated["note"]) if deprecated else None,
        raw.get("spellings_since") or {},
        bool(raw.get("ignore_case") or raw.get("case_insensitive")),
        frozenset(raw.get("classes") or ()),
        tuple(raw.get("value_prefixes") or ()),
        frozenset(raw.get("absent") or ()),
        tuple(
            (moment(since), tuple(values) if values is not None else None)
            for since, values in raw.get("values_by_version") or ()
        ),
    )


@cache
def every_spelling() -> frozenset[str]:
    """Every key of every client, component and version."""
    return frozenset(spelling for name in names() for spelling in table(name).by_spelling)


def names() -> tuple[str, ...]:
    """Every table there is."""
    return tuple(sorted(path.stem for path in _DATA.glob("*.json")))
