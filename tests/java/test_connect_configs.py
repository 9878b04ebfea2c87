"""Workers, connectors and their clients in the documents, held to Kafka Connect itself.

Every worker that oncelint sees is constructed as DistributedConfig or StandaloneConfig, every connector as
SourceConnectorConfig or SinkConnectorConfig, and the producers and consumers that Connect makes of
both are made by its Worker, at the releases in VERSIONS that the document leaves open; connectors
with an artifact on Maven Central are validated by their own config() as well. What Connect refuses
oncelint has to tell, a fix must not be refused, and the values in force have to be those that
oncelint works out. Needs Java and Maven; runs only where ONCELINT_JAVA=1.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.java import stage

from java_facts import maven
from java_facts.measure import Measured, measure
from oncelint.frameworks.connect.joins import _SINK_KEYS
from oncelint.model.project import Client, Connector, ConnectWorker, World
from oncelint.model.values import Known

pytestmark = stage.needs_java

VERSIONS = ("2.8.2", "3.3.2", "3.6.2", "3.9.2", "4.0.2")
PROGRAM = Path(__file__).with_name("ConfigDefs.java")
DOCUMENTS = stage.found(
    r"connector\.class|connector_class|(?i:offset[._]?storage)|KafkaConnect",
    "placements/*",
    "rules/*",
)
RUNTIME = "org.apache.kafka.connect.runtime."
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
NEEDED = {
    "bootstrap.servers": "localhost:1",
    "group.id": "workers",
    "key.converter": BYTES,
    "value.converter": BYTES,
    "config.storage.topic": "configs",
    "offset.storage.topic": "offsets",
    "status.storage.topic": "status",
    "offset.storage.file.filename": "offsets",
    "name": "connector",
    "connector.class": "none",
}
# what is loaded by a class path that the test has not, and what is asked for while it is parsed
ELSEWHERE = (
    *("config.providers", "transforms", "predicates", "plugin.path"),
    *("key.converter", "value.converter", "header.converter"),
)
# what only a cluster's own credentials make complete
CREDENTIALS = ("sasl.", "security.", "ssl.")

OWN: Mapping[str, str] = {
    "io.debezium.connector.postgresql.PostgresConnector": (
        "io.debezium:debezium-connector-postgres:2.7.4.Final"
    ),
    "io.debezium.connector.mysql.MySqlConnector": (
        "io.debezium:debezium-connector-mysql:2.7.4.Final"
    ),
    "com.mongodb.kafka.connect.MongoSinkConnector": "org.mongodb.kafka:mongo-kafka-connect:1.13.0",
    "com.mongodb.kafka.connect.MongoSourceConnector": (
        "org.mongodb.kafka:mongo-kafka-connect:1.13.0"
    ),
    "org.apache.kafka.connect.file.FileStreamSinkConnector": "org.apache.kafka:connect-file:3.9.2",
    "org.apache.kafka.connect.mirror.MirrorSourceConnector": (
        "org.apache.kafka:connect-mirror:3.9.2"
    ),
}
"""Connectors with an artifact of their own, by class."""


@dataclass(frozen=True, slots=True)
class Case:
    """A subject that a parser is asked about at a release."""

    path: Path
    kind: str
    client: Client
    worlds: tuple[World, ...]
    settings: Mapping[str, str]

    @property
    def told(self) -> bool:
        """Whether oncelint says that it does not start."""
        return (
            any(world.refuses() for world in self.worlds)
            or any(one.refused for one in self.client.value_problems)
            or any(one.refused for one in self.client.keys)
        )

    def __str__(self) -> str:
        return f"{stage.name_of(self.path)} {self.kind} {self.client.span.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a ConfigDef makes of a configuration: values in force, undefined keys, refusals."""

    values: Mapping[str, str]
    unknown: frozenset[str]
    refused: Mapping[str, str]


def cases(version: str, *roles: str) -> Iterator[Case]:
    for path, kind, client in stage.each_form(DOCUMENTS):
        settings = stage.settings_of(client)
        worlds = stage.worlds_at(client, version)
        if client.role in roles and settings is not None and worlds:
            yield Case(path, kind, client, worlds, settings)


