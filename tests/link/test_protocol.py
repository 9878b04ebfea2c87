"""What goes wrong with transactions: small programs with every problem that is expected.

A line that a problem points at says so in a comment: `# ! begun-twice`. A program without such a
comment must have no problem at all, and its producer must have been seen all the same.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.pipelines import TransactionTrace
from oncelint.scan import scan
from oncelint.settings import load

CONFLUENT = """
import logging
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import requests
from confluent_kafka import Consumer, KafkaException, Producer

log = logging.getLogger("app")
db = psycopg.connect("dbname=app")
SQL = "INSERT INTO t (id) VALUES (%s)"
SERVERS = "kafka:9092"
consumer = Consumer(
    {"group.id": "g", "bootstrap.servers": SERVERS, "enable.auto.commit": False}
)
consumer.subscribe(["in"])
producer = Producer({"bootstrap.servers": SERVERS, "transactional.id": "app-0"})


def positions():
    return consumer.position(consumer.assignment())
"""

KAFKA = """
import logging
import time

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, ProducerFencedError

log = logging.getLogger("app")
consumer = KafkaConsumer(
    "in", group_id="g", bootstrap_servers="kafka:9092", enable_auto_commit=False
)
producer = KafkaProducer(bootstrap_servers="kafka:9092", transactional_id="app-0")


def after(record):
    place = TopicPartition(record.topic, record.partition)
    return {place: OffsetAndMetadata(record.offset + 1, "", -1)}
"""

AIO = """
import asyncio
import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

log = logging.getLogger("app")
GROUP = "g"


def after(record):
    return {TopicPartition(record.topic, record.partition): record.offset + 1}


def clients():
    return (
        AIOKafkaConsumer(
            "in", group_id=GROUP, bootstrap_servers="kafka:9092", enable_auto_commit=False
        ),
        AIOKafkaProducer(bootstrap_servers="kafka:9092", transactional_id="app-0"),
    )
