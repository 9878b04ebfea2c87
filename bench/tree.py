"""Generates the tree the benchmark runs on: a monorepo of services, the same for the same seed.

    python bench/tree.py FOLDER [--files 10000] [--share 0.02] [--seed 1]

`share` of the files concern Kafka: clients, their configuration in four formats, connectors and
database sinks. The rest is what stands around them in a real repository, sized as real code is:
most files small, a few long, 5 KB on average (10,000 files: 50 MB).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_WORDS = (
    "account address amount basket batch booking branch budget bundle campaign carrier catalog"
    " channel charge claim contract coupon courier credit currency customer deadline delivery"
    " deposit discount dispatch driver expense forecast freight gateway incident insurance"
    " inventory invoice itinerary ledger license listing locker manifest margin merchant meter"
    " notice offer outlet parcel partner payment payout permit policy price profile quota quote"
    " rating rebate receipt refund region report reservation retainer revenue route salary schedule"
    " sensor shift shipment station statement stock supplier tariff tenant ticket token tracking"
    " transfer vehicle vendor visit voucher warehouse wallet window zone"
)
_VERBS = (
    "apply assign build cancel check close collect compare confirm count create expand export"
    " fetch filter find group import index load match merge move notify parse plan prepare price"
    " publish read release render repair report reserve resolve select settle sort split store"
    " summarise sync total update validate verify write"
)

WORDS, VERBS = _WORDS.split(), _VERBS.split()

# How many files in a hundred are of each kind; the rest of a service is Python.
MIX = {
    "yaml": 11,
    "json": 9,
    "md": 8,
    "js": 9,
    "java": 6,
    "properties": 3,
    "toml": 2,
    "sql": 2,
    "html": 3,
    "sh": 1,
    "txt": 1,
}
MEAN_SIZE = 5_000
LARGEST = 90_000


@dataclass(frozen=True, slots=True)
class File:
    path: str
    text: str


def tree(files: int, share: float, seed: int, *, far: bool = False) -> Iterator[File]:
    """The files of a tree, in order: services of about fifty files, then those about Kafka,
    spread over the services. `far`: each worker comes with two modules more, and writes there."""
    writer = Writer(random.Random(seed))
    about = round(files * share)
    services = max(1, (files - about) // 50)
    made = 0
    for number in range(services):
        rest = files - about - made
        size = rest // (services - number)
        yield from writer.service(number, size, kafka=number < about)
        made += size
    for number in range(about):
        if far and number % KINDS == WORKERS:
            yield from writer.far(number % services, number)
        else:
            yield writer.kafka(number % services, number)


class Writer:
    """Writes files with one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def word(self) -> str:
        return self.chance.choice(WORDS)

    def size(self) -> int:
        """Bytes of one file: log-normal, as file sizes in repositories are."""
        size = self.chance.lognormvariate(8.0, 1.0)
        return min(int(size / 4_915 * MEAN_SIZE), LARGEST)

    def grown(self, head: str, more: Callable[[int], str], size: int, tail: str = "") -> str:
        """`head` and as many pieces as reach `size`."""
        parts, length, number = [head], len(head) + len(tail), 0
        while length < size:
            piece = more(number)
            parts.append(piece)
            length += len(piece)
            number += 1
        return "".join(parts) + tail

    # -- a service -----------------------------------------------------------------------------

    def service(self, number: int, size: int, *, kafka: bool) -> Iterator[File]:
        root = service_root(number)
        package = service_package(number)
        yield File(f"{root}/pyproject.toml", self.pyproject(package, kafka=kafka))
        kinds = [kind for kind, count in MIX.items() for _ in range(count)]
        modules: list[str] = []
        for index in range(size - 1):
            draw = self.chance.randrange(100)
            kind = kinds[draw] if draw < len(kinds) else "py"
            name = f"{self.chance.choice(VERBS)}_{self.word()}_{index}"
            if kind == "py":
                yield File(f"{root}/{package}/{name}.py", self.python(package, modules))
                modules.append(name)
            else:
                yield File(f"{root}/{FOLDERS[kind]}/{name}.{kind}", WRITERS[kind](self, name))

    def pyproject(self, package: str, *, kafka: bool) -> str:
        clients = (
            '  "confluent-kafka==2.3.0",\n  "kafka-python==2.0.2",\n  "aiokafka>=0.10,<0.12",\n'
        )
        return (
            f'[project]\nname = "{package}"\nversion = "1.{self.chance.randrange(40)}.0"\n'
            'requires-python = ">=3.10"\ndependencies = [\n  "psycopg>=3.1",\n'
            f"{clients if kafka else ''}]\n"
        )

    def python(self, package: str, modules: list[str]) -> str:
        """A module: imports of the standard library and of its package, then definitions."""
        size = self.size()
        lines = ['"""' + self.sentence() + '"""\n', "from __future__ import annotations\n"]
        for name in self.chance.sample(STANDARD, self.chance.randint(2, 6)):
            lines.append(f"import {name}")
        lines.append("from dataclasses import dataclass, field")
        for name in self.chance.sample(modules, min(len(modules), self.chance.randint(0, 4))):
            lines.append(f"from {package}.{name} import LIMITS as {name}_limits")
        head = "\n".join(lines) + '\n\nLIMITS = {"lowest": 1, "highest": 250}\n\n\n'
        return self.grown(head, self.definition, size)

    def definition(self, number: int) -> str:
        return self.klass(number) if self.chance.random() < 0.3 else self.function(number, "")

    def klass(self, number: int) -> str:
        name = f"{self.word().capitalize()}{self.word().capitalize()}{number}"
        fields = "".join(
            f"    {word}: {self.chance.choice(('str', 'int', 'float', 'bool'))}\n"
            for word in sorted({self.word() for _ in range(self.chance.randint(2, 6))})
        )
        methods = "".join(
            self.function(index, "    ") for index in range(self.chance.randint(1, 4))
        )
        return (
            f'@dataclass(frozen=True)\nclass {name}:\n    """{self.sentence()}"""\n\n'
            f"{fields}\n{methods}\n"
        )

    def function(self, number: int, indent: str) -> str:
        first, second = self.word(), self.word() + "s"
        receiver = "self, " if indent else ""
        head = f"{indent}def {self.chance.choice(VERBS)}_{first}_{number}({receiver}{first}, {second}=()):\n"
        body = [f'    """{self.sentence()}"""', "    result = {}"]
        for _ in range(self.chance.randint(1, 5)):
            body += (
                self.chance.choice(STATEMENTS).format(a=first, b=second, w=self.word()).split("\n")
            )
        body.append("    return result")
        return head + "".join(f"{indent}{line}\n" for line in body) + ("\n" if indent else "\n\n")

    def sentence(self) -> str:
        words = " ".join(self.word() for _ in range(self.chance.randint(4, 9)))
        return f"{self.chance.choice(VERBS).capitalize()} the {words}."

    # -- other kinds ---------------------------------------------------------------------------

    def yaml(self, name: str) -> str:
        def container(number: int) -> str:
            return (
                f"      - name: {self.word()}-{number}\n"
                f"        image: registry.example.com/{self.word()}:{self.chance.randrange(90)}\n"
                "        env:\n"
                f"          - name: {self.word().upper()}_URL\n"
                f'            value: "http://{self.word()}:8080/{self.word()}"\n'
                "        resources:\n          limits:\n"
                f"            memory: {self.chance.randrange(64, 900)}Mi\n"
                f"            cpu: {self.chance.randrange(100, 900)}m\n"
            )

        head = (
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name.replace('_', '-')}\n"
            "spec:\n  template:\n    spec:\n      containers:\n"
        )
        return self.grown(head, container, self.size())

    def json(self, name: str) -> str:
        records: list[object] = []
        size, length = self.size(), 0
        while length < size:
            value = self.chance.choice((self.word(), self.chance.randrange(9_000)))
            tags = [self.word() for _ in range(3)]
            records.append({self.word(): value, "tags": tags})
            length += 110
        return json.dumps({"name": name, "items": records}, indent=2) + "\n"

    def properties(self, name: str) -> str:
        return self.grown(
            f"# {name}\n",
            lambda number: f"{self.word()}.{self.word()}.{number}={self.word()} {self.word()}\n",
            self.size() // 3,
        )

    def toml(self, name: str) -> str:
        return self.grown(
            f'title = "{name}"\n',
            lambda number: (
                f"\n[{self.word()}.{self.word()}{number}]\n{self.word()} = {number}\n"
                f'label = "{self.word()} {self.word()}"\n'
            ),
            self.size() // 3,
        )

    def md(self, name: str) -> str:
        return self.grown(
            f"# {name}\n\n",
            lambda number: self.sentence() + ("\n\n" if number % 5 == 4 else " "),
            self.size(),
        )

    def js(self, name: str) -> str:
        return self.grown(
            "import { render } from './render.js'\n\n",
            lambda number: (
                f"export function {self.word()}{number}({self.word()}) {{\n"
                f"  const {self.word()}{number} = document.querySelector('#{self.word()}')\n"
                f"  return render('{self.word()}', {{ {self.word()}: {number} }})\n}}\n\n"
            ),
            self.size(),
        )

    def java(self, name: str) -> str:
        head = f"package com.example.{self.word()};\n\npublic final class {name.title().replace('_', '')} {{\n"
        return self.grown(
            head,
            lambda number: (
                f"    /** {self.sentence()} */\n"
                f"    public int {self.word()}{number}(int {self.word()}{number}) {{\n"
                f"        return {self.chance.randrange(900)};\n    }}\n\n"
            ),
            self.size(),
            "}\n",
        )

    def sql(self, name: str) -> str:
        return self.grown(
            f"-- {name}\n",
            lambda number: (
                f"CREATE TABLE {self.word()}_{number} (\n    id bigint PRIMARY KEY,\n"
                f"    {self.word()}_id bigint NOT NULL,\n    amount numeric(12, 2)\n);\n\n"
            ),
            self.size() // 2,
        )

    def html(self, name: str) -> str:
        return self.grown(
            f"<!doctype html>\n<title>{name}</title>\n",
            lambda number: f'<p id="{self.word()}{number}">{self.sentence()}</p>\n',
            self.size(),
        )

    def sh(self, name: str) -> str:
        return self.grown(
            f"#!/bin/sh\n# {name}\nset -eu\n",
            lambda number: f'echo "{self.word()} {number}" >> "{self.word()}.log"\n',
            self.size() // 4,
        )

    def txt(self, name: str) -> str:
        return self.grown(f"{name}\n", lambda number: self.sentence() + "\n", self.size())

    # -- about Kafka ---------------------------------------------------------------------------

    def kafka(self, service: int, number: int) -> File:
        """One file that oncelint has something to do with; seven kinds in turn."""
        root, package, topic = service_root(service), service_package(service), self.word() + "s"
        kinds: tuple[tuple[str, str], ...] = (
            (f"{root}/{package}/publisher_{number}.py", PUBLISHER),
            (f"{root}/{package}/worker_{number}.py", WORKER),
            (f"{root}/{package}/stream_{number}.py", STREAM),
            (f"{root}/config/producer-{number}.properties", PRODUCER),
            (f"{root}/config/consumer-{number}.yaml", CONSUMER),
            (f"{root}/connect/sink-{number}.json", CONNECTOR),
            (f"{root}/{package}/settings_{number}.py", SETTINGS),
        )
        path, text = kinds[number % len(kinds)]
        text = text.replace("TOPIC", topic).replace("NUMBER", str(number))
        if path.endswith(".py"):
            text = self.grown(text, self.definition, self.size())
        return File(path, text)

    def far(self, service: int, number: int) -> Iterator[File]:
        """A worker whose INSERT stands two modules away, in files without a word of Kafka."""
        root, package, topic = service_root(service), service_package(service), self.word() + "s"
        for name, text in (
            ("worker", FAR_WORKER),
            ("handling", FAR_HANDLING),
            ("repository", FAR_REPOSITORY),
        ):
            text = text.replace("TOPIC", topic).replace("NUMBER", str(number))
            grown = self.grown(text, self.definition, self.size())
            yield File(f"{root}/{package}/{name}_{number}.py", grown)


