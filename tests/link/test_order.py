"""In which order a loop writes and commits: small programs with every misorder that is expected.

Lines are named by their comments: `# E` an effect, `# C` a commit, `# L` the last commit behind the
loop, `# H` what catches a failure; a finally is told by its first statement. Numbers tell several
apart. A program without a list of misorders must have none.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.pipelines import Commit, Misorder, Pipeline
from oncelint.scan import scan
from oncelint.settings import load

KAFKA = """
import contextlib
import json
import logging
import sys
import time

import psycopg
import psycopg.errors
import requests
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

log = logging.getLogger("app")
db = psycopg.connect("dbname=app")
SQL = "INSERT INTO t (id) VALUES (%s) ON CONFLICT (id) DO NOTHING"
DEAD = "INSERT INTO failed (body) VALUES (%s) ON CONFLICT (body) DO NOTHING"
consumer = KafkaConsumer(
    "t", group_id="g", bootstrap_servers="kafka:9092", enable_auto_commit=False
)
producer = KafkaProducer(bootstrap_servers="kafka:9092", enable_idempotence=True)
"""

CONFLUENT = """
import json
import logging
import os

import psycopg
import requests
from confluent_kafka import Consumer, Producer, TopicPartition

log = logging.getLogger("app")
db = psycopg.connect("dbname=app")
SQL = "INSERT INTO t (id) VALUES (%s) ON CONFLICT (id) DO NOTHING"
consumer = Consumer(
    {"group.id": "g", "bootstrap.servers": "kafka:9092", "enable.auto.commit": False}
)
consumer.subscribe(["t"])
producer = Producer({"bootstrap.servers": "kafka:9092", "enable.idempotence": True})
"""

STORED = CONFLUENT.replace(
    '"enable.auto.commit": False', '"enable.auto.commit": False, "enable.auto.offset.store": False'
)

TRANSACTIONAL = CONFLUENT.replace('"enable.idempotence": True', '"transactional.id": "app-0"')

AIO = """
import asyncio
import json
import logging

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

log = logging.getLogger("app")
SQL = "INSERT INTO t (id) VALUES ($1) ON CONFLICT (id) DO NOTHING"
consumer = AIOKafkaConsumer(
    "t", group_id="g", bootstrap_servers="kafka:9092", enable_auto_commit=False
)
producer = AIOKafkaProducer(bootstrap_servers="kafka:9092", enable_idempotence=True)
"""

Expected = tuple[str, ...]
# name, prelude, program, misorders as "kind effect commit handler" (- where there is none)
Case = tuple[str, str, str, Expected]

UNFLUSHED: list[Case] = [
    (
        "produced and committed",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value())  # E
            producer.poll(0)
            consumer.commit(message)  # C
        """,
        ("unflushed E C -",),
    ),
    (
        "flushed first",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value())
            producer.flush()
            consumer.commit(message)
        """,
        (),
    ),
    (
        "polled until it is delivered",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value())
            while len(producer) > 0:
                producer.poll(0)
            consumer.commit(message)
        """,
        (),
    ),
    (
        "a callback that only logs",
        CONFLUENT,
        """
        def delivered(error, message):
            if error is not None:
                log.error("%s: %s", message.key(), error)

        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value(), callback=delivered)  # E
            consumer.commit(message)  # C
        """,
        ("unflushed E C -",),
    ),
    (
        "a callback that notes what is done",
        CONFLUENT,
        """
        done = {}

        def delivered(error, message):
            done[message.partition()] = error is None

        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value(), on_delivery=delivered)
            consumer.commit(message)
        """,
        (),
    ),
    (
        "given to something that is not seen",
        CONFLUENT,
        """
        from company import settle

        while True:
            message = consumer.poll(1.0)
            producer.produce("o", message.value())
            settle(producer)
            consumer.commit(message)
        """,
        (),
    ),
    (
        "the future is asked",
        KAFKA,
        """
        for record in consumer:
            producer.send("o", record.value).get(timeout=10)
            consumer.commit()
        """,
        (),
    ),
    (
        "the futures of a batch are asked",
        KAFKA,
        """
        while True:
            futures = []
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    futures.append(producer.send("o", record.value))
            for future in futures:
                future.get(timeout=10)
            consumer.commit()
        """,
        (),
    ),
    (
        "a send that is only awaited",
        AIO,
        """
        async def main():
            async for record in consumer:
                await producer.send("o", record.value)  # E
                await consumer.commit()  # C

        asyncio.run(main())
        """,
        ("unflushed E C -",),
    ),
    (
        "a future that is awaited",
        AIO,
        """
        async def main():
            async for record in consumer:
                sent = await producer.send("o", record.value)
                await sent
                await consumer.commit()

        asyncio.run(main())
        """,
        (),
    ),
]

