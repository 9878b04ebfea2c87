"""Connect's workers and connectors: which belongs to which, and what their clients come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import documents
from oncelint.formats import read
from oncelint.frameworks.connect import layers, recognise
from oncelint.frameworks.connect.joins import assemble
from oncelint.frameworks.connect.worker import place, supports_exactly_once
from oncelint.model.facts import ConfigFact
from oncelint.model.project import Client, Connector, ConnectWorker
from oncelint.model.values import Known
from oncelint.text import SourceText

WORKER = """\
bootstrap.servers=kafka:9092
group.id={group}
key.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.topic={group}-offsets
config.storage.topic={group}-configs
{more}
"""
STANDALONE = """\
bootstrap.servers=kafka:9092
key.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.file.filename=/tmp/offsets
{more}
"""


def _worker(group: str = "g", *more: str) -> str:
    return WORKER.format(group=group, more="\n".join(more))


def _source(**settings: str) -> str:
    class_ = {"connector.class": "com.example.OrderSourceConnector", "topic": "orders"}
    return json.dumps({"name": "orders", "config": class_ | settings}, indent=2)


def _facts(files: dict[str, str]) -> list[ConfigFact]:
    found: list[ConfigFact] = []
    for path, body in files.items():
        text = SourceText(path, body)
        found.extend(recognise(read(path.rpartition(".")[2], text), text, path))
    return assemble(found, lambda path: None)


def _workers_of(files: dict[str, str], path: str) -> list[str]:
    (connector,) = [
        one for one in _facts(files) if one.role == "connector" and one.span.path == path
    ]
    places = connector.details.get("workers", "")
    return [one.partition(":")[0] for one in places.split("\n") if one]


def _clients(files: dict[str, str], tmp_path: Path) -> list[Client]:
    return list(documents.run(files, tmp_path).subjects)


def test_a_worker_and_its_clients() -> None:
    body = _worker("g", "producer.acks=1", "consumer.max.poll.records=5", "admin.retries=2")
    facts = _facts({"w.properties": body})
    assert [one.role for one in facts] == ["connect-worker", "producer", "consumer", "admin"]
    worker, producer, *_ = facts
    assert worker.details["mode"] == "distributed"
    assert worker.details["group"] == "g"
    (setting,) = producer.block.settings
    assert (setting.key, setting.shown) == ("acks", "producer.acks")
    assert producer.block.homes[0].prefix == "producer."
    assert producer.details["worker"] == place(worker.span)


def test_an_override_is_nothing_a_workers_producer_reads() -> None:
    facts = _facts({"w.properties": _worker("g", "producer.override.acks=1")})
    assert [one.role for one in facts] == ["connect-worker"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("enabled", True), ("ENABLED", True), ("preparing", False), ("${env:X}", None), (None, False)],
)
def test_exactly_once_support(value: str | None, expected: bool | None) -> None:
    more = [f"exactly.once.source.support={value}"] if value else []
    worker = _facts({"w.properties": _worker("g", *more)})[0]
    assert supports_exactly_once(worker.block) is expected


def test_a_standalone_worker_has_no_such_support() -> None:
    more = "exactly.once.source.support=enabled\nproducer.acks=all"
    facts = _facts({"w.properties": STANDALONE.format(more=more)})
    assert facts[0].details["mode"] == "standalone"
    assert facts[1].layers == layers("connect worker producer")


def test_support_that_is_not_known_leaves_its_producers_open() -> None:
    more = ("exactly.once.source.support=${X}", "producer.linger.ms=5")
    producer = _facts({"w.properties": _worker("g", *more)})[1]
    assert producer.block.open_reason is not None


def test_the_nearest_worker_runs_a_connector() -> None:
    files = {
        "a/w.properties": _worker("a"),
        "b/connect/w.properties": _worker("b"),
        "a/c.json": _source(),
        "b/c.json": _source(),
        "b/other/c.json": _source(),
        "c.json": _source(),
    }
    assert _workers_of(files, "a/c.json") == ["a/w.properties"]
    assert _workers_of(files, "b/c.json") == ["b/connect/w.properties"]
    assert _workers_of(files, "b/other/c.json") == ["b/connect/w.properties"]
    assert _workers_of(files, "c.json") == ["a/w.properties"]


def test_workers_of_other_folders_are_as_good_as_unknown() -> None:
    files = {"a/w.properties": _worker("a"), "b/w.properties": _worker("b"), "c/c.json": _source()}
    assert _workers_of(files, "c/c.json") == []
    del files["b/w.properties"]
    assert _workers_of(files, "c/c.json") == ["a/w.properties"]


def test_several_workers_of_one_folder_are_all_possible() -> None:
    files = {"a/1.properties": _worker("a"), "a/2.properties": _worker("b"), "a/c.json": _source()}
    assert _workers_of(files, "a/c.json") == ["a/1.properties", "a/2.properties"]


def test_a_properties_file_is_for_the_standalone_worker() -> None:
    files = {
        "etc/distributed.properties": _worker("a"),
        "etc/standalone.properties": STANDALONE.format(more=""),
        "etc/source.properties": "name=x\nconnector.class=com.example.XSource\n",
    }
    assert _workers_of(files, "etc/source.properties") == ["etc/standalone.properties"]


def test_a_managed_connector_has_no_worker() -> None:
    managed = json.dumps({"connector.class": "PostgresSink", "kafka.auth.mode": "KAFKA_API_KEY"})
    assert _workers_of({"w.properties": _worker(), "c.json": managed}, "c.json") == []


def _producer(files: dict[str, str], tmp_path: Path) -> Client:
    found = [one for one in _clients(files, tmp_path) if one.role == "producer"]
    return next(one for one in found if one.span.path == "c.json")


def test_the_connector_is_layered_over_its_worker(tmp_path: Path) -> None:
    policy = "connector.client.config.override.policy=All"
    body = _worker("g", policy, "producer.acks=1", "producer.linger.ms=7")
    override = {"producer.override.acks": "all"}
    client = _producer({"w.properties": body, "c.json": _source(**override)}, tmp_path)
    world = client.worlds[-1]
    acks = world.settings["acks"]
    assert (acks.known, world.known("acks"), acks.spelled) == (
        True,
        "all",
        "producer.override.acks",
    )
    places = [one.span.path for one in acks.origins if one.span is not None]
    assert places == ["c.json", "w.properties"]
    assert world.known("linger.ms") == 7
    assert world.known("enable.idempotence") is False
    assert world.known("max.in.flight.requests.per.connection") == 1


def test_exactly_once_support_counts_over_the_connector(tmp_path: Path) -> None:
    body = _worker("g", "exactly.once.source.support=enabled")
    override = {"producer.override.enable.idempotence": "false"}
    client = _producer({"w.properties": body, "c.json": _source(**override)}, tmp_path)
    assert all(world.known("enable.idempotence") is True for world in client.worlds)


def test_without_its_worker_only_the_overrides_are_known(tmp_path: Path) -> None:
    override = {"producer.override.linger.ms": "5"}
    client = _producer({"c.json": _source(**override)}, tmp_path)
    assert all(world.known("enable.idempotence") is None for world in client.worlds)
    assert all(world.known("linger.ms") == 5 for world in client.worlds)


def test_workers_that_differ_leave_the_client_open(tmp_path: Path) -> None:
    files = {
        "1.properties": _worker("a", "producer.enable.idempotence=true"),
        "2.properties": _worker("b"),
        "c.json": _source(**{"producer.override.linger.ms": "5"}),
    }
    client = _producer(files, tmp_path)
    assert all(world.known("enable.idempotence") is None for world in client.worlds)


def test_what_a_worker_refuses_makes_no_client(tmp_path: Path) -> None:
    body = _worker("g", "connector.client.config.override.policy=None")
    files = {"w.properties": body, "c.json": _source(**{"producer.override.acks": "1"})}
    assert [one.role for one in _clients(files, tmp_path)] == ["connector", "connect-worker"]


def test_subjects_know_each_other_and_their_topics(tmp_path: Path) -> None:
    sink = json.dumps({"connector.class": "com.example.XSink", "topics": "a, b"})
    pattern = json.dumps({"connector.class": "com.example.XSink", "topics.regex": "a.*"})
    files = {"w.properties": _worker(), "c.json": sink, "d.json": pattern}
    found = _clients(files, tmp_path)
    (worker,) = [one for one in found if isinstance(one, ConnectWorker)]
    first, second = (one for one in found if isinstance(one, Connector))
    assert worker.distributed is True
    assert [one.span for one in first.workers] == [worker.span]
    assert [topic.name for topic in first.topics] == ["a", "b"]
    assert [(topic.name, topic.pattern) for topic in second.topics] == [("(?:a.*)$", True)]


@pytest.mark.parametrize(
    "shape",
    [
        lambda config: {"name": "orders", "config": config},
        lambda config: config,
        lambda config: {"name": "orders", **config},
        lambda config: [{"name": "orders", "config": config}],
        lambda config: {"connectors": [{"name": "orders", "config": config}]},
    ],
)
def test_the_forms_of_a_connector(shape) -> None:  # type: ignore[no-untyped-def]
    config = {"connector.class": "com.example.XSink", "topics": "a"}
    (fact,) = _facts({"c.json": json.dumps(shape(config))})
    assert (fact.role, fact.name) == ("connector", "com.example.XSink")
    values = {one.key: one.value for one in fact.block.settings}
    assert values["topics"] == Known("a")
    assert fact.details.get("connector", "orders") == "orders"
