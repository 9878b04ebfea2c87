"""What becomes of produced records and transactions, shown on Apache Kafka with the real clients.

These are the failures that the rules about producers tell of. Runs only where ONCELINT_BROKER=1,
with Java and Maven.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from tests.broker.records import create, read
from tests.broker.running import until
from tests.broker.server import missing

REASON = missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or "")

COUNT = 40


def _run(program: str, servers: str, topic: str) -> subprocess.CompletedProcess[str]:
    head = f"SERVERS, TOPIC, COUNT = {servers!r}, {topic!r}, {COUNT}\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


_KAFKA_PYTHON_AT_EXIT = """
        from kafka import KafkaProducer
        producer = KafkaProducer(bootstrap_servers=SERVERS)
        for number in range(COUNT):
            producer.send(TOPIC, str(number).encode())
        """
_KAFKA_PYTHON_DROPPED = """
        import time
        from kafka import KafkaProducer
        def send(number):
            producer = KafkaProducer(bootstrap_servers=SERVERS)
            producer.send(TOPIC, str(number).encode())
        for number in range(5):
            send(number)
        time.sleep(2)
        """
# They linger, so that the outcome does not hang on how fast the broker is, and this machine.
UNFLUSHED = {
    "confluent at exit": """
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 1500})
        for number in range(COUNT):
            producer.produce(TOPIC, str(number))
        """,
    "confluent dropped by a function": """
        import time
        from confluent_kafka import Producer
        def send(number):
            producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 1500})
            producer.produce(TOPIC, str(number))
        for number in range(5):
            send(number)
        time.sleep(4)
        """,
    "aiokafka without stop": """
        import asyncio
        from aiokafka import AIOKafkaProducer
        async def main():
            producer = AIOKafkaProducer(bootstrap_servers=SERVERS, linger_ms=1500)
            await producer.start()
            for number in range(COUNT):
                await producer.send(TOPIC, str(number).encode())
        asyncio.run(main())
        """,
    "aiokafka without await": """
        import asyncio
        from aiokafka import AIOKafkaProducer
        async def main():
            producer = AIOKafkaProducer(bootstrap_servers=SERVERS, linger_ms=1500)
            await producer.start()
            for number in range(COUNT):
                producer.send(TOPIC, str(number).encode())
            await producer.stop()
        asyncio.run(main())
        """,
}
FLUSHED = {
    "confluent": UNFLUSHED["confluent at exit"].rstrip() + "\n        producer.flush()\n",
    "kafka-python": _KAFKA_PYTHON_AT_EXIT.rstrip() + "\n        producer.close()\n",
    "aiokafka": UNFLUSHED["aiokafka without stop"].replace(
        "        asyncio.run", "            await producer.stop()\n        asyncio.run"
    ),
}


def _topic(prefix: str, name: str) -> str:
    return f"{prefix}-{name.replace(' ', '-')}"


@pytest.mark.parametrize("name", UNFLUSHED)
def test_records_nobody_waits_for_are_lost(name: str, servers: str) -> None:
    topic = _topic("unflushed", name)
    create(servers, topic)
    done = _run(UNFLUSHED[name], servers, topic)
    assert done.returncode == 0, done.stderr  # the program itself hears of nothing
    assert len(read(servers, topic)) < (5 if "function" in name else COUNT)


@pytest.mark.parametrize("name", FLUSHED)
def test_records_that_are_waited_for_arrive(name: str, servers: str) -> None:
    topic = _topic("flushed", name)
    create(servers, topic)
    done = _run(FLUSHED[name], servers, topic)
    assert done.returncode == 0, done.stderr
    assert len(read(servers, topic)) == COUNT


def test_kafka_python_waits_at_exit_from_a_release_on(servers: str) -> None:
    import kafka

    waits = tuple(map(int, kafka.__version__.split(".")[:3])) >= (3, 0, 7)
    create(servers, "at-exit")
    _run(_KAFKA_PYTHON_AT_EXIT, servers, "at-exit")
    assert (len(read(servers, "at-exit")) == COUNT) is waits


def test_kafka_pythons_finalizer_waits(servers: str) -> None:
    create(servers, "finalizer")
    done = _run(_KAFKA_PYTHON_DROPPED, servers, "finalizer")
    assert done.returncode == 0, done.stderr
    assert len(read(servers, "finalizer")) == 5


def test_without_poll_reports_fill_the_queue(servers: str) -> None:
    create(servers, "unpolled")
    done = _run(
        """
        import time
        from confluent_kafka import Consumer, Producer, TopicPartition
        called = []
        producer = Producer({"bootstrap.servers": SERVERS, "queue.buffering.max.messages": COUNT})
        for number in range(COUNT):
            producer.produce(TOPIC, str(number), callback=lambda err, msg: called.append(msg))
        consumer = Consumer({"bootstrap.servers": SERVERS, "group.id": "unpolled"})
        while consumer.get_watermark_offsets(TopicPartition(TOPIC, 0))[1] < COUNT:
            time.sleep(0.1)
        consumer.close()
        producer.produce(TOPIC, "one more")
        """,
        servers,
        "unpolled",
    )
    assert "BufferError: Local: Queue full" in done.stderr
    assert len(read(servers, "unpolled")) == COUNT  # sent they were before


def test_a_record_sent_again_is_written_twice(servers: str) -> None:
    create(servers, "resent")
    done = _run(
        """
        from kafka import KafkaProducer
        from kafka.errors import KafkaTimeoutError
        producer = KafkaProducer(bootstrap_servers=SERVERS, enable_idempotence=True, linger_ms=5000)
        producer.partitions_for(TOPIC)
        for attempt in range(2):
            try:
                producer.send(TOPIC, b"invoice").get(timeout=0.01)
                break
            except KafkaTimeoutError:
                continue
        producer.close()
        """,
        servers,
        "resent",
    )
    assert done.returncode == 0, done.stderr
    assert [value for _, value in read(servers, "resent")] == [b"invoice", b"invoice"]


def _transactional(servers: str, name: str, **settings: object) -> Any:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "transactional.id": name, **settings})
    producer.init_transactions(30)
    return producer


def test_a_second_producer_of_the_id_fences_the_first(servers: str) -> None:
    from confluent_kafka import KafkaException

    create(servers, "shared")
    first = _transactional(servers, "worker")
    first.begin_transaction()
    first.produce("shared", b"first")
    second = _transactional(servers, "worker")
    with pytest.raises(KafkaException, match=r"_FENCED|INVALID_PRODUCER_EPOCH|fenced"):
        first.commit_transaction(30)
    second.begin_transaction()
    second.produce("shared", b"second")
    second.commit_transaction(30)
    assert [value for _, value in read(servers, "shared")] == [b"second"]


def test_a_transaction_beyond_its_timeout_is_aborted(servers: str) -> None:
    from confluent_kafka import KafkaException

    create(servers, "slow")
    producer = _transactional(
        servers,
        "slow",
        **{"transaction.timeout.ms": 4000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000},
    )
    producer.begin_transaction()
    producer.produce("slow", b"half")
    producer.flush(30)
    # behind the record comes the mark of its end: the coordinator looks for such transactions
    assert until(lambda: _end(servers, "slow") == 2)
    with pytest.raises(KafkaException):
        producer.commit_transaction(30)
    assert read(servers, "slow") == []


def _end(servers: str, topic: str) -> int:
    """The offset behind the last one of a topic."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": servers, "group.id": "end"})
    try:
        end: int = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1]
    finally:
        consumer.close()
    return end