def service_root(number: int) -> str:
    return f"services/{WORDS[number % len(WORDS)]}-{number}"


def service_package(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}_{number}"


FOLDERS = {
    "yaml": "deploy",
    "json": "data",
    "md": "docs",
    "js": "web/src",
    "java": "src/main/java/com/example",
    "properties": "config",
    "toml": "config",
    "sql": "migrations",
    "html": "web",
    "sh": "bin",
    "txt": "docs",
}
WRITERS: dict[str, Callable[[Writer, str], str]] = {
    "yaml": Writer.yaml,
    "json": Writer.json,
    "md": Writer.md,
    "js": Writer.js,
    "java": Writer.java,
    "properties": Writer.properties,
    "toml": Writer.toml,
    "sql": Writer.sql,
    "html": Writer.html,
    "sh": Writer.sh,
    "txt": Writer.txt,
}
_STANDARD = (
    "collections csv datetime decimal enum functools hashlib itertools json logging math os"
    " pathlib re statistics string time uuid"
)
STANDARD = _STANDARD.split()
STATEMENTS = (
    '    for item in {b}:\n        if item == "{w}":\n            continue\n'
    '        result[item] = LIMITS["highest"]',
    '    if {a} is None:\n        raise ValueError("no {w}")',
    '    result["{w}"] = [str(item).strip().lower() for item in {b} if item]',
    '    try:\n        result["{w}"] = int({a}) * 100\n    except (TypeError, ValueError):\n'
    '        result["{w}"] = 0',
    '    total = sum(len(str(item)) for item in {b})\n    result.update({{"{w}": total}})',
    '    while len(result) > LIMITS["lowest"]:\n        result.popitem()',
)

