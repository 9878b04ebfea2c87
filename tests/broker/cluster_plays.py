"""Brokers of KRaft as the documents configure them, some of which are lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.broker.running import WAIT_S, Play, Scene, kill, until

_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
# Internal topics of one partition, groups that wait for nobody, and nodes that are missed soon.
_SOON = (
    "offsets.topic.num.partitions=1\ntransaction.state.log.num.partitions=1\n"
    "group.initial.rebalance.delay.ms=0\nbroker.session.timeout.ms=3000\n"
    "broker.heartbeat.interval.ms=500\n"
    "transaction.remove.expired.transaction.cleanup.interval.ms=1000\n"
)
_ASKED_S = 10  # each time; what is to work is asked for again
_PAUSE_S = 5
_Nodes = dict[int, subprocess.Popen[bytes]]


def alone(scene: Scene) -> list[str]:
    """One broker, and a program that writes in a transaction; what is in its topic."""
    servers, _ = _cluster(scene)
    program = scene.program("write.py")
    until(lambda: program.poll() is not None)
    return _read(servers, scene.case.word)


def losses(scene: Scene) -> list[str]:
    """Three brokers of which one after the other is lost and comes back; what goes on without them.

    `paused`: a transaction of a producer that paused; `topic`: a record; `offsets`: what a group has
    committed; `transactions`: the next transaction of the same id.
    """
    servers, nodes = _cluster(scene)
    assert scene.program("create.py").wait(WAIT_S) == 0, scene.log()
    topic, found = scene.case.word, []
    _until_whole(scene, servers, topic)
    producers: list[Any] = []
    assert until(lambda: _works(lambda: producers.append(_begun(servers, topic)))), scene.log()
    assert until(lambda: _works(lambda: _commit(servers, topic))), scene.log()
    _pause(servers, topic)
    if _works(lambda: _transaction(producers[-1], topic, WAIT_S)):
        found.append("paused")
    without: dict[str, tuple[str, Callable[[], object]]] = {
        topic: ("topic", lambda: _first(servers, topic)),
        "__consumer_offsets": ("offsets", lambda: _committed(servers, topic)),
        "__transaction_state": ("transactions", lambda: _begun(servers, topic)),
    }
    for lost, (word, asked) in without.items():
        node = _until_whole(scene, servers, lost)
        kill(nodes[node])
        if _goes_on(scene, servers, lost, node, asked):
            found.append(word)
        nodes[node] = _start(scene, node)
    return found


def _pause(servers: str, name: str) -> None:
    """Lets a transactional id be unused for some seconds, and where the brokers keep ids for less
    than that until it is forgotten: they look for such ids when they come to it."""
    kept_ms = int(_setting(servers, "transactional.id.expiration.ms"))
    if kept_ms > 1000 * _PAUSE_S:
        time.sleep(_PAUSE_S)
    else:
        assert until(lambda: _forgotten(servers, name)), f"{name} is kept"


def _goes_on(scene: Scene, servers: str, lost: str, node: int, asked: Callable[[], object]) -> bool:
    """Whether something works while the node is away that has led a topic.

    Where another node leads now it is asked for until it works. Where nobody does, since no other
    has a copy, it is asked for once, and nobody leads before and after.
    """
    leaders: list[int] = []

    def known() -> bool:
        leader = _leader_without(servers, lost, node)
        if leader is not None:
            leaders.append(leader)
        return leader is not None

    assert until(known), f"{lost} without {node}\n{scene.log()}"
    if leaders[-1] > 0:
        return until(lambda: _works(asked))
    works = _works(asked)
    assert until(known), f"{lost} without {node}\n{scene.log()}"
    assert leaders[-1] < 0, scene.log()
    return works


def _leader_without(servers: str, topic: str, gone: int) -> int | None:
    """Who leads a topic since a node is gone, and -1 for nobody, as no other has a copy; None until
    the others know."""
    seen = _metadata(servers)
    partition = _partition_in(seen, topic)
    if partition is None or gone in seen.brokers or partition.leader == gone:
        return None
    known = partition.leader > 0 or list(partition.replicas) == [gone]
    return int(partition.leader) if known else None


def _until_whole(scene: Scene, servers: str, topic: str) -> int:
    """Waits until all nodes are there, and all copies of a topic in sync; the node that leads it."""
    leaders: list[int] = []

    def whole() -> bool:
        seen = _metadata(servers)
        partition = _partition_in(seen, topic)
        if partition is None or partition.leader < 1 or len(seen.brokers) < 3:
            return False
        leaders.append(int(partition.leader))
        return len(partition.isrs) == len(partition.replicas)

    assert until(whole), f"{topic} is not whole\n{scene.log()}"
    return leaders[-1]


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


def _setting(servers: str, name: str) -> str:
    """What a broker says of a setting of its own."""
    from confluent_kafka.admin import AdminClient, ConfigResource

    asked = ConfigResource(ConfigResource.Type.BROKER, "1")
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    found = admin.describe_configs([asked], request_timeout=WAIT_S)[asked].result()
    return str(found[name].value)


def _partition_in(seen: Any, topic: str) -> Any:
    found = seen.topics.get(topic) if seen is not None else None
    return found.partitions.get(0) if found is not None else None


def _leader(servers: str, topic: str) -> int:
    partition = _partition_in(_metadata(servers), topic)
    return int(partition.leader) if partition is not None else -1


def _begun(servers: str, topic: str) -> Any:
    """A producer of the topic's transactional id that has committed a transaction."""
    from confluent_kafka import Producer

    named = {"bootstrap.servers": servers, "transactional.id": topic, "log_level": 0}
    producer = Producer(named)
    producer.init_transactions(_ASKED_S)
    _transaction(producer, topic, _ASKED_S)
    return producer