"""

PROTOCOL = {
    "as it should be": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "never initialised": (
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()  # ! begin-before-init
            producer.produce("out", message.value())
            producer.commit_transaction()
        """,
    ),
    "initialised too late": (
        CONFLUENT,
        """
        producer.begin_transaction()  # ! begin-before-init
        producer.init_transactions()
        producer.produce("out", b"1")
        """,
    ),
    "initialised in each round": (
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.init_transactions()  # ! init-in-loop
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.commit_transaction()
        """,
    ),
    "initialised in each round, which kafka-python takes": (
        KAFKA,
        """
        for record in consumer:
            producer.init_transactions()
            producer.begin_transaction()
            producer.send("out", record.value)
            producer.send_offsets_to_transaction(after(record), "g")
            producer.commit_transaction()
        """,
    ),
    "made and initialised in each round": (
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            mine = Producer({"bootstrap.servers": SERVERS, "transactional.id": "app-1"})
            mine.init_transactions()
            mine.begin_transaction()
            mine.produce("out", message.value())
            mine.commit_transaction()
        """,
    ),
    "a round that ends without the transaction's end": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()  # ! begun-twice
            if not message.value():
                continue
            producer.produce("out", message.value())
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a round that ends with an abort": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            if not message.value():
                producer.abort_transaction()
                continue
            producer.produce("out", message.value())
            producer.commit_transaction()
        """,
    ),
    "begun twice in a row": (
        KAFKA,
        """
        producer.init_transactions()
        producer.begin_transaction()
        producer.begin_transaction()  # ! begun-twice
        producer.send("out", b"1")
        producer.commit_transaction()
        """,
    ),
    "a transaction for a batch, begun where the last was committed": (
        CONFLUENT,
        """
        producer.init_transactions()
        producer.begin_transaction()
        count = 0
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.produce("out", message.value())
            count += 1
            if count % 100 == 0:
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
                producer.begin_transaction()
        """,
    ),
    "never begun again": (
        CONFLUENT,
        """
        producer.init_transactions()
        producer.begin_transaction()
        for number in range(3):
            producer.produce("out", str(number))
        producer.commit_transaction()
        producer.produce("out", b"done")  # ! produced-outside
        """,
    ),
    "produced before it is begun": (
        KAFKA,
        """
        producer.init_transactions()
        for record in consumer:
            producer.send("audit", record.key)  # ! produced-outside
            producer.begin_transaction()
            producer.send("out", record.value)
            producer.send_offsets_to_transaction(after(record), "g")
            producer.commit_transaction()
        """,
    ),
    "produced by another producer": (
        KAFKA,
        """
        plain = KafkaProducer(bootstrap_servers="kafka:9092", enable_idempotence=True)
        producer.init_transactions()
        for record in consumer:
            plain.send("audit", record.key)
            producer.begin_transaction()
            producer.send("out", record.value)
            producer.send_offsets_to_transaction(after(record), "g")
            producer.commit_transaction()
        """,
    ),
    "committed twice": (
        CONFLUENT,
        """
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("out", b"1")
        producer.commit_transaction()
        producer.commit_transaction()  # ! committed-outside
        """,
    ),
    "offsets sent behind the commit": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.commit_transaction()
            producer.send_offsets_to_transaction(  # ! offsets-outside
                positions(), consumer.consumer_group_metadata()
            )
        """,
    ),
    "begun under a flag": (
        CONFLUENT,
        """
        producer.init_transactions()
        begun = False
        while True:
            message = consumer.poll(1.0)
            if message is None:
                if begun:
                    producer.commit_transaction()
                    begun = False
                continue
            if not begun:
                producer.begin_transaction()
                begun = True
            producer.produce("out", message.value())
        """,
    ),
    "flags in a loop that takes no records": (
        CONFLUENT,
        """
        ready = begun = False
        for line in sys.stdin:
            if not ready:
                producer.init_transactions()
                ready = True
            if not begun:
                producer.begin_transaction()
                begun = True
            producer.produce("out", line)
            if len(line) > 100:
                producer.commit_transaction()
                begun = False
        """,
    ),
    "flags of an object in a loop that takes no records": (
        CONFLUENT,
        """
        class Output:
            def __init__(self):
                self.out = Producer({"bootstrap.servers": SERVERS, "transactional.id": "out-0"})
                self.ready = False

            def open(self):
                if self.ready:
                    return
                self.out.init_transactions()
                self.ready = True

            def send(self, line):
                self.open()
                self.out.begin_transaction()
                self.out.produce("out", line)
                self.out.commit_transaction()

        output = Output()
        for line in sys.stdin:
            output.send(line)
        """,
    ),
    "a loop that ends behind a failed initialisation": (
        CONFLUENT,
        """
        while True:
            try:
                producer.init_transactions()
                break
            except KafkaException:
                time.sleep(5)
        producer.begin_transaction()
        producer.produce("out", b"1")
        producer.commit_transaction()
        """,
    ),
    "a producer handed in": (
        CONFLUENT,
        """
        def publish(target, value):
            target.begin_transaction()
            target.produce("out", value)
            target.commit_transaction()

        def main():
            producer.init_transactions()
            while True:
                message = consumer.poll(1.0)
                if message is not None:
                    publish(producer, message.value())

        main()
        """,
    ),
    "a producer from out of sight": (
        CONFLUENT,
        """
        def publish(values):
            for value in values:
                producer.produce("out", value)
            producer.commit_transaction()
        """,
    ),
    "in a class": (
        CONFLUENT,
        """
        class Relay:
            def __init__(self):
                self.out = Producer({"bootstrap.servers": SERVERS, "transactional.id": "relay-0"})

            def forward(self, value):
                self.out.begin_transaction()  # ! begin-before-init
                self.out.produce("out", value)
                self.out.commit_transaction()

        relay = Relay()
        while True:
            message = consumer.poll(1.0)
            if message is not None:
                relay.forward(message.value())
        """,
    ),
    "in a class, initialised by a method": (
        CONFLUENT,
        """
        class Relay:
            def __init__(self):
                self.out = Producer({"bootstrap.servers": SERVERS, "transactional.id": "relay-0"})

            def open(self):
                self.out.init_transactions()

            def forward(self, value):
                self.out.begin_transaction()
                self.out.produce("out", value)
                self.out.commit_transaction()

        relay = Relay()
        relay.open()
        while True:
            message = consumer.poll(1.0)
            if message is not None:
                relay.forward(message.value())
        """,
    ),
    "one producer for each partition": (
        CONFLUENT,
        """
        def make(number):
            made = Producer(
                {"bootstrap.servers": SERVERS, "transactional.id": f"app-{number}"}
            )
            made.init_transactions()
            return made

        first, second = make(0), make(1)
        first.begin_transaction()
        second.begin_transaction()
        first.produce("out", b"1")
        second.produce("out", b"2")
        first.commit_transaction()
        second.commit_transaction()
        """,
    ),
    "the method is handed on": (
        CONFLUENT,
        """
        producer.init_transactions()
        with ThreadPoolExecutor(max_workers=1) as pool:
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                producer.begin_transaction()
                producer.produce("out", message.value())
                pool.submit(producer.commit_transaction).result()
        """,
    ),
    "a context manager of the project": (
        CONFLUENT,
        """
        @contextmanager
        def transaction(out):
            out.begin_transaction()
            try:
                yield out
            except Exception:
                out.abort_transaction()
                raise
            else:
                out.commit_transaction()

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            with transaction(producer) as out:
                if not message.value():
                    continue
                out.produce("out", message.value())
        """,
    ),
    "a context manager that forgets the commit": (
        CONFLUENT,
        """
        @contextmanager
        def transaction(out):
            out.begin_transaction()  # ! begun-twice
            yield out

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            with transaction(producer) as out:
                out.produce("out", message.value())
        """,
    ),
    "a generator of batches that aborts nothing": (
        CONFLUENT,
        """
        def batches():
            while True:
                try:
                    yield consumer.consume(100, timeout=1.0)
                finally:
                    log.debug("a batch is done")

        producer.init_transactions()
        for batch in batches():
            producer.begin_transaction()  # ! begun-twice
            if not batch:
                continue
            for message in batch:
                producer.produce("out", message.value())
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a loop over a generator that is left with an open transaction": (
        CONFLUENT,
        """
        def batches():
            while True:
                yield consumer.consume(100, timeout=1.0)

        def relay():
            for batch in batches():
                producer.begin_transaction()  # ! begun-twice
                for message in batch:
                    producer.produce("out", message.value())
                if len(batch) < 100:
                    return
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()

        producer.init_transactions()
        while True:
            relay()
        """,
    ),
    "a generator that catches only what it raises itself": (
        CONFLUENT,
        """
        def messages():
            while True:
                try:
                    message = consumer.poll(1.0)
                    if message is not None:
                        yield message
                except KafkaException:
                    log.exception("poll failed")

        producer.init_transactions()
        for message in messages():
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a class with an exit of its own": (
        CONFLUENT,
        """
        class Transaction:
            def __init__(self, out):
                self.out = out

            def __enter__(self):
                self.out.begin_transaction()
                return self.out

            def __exit__(self, kind, error, trace):
                if kind is None:
                    self.out.commit_transaction()
                else:
                    self.out.abort_transaction()
                return False

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            with Transaction(producer) as out:
                out.produce("out", message.value())
        """,
    ),
    "aiokafka's own context manager": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                async with producer.transaction():
                    await producer.send("out", record.value)
                    await producer.send_offsets_to_transaction(after(record), GROUP)

        asyncio.run(main())
        """,
    ),
    "aiokafka: sent outside of it": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                async with producer.transaction():
                    await producer.send("out", record.value)
                    await producer.send_offsets_to_transaction(after(record), GROUP)
                await producer.send("audit", record.key)  # ! produced-outside

        asyncio.run(main())
        """,
    ),
    "aiokafka: one transaction in the other": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                async with producer.transaction():
                    await producer.send("out", record.value)
                    async with producer.transaction():  # ! begun-twice
                        await producer.send("audit", record.key)

        asyncio.run(main())
        """,
    ),
    "aiokafka: started by a with": (
        AIO,
        """
        async def main():
            _, producer = clients()
            async with producer:
                await producer.begin_transaction()
                await producer.send("out", b"1")
                await producer.commit_transaction()

        asyncio.run(main())
        """,
    ),
    "aiokafka: begun before it is started": (
        AIO,
        """
        async def main():
            _, producer = clients()
            await producer.begin_transaction()  # ! begin-before-init
            await producer.start()
            await producer.send("out", b"1")
            await producer.commit_transaction()

        asyncio.run(main())
        """,
    ),
    "a break out of aiokafka's context manager": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            while True:
                async for record in consumer:
                    async with producer.transaction():
                        await producer.send("out", record.value)
                        if record.key is None:
                            break
                        await producer.send_offsets_to_transaction(after(record), GROUP)

        asyncio.run(main())
        """,
    ),
}

