"""How long producers live and what becomes of their records: small programs, exact answers.

A program names its lines by comments: `# P` where the producer is made, `# S` a send, `# F` what
waits for it, `# L` the loop or function that makes it, `# 1` a first attempt, `# 2` the attempt
that sends the record again, `# G` a bare group id, `# O` a comparison that counts offsets.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.pipelines import Lifecycle
from oncelint.model.project import Project
from oncelint.model.values import Span
from oncelint.scan import scan
from oncelint.settings import load


@dataclass(frozen=True, slots=True)
class Case:
    """A program and what its one producer's lifecycle says.

    `made` tells for what it is made again and again, `where` whether by a loop or a function.
    """

    name: str
    program: str
    made: str | None = None
    where: str = ""
    escapes: bool = False
    ends: str | None = None
    live: str | None = None


CASES = [
    Case(
        "in-a-consume-loop",
        """
        from confluent_kafka import Consumer, Producer

        consumer = Consumer({"bootstrap.servers": "k", "group.id": "g"})
        while True:  # L
            msg = consumer.poll(1)
            producer = Producer({"bootstrap.servers": "k"})  # P
            producer.produce("t", msg.value())  # S
            producer.flush()  # F
        """,
        made="record",
        where="loop",
    ),
    Case(
        "before-the-loop",
        """
        from confluent_kafka import Consumer, Producer

        consumer = Consumer({"bootstrap.servers": "k", "group.id": "g"})
        producer = Producer({"bootstrap.servers": "k"})  # P
        while True:
            msg = consumer.poll(1)
            producer.produce("t", msg.value())  # S
            producer.poll(0)  # F
        """,
    ),
    Case(
        "chained-without-a-name",
        """
        from kafka import KafkaConsumer, KafkaProducer

        for record in KafkaConsumer("t", group_id="g"):  # L
            KafkaProducer(bootstrap_servers="k").send("u", record.value)  # P S
        """,
        made="record",
        where="loop",
    ),
    Case(
        "a-function-called-per-record",
        """
        from kafka import KafkaConsumer, KafkaProducer

        def put(value):  # L
            producer = KafkaProducer(bootstrap_servers="k")  # P
            producer.send("u", value)  # S
            producer.close()  # F

        def main():
            for record in KafkaConsumer("t", group_id="g"):
                put(record.value)

        main()
        """,
        made="record",
        where="function",
        ends=None,
    ),
    Case(
        "a-function-nobody-calls",
        """
        from kafka import KafkaProducer

        def put(value):
            producer = KafkaProducer(bootstrap_servers="k")  # P
            producer.send("u", value)  # S
            producer.close()  # F
        """,
        ends="function",
    ),
    Case(
        "a-function-called-once",
        """
        from kafka import KafkaProducer

        def put(value):
            producer = KafkaProducer(bootstrap_servers="k")  # P
            producer.send("u", value)  # S

        put(b"x")
        """,
        ends="function",
    ),
    Case(
        "a-factory-called-per-request",
        """
        from confluent_kafka import Producer
        from flask import Flask

        app = Flask(__name__)

        def make():
            return Producer({"bootstrap.servers": "k"})  # P

        @app.post("/x")
        def post():  # L
            producer = make()
            producer.produce("t", b"x")  # S
            producer.flush()  # F
        """,
        made="request",
        where="function",
        ends="function",
        live="requests",
    ),
    Case(
        "a-cached-factory",
        """
        from functools import cache

        from confluent_kafka import Producer
        from flask import Flask

        app = Flask(__name__)

        @cache
        def make():
            return Producer({"bootstrap.servers": "k"})  # P

        @app.post("/x")
        def post():
            producer = make()
            producer.produce("t", b"x")  # S
            producer.flush()  # F
        """,
        escapes=True,
    ),
    Case(
        "a-global-made-once",
        """
        from confluent_kafka import Producer
        from flask import Flask

        app = Flask(__name__)
        producer = None

        @app.post("/x")
        def post():
            global producer
            if producer is None:
                producer = Producer({"bootstrap.servers": "k"})  # P
            producer.produce("t", b"x")  # S
            producer.flush()  # F
        """,
    ),
    Case(
        "retry-of-the-construction",
        """
        from kafka import KafkaProducer

        producer = None
        while True:
            try:
                producer = KafkaProducer(bootstrap_servers="k")  # P
                break
            except Exception:
                pass
        producer.send("t", b"x")  # S
        producer.flush()  # F
        """,
    ),
    Case(
        "retry-of-everything",
        """
        from kafka import KafkaProducer

        def once(lines):
            while True:
                producer = KafkaProducer(bootstrap_servers="k")  # P
                try:
                    producer.send("t", b"x")  # S
                    producer.flush()  # F
                    return
                except Exception:
                    producer.close()  # F
        """,
    ),
    Case(
        "only-where-there-is-none",
        """
        from kafka import KafkaConsumer, KafkaProducer

        def main():
            producer = None
            for record in KafkaConsumer("t", group_id="g"):
                if producer is None:
                    producer = KafkaProducer(bootstrap_servers="k")  # P
                producer.send("u", record.value)  # S
        """,
    ),
    Case(
        "inner-loop-of-sends",
        """
        from kafka import KafkaProducer

        def run(source):
            while True:
                producer = KafkaProducer(bootstrap_servers="k")  # P
                for line in source():
                    producer.send("t", line)  # S
                producer.close()  # F
        """,
    ),
    Case(
        "inner-loop-per-record",
        """
        from kafka import KafkaConsumer, KafkaProducer

        def run():
            for record in KafkaConsumer("t", group_id="g"):  # L
                producer = KafkaProducer(bootstrap_servers="k")  # P
                for part in record.value.split():
                    producer.send("u", part)  # S
                producer.close()  # F
        """,
        made="record",
        where="loop",
    ),
    Case(
        "one-for-each-topic",
        """
        from kafka import KafkaProducer

        def run(topics):
            for topic in topics:
                producer = KafkaProducer(bootstrap_servers="k")  # P
                producer.send(topic, b"x")  # S
                producer.close()  # F
        """,
        ends="function",
    ),
    Case(
        "one-for-each-row",
        """
        from kafka import KafkaProducer

        def run(rows):
            for row in rows:  # L
                producer = KafkaProducer(bootstrap_servers="k")  # P
                producer.send("t", row)  # S
                producer.close()  # F
        """,
        made="round",
        where="loop",
        ends="function",
    ),
    Case(
        "configured-by-the-loop",
        """
        from kafka import KafkaProducer

        def run(clusters):
            for cluster in clusters:
                conf = {"bootstrap_servers": cluster.servers}
                producer = KafkaProducer(**conf)  # P
                producer.send("t", b"x")  # S
                producer.close()  # F
        """,
        ends="function",
    ),
    Case(
        "passed-to-a-helper",
        """
        from confluent_kafka import Consumer, Producer

        def send(producer, value):
            producer.produce("t", value)  # S
            producer.flush()  # F

        consumer = Consumer({"bootstrap.servers": "k", "group.id": "g"})
        while True:  # L
            msg = consumer.poll(1)
            send(Producer({"bootstrap.servers": "k"}), msg.value())  # P
        """,
        escapes=True,
    ),
    Case(
        "a-helper-that-only-uses-it",
        """
        from confluent_kafka import Producer
        from flask import Flask

        app = Flask(__name__)

        def send(client, value):
            client.produce("t", value)  # S
            client.flush()  # F

        @app.put("/x")
        def put():  # L
            producer = Producer({"bootstrap.servers": "k"})  # P
            send(producer, b"x")
        """,
        made="request",
        where="function",
        ends="function",
        live="requests",
    ),
    Case(
        "a-helper-that-keeps-it",
        """
        from confluent_kafka import Producer
        from flask import Flask

        app = Flask(__name__)
        held = []

        def send(client, value):
            held.append(client)
            client.produce("t", value)  # S
            client.flush()  # F

        @app.put("/x")
        def put():
            producer = Producer({"bootstrap.servers": "k"})  # P
            send(producer, b"x")
        """,
        escapes=True,
    ),
    Case(
        "a-wrapper-per-record",
        """
        from kafka import KafkaConsumer, KafkaProducer

        class Out:
            def __init__(self):
                self.producer = KafkaProducer(bootstrap_servers="k")  # P

            def put(self, value):
                self.producer.send("u", value)  # S
                self.producer.flush()  # F

        def main():
            for record in KafkaConsumer("t", group_id="g"):  # L
                Out().put(record.value)

        main()
        """,
        made="record",
        where="loop",
    ),
    Case(
        "an-attribute-made-anew-per-record",
        """
        from kafka import KafkaConsumer, KafkaProducer

        class Out:
            def put(self, value):  # L
                self.producer = KafkaProducer(bootstrap_servers="k")  # P
                self.producer.send("u", value)  # S
                self.producer.flush()  # F

        out = Out()
        for record in KafkaConsumer("t", group_id="g"):
            out.put(record.value)
        """,
        made="record",
        where="function",
    ),
    Case(
        "an-attribute-made-where-there-is-none",
        """
        from kafka import KafkaConsumer, KafkaProducer

        class Out:
            producer = None

            def put(self, value):
                if not self.producer:
                    self.producer = KafkaProducer(bootstrap_servers="k")  # P
                self.producer.send("u", value)  # S
                self.producer.flush()  # F

        out = Out()
        for record in KafkaConsumer("t", group_id="g"):
            out.put(record.value)
        """,
    ),
    Case(
        "an-attribute-made-after-a-failure",
        """
        from kafka import KafkaConsumer, KafkaProducer

        class Out:
            def connect(self):
                self.producer = KafkaProducer(bootstrap_servers="k")  # P

            def run(self):
                self.connect()
                for record in KafkaConsumer("t", group_id="g"):
                    try:
                        self.producer.send("u", record.value)  # S
                    except Exception:
                        self.connect()

        Out().run()
        """,
    ),
    Case(
        "a-wrapper-made-once",
        """
        from kafka import KafkaConsumer, KafkaProducer

        class Out:
            def __init__(self):
                self.producer = KafkaProducer(bootstrap_servers="k")  # P

            def put(self, value):
                self.producer.send("u", value)  # S
                self.producer.flush()  # F

        def main():
            out = Out()
            for record in KafkaConsumer("t", group_id="g"):
                out.put(record.value)

        main()
        """,
    ),
    Case(
        "a-pool",
        """
        from confluent_kafka import Producer

        class Pool:
            def __init__(self, size):
                self.pool = [Producer({"transactional.id": "x"}) for _ in range(size)]  # P

            def put(self, n, value):
                self.pool[n].produce("t", value)  # S
        """,
        live="pool",
    ),
    Case(
        "one-of-several-clients",
        """
        from kafka import KafkaConsumer, KafkaProducer

        def main():
            consumer = KafkaConsumer("t", group_id="g")
            producer = KafkaProducer(transactional_id="x")  # P
            for record in consumer:
                producer.send("u", record.value)  # S
            for client in (consumer, producer):
                client.close()  # F
        """,
    ),
    Case(
        "threads",
        """
        import threading

        from confluent_kafka import Producer

        def work():
            producer = Producer({"transactional.id": "x"})  # P
            producer.produce("t", b"x")  # S
            producer.flush()  # F

        for _ in range(3):
            threading.Thread(target=work).start()
        """,
        live="threads",
    ),
    Case(
        "threads-of-one-cached-producer",
        """
        import threading
        from functools import cache

        from confluent_kafka import Producer

        @cache
        def shared():
            return Producer({"transactional.id": "x"})  # P

        def work():
            producer = shared()
            producer.produce("t", b"x")  # S
            producer.flush()  # F

        for _ in range(3):
            threading.Thread(target=work).start()
        """,
        escapes=True,
    ),
    Case(
        "one-thread",
        """
        import threading

        from confluent_kafka import Producer

        def work():
            producer = Producer({"transactional.id": "x"})  # P
            producer.produce("t", b"x")  # S
            producer.flush()  # F

        threading.Thread(target=work).start()
        """,
    ),
    Case(
        "a-script-that-ends",
        """
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": "k"})  # P
        producer.produce("t", b"x")  # S
        """,
        ends="script",
    ),
    Case(
        "a-script-that-serves",
        """
        from confluent_kafka import Producer
        from app import server

        producer = Producer({"bootstrap.servers": "k"})  # P
        producer.produce("t", b"started")  # S
        server.run()
        """,
    ),
    Case(
        "registered-at-exit",
        """
        import atexit

        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": "k"})  # P
        atexit.register(producer.flush)  # F
        producer.produce("t", b"x")  # S
        """,
        escapes=True,
    ),
    Case(
        "given-to-a-library",
        """
        import library
        from kafka import KafkaProducer

        def main():
            producer = KafkaProducer(bootstrap_servers="k")  # P
            producer.send("t", b"x")  # S
            library.keep(producer)
        """,
        escapes=True,
    ),
    Case(
        "an-attribute-given-to-a-library",
        """
        import library
        from kafka import KafkaProducer

        class Out:
            def __init__(self):
                self.producer = KafkaProducer(bootstrap_servers="k")  # P
                self.handler = library.Handler(self.producer)

            def put(self, value):
                self.producer.send("t", value)  # S

        Out().put(b"x")
        """,
        escapes=True,
    ),
    Case(
        "an-attribute-given-to-an-own-function",
        """
        from kafka import KafkaProducer

        def send(producer, value):
            producer.send("t", value)  # S

        class Out:
            def __init__(self):
                self.producer = KafkaProducer(bootstrap_servers="k")  # P

            def put(self, value):
                send(self.producer, value)

        Out().put(b"x")
        """,
        ends="script",
    ),
    Case(
        "given-back",
        """
        from kafka import KafkaProducer

        def make():
            producer = KafkaProducer(bootstrap_servers="k")  # P
            producer.send("t", b"x")  # S
            return producer
        """,
        escapes=True,
    ),
    Case(
        "closed-by-with",
        """
        from kafka import KafkaProducer

        def main():
            with KafkaProducer(bootstrap_servers="k") as producer:  # P F
                producer.send("t", b"x")  # S
        """,
        ends="function",
    ),
    Case(
        "a-faust-agent",
        """
        import faust
        from kafka import KafkaProducer

        app = faust.App("a")
        topic = app.topic("t")

        @app.agent(topic)
        async def handle(stream):
            producer = KafkaProducer(bootstrap_servers="k")  # P
            async for event in stream:
                producer.send("u", event)  # S
        """,
    ),
    Case(
        "a-subclass",
        """
        from kafka import KafkaProducer

        class Ours(KafkaProducer):
            pass

        def main():
            producer = Ours(bootstrap_servers="k")  # P
            producer.send("t", b"x")  # S

        main()
        """,
        escapes=True,
        ends=None,
    ),
]


def _project(folder: Path, program: str, **others: str) -> Project:
    """The project of one program; `others` are more files by their stem."""
    for name, text in {"app": program, **others}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text).lstrip("\n"))
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    return link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    ).project


def _lifecycle(folder: Path, program: str) -> Lifecycle:
    (one,) = _project(folder, program).lifecycles
    return one


def _marked(program: str, mark: str) -> list[int]:
    lines = textwrap.dedent(program).lstrip("\n").splitlines()
    return [
        number
        for number, line in enumerate(lines, 1)
        if "  # " in line and mark in line.rpartition("  # ")[2].split()
    ]


def _lines(*spans: Span | None) -> list[int]:
    return sorted({span.start.line for span in spans if span is not None})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_lifecycle(case: Case, tmp_path: Path) -> None:
    life = _lifecycle(tmp_path, case.program)
    assert _lines(life.producer.span) == _marked(case.program, "P")
    assert _lines(*(send.span for send in life.sends)) == _marked(case.program, "S")
    assert _lines(*life.flushes) == _marked(case.program, "F")
    assert (life.made_for, life.escapes, life.ends, life.live) == (
        case.made,
        case.escapes,
        case.ends,
        case.live,
    )
    assert (life.made_in_loop is not None, life.made_per_call is not None) == (
        case.where == "loop",
        case.where == "function",
    )
    if case.where:
        place = life.made_in_loop or life.made_per_call
        assert _lines(place) == _marked(case.program, "L")
        assert life.made_path[-1].span == life.producer.span
    assert life.resends == ()


SENDS = [
    ("producer.send('t', b'x')", "kafka", (False, False, True)),
    ("producer.send('t', b'x').get(timeout=3)", "kafka", (False, True, True)),
    ("producer.send('t', b'x').add_callback(print)", "kafka", (False, True, True)),
    ("done = producer.send('t', b'x')", "kafka", (False, False, True)),
    ("done = producer.send('t', b'x'); done.get()", "kafka", (False, True, True)),
    ("return producer.send('t', b'x')", "kafka", (False, True, True)),
    ("_ = producer.send('t', b'x')", "kafka", (False, False, True)),
    ("producer.produce('t', b'x')", "confluent", (False, False, True)),
    ("producer.produce('t', b'x', callback=print)", "confluent", (True, False, True)),
    ("producer.produce('t', b'x', on_delivery=print)", "confluent", (True, False, True)),
    ("producer.produce('t', b'x', None, -1, print)", "confluent", (True, False, True)),
    ("await producer.send('t', b'x')", "aio", (False, False, True)),
    ("await (await producer.send('t', b'x'))", "aio", (False, True, True)),
    ("await producer.send_and_wait('t', b'x')", "aio", (False, True, True)),
    ("producer.send('t', b'x')", "aio", (False, False, False)),
    ("producer.send_and_wait('t', b'x')", "aio", (False, False, False)),
    ("tasks.append(producer.send('t', b'x'))", "aio", (False, True, True)),
    ("fut = await producer.send('t', b'x'); await fut", "aio", (False, True, True)),
]
_MAKES = {
    "kafka": ("from kafka import KafkaProducer", "KafkaProducer(bootstrap_servers='k')"),
    "confluent": ("from confluent_kafka import Producer", "Producer({'bootstrap.servers': 'k'})"),
    "aio": ("from aiokafka import AIOKafkaProducer", "AIOKafkaProducer(bootstrap_servers='k')"),
}


@pytest.mark.parametrize(("statement", "client", "told"), SENDS)
def test_what_becomes_of_a_send(
    statement: str, client: str, told: tuple[bool, bool, bool], tmp_path: Path
) -> None:
    imported, made = _MAKES[client]
    head = "async def run(tasks):" if client == "aio" else "def run(tasks):"
    program = f"{imported}\n\n{head}\n    producer = {made}\n    {statement}\n"
    (send,) = _lifecycle(tmp_path, program).sends
    assert (send.callback, send.awaited, send.started) == told


_KAFKA = """
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