def test_a_transaction_takes_an_offset_for_its_end(servers: str) -> None:
    create(servers, "markers")
    producer = _transactional(servers, "markers")
    for value in (b"a", b"b"):
        producer.begin_transaction()
        producer.produce("markers", value)
        producer.commit_transaction(30)
    assert read(servers, "markers") == [(0, b"a"), (2, b"b")]
    assert _end(servers, "markers") == 4


def test_confluent_kafka_refuses_a_bare_group_id(servers: str) -> None:
    from confluent_kafka import TopicPartition

    create(servers, "bare")
    producer = _transactional(servers, "bare")
    producer.begin_transaction()
    with pytest.raises(TypeError):
        producer.send_offsets_to_transaction([TopicPartition("bare", 0, 1)], "group")
    producer.abort_transaction(30)


def test_a_bare_group_id_is_not_fenced_by_the_generation(servers: str) -> None:
    """kafka-python: a member of an older generation is refused with metadata, and not without."""
    create(servers, "generation")
    done = _run(
        """
        import time
        from kafka import KafkaConsumer, KafkaProducer, TopicPartition
        from kafka.structs import ConsumerGroupMetadata, OffsetAndMetadata
        consumer = KafkaConsumer(bootstrap_servers=SERVERS, group_id="members")
        while not consumer.partitions_for_topic(TOPIC):
            time.sleep(0.1)
        consumer.subscribe([TOPIC])
        while not consumer.assignment():
            consumer.poll(200)
        now = consumer.group_metadata()
        older = ConsumerGroupMetadata(
            now.group_id, now.generation_id - 1, now.member_id, now.group_instance_id
        )
        offsets = {TopicPartition(TOPIC, 0): OffsetAndMetadata(1, "", -1)}
        for name, group in (("metadata", older), ("bare", "members")):
            producer = KafkaProducer(bootstrap_servers=SERVERS, transactional_id=f"tx-{name}")
            producer.init_transactions()
            producer.begin_transaction()
            try:
                producer.send_offsets_to_transaction(offsets, group)
                producer.commit_transaction()
                print(name, "committed")
            except Exception as error:
                print(name, "refused")
            producer.close(1)
        consumer.close()
        """,
        servers,
        "generation",
    )
    assert done.stdout.splitlines() == ["metadata refused", "bare committed"], done.stderr


def test_dropped_producers_lose_what_one_that_stays_delivers(servers: str) -> None:
    """A producer for each record, dropped at once, beside one producer for all of them."""
    for topic in ("each", "one"):
        create(servers, topic)
    each = """
        from confluent_kafka import Producer
        for number in range(COUNT):
            producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 50})
            producer.produce(TOPIC, str(number))
        """
    one = """
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 50})
        for number in range(COUNT):
            producer.produce(TOPIC, str(number))
        producer.flush()
        """
    for topic, program in (("each", each), ("one", one)):
        assert _run(program, servers, topic).returncode == 0
    assert len(read(servers, "each")) < COUNT
    assert len(read(servers, "one")) == COUNT