FAILURES = {
    "logged, and the next one begins": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
            except KafkaException:  # ! never-aborted
                log.exception("failed")
        """,
    ),
    "logged, and raised again": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
            except KafkaException:
                log.exception("failed")
                raise
        """,
    ),
    "the process ends": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
            except Exception:
                log.exception("failed")
                sys.exit(1)
        """,
    ),
    "nothing is caught": (
        CONFLUENT,
        """
        producer.init_transactions()
        try:
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
        finally:
            consumer.close()
        """,
    ),
    "caught around the loop": (
        CONFLUENT,
        """
        producer.init_transactions()
        try:
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
        except Exception:
            log.exception("failed")
        """,
    ),
    "aborted in a finally under a flag": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            done = False
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
                done = True
            except KafkaException:
                log.exception("failed")
            finally:
                if not done:
                    producer.abort_transaction()
        """,
    ),
    "aborted by a helper": (
        CONFLUENT,
        """
        def undo():
            producer.abort_transaction()

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
            except KafkaException:
                undo()
        """,
    ),
    "a new producer is made": (
        CONFLUENT,
        """
        def work(out):
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                out.begin_transaction()
                out.produce("out", message.value())
                out.commit_transaction()

        while True:
            mine = Producer({"bootstrap.servers": SERVERS, "transactional.id": "app-1"})
            mine.init_transactions()
            try:
                work(mine)
            except KafkaException:
                log.exception("starts again")
        """,
    ),
    "swallowed two calls away": (
        CONFLUENT,
        """
        def publish(value):
            producer.begin_transaction()
            producer.produce("out", value)
            producer.commit_transaction()

        def handle(message):
            try:
                publish(message.value())
            except Exception as error:  # ! never-aborted
                log.error("skipped: %s", error)

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is not None:
                handle(message)
        """,
    ),
    "only a malformed record is skipped": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            producer.begin_transaction()
            for message in consumer.consume(100, timeout=1.0):
                try:
                    producer.produce("out", message.value().decode())
                except UnicodeDecodeError:
                    log.warning("malformed")
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "what is raised is caught and the round ends": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            try:
                producer.produce("out", message.value())
                if not message.key():
                    raise ValueError("no key")
                producer.commit_transaction()
            except ValueError:  # ! never-aborted
                log.warning("no key")
        """,
    ),
    "a full queue is waited for": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            try:
                producer.produce("out", message.value())
            except BufferError:
                producer.flush()
                producer.produce("out", message.value())
            producer.commit_transaction()
        """,
    ),
    "the commit alone": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            try:
                producer.commit_transaction()
            except KafkaException as error:  # ! error-swallowed
                log.error("not committed: %s", error)
        """,
    ),
    "the commit alone, told apart": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            try:
                producer.commit_transaction()
            except KafkaException as error:
                if error.args[0].txn_requires_abort():
                    producer.abort_transaction()
                elif error.args[0].retriable():
                    producer.commit_transaction()
                else:
                    raise
        """,
    ),
    "the commit is tried again": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            while True:
                try:
                    producer.commit_transaction()
                    break
                except KafkaException as error:
                    if not error.args[0].retriable():
                        raise
        """,
    ),
    "the abort's failure is swallowed as well": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
            except KafkaException:
                try:
                    producer.abort_transaction()
                except KafkaException:  # ! error-swallowed
                    log.exception("not aborted")
        """,
    ),
    "the abort's failure ends the loop": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()
            except KafkaException:
                producer.abort_transaction()
        """,
    ),
    "the abort's failure is swallowed, and the next begin raises": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            producer.begin_transaction()
            try:
                producer.produce("out", message.value())
                producer.commit_transaction()
            except KafkaException:
                try:
                    producer.abort_transaction()
                except KafkaException:
                    log.exception("not aborted")
        """,
    ),
    "kafka-python: fencing is told apart": (
        KAFKA,
        """
        producer.init_transactions()
        for record in consumer:
            try:
                producer.begin_transaction()
                producer.send("out", record.value)
                producer.commit_transaction()
            except ProducerFencedError:
                raise
            except KafkaError:
                producer.abort_transaction()
        """,
    ),
    "kafka-python: logged, and the next one begins": (
        KAFKA,
        """
        producer.init_transactions()
        for record in consumer:
            producer.begin_transaction()
            try:
                producer.send("out", record.value).get(timeout=10)
                producer.send_offsets_to_transaction(after(record), "g")
                producer.commit_transaction()
            except KafkaError:  # ! never-aborted
                log.exception("failed")
                continue
        """,
    ),
    "aiokafka: caught inside of begin and commit": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                try:
                    await producer.begin_transaction()
                    await producer.send_and_wait("out", record.value)
                    await producer.commit_transaction()
                except KafkaError:  # ! never-aborted
                    log.exception("failed")

        asyncio.run(main())
        """,
    ),
    "a method of something unknown": (
        CONFLUENT,
        """
        def run(session):
            producer.init_transactions()
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                session.begin_transaction()
                producer.produce("out", message.value())
                session.commit_transaction()
        """,
    ),
    "the producer is given to a library": (
        CONFLUENT,
        """
        import company_kafka

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            with company_kafka.transaction(producer):
                producer.produce("out", message.value())
        """,
    ),
    "a library begins it": (
        CONFLUENT,
        """
        import company_kafka

        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            company_kafka.begin(producer)
            producer.produce("out", message.value())
            company_kafka.end(producer)
        """,
    ),
    "the aborted records are skipped": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
            except KafkaException:  # ! position-kept
                producer.abort_transaction()
        """,
    ),
    "the aborted records are taken again": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
            except KafkaException:
                producer.abort_transaction()
                for partition in consumer.committed(consumer.assignment()):
                    consumer.seek(partition)
        """,
    ),
    "the aborted transaction is tried again": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            while True:
                try:
                    producer.begin_transaction()
                    producer.produce("out", message.value())
                    producer.send_offsets_to_transaction(
                        positions(), consumer.consumer_group_metadata()
                    )
                    producer.commit_transaction()
                    break
                except KafkaException:
                    producer.abort_transaction()
        """,
    ),
    "the aborted records are put aside": (
        CONFLUENT,
        """
        dead = Producer({"bootstrap.servers": SERVERS, "enable.idempotence": True})
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            try:
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
            except KafkaException:
                producer.abort_transaction()
                dead.produce("dead", message.value())
        """,
    ),
    "aiokafka: the aborted records are skipped": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                try:
                    async with producer.transaction():
                        await producer.send_and_wait("out", record.value)
                        await producer.send_offsets_to_transaction(after(record), GROUP)
                except KafkaError:  # ! position-kept
                    log.exception("failed")

        asyncio.run(main())
        """,
    ),
}

OTHERS = {
    "the consumer commits": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.commit_transaction()
            consumer.commit(message)  # ! consumer-commit
        """,
    ),
    "offsets are sent in another branch": (
        CONFLUENT,
        """
        producer.init_transactions()
        producer.begin_transaction()
        count = 0
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            count += 1
            producer.produce("out", message.value())
            if count > 100:
                producer.send_offsets_to_transaction(
                    positions(), consumer.consumer_group_metadata()
                )
                producer.commit_transaction()
                producer.begin_transaction()
        """,
    ),
    "another consumer commits": (
        CONFLUENT,
        """
        control = Consumer({"group.id": "c", "bootstrap.servers": SERVERS})
        control.subscribe(["control"])

        def obey():
            while True:
                order = control.poll(1.0)
                if order is not None:
                    print(order.value())
                    control.commit(order)

        def relay():
            producer.init_transactions()
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()

        threading.Thread(target=obey).start()
        relay()
        """,
    ),
    "aiokafka: the consumer commits": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                async with producer.transaction():
                    await producer.send("out", record.value)
                await consumer.commit()  # ! consumer-commit

        asyncio.run(main())
        """,
    ),
    "a row in the transaction": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            db.execute(SQL, (message.key(),))  # ! external-write
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a row behind the transaction": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
            db.execute(SQL, (message.key(),))
        """,
    ),
    "a row that is read": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            row = db.execute("SELECT name FROM t WHERE id = %s", (message.key(),)).fetchone()
            producer.produce("out", row[0])
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a call in the transaction": (
        CONFLUENT,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())
            requests.post("https://billing.example/charge", data=message.value())  # ! external-write
            producer.send_offsets_to_transaction(positions(), consumer.consumer_group_metadata())
            producer.commit_transaction()
        """,
    ),
    "a transaction in each task": (
        AIO,
        """
        async def handle(producer, record):
            async with producer.transaction():
                await producer.send("out", record.value)

        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                asyncio.create_task(handle(producer, record))  # ! shared

        asyncio.run(main())
        """,
    ),
    "a transaction in each task, one at a time": (
        AIO,
        """
        lock = asyncio.Lock()

        async def handle(producer, record):
            async with lock:
                async with producer.transaction():
                    await producer.send("out", record.value)

        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            async for record in consumer:
                asyncio.create_task(handle(producer, record))

        asyncio.run(main())
        """,
    ),
    "tasks that only send": (
        AIO,
        """
        async def main():
            consumer, producer = clients()
            await consumer.start()
            await producer.start()
            while True:
                batch = await consumer.getmany(timeout_ms=500)
                async with producer.transaction():
                    for records in batch.values():
                        for record in records:
                            asyncio.create_task(producer.send("out", record.value))

        asyncio.run(main())
        """,
    ),
    "a transaction in each thread": (
        CONFLUENT,
        """
        def work(rows):
            for row in rows:
                producer.begin_transaction()
                producer.produce("out", row)
                producer.commit_transaction()

        def main(parts):
            producer.init_transactions()
            for part in parts:
                threading.Thread(target=work, args=(part,)).start()  # ! shared

        main(sys.argv[1:])
        """,
    ),
    "a producer in each thread": (
        CONFLUENT,
        """
        def work(number):
            mine = Producer(
                {"bootstrap.servers": SERVERS, "transactional.id": f"app-{number}"}
            )
            mine.init_transactions()
            mine.begin_transaction()
            mine.produce("out", str(number))
            mine.commit_transaction()

        for name in sys.argv[1:]:
            threading.Thread(target=work, args=(name,)).start()
        """,
    ),
    "one thread": (
        CONFLUENT,
        """
        def work():
            producer.init_transactions()
            while True:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                producer.begin_transaction()
                producer.produce("out", message.value())
                producer.commit_transaction()

        threading.Thread(target=work).start()
        """,
    ),
}

# programs in which nothing of a transaction is seen but what a library does
UNSEEN = frozenset({"a library begins it", "the producer is given to a library"})
PROGRAMS = {**PROTOCOL, **FAILURES, **OTHERS}


def traces(folder: Path, files: Mapping[str, str]) -> tuple[TransactionTrace, ...]:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return linked.project.transactions


def expected(program: str) -> set[tuple[str, int]]:
    return {
        (kind, number)
        for number, line in enumerate(program.splitlines(), 1)
        for kind in re.findall(r"# ! ([a-z-]+)", line)
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_problems(name: str, tmp_path: Path) -> None:
    prelude, body = PROGRAMS[name]
    program = prelude + textwrap.dedent(body)
    found = traces(tmp_path, {"app/main.py": program})
    if name not in UNSEEN:
        assert found, "no transactional producer was seen"
    told = {(one.kind, one.span.start.line) for trace in found for one in trace.problems}
    assert told == expected(program)
