"""Consumers as people write them, each run as a process of its own.

    python consumers.py STYLE SERVERS TOPIC GROUP JOURNAL FAILS_AT

The effect of a record is a line in the journal. At the record numbered FAILS_AT it takes its time,
until whoever has started it lets it go on, and then fails half-way: nothing is written, and the process
dies or the effect raises, as the style says. A run ends when the record "last" is done.

Files beside the journal tell how far a run is, and how far it may go: `taken`, `joined`, `falls`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

INTERVAL_MS = 100  # of auto commit
RARELY_MS = 3_600_000
SESSION_MS = 2000
PATIENCE_S = 120  # for what others do, on a machine that is busy
RECORDS = 10  # in a topic


class Failed(Exception):
    """The effect did not succeed."""


def kafka_python(*topics: str, **settings: Any) -> Any:
    """kafka-python's consumer, which takes its topics when it knows their partitions.

    One of 3.0 that joins its group before it has heard of them is given nothing, joins again, and may
    wait for ever then.
    """
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(**settings)
    while not all(map(consumer.partitions_for_topic, topics)):
        time.sleep(0.1)
    consumer.subscribe(list(topics))
    return consumer


@dataclass(frozen=True, slots=True)
class Run:
    servers: str
    topic: str
    group: str
    journal: str
    fails_at: str

    def told(self, word: str) -> bool:
        """Whether a file beside the journal is there."""
        return os.path.exists(f"{self.journal}.{word}")

    def tell(self, word: str) -> None:
        with open(f"{self.journal}.{word}", "w", encoding="ascii"):
            pass

    def falls(self) -> None:
        """Waits with the record in hand, and is killed then."""
        self.tell("taken")
        deadline = time.monotonic() + PATIENCE_S
        while not self.told("falls") and time.monotonic() < deadline:
            time.sleep(0.05)
        os._exit(9)

    def write(self, value: bytes) -> bool:
        """Does the effect; True behind the last record."""
        with open(self.journal, "a", encoding="ascii") as out:
            out.write(value.decode("ascii") + "\n")
        return value == b"last"

    def dies(self, value: bytes) -> bool:
        """The effect; its process is killed half-way through it."""
        if value.decode("ascii") == self.fails_at:
            self.falls()
        time.sleep(INTERVAL_MS / 1000)
        return self.write(value)

    async def dies_awaiting(self, value: bytes) -> bool:
        """The same, awaiting something that takes its time."""
        if value.decode("ascii") == self.fails_at:
            await asyncio.to_thread(self.falls)
        await asyncio.sleep(INTERVAL_MS / 1000)
        return self.write(value)

    def raises(self, value: bytes) -> bool:
        """The effect; it raises."""
        if value.decode("ascii") == self.fails_at:
            raise Failed(self.fails_at)
        return self.write(value)

    def confluent(self, **settings: Any) -> Any:
        from confluent_kafka import Consumer

        config = {
            "bootstrap.servers": self.servers,
            "group.id": self.group,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": INTERVAL_MS,
            "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": 200,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }
        consumer = Consumer(config)
        consumer.subscribe([self.topic])
        return consumer

    def kafka_python(self, group: bool = True, rarely: bool = False, **settings: Any) -> Any:
        return kafka_python(self.topic, **self.keywords(group, rarely), **settings)

    def aiokafka(self, group: bool = True, rarely: bool = False, **settings: Any) -> Any:
        from aiokafka import AIOKafkaConsumer

        return AIOKafkaConsumer(self.topic, **self.keywords(group, rarely), **settings)

    def keywords(self, group: bool, rarely: bool) -> dict[str, Any]:
        """What kafka-python and aiokafka take alike. Auto commit's time is soon or, `rarely`,
        never: then it is the end that commits."""
        return {
            "bootstrap_servers": self.servers,
            "group_id": self.group if group else None,
            "auto_offset_reset": "earliest",
            "session_timeout_ms": SESSION_MS,
            "heartbeat_interval_ms": 200,
            "auto_commit_interval_ms": RARELY_MS if rarely else INTERVAL_MS,
        }


# librdkafka -------------------------------------------------------------------------------------


def confluent_poll(run: Run) -> None:
    consumer = run.confluent()
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        if run.dies(message.value()):
            break
    consumer.close()


def confluent_stored_after(run: Run) -> None:
    consumer = run.confluent(enable_auto_offset_store=False)
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        done = run.dies(message.value())
        consumer.store_offsets(message=message)
        if done:
            break
    consumer.close()


def confluent_stored_before(run: Run) -> None:
    consumer = run.confluent(enable_auto_offset_store=False)
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        consumer.store_offsets(message=message)
        if run.dies(message.value()):
            break
    consumer.close()


def confluent_closed(run: Run) -> None:
    consumer = run.confluent(auto_commit_interval_ms=RARELY_MS)
    try:
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            if run.raises(message.value()):
                break
    finally:
        consumer.close()


def confluent_committed_too(run: Run) -> None:
    """A commit behind the effect, and auto commit is still on."""
    consumer = run.confluent()
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        done = run.dies(message.value())
        consumer.commit(message=message, asynchronous=False)
        if done:
            break
    consumer.close()


# kafka-python -----------------------------------------------------------------------------------


def kafka_python_loop(run: Run) -> None:
    consumer = run.kafka_python()
    for record in consumer:
        if run.dies(record.value):
            break
    consumer.close()


def kafka_python_poll(run: Run) -> None:
    consumer = run.kafka_python()
    done = False
    while not done:
        for records in consumer.poll(timeout_ms=1000, max_records=2).values():
            for record in records:
                done = run.dies(record.value)
    consumer.close()


def kafka_python_finally(run: Run) -> None:
    consumer = run.kafka_python(rarely=True)
    try:
        for record in consumer:
            if run.raises(record.value):
                break
    finally:
        consumer.close()


def kafka_python_with(run: Run) -> None:
    with run.kafka_python() as consumer:
        for record in consumer:
            if run.raises(record.value):
                break


def kafka_python_closed_without(run: Run) -> None:
    consumer = run.kafka_python()
    try:
        for record in consumer:
            if run.raises(record.value):
                break
    finally:
        consumer.close(autocommit=False)


def kafka_python_never_closed(run: Run) -> None:
    consumer = run.kafka_python()
    for record in consumer:
        if run.raises(record.value):
            break


def kafka_python_swallowed(run: Run) -> None:
    consumer = run.kafka_python()
    for record in consumer:
        try:
            if run.raises(record.value):
                break
        except Failed as problem:
            print("failed:", problem, file=sys.stderr)
    consumer.close()


def kafka_python_buffered(run: Run) -> None:
    consumer = run.kafka_python(max_poll_records=1)
    batch: list[bytes] = []
    for record in consumer:
        time.sleep(2 * INTERVAL_MS / 1000)
        if record.value.decode("ascii") == run.fails_at:
            run.falls()
        batch.append(record.value)
        if len(batch) >= 6 or record.value == b"last":
            for value in batch:
                run.write(value)
            batch.clear()
            if record.value == b"last":
                break
    consumer.close()


def kafka_python_thread(run: Run) -> None:
    consumer = run.kafka_python(max_poll_records=1)
    with ThreadPoolExecutor(1) as pool:
        for record in consumer:
            pool.submit(run.dies, record.value)
            time.sleep(INTERVAL_MS / 2000)
            if record.value == b"last":
                break
        consumer.close()


def kafka_python_committed_unawaited(run: Run) -> None:
    consumer = run.kafka_python(enable_auto_commit=False)
    with ThreadPoolExecutor(1) as pool:
        for record in consumer:
            pool.submit(run.dies, record.value)
            consumer.commit()
            if record.value == b"last":
                break
    consumer.close()


def kafka_python_committed_awaited(run: Run) -> None:
    consumer = run.kafka_python(enable_auto_commit=False)
    with ThreadPoolExecutor(1) as pool:
        for record in consumer:
            done = pool.submit(run.dies, record.value).result()
            consumer.commit()
            if done:
                break
    consumer.close()


def kafka_python_no_group(run: Run) -> None:
    consumer = run.kafka_python(group=False)
    for record in consumer:
        if run.dies(record.value):
            break
    consumer.close()


# aiokafka ---------------------------------------------------------------------------------------


async def aiokafka_awaits(run: Run) -> None:
    consumer = run.aiokafka()
    await consumer.start()
    async for record in consumer:
        if await run.dies_awaiting(record.value):
            break
    await consumer.stop()


async def aiokafka_blocks(run: Run) -> None:
    """Nothing is awaited between the records: the commit's task has no turn."""
    consumer = run.aiokafka()
    await consumer.start()
    async for record in consumer:
        if run.dies(record.value):
            break
    await consumer.stop()