producer = KafkaProducer(bootstrap_servers="k")
"""
_CONFLUENT = """
from confluent_kafka import KafkaError, KafkaException, Producer

producer = Producer({"bootstrap.servers": "k"})
"""
RESENDS = [
    (
        "the handler sends again",
        _KAFKA,
        """
        def put(value):
            try:
                producer.send("t", value).get()  # 1
            except KafkaError:
                producer.send("t", value)  # 2
        """,
    ),
    (
        "the handler sends elsewhere",
        _KAFKA,
        """
        def put(value):
            try:
                producer.send("t", value).get()
            except KafkaError:
                producer.send("dead", value)
        """,
    ),
    (
        "nothing was waited for",
        _KAFKA,
        """
        def put(value):
            try:
                producer.send("t", value)
            except KafkaError:
                producer.send("t", value)
        """,
    ),
    (
        "a record that was too large",
        _KAFKA,
        """
        def put(value):
            try:
                producer.send("t", value).get()
            except MessageSizeTooLargeError:
                producer.send("t", value)
        """,
    ),
    (
        "an error of something else",
        _KAFKA,
        """
        def put(value):
            try:
                producer.send("t", value).get()
            except OSError:
                producer.send("t", value)
        """,
    ),
    (
        "rounds until it succeeds",
        _KAFKA,
        """
        def put(value):
            while True:
                try:
                    producer.send("t", value).get()  # 1 2
                    break
                except Exception:
                    continue
        """,
    ),
    (
        "a bounded number of rounds with an else",
        _KAFKA,
        """
        def put(value):
            for attempt in range(3):
                try:
                    producer.send("t", value).get()  # 1 2
                except KafkaTimeoutError:
                    print(attempt)
                else:
                    return
        """,
    ),
    (
        "rounds over records",
        _KAFKA,
        """
        def put(values):
            for value in values:
                try:
                    producer.send("t", value).get()
                    break
                except KafkaError:
                    continue
        """,
    ),
    (
        "a round that takes another record",
        _KAFKA,
        """
        def put(queue):
            while True:
                value = queue.get()
                try:
                    producer.send("t", value).get()
                    return
                except KafkaError:
                    pass
        """,
    ),
    (
        "a handler that raises",
        _KAFKA,
        """
        def put(value):
            for _ in range(3):
                try:
                    producer.send("t", value).get()
                    return
                except KafkaError:
                    raise
        """,
    ),
    (
        "the caller repeats the call",
        _KAFKA,
        """
        def put(value):
            producer.send("t", value).get()  # 1

        def safe(value):
            try:
                put(value)
            except KafkaError:
                put(value)  # 2

        safe(b"x")
        """,
    ),
    (
        "a decorator",
        _KAFKA,
        """
        import tenacity

        @tenacity.retry(stop=tenacity.stop_after_attempt(3))
        def put(value):
            producer.send("t", value).get()  # 1 2
        """,
    ),
    (
        "a decorator around many records",
        _KAFKA,
        """
        import tenacity

        @tenacity.retry
        def put(values):
            for value in values:
                producer.send("t", value).get()
        """,
    ),
    (
        "a delivery callback",
        _CONFLUENT,
        """
        def done(err, msg):
            if err:
                producer.produce(msg.topic(), msg.value())  # 2

        def put(value):
            producer.produce("t", value, callback=done)  # 1
            producer.poll(0)
        """,
    ),
    (
        "a delivery callback after success",
        _CONFLUENT,
        """
        def done(err, msg):
            if err is None:
                producer.produce(msg.topic(), msg.value())

        def put(value):
            producer.produce("t", value, callback=done)
            producer.poll(0)
        """,
    ),
    (
        "a delivery callback for a full queue",
        _CONFLUENT,
        """
        def done(err, msg):
            if err is not None and err.code() == KafkaError._QUEUE_FULL:
                producer.produce(msg.topic(), msg.value())

        def put(value):
            producer.produce("t", value, callback=done)
            producer.poll(0)
        """,
    ),
    (
        "a delivery callback for dead letters",
        _CONFLUENT,
        """
        def done(err, msg):
            if err is not None:
                producer.produce("dead", msg.value())

        def put(value):
            producer.produce("t", value, callback=done)
            producer.poll(0)
        """,
    ),
    (
        "produce raises before it sends",
        _CONFLUENT,
        """
        def put(value):
            try:
                producer.produce("t", value)
            except KafkaException:
                producer.poll(1)
                producer.produce("t", value)
        """,
    ),
]


@pytest.mark.parametrize(("name", "prelude", "program"), RESENDS, ids=[one[0] for one in RESENDS])
def test_what_is_sent_again(name: str, prelude: str, program: str, tmp_path: Path) -> None:
    source = prelude.lstrip("\n") + textwrap.dedent(program)
    found = _lifecycle(tmp_path, source).resends
    assert _lines(*(one.first for one in found)) == _marked(source, "1")
    assert _lines(*(one.again for one in found)) == _marked(source, "2")


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ('"g"', True),
        ("GROUP", True),
        ("group_metadata=GROUP", True),
        ("consumer.group_metadata()", False),
        ("anything", False),
        ("GROUP if anything else None", False),
    ],
)
def test_group_ids_sent_with_offsets(given: str, bare: bool, tmp_path: Path) -> None:
    program = f"""
