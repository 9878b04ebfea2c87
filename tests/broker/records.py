"""Topics of the tests' broker: making, filling and reading them."""

from __future__ import annotations

import time
from collections.abc import Iterable

WAIT_S = 120
RECORDS = (*map(str, range(9)), "last")


def create(servers: str, topic: str, partitions: int = 1) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(WAIT_S)


def fill(servers: str, topic: str, partitions: int = 1) -> None:
    """Makes a topic that has the numbered records, dealt out to its partitions."""
    create(servers, topic, partitions)
    produce(servers, topic, RECORDS, partitions)


def produce(servers: str, topic: str, values: Iterable[str], partitions: int = 1) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % partitions)
    assert producer.flush(WAIT_S) == 0


def abort(servers: str, topic: str, values: Iterable[str]) -> None:
    """Puts values into a topic in a transaction that is aborted when they are there."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "transactional.id": topic})
    producer.init_transactions(WAIT_S)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    producer.flush(WAIT_S)
    producer.abort_transaction(WAIT_S)


def read(servers: str, topic: str, *, committed: bool = True) -> list[tuple[int, bytes]]:
    """Offset and value of every record of a topic that is committed, or in no transaction; of those in
    open and aborted ones too, unless it is to be `committed`."""
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[tuple[int, bytes]] = []
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        message = consumer.poll(1)
        if message is None:
            continue
        error = message.error()
        if error is None:
            found.append((message.offset(), message.value()))
        elif error.code() == KafkaError._PARTITION_EOF:
            break
    consumer.close()
    return found
