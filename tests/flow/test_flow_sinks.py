"""Records on their way from a consumer to a producer or a database."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, run

from oncelint.model.finding import Report
from oncelint.model.project import Producer

SETUP = """\
import json
import sqlite3
import psycopg2
from confluent_kafka import Consumer, Producer

INSERT = "insert into orders (id, total) values (%s, %s)"
connection = psycopg2.connect("dbname=orders")
consumer = Consumer({"group.id": "orders", "enable.auto.commit": False})
consumer.subscribe(["orders"])
"""


def inserts(report: Report) -> list[tuple[str, str, str]]:
    """(path, the source line, confidence) of each repeated INSERT."""
    return [
        (finding.span.path, str(finding.span.start.line), finding.confidence)
        for finding in report.findings
        if finding.rule == "insert-without-conflict-key"
    ]


def line_of(source: str, mark: str) -> str:
    return str(next(n for n, line in enumerate(source.splitlines(), 1) if mark in line))


REACHED: dict[str, str] = {
    "in the loop": """
        while True:
            msg = consumer.poll(1.0)
            order = json.loads(msg.value())
            with connection.cursor() as cursor:
                cursor.execute(INSERT, (order["id"], order["total"]))  # here
    """,
    "a literal statement": """
        cursor = connection.cursor()
        while True:
            msg = consumer.poll(1.0)
            cursor.execute("insert into orders (id) values (%s)", (msg.key(),))  # here
    """,
    "for and consume": """
        while True:
            for msg in consumer.consume(100, timeout=1.0):
                connection.cursor().execute(INSERT, (msg.key(), msg.value()))  # here
    """,
    "through a function": """
        def store(cursor, order):
            cursor.execute(INSERT, (order["id"], order["total"]))  # here


        while True:
            msg = consumer.poll(1.0)
            store(connection.cursor(), json.loads(msg.value()))
    """,
    "through a method": """
        class Store:
            def __init__(self, connection):
                self.connection = connection

            def save(self, order):
                with self.connection.cursor() as cursor:
                    cursor.execute(INSERT, (order["id"], order["total"]))  # here


        store = Store(connection)
        while True:
            msg = consumer.poll(1.0)
            store.save(json.loads(msg.value()))
    """,
    "through a class that consumes": """
        class Worker:
            def __init__(self, consumer, connection):
                self.consumer = consumer
                self.connection = connection

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    if msg is None or msg.error():
                        continue
                    self.handle(msg)

            def handle(self, msg):
                cursor = self.connection.cursor()
                cursor.execute(INSERT, (msg.key(), msg.value()))  # here


        Worker(consumer, connection).run()
    """,
    "through a generator": """
        def orders():
            while True:
                msg = consumer.poll(1.0)
                if msg is not None:
                    yield json.loads(msg.value())


        for order in orders():
            connection.cursor().execute(INSERT, (order["id"], order["total"]))  # here
    """,
    "with fields taken apart": """
        while True:
            order = json.loads(consumer.poll(1.0).value())
            number, total = order["id"], order["total"]
            connection.cursor().execute(INSERT, (number, total))  # here
    """,
    "with a row put together": """
        while True:
            order = json.loads(consumer.poll(1.0).value())
            row = []
            row.append(order["id"])
            row.append(order["total"])
            connection.cursor().execute(INSERT, row)  # here
    """,
    "many at once": """
        rows = []
        while True:
            order = json.loads(consumer.poll(1.0).value())
            rows.append((order["id"], order["total"]))
            if len(rows) > 100:
                connection.cursor().executemany(INSERT, rows)  # here
                rows.clear()
    """,
    "in a callback given to the loop": """
        def loop(handle):
            while True:
                msg = consumer.poll(1.0)
                if msg is not None:
                    handle(msg)


        def save(msg):
            connection.cursor().execute(INSERT, (msg.key(), msg.value()))  # here


        loop(save)
    """,
    "another database": """
        lite = sqlite3.connect("orders.db")
        while True:
            msg = consumer.poll(1.0)
            lite.execute("insert into orders (id) values (?)", (msg.key(),))  # here
    """,
    "a table of handlers": """
        def created(order):
            connection.cursor().execute(INSERT, (order["id"], order["total"]))  # here


        HANDLERS = {"created": created}
        while True:
            order = json.loads(consumer.poll(1.0).value())
            handle = HANDLERS["created"]
            handle(order)
    """,
}


@pytest.mark.parametrize("source", cases(REACHED))
def test_an_insert_reached_from_a_consume_loop(tmp_path: Path, source: str) -> None:
    text = SETUP + dedent(source)
    assert inserts(run(tmp_path, text)) == [("app/main.py", line_of(text, "# here"), "high")]


def test_the_way_from_the_loop_to_the_insert_is_told(tmp_path: Path) -> None:
    text = SETUP + dedent(REACHED["through a function"])
    report = run(tmp_path, text)
    (finding,) = (f for f in report.findings if f.rule == "insert-without-conflict-key")
    steps = [(str(related.span.start.line), related.label) for related in finding.related]
    assert (line_of(text, "consumer.poll"), "consumes here") in steps
    assert (line_of(text, "store(connection"), "calls store") in steps


def test_an_insert_in_another_module(tmp_path: Path) -> None:
    files = {
        "app/store.py": (
            "import psycopg2\n\nconnection = psycopg2.connect('')\n\n\ndef save(order):\n"
            "    cursor = connection.cursor()\n"
            '    cursor.execute("insert into orders (id) values (%s)", (order["id"],))\n'
        ),
        "app/main.py": (
            "import json\nfrom confluent_kafka import Consumer\nfrom .store import save\n\n"
            'consumer = Consumer({"group.id": "orders"})\nconsumer.subscribe(["orders"])\n'
            "while True:\n    save(json.loads(consumer.poll(1.0).value()))\n"
        ),
    }
    assert inserts(run(tmp_path, files=files)) == [("app/store.py", "8", "high")]


NOT_REACHED: dict[str, str] = {
    "an upsert": """
        while True:
            msg = consumer.poll(1.0)
            connection.cursor().execute(INSERT + " on conflict (id) do nothing", (msg.key(), 1))
    """,
    "an upsert fourteen lines long": '''
        while True:
            msg = consumer.poll(1.0)
            connection.cursor().execute(
                """
                insert into orders (
                    id,
                    total
                )
                values (
                    %s,
                    %s
                )
                on conflict (id)
                do update set
                    total = excluded.total
                """,
                (msg.key(), 1),
            )
    ''',
    "outside the loop": """
        connection.cursor().execute(INSERT, ("started", 0))
        while True:
            msg = consumer.poll(1.0)
            print(msg.value())
    """,
    "another cursor's select": """
        while True:
            msg = consumer.poll(1.0)
            connection.cursor().execute("select total from orders where id = %s", (msg.key(),))
    """,
    "a constant that has nothing to do with the record": """
        while True:
            msg = consumer.poll(1.0)
            connection.cursor().execute("insert into heartbeats (name) values ('orders')")
    """,
    "a function that nobody calls from the loop": """
        def backfill(order):
            connection.cursor().execute(INSERT, (order["id"], order["total"]))


        while True:
            msg = consumer.poll(1.0)
            print(msg.value())
    """,
    "a store of the house": """
        class Memory:
            def execute(self, statement, row):
                self.rows = [row]


        memory = Memory()
        while True:
            msg = consumer.poll(1.0)
            memory.execute(INSERT, (msg.key(), msg.value()))
    """,
    "Cassandra, where an insert is an upsert": """
        from cassandra.cluster import Cluster

        session = Cluster().connect("orders")
        while True:
            msg = consumer.poll(1.0)
            session.execute("insert into orders (id) values (%s)", (msg.key(),))
    """,
}


@pytest.mark.parametrize("source", cases(NOT_REACHED))
def test_no_plain_insert_of_a_record(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, SETUP + dedent(source))
    assert inserts(report) == []
    assert [one.role for one in report.subjects] == ["consumer"]


PRODUCED: dict[str, tuple[str, set[str]]] = {
    "a literal": ('producer.produce("billing", b"1")', {"billing"}),
    "by keyword": ('producer.produce(topic="billing", value=b"1")', {"billing"}),
    "a constant": ('TOPIC = "billing"\nproducer.produce(TOPIC, b"1")', {"billing"}),
    "formatted": ('ENV = "prod"\nproducer.produce(f"{ENV}.billing", b"1")', {"prod.billing"}),
    "a parameter": (
        'def send(topic):\n    producer.produce(topic, b"1")\n\n\nsend("billing")\nsend("ledger")',
        {"billing", "ledger"},
    ),
    "a loop": ('for topic in ("a", "b"):\n    producer.produce(topic, b"1")', {"a", "b"}),
    "an attribute": (
        "class Sender:\n    def __init__(self, producer, topic):\n        self.producer = producer\n"
        '        self.topic = topic\n\n    def send(self):\n        self.producer.produce(self.topic, b"1")'
        '\n\n\nSender(producer, "billing").send()',
        {"billing"},
    ),
}


@pytest.mark.parametrize(("source", "topics"), cases(PRODUCED))
def test_the_topics_a_producer_writes(tmp_path: Path, source: str, topics: set[str]) -> None:
    head = 'from confluent_kafka import Producer\n\nproducer = Producer({"acks": "all"})\n'
    (client,) = run(tmp_path, head + source + "\n").subjects
    assert {topic.name for topic in client.topics} == topics
    assert client.topics_complete


def test_a_topic_that_is_not_known_makes_the_list_incomplete(tmp_path: Path) -> None:
    source = (
        'import sys\nfrom confluent_kafka import Producer\n\nproducer = Producer({"acks": "all"})\n'
        'producer.produce("orders", b"1")\nproducer.produce(sys.argv[1], b"1")\n'
    )
    (client,) = run(tmp_path, source).subjects
    assert {topic.name for topic in client.topics} == {"orders", None}
    assert not client.topics_complete


SUBSCRIBED: dict[str, tuple[str, set[str]]] = {
    "a list": ('consumer.subscribe(["a", "b"])', {"a", "b"}),
    "a constant": ('TOPICS = ["a"]\nconsumer.subscribe(TOPICS)', {"a"}),
    "a pattern": ('consumer.subscribe(["^orders.*"])', {"^orders.*"}),
    "assigned": (
        'from confluent_kafka import TopicPartition\nconsumer.assign([TopicPartition("a", 0)])',
        {"a"},
    ),
    "split text": ('consumer.subscribe("a,b".split(","))', {"a", "b"}),
}


@pytest.mark.parametrize(("source", "topics"), cases(SUBSCRIBED))
def test_the_topics_a_consumer_reads(tmp_path: Path, source: str, topics: set[str]) -> None:
    head = 'from confluent_kafka import Consumer\n\nconsumer = Consumer({"group.id": "g"})\n'
    (client,) = run(tmp_path, head + source + "\nconsumer.poll(1.0)\n").subjects
    assert {topic.name for topic in client.topics} == topics


COMPUTED: dict[str, tuple[str, set[str]]] = {
    "uuid4 in an f-string": (
        'import uuid\nProducer({"transactional.id": f"orders-{uuid.uuid4()}"})',
        {"orders-{uuid4()}"},
    ),
    "uuid4 added": (
        'from uuid import uuid4\nProducer({"transactional.id": "orders-" + str(uuid4())})',
        {"orders-{uuid4()}"},
    ),
    "the process": (
        'import os\nProducer({"transactional.id": "orders-%s" % os.getpid()})',
        {"orders-{getpid()}"},
    ),
    "the time": (
        'import time\nProducer({"transactional.id": "orders-{}".format(time.time())})',
        {"orders-{}"},
    ),
    "the host": (
        'import socket\nNAME = socket.gethostname()\nProducer({"transactional.id": NAME})',
        {"{gethostname()}"},
    ),
    "through a function": (
        'import uuid\n\n\ndef name(p):\n    return p + "-" + uuid.uuid4().hex\n\n\n'
        'Producer({"transactional.id": name("orders")})',
        {"orders-{uuid4()}"},
    ),
}


@pytest.mark.parametrize(("source", "values"), cases(COMPUTED))
def test_a_value_computed_at_run_time(tmp_path: Path, source: str, values: set[str]) -> None:
    report = run(tmp_path, "from confluent_kafka import Producer\n" + source + "\n")
    (client,) = report.subjects
    from tests.flow.projects import told

    assert told(client, "transactional.id") == values
    assert "unstable-transactional-id" in {finding.rule for finding in report.findings}


UNREACHED: dict[str, str] = {
    "a client": """
        producer = Producer({"acks": "all"})


        def send(value):
            producer.produce("billing", value)
    """,
    "an instance of a client's subclass": """
        class Own(Producer):
            pass


        producer = Own({"acks": "all"})


        def send(value):
            producer.produce("billing", value)
    """,
    "a dict of clients": """
        producers = {"billing": Producer({"acks": "all"})}


        def send(value):
            producers["billing"].produce("billing", value)
    """,
    "a list of clients": """
        producers = [Producer({"acks": "all"})]


        def send(value):
            producers[0].produce("billing", value)
    """,
    "an attribute of an instance": """
        class State:
            pass


        state = State()
        state.producer = Producer({"acks": "all"})


        def send(value):
            state.producer.produce("billing", value)
    """,
    "an instance of a class of the house": """
        class Publisher:
            def __init__(self):
                self.producer = Producer({"acks": "all"})

            def publish(self, value):
                self.producer.produce("billing", value)


        publisher = Publisher()


        def send(value):
            publisher.publish(value)
    """,
}


@pytest.mark.parametrize("source", cases(UNREACHED))
def test_a_function_nobody_calls_writes_to_a_client_of_the_module(
    tmp_path: Path, source: str
) -> None:
    text = "from confluent_kafka import Producer\n" + dedent(source)
    (client,) = run(tmp_path, text).subjects
    assert isinstance(client, Producer)
    assert [topic.name for topic in client.topics] == ["billing"]
