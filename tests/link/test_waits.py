"""What is seen between two polls: pauses, batches, work that is handed over, and the consumer's end.

Small programs; lines are named by their comments.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.pipelines import Pipeline, Wait
from oncelint.model.values import Span
from oncelint.scan import scan
from oncelint.settings import load

KAFKA = """
import asyncio
import logging
import re
import sqlite3
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import requests
from kafka import KafkaConsumer

log = logging.getLogger("app")
db = sqlite3.connect("app.db")
pool = ThreadPoolExecutor(4)
SQL = "INSERT OR IGNORE INTO t (id) VALUES (?)"
consumer = KafkaConsumer("t", group_id="g", bootstrap_servers="kafka:9092")


def put(value):
    db.execute(SQL, (value,))  # WRITE


"""

CONFLUENT = KAFKA.replace(
    "from kafka import KafkaConsumer", "from confluent_kafka import Consumer"
).replace(
    'KafkaConsumer("t", group_id="g", bootstrap_servers="kafka:9092")',
    'Consumer({"group.id": "g", "bootstrap.servers": "kafka:9092"})',
)

AIO = KAFKA.replace(
    "from kafka import KafkaConsumer",
    "import aiosqlite\nfrom aiokafka import AIOKafkaConsumer\n",
).replace(
    'KafkaConsumer("t", group_id="g", bootstrap_servers="kafka:9092")',
    'AIOKafkaConsumer("t", group_id="g", bootstrap_servers="kafka:9092")',
)


def read(folder: Path, source: str) -> tuple[Pipeline, ...]:
    (folder / "app.py").write_text(source)
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return linked.project.pipelines


def only(folder: Path, prelude: str, program: str) -> tuple[Pipeline, dict[int, str]]:
    """The one pipeline of a program, and the names of its lines."""
    source = prelude + textwrap.dedent(program)
    (pipeline,) = read(folder, source)
    lines = enumerate(source.splitlines(), 1)
    return pipeline, {at: m[1] for at, line in lines if (m := re.search(r"  # (\w+)$", line))}


def at(span: Span, marks: dict[int, str]) -> str:
    return marks.get(span.start.line, f"line {span.start.line}")


def told(one: Wait) -> str:
    words = [one.what, one.kind, f"{one.seconds}", f"x{one.times}", one.per or "once"]
    if one.records is not None:
        words.append(f"of {one.records}")
    if one.blocks:
        words.append("blocks")
    if not one.longest:
        words.append("shorter")
    return " ".join(words)


WAITS = {
    "after each poll": (
        CONFLUENT,
        """
        while True:
            m = consumer.poll(1.0)
            put(m.value())
            time.sleep(2)
        """,
        ("time.sleep sleep 2.0 x1 once blocks",),
    ),
    "in a loop over the consumer": (
        KAFKA,
        """
        for m in consumer:
            put(m.value)
            time.sleep(0.5)
        """,
        ("time.sleep sleep 0.5 x1 iteration blocks",),
    ),
    "for each record of one poll": (
        KAFKA,
        """
        while True:
            for records in consumer.poll(max_records=20).values():
                for m in records:
                    put(m.value)
                    time.sleep(1)
        """,
        ("time.sleep sleep 1.0 x1 batch of 20 blocks",),
    ),
    "for each of what was asked for": (
        CONFLUENT,
        """
        while True:
            for m in consumer.consume(100, 1.0):
                put(m.value())
                time.sleep(1)
        """,
        ("time.sleep sleep 1.0 x1 batch of 100 blocks",),
    ),
    "in a function": (
        CONFLUENT,
        """
        def rest(seconds):
            time.sleep(seconds)


        while True:
            m = consumer.poll(1.0)
            put(m.value())
            rest(30)
        """,
        ("time.sleep sleep 30.0 x1 once blocks",),
    ),
    "of two branches the longer": (
        CONFLUENT,
        """
        while True:
            m = consumer.poll(1.0)
            if m is None:
                time.sleep(400)
            else:
                put(m.value())
                time.sleep(5)
        """,
        (
            "time.sleep sleep 400.0 x1 once blocks",
            "time.sleep sleep 5.0 x1 once blocks shorter",
        ),
    ),
    "unbounded": (
        CONFLUENT,
        """
        while True:
            m = consumer.poll(1.0)
            while True:
                try:
                    put(m.value())
                    break
                except sqlite3.Error:
                    time.sleep(10)
        """,
        ("time.sleep sleep 10.0 xNone once blocks",),
    ),
    "now and then": (
        KAFKA,
        """
        count = 0
        for m in consumer:
            put(m.value)
            count += 1
            if count % 100 == 0:
                time.sleep(5)
        """,
        ("time.sleep sleep 5.0 x1 once blocks",),
    ),
    "where something failed": (
        KAFKA,
        """
        for m in consumer:
            try:
                put(m.value)
            except sqlite3.Error:
                time.sleep(5)
        """,
        ("time.sleep sleep 5.0 x1 once blocks",),
    ),
    "not known": (
        CONFLUENT,
        """
        def run(seconds):
            while True:
                m = consumer.poll(1.0)
                put(m.value())
                time.sleep(seconds)
        """,
        ("time.sleep sleep None x1 once blocks",),
    ),
    "an answer": (
        CONFLUENT,
        """
        while True:
            m = consumer.poll(1.0)
            requests.put("http://x.example", data=m.value(), timeout=(3, 27))
        """,
        ("requests.put answer 30.0 x1 once blocks",),
    ),
    "in a thread": (
        CONFLUENT,
        """
        while True:
            m = consumer.poll(1.0)
            put(m.value())
            pool.submit(time.sleep, 400)
        """,
        (),
    ),
    "behind the loop": (
        KAFKA,
        """
        for m in consumer:
            put(m.value)
        time.sleep(400)
        """,
        (),
    ),
    "asyncio": (
        AIO,
        """
        async def main():
            async for m in consumer:
                await asyncio.sleep(3)
                time.sleep(4)


        asyncio.run(main())
        """,
        (
            "asyncio.sleep sleep 3.0 x1 iteration",
            "time.sleep sleep 4.0 x1 iteration blocks",
        ),
    ),
}


@pytest.mark.parametrize("name", WAITS)
def test_waits(name: str, tmp_path: Path) -> None:
    prelude, program, expected = WAITS[name]
    pipeline, _ = only(tmp_path, prelude, program)
    # what databases take is never known in seconds
    known = [one for one in pipeline.waits if not one.what.startswith("sqlite3")]
    assert tuple(map(told, known)) == expected


BATCHES = {
    "a list that fills": (
        """
        rows = []
        for m in consumer:
            rows.append((m.value,))  # KEEP
            if len(rows) >= 100:
                db.executemany(SQL, rows)  # FLUSH
                rows.clear()
        """,
        (("KEEP", ("FLUSH",)),),
    ),
    "a list made anew": (
        """
        rows = []
        for m in consumer:
            rows.append((m.value,))  # KEEP
            if len(rows) >= 100:
                db.executemany(SQL, rows)  # FLUSH
                rows = []
        """,
        (("KEEP", ("FLUSH",)),),
    ),
    "a field that is flushed by a method": (
        """
        class Sink:
            def __init__(self):
                self.rows = []

            def flush(self):
                db.executemany(SQL, self.rows)  # FLUSH
                self.rows = []

            def run(self):
                for m in consumer:
                    self.rows.append((m.value,))  # KEEP
                    if len(self.rows) == 50:
                        self.flush()


        Sink().run()
        """,
        (("KEEP", ("FLUSH",)),),
    ),
    "written one by one": (
        """
        rows = []
        for m in consumer:
            rows.append(m)  # KEEP
            if len(rows) < 100:
                continue
            for row in rows:
                put(row.value)
            rows.clear()
        """,
        (("KEEP", ("WRITE",)),),
    ),
    "written when time is up": (
        """
        rows = []
        started = time.time()
        for m in consumer:
            rows.append((m.value,))  # KEEP
            if time.time() - started > 5:
                db.executemany(SQL, rows)  # FLUSH
                rows.clear()
        """,
        (("KEEP", ("FLUSH",)),),
    ),
    "written behind the loop": (
        """
        rows = []
        for m in consumer:
            rows.append((m.value,))  # KEEP
        db.executemany(SQL, rows)
        """,
        (),
    ),
    "filled from one poll": (
        """
        while True:
            rows = []
            for records in consumer.poll(timeout_ms=100).values():
                for m in records:
                    rows.append((m.value,))
            db.executemany(SQL, rows)
        """,
        (),
    ),
    "filled from several polls": (
        """
        rows = []
        while True:
            for records in consumer.poll(timeout_ms=100).values():
                for m in records:
                    rows.append((m.value,))  # KEEP
            if len(rows) > 5000:
                db.executemany(SQL, rows)  # FLUSH
                rows.clear()
        """,
        (("KEEP", ("FLUSH",)),),
    ),
    "filled from one poll, and written if there is something": (
        """
        rows = []
        while True:
            for records in consumer.poll(timeout_ms=100).values():
                for m in records:
                    rows.append((m.value,))
            if len(rows) > 0:
                db.executemany(SQL, rows)
                rows.clear()
        """,
        (),
    ),
    "filled and written in each round": (
        """
        rows = []
        for m in consumer:
            rows.append((m.value,))
            db.executemany(SQL, rows)
            rows.clear()
        """,
        (),
    ),
    "what was seen": (
        """
        seen = set()
        for m in consumer:
            if m.key in seen:
                continue
            put(m.value)
            seen.add(m.key)
        """,
        (),
    ),
    "what failed": (
        """
        failed = []
        for m in consumer:
            try:
                put(m.value)
            except sqlite3.Error:
                failed.append(m)
        """,
        (),
    ),
    "what is left out": (
        """
        ignored = []
        for m in consumer:
            if m.key is None:
                ignored.append(m)
            else:
                put(m.value)
        """,
        (),
    ),
    "one decision, taken twice": (
        """
        wanted = []
        for m in consumer:
            good = re.match("a", m.key)
            if good:
                wanted.append(m.value)
            if good:
                db.executemany(SQL, wanted)
        """,
        (),
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_batches(name: str, tmp_path: Path) -> None:
    program, expected = BATCHES[name]
    pipeline, marks = only(tmp_path, KAFKA, program)
    found = tuple(
        (at(one.span, marks), tuple(at(flush.span, marks) for flush in one.flushes))
        for one in pipeline.batches
    )
    assert found == expected


HANDOVERS = {
    "submitted": (
        KAFKA,
        """
        for m in consumer:
            pool.submit(put, m.value)
        """,
        ("executor.submit not waited 1",),
    ),
    "submitted, and its result taken": (
        KAFKA,
        """
        for m in consumer:
            pool.submit(put, m.value).result()
        """,
        ("executor.submit waited 1",),
    ),
    "submitted, and waited for": (
        KAFKA,
        """
        while True:
            for records in consumer.poll().values():
                wait([pool.submit(put, m.value) for m in records])
        """,
        ("executor.submit waited 1",),
    ),
    "a thread": (
        KAFKA,
        """
        for m in consumer:
            threading.Thread(target=put, args=(m.value,)).start()
        """,
        ("threading.Thread not waited 1",),
    ),
    "a thread that is joined": (
        KAFKA,
        """
        for m in consumer:
            worker = threading.Thread(target=put, args=(m.value,))
            worker.start()
            worker.join()
        """,
        ("threading.Thread waited 1",),
    ),
    "a task": (
        AIO,
        """
        async def store(value):
            async with aiosqlite.connect("app.db") as own:
                await own.execute(SQL, (value,))


        async def main():
            async for m in consumer:
                asyncio.create_task(store(m.value))


        asyncio.run(main())
        """,
        ("asyncio.create_task not waited 1",),
    ),
    "a task that is awaited": (
        AIO,
        """
        async def store(value):
            async with aiosqlite.connect("app.db") as own:
                await own.execute(SQL, (value,))


        async def main():
            async for m in consumer:
                task = asyncio.create_task(store(m.value))
                await task


        asyncio.run(main())
        """,
        ("asyncio.create_task waited 1",),
    ),
    "nothing": (
        KAFKA,
        """
        for m in consumer:
            put(m.value)
        """,
        (),
    ),
}


@pytest.mark.parametrize("name", HANDOVERS)
def test_handovers(name: str, tmp_path: Path) -> None:
    prelude, program, expected = HANDOVERS[name]
    pipeline, _ = only(tmp_path, prelude, program)
    assert (
        tuple(
            f"{one.how} {'waited' if one.waited else 'not waited'} {len(one.effects)}"
            for one in pipeline.handovers
        )
        == expected
    )


SUSPENDS = {
    "an awaited write": ("await own.execute(SQL, (m.value,))", True),
    "a pause": ("put(m.value)\n        await asyncio.sleep(0)", True),
    "a thread that is awaited": ("await asyncio.to_thread(put, m.value)", True),
    "a blocking write": ("put(m.value)", False),
    "a blocking pause": ("put(m.value)\n        time.sleep(1)", False),
    "a commit behind it": ("put(m.value)\n        await consumer.commit()", False),
}


@pytest.mark.parametrize("name", SUSPENDS)
def test_suspends(name: str, tmp_path: Path) -> None:
    statement, expected = SUSPENDS[name]
    program = f"""