async def aiokafka_stopped(run: Run) -> None:
    consumer = run.aiokafka(rarely=True)
    await consumer.start()
    try:
        async for record in consumer:
            if run.raises(record.value):
                break
    finally:
        await consumer.stop()


async def aiokafka_with(run: Run) -> None:
    async with run.aiokafka(rarely=True) as consumer:
        async for record in consumer:
            if run.raises(record.value):
                break


async def aiokafka_committed_unawaited(run: Run) -> None:
    consumer = run.aiokafka(enable_auto_commit=False)
    await consumer.start()
    tasks = set()
    async for record in consumer:
        tasks.add(asyncio.create_task(run.dies_awaiting(record.value)))
        await consumer.commit()
        if record.value == b"last":
            break
    await asyncio.gather(*tasks)
    await consumer.stop()


async def aiokafka_no_group(run: Run) -> None:
    consumer = run.aiokafka(group=False)
    await consumer.start()
    async for record in consumer:
        if await run.dies_awaiting(record.value):
            break
    await consumer.stop()


# Members that fall out of their group -----------------------------------------------------------


def _slow(run: Run, value: bytes, seconds: float) -> bool:
    """The effect, which the first member of the group takes long to do."""
    if value == b"0" and run.fails_at == "0":
        run.tell("taken")
        time.sleep(seconds)
    return run.write(value)