BEFORE: list[Case] = [
    (
        "commit first",
        KAFKA,
        """
        for record in consumer:
            consumer.commit()  # C
            db.execute(SQL, (record.value,))  # E
        """,
        ("before E C -",),
    ),
    (
        "commit last",
        KAFKA,
        """
        for record in consumer:
            db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "between two effects",
        KAFKA,
        """
        for record in consumer:
            db.execute(SQL, (record.value,))  # E1
            consumer.commit()  # C
            requests.put("http://desk/x", data=record.value)  # E2
        """,
        ("before E2 C -",),
    ),
    (
        "batch committed at each of its records",
        KAFKA,
        """
        while True:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    db.execute(SQL, (record.value,))  # E
                    consumer.commit()  # C
        """,
        ("before E C -",),
    ),
    (
        "batch committed after its partition only",
        KAFKA,
        """
        while True:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "next offsets inside the batch",
        KAFKA,
        """
        while True:
            for tp, records in consumer.poll(timeout_ms=500).items():
                for record in records:
                    db.execute(SQL, (record.value,))  # E
                    consumer.commit({tp: OffsetAndMetadata(record.offset + 1, None)})  # C
        """,
        (),
    ),
    (
        "commit of the previous round",
        KAFKA,
        """
        while True:
            consumer.commit()  # C
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
    (
        "skipped record committed",
        KAFKA,
        """
        for record in consumer:
            if record.value is None:
                consumer.commit()  # C1
                continue
            db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C2
        """,
        (),
    ),
    (
        "committed in one branch first",
        KAFKA,
        """
        for record in consumer:
            if record.key == b"fast":
                consumer.commit()  # C1
            db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C2
        """,
        ("before E C1 -",),
    ),
    (
        "only logging follows",
        KAFKA,
        """
        for record in consumer:
            db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
            log.info("done %s", record.value)
            print(record.offset)
        """,
        (),
    ),
    (
        "what follows has nothing of the record",
        KAFKA,
        """
        for record in consumer:
            db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
            requests.post("http://watchdog/alive")
        """,
        (),
    ),
    (
        "through functions",
        KAFKA,
        """
        def acknowledge():
            consumer.commit()  # C

        def store(value):
            db.execute(SQL, (value,))  # E

        def handle(record):
            acknowledge()
            store(record.value)

        for record in consumer:
            handle(record)
        """,
        ("before E C -",),
    ),
    (
        "own offset before the work",
        KAFKA,
        """
        for record in consumer:
            tp = TopicPartition(record.topic, record.partition)
            consumer.commit({tp: OffsetAndMetadata(record.offset, None)})  # C
            db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
    (
        "next offset before the work",
        KAFKA,
        """
        for record in consumer:
            tp = TopicPartition(record.topic, record.partition)
            consumer.commit({tp: OffsetAndMetadata(record.offset + 1, None)})  # C
            db.execute(SQL, (record.value,))  # E
        """,
        ("before E C -",),
    ),
    (
        "the database's commit comes first",
        KAFKA,
        """
        for record in consumer:
            db.execute(SQL, (record.value,))  # E1
            db.commit()
            requests.put("http://desk/x", data=record.value)  # E2
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "rows wait in a list",
        KAFKA,
        """
        rows = []
        for record in consumer:
            rows.append((record.value,))
            if len(rows) > 100:
                db.cursor().executemany(SQL, rows)  # E
                rows = []
            consumer.commit()  # C
        """,
        ("before E C -",),
    ),
    (
        "rows wait, and so does the commit",
        KAFKA,
        """
        rows = []
        for record in consumer:
            rows.append((record.value,))
            if len(rows) > 100:
                db.cursor().executemany(SQL, rows)  # E
                consumer.commit()  # C
                rows = []
        """,
        (),
    ),
    (
        "the database commits last",
        KAFKA,
        """
        for record in consumer:
            db.cursor().execute(SQL, (record.value,))  # E
            consumer.commit()  # C
            db.commit()
        """,
        ("before E C -",),
    ),
    (
        "the database commits every hundred rows",
        KAFKA,
        """
        count = 0
        for record in consumer:
            db.cursor().execute(SQL, (record.value,))  # E
            count += 1
            if count % 100 == 0:
                db.commit()
            consumer.commit()  # C
        """,
        ("before E C -",),
    ),
    (
        "another database commits last",
        KAFKA,
        """
        import sqlite3

        seen = sqlite3.connect("seen.db")
        for record in consumer:
            db.execute(SQL, (record.value,))  # E
            db.commit()
            consumer.commit()  # C
            seen.commit()
        """,
        (),
    ),
    (
        "the record of the round before is committed",
        CONFLUENT,
        """
        done = None
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            if done is not None:
                consumer.commit(done)  # C
            db.execute(SQL, (message.value(),))  # E
            done = message
        """,
        (),
    ),
    (
        "a batch that fills up in the middle of a poll",
        KAFKA,
        """
        batch = []
        while True:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    batch.append((record.value,))
                    if len(batch) >= 100:
                        db.cursor().executemany(SQL, batch)  # E
                        consumer.commit()  # C
                        batch.clear()
        """,
        ("before E C -",),
    ),
    (
        "confluent, message",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            consumer.commit(message)  # C
            db.execute(SQL, (message.value(),))  # E
        """,
        ("before E C -",),
    ),
    (
        "confluent, batch of messages",
        CONFLUENT,
        """
        while True:
            for message in consumer.consume(50, 1.0):
                db.execute(SQL, (message.value(),))  # E
                consumer.commit(message=message)  # C
        """,
        (),
    ),
    (
        "confluent, batch of messages without arguments",
        CONFLUENT,
        """
        while True:
            for message in consumer.consume(50, 1.0):
                db.execute(SQL, (message.value(),))  # E
                consumer.commit(asynchronous=False)  # C
        """,
        ("before E C -",),
    ),
    (
        "confluent, one message at a time",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            db.execute(SQL, (message.value(),))  # E
            consumer.commit(asynchronous=False)  # C
        """,
        (),
    ),
    (
        "stored after the work, flushed before the next",
        STORED,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            consumer.commit()  # C
            db.execute(SQL, (message.value(),))  # E
            consumer.store_offsets(message)
        """,
        (),
    ),
    (
        "stored and flushed before the work",
        STORED,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            consumer.store_offsets(message)
            consumer.commit()  # C
            db.execute(SQL, (message.value(),))  # E
        """,
        ("before E C -",),
    ),
    (
        "transaction before the write",
        TRANSACTIONAL,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.produce("out", message.value())  # E1
            producer.send_offsets_to_transaction(
                [TopicPartition(message.topic(), message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()  # C
            db.execute(SQL, (message.value(),))  # E2
        """,
        ("before E2 C -",),
    ),
    (
        "offsets first inside the transaction",
        TRANSACTIONAL,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            producer.send_offsets_to_transaction(
                [TopicPartition(message.topic(), message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.produce("out", message.value())  # E
            producer.commit_transaction()  # C
        """,
        (),
    ),
    (
        "aiokafka, commit first",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            async for record in consumer:
                await consumer.commit()  # C
                await db.execute(SQL, record.value)  # E

        asyncio.run(main())
        """,
        ("before E C -",),
    ),
    (
        "aiokafka, getone",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            while True:
                record = await consumer.getone()
                await db.execute(SQL, record.value)  # E
                await consumer.commit()  # C

        asyncio.run(main())
        """,
        (),
    ),
    (
        "aiokafka, getmany committed inside",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            while True:
                data = await consumer.getmany(timeout_ms=500)
                for tp, records in data.items():
                    for record in records:
                        await db.execute(SQL, record.value)  # E
                        await consumer.commit()  # C

        asyncio.run(main())
        """,
        ("before E C -",),
    ),
    (
        "aiokafka, getmany committed for each partition",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            while True:
                data = await consumer.getmany(timeout_ms=500)
                for tp, records in data.items():
                    for record in records:
                        await db.execute(SQL, record.value)  # E
                    await consumer.commit({tp: records[-1].offset + 1})  # C

        asyncio.run(main())
        """,
        (),
    ),
    (
        "a generator commits what it yields",
        KAFKA,
        """
        def source():
            for record in consumer:
                consumer.commit()  # C
                yield record

        for record in source():
            db.execute(SQL, (record.value,))  # E
        """,
        ("before E C -",),
    ),
    (
        "a generator commits what was done",
        KAFKA,
        """
        def source():
            for record in consumer:
                yield record
                consumer.commit()  # C

        for record in source():
            db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
]

FAILURE: list[Case] = [
    (
        "finally",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            finally:
                consumer.commit()  # C
        """,
        ("failure E C C",),
    ),
    (
        "except",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
                consumer.commit()  # C1
            except Exception:  # H
                log.exception("no")
                consumer.commit()  # C2
        """,
        ("failure E C2 H",),
    ),
    (
        "except and raise",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:  # H
                consumer.commit()  # C1
                raise
            consumer.commit()  # C2
        """,
        ("failure E C1 H",),
    ),
    (
        "raise before the commit",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception as error:
                raise RuntimeError("stop") from error
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "else",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                raise
            else:
                consumer.commit()  # C
        """,
        (),
    ),
    (
        "only parsing in the try",
        KAFKA,
        """
        for record in consumer:
            try:
                value = json.loads(record.value)
            except Exception:
                consumer.commit()  # C1
                continue
            db.execute(SQL, (value,))  # E
            consumer.commit()  # C2
        """,
        (),
    ),
    (
        "malformed record",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (json.loads(record.value),))  # E
            except (json.JSONDecodeError, KeyError):
                consumer.commit()  # C1
                continue
            consumer.commit()  # C2
        """,
        (),
    ),
    (
        "written already",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute("INSERT INTO t (id) VALUES (%s)", (record.value,))  # E
            except psycopg.errors.UniqueViolation:
                consumer.commit()  # C1
                continue
            consumer.commit()  # C2
        """,
        (),
    ),
    (
        "dead letter first",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                producer.send("dead", record.value).get()
                consumer.commit()  # C1
            else:
                consumer.commit()  # C2
        """,
        (),
    ),
    (
        "table of failures first",
        KAFKA,
        """
        for record in consumer:
            try:
                requests.put("http://desk/x", data=record.value)  # E
            except Exception:
                db.execute(DEAD, (record.value,))
                consumer.commit()  # C1
            else:
                consumer.commit()  # C2
        """,
        (),
    ),
    (
        "unknown call with the record first",
        KAFKA,
        """
        from elsewhere import park

        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                park(record)
                consumer.commit()  # C1
            else:
                consumer.commit()  # C2
        """,
        (),
    ),
    (
        "sought back",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                consumer.seek(TopicPartition(record.topic, record.partition), record.offset)
                consumer.commit()  # C1
            else:
                consumer.commit()  # C2
        """,
        (),
    ),
    (
        "the last commit, around the loop",
        KAFKA,
        """
        try:
            for record in consumer:
                db.execute(SQL, (record.value,))  # E
                consumer.commit()  # C
        finally:
            consumer.commit()  # L
            consumer.close()
        """,
        ("failure E L L",),
    ),
    (
        "the last commit, of what is stored",
        STORED,
        """
        try:
            while True:
                message = consumer.poll(1.0)
                if message is None or message.error():
                    continue
                db.execute(SQL, (message.value(),))  # E
                consumer.store_offsets(message)
        finally:
            consumer.commit()  # L
            consumer.close()
        """,
        (),
    ),
    (
        "only interrupts lead to the last commit",
        KAFKA,
        """
        try:
            for record in consumer:
                db.execute(SQL, (record.value,))  # E
        except KeyboardInterrupt:
            consumer.commit()  # L
        """,
        (),
    ),
    (
        "a context manager commits however it ends",
        KAFKA,
        """
        @contextlib.contextmanager
        def committing():
            try:
                yield
            finally:
                consumer.commit()  # C

        for record in consumer:
            with committing():
                db.execute(SQL, (record.value,))  # E
        """,
        ("failure E C C",),
    ),
    (
        "a context manager commits what succeeded",
        KAFKA,
        """
        @contextlib.contextmanager
        def committing():
            yield
            consumer.commit()  # C

        for record in consumer:
            with committing():
                db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
    (
        "aiokafka, finally",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            async for record in consumer:
                try:
                    await db.execute(SQL, record.value)  # E
                finally:
                    await consumer.commit()  # C

        asyncio.run(main())
        """,
        ("failure E C C",),
    ),
    (
        "the transaction is aborted",
        TRANSACTIONAL,
        """
        producer.init_transactions()
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            producer.begin_transaction()
            try:
                producer.produce("out", message.value())  # E
                producer.send_offsets_to_transaction(
                    [TopicPartition(message.topic(), message.partition(), message.offset() + 1)],
                    consumer.consumer_group_metadata(),
                )
                producer.commit_transaction()  # C
            except Exception:
                producer.abort_transaction()
                raise
        """,
        (),
    ),
]

OVERTAKEN: list[Case] = [
    (
        "commit below",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:  # H
                log.exception("no")
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "commit of the next record",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
                consumer.commit()  # C
            except Exception as error:  # H
                log.error("no: %s", error)
        """,
        ("overtaken E C H",),
    ),
    (
        "next offset of the next record",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:  # H
                continue
            tp = TopicPartition(record.topic, record.partition)
            consumer.commit({tp: OffsetAndMetadata(record.offset + 1, None)})  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "swallowed in a function",
        KAFKA,
        """
        def store(value):
            try:
                db.execute(SQL, (value,))  # E
            except psycopg.Error:  # H
                log.exception("no")
                return False
            return True

        for record in consumer:
            store(record.value)
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "raised again",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                log.exception("no")
                raise
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "the process ends",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                log.exception("no")
                sys.exit(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "the loop ends without a commit",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                log.exception("no")
                break
            consumer.commit()  # C
        consumer.close()
        """,
        (),
    ),
    (
        "the loop ends with a commit",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:  # H
                log.exception("no")
                break
        consumer.commit()  # L
        """,
        ("overtaken E L H",),
    ),
    (
        "sought back",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
                consumer.commit()  # C
            except Exception:
                consumer.seek(TopicPartition(record.topic, record.partition), record.offset)
        """,
        (),
    ),
    (
        "paused",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
                consumer.commit()  # C
            except Exception:
                consumer.pause(TopicPartition(record.topic, record.partition))
        """,
        (),
    ),
    (
        "dead letter",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                producer.send("dead", record.value).get()
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "dead letter in a function",
        KAFKA,
        """
        def bury(record, error):
            log.error("dead: %s", error)
            producer.send("dead", record.value).get()

        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception as error:
                bury(record, error)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "dead letter that may fail itself",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E1
            except Exception as error:
                try:
                    producer.send("dead", record.value).get()  # E2
                except Exception:
                    log.exception("not even that")
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "what cannot be reached stops it, what is refused is a dead letter",
        CONFLUENT,
        """
        def load(upsert):
            while True:
                message = consumer.poll(1.0)
                if message is None or message.error():
                    continue
                try:
                    upsert(json.loads(message.value()))
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    log.error("stopping")
                    raise
                except Exception as error:
                    producer.produce("dead", message.value())  # E1
                    producer.flush()
                    consumer.commit(message)  # C1
                    continue
                consumer.commit(message)  # C2

        def upsert(row):
            db.execute(SQL, (row["id"],))  # E2

        load(upsert)
        """,
        (),
    ),
    (
        "appended to a file",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                with open("failed.log", "ab") as failed:
                    failed.write(record.value)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "kept for later",
        KAFKA,
        """
        again = []
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                again.append(record)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "retried without end",
        KAFKA,
        """
        for record in consumer:
            while True:
                try:
                    db.execute(SQL, (record.value,))  # E
                    break
                except Exception:
                    time.sleep(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "retried until a flag is set",
        KAFKA,
        """
        for record in consumer:
            done = False
            while not done:
                try:
                    db.execute(SQL, (record.value,))  # E
                    done = True
                except Exception:
                    log.exception("again")
                    time.sleep(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "retried until a function says so",
        KAFKA,
        """
        def store(value):
            try:
                db.execute(SQL, (value,))  # E
                return True
            except Exception:
                log.exception("again")
                return False

        for record in consumer:
            while not store(record.value):
                time.sleep(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "retried until the tries are counted down",
        KAFKA,
        """
        for record in consumer:
            tries = 3
            while tries > 0:
                try:
                    db.execute(SQL, (record.value,))  # E
                    break
                except Exception:  # H
                    tries -= 1
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "the batch is committed where nothing failed",
        KAFKA,
        """
        while True:
            failed = []
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    try:
                        db.execute(SQL, (record.value,))  # E
                    except Exception as error:
                        failed.append(error)
            if failed:
                raise RuntimeError("stopping")
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "the batch is committed unless an error was seen",
        KAFKA,
        """
        while True:
            error = None
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    try:
                        db.execute(SQL, (record.value,))  # E
                    except Exception as caught:
                        error = caught
            if error is not None:
                raise error
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "counted failures stop the batch",
        KAFKA,
        """
        while True:
            failures = 0
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    try:
                        db.execute(SQL, (record.value,))  # E
                    except Exception:
                        failures += 1
            if failures:
                sys.exit(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "retried three times",
        KAFKA,
        """
        for record in consumer:
            for attempt in range(3):
                try:
                    db.execute(SQL, (record.value,))  # E
                    break
                except Exception:  # H
                    time.sleep(1)
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "retried three times, then raised",
        KAFKA,
        """
        for record in consumer:
            for attempt in range(3):
                try:
                    db.execute(SQL, (record.value,))  # E
                    break
                except Exception:
                    time.sleep(1)
            else:
                raise RuntimeError("gave up")
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "the last try raises",
        KAFKA,
        """
        for record in consumer:
            for attempt in range(3):
                try:
                    db.execute(SQL, (record.value,))  # E
                    break
                except Exception:
                    if attempt == 2:
                        raise
                    time.sleep(1)
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "malformed record",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (json.loads(record.value)["id"],))  # E
            except (ValueError, KeyError, TypeError):
                log.warning("malformed")
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "only parsing in the try",
        KAFKA,
        """
        for record in consumer:
            try:
                value = json.loads(record.value)
            except Exception:
                log.warning("malformed")
                continue
            db.execute(SQL, (value,))  # E
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "nothing is committed",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute(SQL, (record.value,))  # E
            except Exception:
                log.exception("no")
        """,
        (),
    ),
    (
        "a flag decides on the commit of the batch, and seeks otherwise",
        KAFKA,
        """
        while True:
            for tp, records in consumer.poll(timeout_ms=500).items():
                failed = False
                for record in records:
                    try:
                        db.execute(SQL, (record.value,))  # E
                    except Exception:
                        failed = True
                        break
                if failed:
                    consumer.seek(tp, records[0].offset)
                else:
                    following = records[-1].offset + 1
                    consumer.commit({tp: OffsetAndMetadata(following, None)})  # C
        """,
        (),
    ),
    (
        "the function tells, and the loop raises",
        KAFKA,
        """
        def store(value):
            try:
                db.execute(SQL, (value,))  # E
            except psycopg.Error:
                return False
            return True

        for record in consumer:
            if not store(record.value):
                raise RuntimeError("not stored")
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "a generator's handler sees nothing of the loop over it",
        KAFKA,
        """
        def source():
            for record in consumer:
                try:
                    yield record
                except Exception:
                    log.exception("never")
                consumer.commit()  # C

        for record in source():
            db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
    (
        "a context manager's handler catches what its block raises",
        KAFKA,
        """
        @contextlib.contextmanager
        def logged():
            try:
                yield
            except Exception:  # H
                log.exception("no")

        for record in consumer:
            with logged():
                db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "a manager that commits what succeeded",
        KAFKA,
        """
        class Committing:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if kind is None:
                    consumer.commit()  # C

        for record in consumer:
            with Committing():
                db.execute(SQL, (record.value,))  # E
        """,
        (),
    ),
    (
        "a manager that commits in any case",
        KAFKA,
        """
        class Committing:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                consumer.commit()  # C

        for record in consumer:
            with Committing():  # H
                db.execute(SQL, (record.value,))  # E
        """,
        ("failure E C H",),
    ),
    (
        "an answer that is no success is put aside",
        KAFKA,
        """
        for record in consumer:
            answer = requests.put("http://desk/x", data=record.value)  # E1
            if answer.status_code != 200:
                db.execute(DEAD, (record.value,))  # E2
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "a second way is tried",
        KAFKA,
        """
        for record in consumer:
            try:
                requests.put("http://desk/x", data=record.value)  # E1
            except requests.RequestException:
                requests.put("http://spare/x", data=record.value)  # E2
            consumer.commit()  # C
        """,
        (),
    ),
    (
        "duplicates are skipped",
        KAFKA,
        """
        for record in consumer:
            try:
                db.execute("INSERT INTO seen (id) VALUES (%s)", (record.key,))  # E1
            except psycopg.IntegrityError:
                log.info("seen")
                consumer.commit()  # C1
                continue
            requests.put("http://desk/x", data=record.value)  # E2
            consumer.commit()  # C2
        """,
        (),
    ),
    (
        "the next round makes a new consumer",
        KAFKA,
        """
        while True:
            consumer = KafkaConsumer(
                "t", group_id="g", bootstrap_servers="kafka:9092", enable_auto_commit=False
            )
            try:
                for record in consumer:
                    db.execute(SQL, (record.value,))  # E
                    consumer.commit()  # C
            except Exception:
                log.exception("again")
            finally:
                consumer.close()
        """,
        (),
    ),
    (
        "suppressed",
        KAFKA,
        """
        for record in consumer:
            with contextlib.suppress(Exception):  # H
                db.execute(SQL, (record.value,))  # E
            consumer.commit()  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "one message of a batch",
        CONFLUENT,
        """
        while True:
            messages = consumer.consume(50, 1.0)
            for message in messages:
                try:
                    db.execute(SQL, (message.value(),))  # E
                except Exception:  # H
                    log.exception("no")
            consumer.commit(asynchronous=False)  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "an HTTP error is logged",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            try:
                requests.put("http://desk/x", data=message.value()).raise_for_status()  # E
            except requests.RequestException:  # H
                log.warning("no")
            consumer.commit(message)  # C
        """,
        ("overtaken E C H",),
    ),
    (
        "exits through os",
        CONFLUENT,
        """
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            try:
                db.execute(SQL, (message.value(),))  # E
            except Exception:
                os._exit(1)
            consumer.commit(message)  # C
        """,
        (),
    ),
    (
        "a decorator swallows",
        AIO,
        """
        import functools

        def guarded(handler):
            @functools.wraps(handler)
            async def inner(*args):
                try:
                    await handler(*args)
                except Exception:  # H
                    log.exception("no")
            return inner

        @guarded
        async def store(db, record):
            await db.execute(SQL, record.value)  # E

        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            async for record in consumer:
                await store(db, record)
                await consumer.commit()  # C

        asyncio.run(main())
        """,
        ("overtaken E C H",),
    ),
    (
        "aiokafka, dead letter",
        AIO,
        """
        async def main():
            db = await asyncpg.connect("postgres://db/app")
            await consumer.start()
            await producer.start()
            async for record in consumer:
                try:
                    await db.execute(SQL, record.value)  # E
                except Exception:
                    await producer.send_and_wait("dead", record.value)
                await consumer.commit()  # C

        asyncio.run(main())
        """,
        (),
    ),
]


def _source(prelude: str, program: str) -> str:
    return prelude.lstrip("\n") + "\n\n" + textwrap.dedent(program).lstrip("\n")


def _pipelines(folder: Path, source: str) -> tuple[Pipeline, ...]:
    (folder / "app.py").write_text(source)
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return linked.project.pipelines


def _marks(source: str) -> dict[int, str]:
    """The name that a line has in its comment, by line number."""
    lines = enumerate(source.splitlines(), 1)
    return {at: m[1] for at, line in lines if (m := re.search(r"  # ([ECHL]\d*)$", line))}


def _told(one: Misorder, marks: dict[int, str]) -> str:
    def name(line: int | None) -> str:
        return "-" if line is None else marks.get(line, f"line {line}")

    commit = one.commit.span.start.line if one.commit is not None else None
    handler = one.handler.start.line if one.handler is not None else None
    return f"{one.kind} {name(one.effect.span.start.line)} {name(commit)} {name(handler)}"


def _committing(pipeline: Pipeline) -> list[Misorder]:
    """Those with a commit of the program's own."""
    return [one for one in pipeline.misorders if one.commit is not None]


ORDERED = [*BEFORE, *FAILURE, *OVERTAKEN]


@pytest.mark.parametrize(
    ("prelude", "program", "expected"),
    [case[1:] for case in ORDERED],
    ids=[
        f"{kind}: {case[0]}"
        for kind, cases in (("before", BEFORE), ("failure", FAILURE), ("overtaken", OVERTAKEN))
        for case in cases
    ],
)
def test_every_misorder_and_no_other(
    prelude: str, program: str, expected: Expected, tmp_path: Path
) -> None:
    source = _source(prelude, program)
    (pipeline,) = _pipelines(tmp_path, source)
    kinds = ("before", "failure", "overtaken")
    marks = _marks(source)
    found = {_told(one, marks) for one in _committing(pipeline) if one.kind in kinds}
    assert found == set(expected)
    # absence tells something only where the commits and the effects were seen at all
    spans = [one.span for one in pipeline.commits] + [one.span for one in pipeline.effects]
    seen = {marks.get(span.start.line) for span in spans}
    assert {mark for mark in marks.values() if mark[0] in "EC"} <= seen


@pytest.mark.parametrize("case", UNFLUSHED, ids=lambda case: f"{case[0]}")
def test_an_output_that_waits_in_its_producer(case: Case, tmp_path: Path) -> None:
    _, prelude, program, expected = case
    source = _source(prelude, program)
    (pipeline,) = _pipelines(tmp_path, source)
    marks = _marks(source)
    found = {_told(one, marks) for one in _committing(pipeline) if one.kind == "unflushed"}
    assert found == set(expected)
    assert pipeline.commits
    assert pipeline.effects


@pytest.mark.parametrize(
    "case", [case for case in ORDERED if case[3]], ids=lambda case: f"{case[0]}"
)
def test_the_path_is_in_the_order_of_the_way(case: Case, tmp_path: Path) -> None:
    source = _source(case[1], case[2])
    (pipeline,) = _pipelines(tmp_path, source)
    marks = _marks(source)
    for one in _committing(pipeline):
        assert one.commit is not None
        lines = [step.span.start.line for step in one.path]
        commit, effect = one.commit.span.start.line, one.effect.span.start.line
        assert {commit, effect} <= set(lines), [marks.get(line, line) for line in lines]
        if one.kind == "before" and not one.held:
            assert lines.index(commit) < len(lines) - 1 - lines[::-1].index(effect)
        else:
            assert lines.index(effect) < len(lines) - 1 - lines[::-1].index(commit)


def _commits(folder: Path, prelude: str, program: str) -> tuple[Commit, ...]:
    (pipeline,) = _pipelines(folder, _source(prelude, program))
    return pipeline.commits


_CONFLUENT_LOOP = """
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    db.execute(SQL, (message.value(),))
    {}
"""
_KAFKA_LOOP = """
for record in consumer:
    tp = TopicPartition(record.topic, record.partition)
    db.execute(SQL, (record.value,))
    {}
"""
_PLACE = "TopicPartition(message.topic(), message.partition(), {})"

COVERED = [
    (CONFLUENT, _CONFLUENT_LOOP, "consumer.commit()", "delivered", None, True),
    (CONFLUENT, _CONFLUENT_LOOP, "consumer.commit(asynchronous=False)", "delivered", None, True),
    (STORED, _CONFLUENT_LOOP, "consumer.commit(asynchronous=False)", "stored", None, True),
    (CONFLUENT, _CONFLUENT_LOOP, "consumer.commit(message)", "record", None, True),
    (CONFLUENT, _CONFLUENT_LOOP, "consumer.commit(message=message)", "record", None, True),
    (
        CONFLUENT,
        _CONFLUENT_LOOP,
        f"consumer.commit(offsets=[{_PLACE.format('message.offset()')}])",
        "offsets",
        "own",
        True,
    ),
    (
        CONFLUENT,
        _CONFLUENT_LOOP,
        f"consumer.commit(offsets=[{_PLACE.format('message.offset() + 1')}])",
        "offsets",
        "next",
        True,
    ),
    (
        CONFLUENT,
        _CONFLUENT_LOOP,
        "consumer.commit(offsets=consumer.position(consumer.assignment()))",
        "offsets",
        None,
        True,
    ),
    (KAFKA, _KAFKA_LOOP, "consumer.commit()", "delivered", None, True),
    (KAFKA, _KAFKA_LOOP, "consumer.commit_async()", "delivered", None, True),
    (
        KAFKA,
        _KAFKA_LOOP,
        "consumer.commit({tp: OffsetAndMetadata(record.offset, None)})",
        "offsets",
        "own",
        True,
    ),
    (
        KAFKA,
        _KAFKA_LOOP,
        "consumer.commit(offsets={tp: OffsetAndMetadata(1 + record.offset, '', -1)})",
        "offsets",
        "next",
        True,
    ),
]


@pytest.mark.parametrize(("prelude", "loop", "call", "covers", "offset", "done"), COVERED)
def test_what_a_commit_covers(
    prelude: str,
    loop: str,
    call: str,
    covers: str,
    offset: str | None,
    done: bool,
    tmp_path: Path,
) -> None:
    (commit,) = _commits(tmp_path, prelude, loop.replace("{}", call))
    assert (commit.covers, commit.offset, commit.done) == (covers, offset, done)


UNDONE = {
    "before the work": """
for record in consumer:
    tp = TopicPartition(record.topic, record.partition)
    consumer.commit({tp: OffsetAndMetadata(record.offset, None)})
    db.execute(SQL, (record.value,))
""",
    "where it failed": """
for record in consumer:
    tp = TopicPartition(record.topic, record.partition)
    try:
        db.execute(SQL, (record.value,))
    except psycopg.Error:
        consumer.commit({tp: OffsetAndMetadata(record.offset, None)})
        sys.exit(1)
""",
}


@pytest.mark.parametrize("program", UNDONE.values(), ids=UNDONE)
def test_an_own_offset_is_right_while_the_record_is_to_be_done(
    program: str, tmp_path: Path
) -> None:
    (commit,) = _commits(tmp_path, KAFKA, program)
    assert (commit.offset, commit.done) == ("own", False)