from kafka import KafkaConsumer, KafkaProducer

GROUP = "g"
consumer = KafkaConsumer("t", group_id=GROUP)
producer = KafkaProducer(transactional_id="x")

def finish(offsets, anything):
    producer.send_offsets_to_transaction(offsets, {given})  # G
"""
    life = _lifecycle(tmp_path, program)
    assert _lines(*life.bare_groups) == (_marked(program, "G") if bare else [])


@pytest.mark.parametrize(
    ("test", "counted"),
    [
        ("msg.offset() == high - 1", True),
        ("msg.offset() >= high - 1", True),
        ("high - 1 == msg.offset()", True),
        ("msg.offset() + 1 == high", True),
        ("msg.offset() != last + 1", True),
        ("msg.offset() == last", False),
        ("msg.offset() < last + 1", False),
        ("msg.offset() >= high", False),
        ("msg.offset() == low - 1", False),
        ("consumer.position([where])[0].offset == high", False),
        ("number == last + 1", False),
    ],
)
def test_offsets_that_are_counted(test: str, counted: bool, tmp_path: Path) -> None:
    program = f"""
from confluent_kafka import Consumer, TopicPartition

def run(number):
    consumer = Consumer({{"bootstrap.servers": "k", "group.id": "g"}})
    where = TopicPartition("t", 0)
    consumer.assign([where])
    low, high = consumer.get_watermark_offsets(where)
    last = -1
    while True:
        msg = consumer.poll(1)
        if {test}:  # O
            return
        last = msg.offset()
"""
    (consumer,) = _project(tmp_path, program).consumers
    assert _lines(*(step.span for step in consumer.counts_offsets)) == (
        _marked(program, "O") if counted else []
    )


def test_the_scripts_that_make_it(tmp_path: Path) -> None:
    make = """
        from kafka import KafkaProducer

        def make():
            return KafkaProducer(transactional_id="x")
        """
    use = """
        from app import make

        if __name__ == "__main__":
            producer = make()
            while True:
                producer.send("t", input().encode())
        """
    (life,) = _project(tmp_path, make, one=use, two=use).lifecycles
    assert life.jobs == ("one.py", "two.py")
    assert life.lasting