def confluent_slow(run: Run) -> None:
    consumer = run.confluent(enable_auto_commit=False, max_poll_interval_ms=SESSION_MS)
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        if _slow(run, message.value(), 4 * SESSION_MS / 1000):
            break
    consumer.close()


def kafka_python_slow(run: Run) -> None:
    consumer = run.kafka_python(enable_auto_commit=False, max_poll_interval_ms=SESSION_MS)
    for record in consumer:
        if _slow(run, record.value, 4 * SESSION_MS / 1000):
            break
    consumer.close()


async def aiokafka_holds_the_loop(run: Run) -> None:
    """The poll interval is long; what the group misses are heartbeats."""
    consumer = run.aiokafka(enable_auto_commit=False, max_poll_interval_ms=300_000)
    await consumer.start()
    async for record in consumer:
        if _slow(run, record.value, 4 * SESSION_MS / 1000):
            break
    await consumer.stop()


# Batches that are held while the group changes --------------------------------------------------


def _collect(run: Run, on_revoke: Callable[..., None] | None = None) -> tuple[Any, list[bytes]]:
    """A consumer, and what it has polled into a batch that is not full before: the first member of the
    group goes on until it has everything and another one has joined, and that one until there is
    nothing more in what it is given."""
    first, batch, ends = run.fails_at == "0", list[bytes](), set[int]()
    consumer = run.confluent(enable_auto_commit=False, enable_partition_eof=True)

    def assigned(_: Any, partitions: Any) -> None:
        ends.clear()
        if partitions and not first:
            run.tell("joined")

    def revoked(*_: Any) -> None:
        if on_revoke is not None:
            on_revoke(run, consumer, batch)

    consumer.subscribe([run.topic], on_assign=assigned, on_revoke=revoked)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            batch.append(message.value())
        elif message is not None and message.error().name() == "_PARTITION_EOF":
            ends.add(message.partition())
        if first and len(batch) == RECORDS:
            run.tell("taken")
        given = {partition.partition for partition in consumer.assignment()}
        if run.told("joined") if first else given and given <= ends:
            break
    return consumer, batch


def _write_all(run: Run, consumer: Any, batch: list[bytes]) -> None:
    for value in batch:
        run.write(value)
    if batch:
        consumer.commit(asynchronous=False)
    batch.clear()


def confluent_batch_held(run: Run) -> None:
    consumer, batch = _collect(run)
    _write_all(run, consumer, batch)
    consumer.close()


def confluent_batch_written_on_revoke(run: Run) -> None:
    consumer, batch = _collect(run, _write_all)
    _write_all(run, consumer, batch)
    consumer.close()


STYLES: dict[str, Callable[[Run], Any]] = {
    function.__name__: function
    for function in (
        confluent_poll,
        confluent_stored_after,
        confluent_stored_before,
        confluent_closed,
        confluent_committed_too,
        kafka_python_loop,
        kafka_python_poll,
        kafka_python_finally,
        kafka_python_with,
        kafka_python_closed_without,
        kafka_python_never_closed,
        kafka_python_swallowed,
        kafka_python_buffered,
        kafka_python_thread,
        kafka_python_committed_unawaited,
        kafka_python_committed_awaited,
        kafka_python_no_group,
        aiokafka_awaits,
        aiokafka_blocks,
        aiokafka_stopped,
        aiokafka_with,
        aiokafka_committed_unawaited,
        aiokafka_no_group,
        confluent_slow,
        kafka_python_slow,
        aiokafka_holds_the_loop,
        confluent_batch_held,
        confluent_batch_written_on_revoke,
    )
}


def main(style: str, *rest: str) -> None:
    work = STYLES[style](Run(*rest))
    if work is not None:
        asyncio.run(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