async def main():
    own = await aiosqlite.connect("app.db")
    async for m in consumer:
        {statement}


asyncio.run(main())
"""
    pipeline, _ = only(tmp_path, AIO, program)
    assert pipeline.suspends is expected


CLOSES = {
    "finally": (
        """
        try:
            for m in consumer:
                put(m.value)
        finally:
            consumer.close()  # CLOSE
        """,
        (("CLOSE", True),),
    ),
    "behind the loop": (
        """
        for m in consumer:
            put(m.value)
        consumer.close()  # CLOSE
        """,
        (("CLOSE", False),),
    ),
    "without a commit": (
        """
        try:
            for m in consumer:
                put(m.value)
        finally:
            consumer.close(autocommit=False)
        """,
        (),
    ),
    "closing()": (
        """
        with closing(consumer):  # CLOSE
            for m in consumer:
                put(m.value)
        """,
        (("CLOSE", True),),
    ),
}


@pytest.mark.parametrize("name", CLOSES)
def test_closes(name: str, tmp_path: Path) -> None:
    program, expected = CLOSES[name]
    pipeline, marks = only(tmp_path, KAFKA, program)
    assert tuple((at(span, marks), failing) for span, failing in pipeline.closes) == expected


REVOCATION = {
    "consumer.subscribe(['t'])": False,
    "consumer.subscribe(['t'], on_assign=print)": False,
    "consumer.subscribe(['t'], on_revoke=print)": True,
    "consumer.subscribe(['t'], on_lost=print)": True,
    "consumer.subscribe(['t'], None, print)": True,
    "consumer.subscribe(['t'], on_revoke=None)": False,
}


@pytest.mark.parametrize("call", REVOCATION)
def test_revocation(call: str, tmp_path: Path) -> None:
    program = f"""
{call}
while True:
    m = consumer.poll(1.0)
    put(m.value())
"""
    pipeline, _ = only(tmp_path, CONFLUENT, program)
    assert pipeline.handles_revocation is REVOCATION[call]
