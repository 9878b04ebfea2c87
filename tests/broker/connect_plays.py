"""Workers of Kafka Connect with the file connectors, as the documents configure them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.broker.records import abort, create, produce, read
from tests.broker.running import WAIT_S, Play, Scene, kill, until

_CLI = "org.apache.kafka.connect.cli."
_SOON = (
    "offset.flush.interval.ms=500\nplugin.discovery=service_load\n"
    "consumer.metadata.max.age.ms=1000\nlisteners=http://localhost:8083\n"
)
# The group of the workers: one that was killed is missed soon. However long it takes until then, it
# has not stored where it is by itself.
_GROUP = (
    "plugin.discovery=service_load\nlisteners=http://localhost:8083\nsession.timeout.ms=2000\n"
    "heartbeat.interval.ms=500\nscheduled.rebalance.max.delay.ms=0\n"
    "offset.flush.interval.ms=3600000\n"
)
LAST = "last"


def sink(scene: Scene) -> list[str]:
    """A standalone worker with a sink, until the last record is in its file, or it gives up; what is in
    the file, and in the sink's dead letter queue."""
    scene.lay_out({"worker.properties": _SOON})
    topic = scene.case.word
    create(scene.servers, topic)
    if "write.py" in scene.case.files:
        assert scene.program("write.py").wait(WAIT_S) == 0, scene.log()
    elif "aborted" in scene.case.told:
        abort(scene.servers, topic, scene.case.told["aborted"].split())
    produce(scene.servers, topic, scene.case.records)
    worker = scene.java(f"{_CLI}ConnectStandalone", "worker.properties", "sink.properties")
    file = f"{scene.case.name}.txt"
    if until(lambda: LAST in scene.lines(file), worker):
        # the offsets behind the last record are stored, whatever became of those before it
        assert until(lambda: _behind(scene, topic), worker), scene.log()
    queue = f"{scene.case.word}-archive-dlq"
    failed = [value for _, value in read(scene.servers, queue)] if _exists(scene, queue) else []
    return [*scene.lines(file), *(value.decode().strip('"') for value in failed)]


def _behind(scene: Scene, topic: str) -> bool:
    from confluent_kafka import Consumer, TopicPartition

    group = f"connect-{scene.case.word}-archive"
    consumer = Consumer({"bootstrap.servers": scene.servers, "group.id": group})
    try:
        partition = TopicPartition(topic, 0)
        (stored,) = consumer.committed([partition], timeout=10)
        _, end = consumer.get_watermark_offsets(partition, timeout=10)
        return bool(stored.offset >= end - 1)  # the end of a transaction takes one
    finally:
        consumer.close()


def _exists(scene: Scene, topic: str) -> bool:
    from confluent_kafka.admin import AdminClient

    return topic in AdminClient({"bootstrap.servers": scene.servers}).list_topics(timeout=10).topics


def source(scene: Scene) -> list[str]:
    """A distributed worker with a source, which is killed before it stores where it is in the file, and
    its successor; what is in the topic."""
    scene.lay_out({"worker.properties": _GROUP})
    topic = scene.case.word
    create(scene.servers, topic)
    file = scene.folder / scene.here(f"{scene.case.name}.txt")
    _append(file, scene.case.records)
    worker = scene.java(f"{_CLI}ConnectDistributed", "worker.properties")
    answers: list[tuple[int, str]] = []
    body = json.loads((scene.folder / "source.json").read_text(encoding="utf-8"))
    assert until(lambda: _post(scene, body, answers), worker), scene.log()
    if answers and answers[-1][0] >= 400:
        _append(scene.folder / "log", [f"{answers}"])
        return _values(scene, topic)
    until(lambda: LAST in _values(scene, topic), worker)
    kill(worker)
    _append(file, ["after"])
    until(
        lambda: "after" in _values(scene, topic),
        scene.java(f"{_CLI}ConnectDistributed", "worker.properties"),
    )
    return _values(scene, topic)


def _append(path: Path, values: list[str]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.writelines(f"{value}\n" for value in values)


def _values(scene: Scene, topic: str) -> list[str]:
    return [value.decode() for _, value in read(scene.servers, topic)]


def _post(scene: Scene, body: object, answers: list[tuple[int, str]]) -> bool:
    """Registers the connector; False while the worker is not ready to say anything about it."""
    address = scene.here("http://localhost:8083/connectors")
    data = json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            answers.append((response.status, ""))
    except urllib.error.HTTPError as error:
        if error.code not in (400, 409):
            return False
        said = error.read().decode()
        if error.code == 409:  # the group is being formed, unless an answer was lost
            return "already exists" in said
        answers.append((error.code, said))
    except OSError:
        return False
    return True


PLAYS: Mapping[str, Play] = {"sink": sink, "source": source}
