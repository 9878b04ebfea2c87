"""Brokers of KRaft as the documents configure them, some of which are lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from tests.broker.running import WAIT_S, Scene, kill, until

_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
# Internal topics of one partition, groups that wait for nobody, and nodes that are missed soon.
_SOON = (
    "offsets.topic.num.partitions=1\ntransaction.state.log.num.partitions=1\n"
    "group.initial.rebalance.delay.ms=0\nbroker.session.timeout.ms=3000\n"
    "broker.heartbeat.interval.ms=500\n"
    "transaction.remove.expired.transaction.cleanup.interval.ms=1000\n"
)
_PATIENCE_S = 15
_Nodes = dict[int, subprocess.Popen[bytes]]


def alone(scene: Scene) -> list[str]:
    """One broker, and a program that writes in a transaction; what is in its topic."""
    servers, _ = _cluster(scene)
    program = scene.program("write.py")
    until(lambda: program.poll() is not None, seconds=WAIT_S)
    return _read(servers, scene.case.word)


def losses(scene: Scene) -> list[str]:
    """Three brokers of which one after the other is lost and comes back; what goes on without them.

    `paused`: a transaction of a producer that paused; `topic`: a record; `offsets`: what a group has
    committed; `transactions`: the next transaction of the same id.
    """
    servers, nodes = _cluster(scene)
    assert scene.program("create.py").wait(WAIT_S) == 0, scene.log()
    topic, found = scene.case.word, []
    assert until(lambda: _leader(servers, topic) > 0), scene.log()
    producer = _transactional(servers, topic, WAIT_S)
    _transaction(producer, topic, "first")
    _commit(servers, topic)
    until(lambda: False, seconds=6)
    if _works(lambda: _transaction(producer, topic, "second")):
        found.append("paused")
    without = {
        topic: ("topic", lambda: _first(servers, topic)),
        "__consumer_offsets": ("offsets", lambda: _committed(servers, topic)),
        "__transaction_state": (
            "transactions",
            lambda: _transaction(_transactional(servers, topic, _PATIENCE_S), topic, "third"),
        ),
    }
    for lost, (word, asked) in without.items():
        node = _leader(servers, lost)
        kill(nodes[node])
        if _works(asked):
            found.append(word)
        nodes[node] = _start(scene, node)
        assert until(lambda lost=lost: _whole(servers, lost)), scene.log()  # type: ignore[misc]
    return found


def _cluster(scene: Scene) -> tuple[str, _Nodes]:
    """Formats and starts every node of the project; its bootstrap addresses."""
    names = [name for name in scene.case.files if name.startswith("server")]
    scene.lay_out(dict.fromkeys(names, _SOON))
    numbers = range(1, len(names) + 1)
    formatting = [
        scene.java("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", _file(number))
        for number in numbers
    ]
    for process in formatting:
        assert process.wait(WAIT_S) == 0, scene.log()
    nodes = {number: _start(scene, number) for number in numbers}
    servers = ",".join(scene.here(f"localhost:{9091 + number}") for number in numbers)
    assert until(lambda: _brokers(servers) == len(names), *nodes.values()), scene.log()
    return servers, nodes


def _file(number: int) -> str:
    return f"server-{number}.properties"


def _start(scene: Scene, number: int) -> subprocess.Popen[bytes]:
    return scene.java("kafka.Kafka", _file(number))


def _metadata(servers: str) -> Any:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        return AdminClient({"bootstrap.servers": servers, "log_level": 0}).list_topics(timeout=5)
    except KafkaException:
        return None


def _brokers(servers: str) -> int:
    seen = _metadata(servers)
    return len(seen.brokers) if seen is not None else 0


def _partition(servers: str, topic: str) -> Any:
    seen = _metadata(servers)
    found = seen.topics.get(topic) if seen is not None else None
    return found.partitions.get(0) if found is not None else None


def _leader(servers: str, topic: str) -> int:
    partition = _partition(servers, topic)
    return int(partition.leader) if partition is not None else -1


def _whole(servers: str, topic: str) -> bool:
    """Whether all copies of a topic are back, and in sync."""
    partition = _partition(servers, topic)
    return (
        partition is not None
        and partition.leader > 0
        and len(partition.isrs) == len(partition.replicas)
        and _brokers(servers) == 3
    )


def _transactional(servers: str, name: str, seconds: int) -> Any:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "transactional.id": name, "log_level": 0})
    producer.init_transactions(seconds)
    return producer


def _transaction(producer: Any, topic: str, value: str) -> bool:
    producer.begin_transaction()
    producer.produce(topic, value)
    producer.commit_transaction(_PATIENCE_S)
    return True


def _commit(servers: str, topic: str) -> None:
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    consumer.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    consumer.close()


def _committed(servers: str, topic: str) -> bool:
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    try:
        (stored,) = consumer.committed([TopicPartition(topic, 0)], timeout=_PATIENCE_S)
        return bool(stored.error is None and stored.offset == 1)
    finally:
        consumer.close()


def _consumer(servers: str, topic: str) -> Any:
    from confluent_kafka import Consumer

    return Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": topic,
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )


def _first(servers: str, topic: str) -> bool:
    """Whether the first record can be read."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(_PATIENCE_S)
        return bool(message is not None and message.error() is None)
    finally:
        consumer.close()


def _works(asked: Callable[[], bool]) -> bool:
    from confluent_kafka import KafkaException

    try:
        return asked()
    except KafkaException:
        return False


def _read(servers: str, topic: str) -> list[str]:
    from tests.broker.records import read

    return (
        [value.decode() for _, value in read(servers, topic)] if _leader(servers, topic) > 0 else []
    )


PLAYS: Mapping[str, Callable[[Scene], list[str]]] = {"alone": alone, "losses": losses}