def answers(path: str, wanted: Sequence[tuple[str, Mapping[str, str]]]) -> list[Answer]:
    """What the classes say of the configurations, in order."""
    lines: list[str] = []
    for name, settings in wanted:
        lines += [f"case {name}", *(f"{key}={value}" for key, value in settings.items()), "end"]
    lines = [line.replace("\n", " ") for line in lines]
    told: list[Answer] = []
    values: dict[str, str] = {}
    unknown: set[str] = set()
    refused: dict[str, str] = {}
    for line in stage.asked(PROGRAM, path, lines):
        if line == "end":
            told.append(Answer(values, frozenset(unknown), refused))
            values, unknown, refused = {}, set(), {}
            continue
        what, key, rest = line.split("\t", 2)
        if what == "value":
            values[key] = rest
        elif what == "unknown":
            unknown.add(key)
        else:
            refused[key] = rest
    assert len(told) == len(wanted)
    return told


def runtime(version: str) -> str:
    found = maven.class_path("connect-runtime", version, logging=True)
    assert found is not None
    return found


def loadable(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without what other artifacts are loaded for; converters are Kafka's own."""
    return {
        key: BYTES if key.endswith("converter") else value
        for key, value in settings.items()
        if not key.startswith(ELSEWHERE) and ".converter." not in key
    }


# Workers --------------------------------------------------------------------------------------


@functools.cache
def workers(version: str) -> list[tuple[Case, Answer]]:
    found = list(cases(version, "connect-worker"))
    wanted = []
    for case in found:
        alone = case.client.details.get("mode") == "standalone"
        name = "standalone.StandaloneConfig" if alone else "distributed.DistributedConfig"
        wanted.append((RUNTIME + name, {**NEEDED, **loadable(case.settings)}))
    return list(zip(found, answers(runtime(version), wanted), strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_workers(version: str) -> None:
    wrong: list[str] = []
    for case, answer in workers(version):
        # what an image puts into the worker's file is none of Kafka's defaults
        given = {key for layer in case.client.layers for key in layer.settings}
        values = {key: value for key, value in answer.values.items() if key not in given}
        wrong += differences(case, bool(answer.refused), str(answer.refused), values)
        unknown = {
            one.key
            for one in case.client.keys
            if one.status == "unknown" and (not one.versions or version in one.versions)
        }
        mine = {one.key for one in case.client.block.settings if one.shown in unknown} | unknown
        wrong += [f"{case}: {key} is a setting" for key in mine & set(answer.values)]
    assert not wrong, "\n".join(wrong)


def differences(
    case: Case, refused: bool, reason: str, values: Mapping[str, object]
) -> Iterator[str]:
    """Where what was measured is not what oncelint says."""
    if refused != case.told:
        said = "says that it does not start" if case.told else "takes it"
        yield f"{case}: oncelint {said}; {'refused: ' + reason if refused else 'it is accepted'}"
    if refused:
        return
    for name, value in values.items():
        mine = {
            same(setting.value.value)
            for world in case.worlds
            if (setting := world.setting(name)) is not None and isinstance(setting.value, Known)
        }
        if name.startswith(ELSEWHERE) or (name in NEEDED and name not in case.settings):
            continue
        if len(mine) == 1 and len(case.worlds) == 1 and same(value) not in mine:
            yield f"{case}: {name} is {value!r}, and not {mine}"


def same(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(same, value))
    text = "null" if value is None else re.sub(r",\s+", ",", str(value).strip().lower())
    return "all" if text == "-1" else text


# Connectors -----------------------------------------------------------------------------------


def is_sink(client: Client, settings: Mapping[str, str]) -> bool:
    assert isinstance(client, Connector)
    role = client.facts.get("role")
    return role == "sink" if role else bool(_SINK_KEYS & set(settings))


@functools.cache
def connectors(version: str) -> list[tuple[Case, Answer]]:
    found = list(cases(version, "connector"))
    wanted = []
    for case in found:
        sink = is_sink(case.client, case.settings)
        name = RUNTIME + ("SinkConnectorConfig" if sink else "SourceConnectorConfig")
        needed = {key: NEEDED[key] for key in ("name", "connector.class")}
        wanted.append((name, {**needed, **loadable(case.settings)}))
    return list(zip(found, answers(runtime(version), wanted), strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_connectors(version: str) -> None:
    wrong: list[str] = []
    for case, answer in connectors(version):
        wrong += differences(case, bool(answer.refused), str(answer.refused), answer.values)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", OWN)
def test_connectors_by_their_own_definition(name: str) -> None:
    """What a fix sets of a connector it has to know, and take."""
    found = [
        case
        for case in cases("3.9.2", "connector")
        if isinstance(case.client, Connector) and case.client.connector_class == name
    ]
    assert found
    framework = {
        (case.path, case.kind, case.client.span): answer.unknown
        for case, answer in connectors("3.9.2")
    }
    path = stage.class_path(OWN[name], "org.apache.kafka:connect-runtime:3.9.2")
    told = answers(path, [(name, loadable(case.settings)) for case in found])
    before: dict[tuple[Path, str], Answer] = {}
    wrong: list[str] = []
    for case, answer in zip(found, told, strict=True):
        where = (case.path, case.client.name or case.client.span.path)
        if case.kind == "written":
            before[where] = answer
        refused = {
            key: why
            for key, why in answer.refused.items()
            if key in case.settings and "com.example" not in why
        }
        if case.kind == "written" and case.told:
            continue
        wrong += [f"{case}: {key}: {why}" for key, why in refused.items()]
        if case.kind != "written" and where in before:
            new = answer.unknown - before[where].unknown
            new &= framework[case.path, case.kind, case.client.span]
            overrides = ("producer.override.", "consumer.override.")
            wrong += [
                f"{case}: {key} is not its setting" for key in new if not key.startswith(overrides)
            ]
    assert not wrong, "\n".join(wrong)


# Clients --------------------------------------------------------------------------------------


@functools.cache
def made(version: str, role: str) -> list[tuple[Case, Measured]]:
    """The clients of Connect that are seen, and what its Worker makes of the same settings."""
    found = []
    wanted: dict[str, list[tuple[Case, dict[str, str]]]] = {}
    for case in cases(version, role):
        if case.client.details.get("framework") != "connect" or case.client.block.open_reason:
            continue
        locked = any(layer.locked for layer in case.client.layers)
        component = "connect-exactly-once-source" if locked else "connect-source"
        if role == "consumer":
            component = "connect-sink"
        if component == "connect-exactly-once-source" and version == "2.8.2":
            continue  # it came with 3.3
        settings = {
            f"worker.{role}.{key}": value
            for key, value in case.settings.items()
            if not key.startswith(CREDENTIALS)
        }
        wanted.setdefault(component, []).append((case, settings))
    for component, some in wanted.items():
        told = measure(version, component, [settings for _, settings in some])
        assert told is not None
        found += [(case, answer) for (case, _), answer in zip(some, told, strict=True)]
    return found


@pytest.mark.parametrize("role", ["producer", "consumer"])
@pytest.mark.parametrize("version", VERSIONS)
def test_clients(version: str, role: str) -> None:
    wrong: list[str] = []
    for case, answer in made(version, role):
        values = {
            key: value
            for key, value in answer.effective.items()
            # Connect names them itself, by the worker's group and the connector
            if key not in ("transactional.id", "group.id", "client.id")
            and not key.startswith(CREDENTIALS)
        }
        wrong += differences(case, not answer.accepted, str(answer.exceptions), values)
    assert not wrong, "\n".join(wrong)


def test_the_documents_are_met() -> None:
    """The comparisons above are about something."""
    assert len(workers("3.9.2")) > 80
    assert len(connectors("3.9.2")) > 200
    assert len(made("3.9.2", "producer")) > 30
    assert any(isinstance(case.client, ConnectWorker) and case.told for case, _ in workers("3.9.2"))
    values = [answer.values for case, answer in workers("3.9.2")]
    assert {one.get("exactly.once.source.support") for one in values} >= {"enabled", "disabled"}