def _transaction(producer: Any, topic: str, seconds: int) -> None:
    producer.begin_transaction()
    producer.produce(topic, "claim")
    producer.commit_transaction(seconds)


def _forgotten(servers: str, name: str) -> bool:
    """Whether the last that the transaction log has of an id is that it is deleted."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, name, **{"enable.partition.eof": True})
    last: Any = None
    try:
        consumer.assign([TopicPartition("__transaction_state", 0, 0)])
        while (message := consumer.poll(_ASKED_S)) is not None and message.error() is None:
            if name.encode() in message.key():
                last = message
    finally:
        consumer.close()
    return last is not None and last.value() is None


def _commit(servers: str, topic: str) -> None:
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    try:
        consumer.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    finally:
        consumer.close()


def _committed(servers: str, topic: str) -> None:
    """Raises KafkaException unless the group's offset is to be had."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    try:
        (stored,) = consumer.committed([TopicPartition(topic, 0)], timeout=_ASKED_S)
    finally:
        consumer.close()
    _expect(stored.error is None and stored.offset == 1, f"{stored}")


def _consumer(servers: str, topic: str, **settings: object) -> Any:
    from confluent_kafka import Consumer

    return Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": topic,
            "enable.auto.commit": False,
            "log_level": 0,
            **settings,
        }
    )


def _first(servers: str, topic: str) -> None:
    """Raises KafkaException unless the first record can be read."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, topic)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(_ASKED_S)
    finally:
        consumer.close()
    _expect(message is not None and message.error() is None, "no record")


def _expect(holds: bool, told: str) -> None:
    from confluent_kafka import KafkaException

    if not holds:
        raise KafkaException(told)


def _works(asked: Callable[[], object]) -> bool:
    """Whether something is done without an error of Kafka's."""
    from confluent_kafka import KafkaException

    try:
        asked()
    except KafkaException:
        return False
    return True


def _read(servers: str, topic: str) -> list[str]:
    from tests.broker.records import read

    return (
        [value.decode() for _, value in read(servers, topic)] if _leader(servers, topic) > 0 else []
    )


PLAYS: Mapping[str, Play] = {"alone": alone, "losses": losses}