PUBLISHER = '''"""Publishes TOPIC."""

import json
import logging

from confluent_kafka import Producer

log = logging.getLogger(__name__)
TOPIC_NAME = "TOPIC.accepted"
BASE = {"bootstrap.servers": "kafka:9092", "client.id": "publisher-NUMBER"}
LIMITS = {"lowest": 1, "highest": 250}


class Publisher:
    def __init__(self) -> None:
        self._producer = Producer({**BASE, "compression.type": "lz4", "linger.ms": 20})

    def publish(self, record) -> None:
        self._producer.produce(TOPIC_NAME, key=record["id"], value=json.dumps(record))
        self._producer.poll(0)

    def close(self) -> None:
        self._producer.flush(10)


'''
WORKER = '''"""Copies TOPIC into the database."""

import json

import psycopg
from kafka import KafkaConsumer

LIMITS = {"lowest": 1, "highest": 250}


def store(connection, record) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO TOPIC (id, amount) VALUES (%s, %s)", (record["id"], record["amount"])
        )
    connection.commit()


def main() -> None:
    consumer = KafkaConsumer(
        "TOPIC.accepted",
        bootstrap_servers=["kafka:9092"],
        group_id="worker-NUMBER",
        enable_auto_commit=False,
    )
    with psycopg.connect("dbname=TOPIC") as connection:
        for message in consumer:
            store(connection, json.loads(message.value))
            consumer.commit()


'''
# Of how many kinds the files about Kafka are, and which of them are workers.
KINDS, WORKERS = 7, 1
FAR_WORKER = '''"""Copies TOPIC into the database."""

from kafka import KafkaConsumer

from .handling_NUMBER import Handling
from .repository_NUMBER import Repository

LIMITS = {"lowest": 1, "highest": 250}


def main() -> None:
    consumer = KafkaConsumer(
        "TOPIC.accepted",
        bootstrap_servers=["kafka:9092"],
        group_id="worker-NUMBER",
        enable_auto_commit=False,
    )
    handling = Handling(Repository("dbname=TOPIC"))
    for message in consumer:
        handling.handle(message)
        consumer.commit()


'''
FAR_HANDLING = '''"""Takes TOPIC apart."""

import json

LIMITS = {"lowest": 1, "highest": 250}


class Handling:
    def __init__(self, repository) -> None:
        self._repository = repository

    def handle(self, message) -> None:
        record = json.loads(message.value)
        if record["amount"] > LIMITS["lowest"]:
            self._repository.store(record)


'''
FAR_REPOSITORY = '''"""Stores TOPIC."""

import psycopg

LIMITS = {"lowest": 1, "highest": 250}


class Repository:
    def __init__(self, address) -> None:
        self._connection = psycopg.connect(address)

    def store(self, record) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO TOPIC (id, amount) VALUES (%s, %s)", (record["id"], record["amount"])
            )
        self._connection.commit()


'''
STREAM = '''"""Prices TOPIC in a transaction."""

import socket

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

LIMITS = {"lowest": 1, "highest": 250}


async def run() -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers="kafka:9092", transactional_id=f"stream-{socket.gethostname()}"
    )
    consumer = AIOKafkaConsumer(
        "TOPIC.accepted", bootstrap_servers="kafka:9092", group_id="stream-NUMBER"
    )
    async with producer, consumer:
        async for message in consumer:
            async with producer.transaction():
                await producer.send("TOPIC.priced", message.value)


'''
SETTINGS = '''"""Settings of the TOPIC clients."""

import os

from confluent_kafka import Consumer

LIMITS = {"lowest": 1, "highest": 250}


def kafka_config() -> dict:
    config = {"bootstrap.servers": os.environ.get("KAFKA_URL", "kafka:9092")}
    config["group.id"] = "TOPIC-NUMBER"
    config["isolation.level"] = os.environ.get("ISOLATION", "read_committed")
    return config


def consumer() -> Consumer:
    made = Consumer(kafka_config())
    made.subscribe(["TOPIC.priced"])
    return made


'''
PRODUCER = """# TOPIC
bootstrap.servers=kafka-1:9092,kafka-2:9092
key.serializer=org.apache.kafka.common.serialization.StringSerializer
value.serializer=org.apache.kafka.common.serialization.StringSerializer
acks=1
retries=3
linger.ms=20
client.id=TOPIC-NUMBER
"""
CONSUMER = """TOPIC:
  consumer:
    bootstrap.servers: kafka-1:9092
    group.id: TOPIC-NUMBER
    auto.offset.reset: earliest
    key.deserializer: org.apache.kafka.common.serialization.StringDeserializer
    value.deserializer: org.apache.kafka.common.serialization.StringDeserializer
"""
CONNECTOR = """{
  "name": "TOPIC-sink-NUMBER",
  "config": {
    "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
    "topics": "TOPIC.priced",
    "connection.url": "jdbc:postgresql://db/TOPIC",
    "insert.mode": "insert",
    "tasks.max": "2"
  }
}
"""


def write(folder: Path, files: int, share: float, seed: int, *, far: bool = False) -> int:
    """Write a tree into a folder; returns its size in bytes."""
    size = 0
    made: set[Path] = set()
    for file in tree(files, share, seed, far=far):
        target = folder / file.path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_text(file.text, encoding="utf-8")
        size += len(file.text)
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate the benchmark's tree.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.02, help="part that concerns Kafka")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    size = write(options.folder, options.files, options.share, options.seed)
    print(f"{options.files} files, {size / 1e6:.1f} MB in {options.folder}")


if __name__ == "__main__":
    main()
