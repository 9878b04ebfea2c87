"""The transformations themselves, held to Python: rewritten programs give clients the same settings.

Each program runs against stand-ins of the client libraries that write down what they are given.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.rewrites import source as s
from tests.rewrites.asynchronous import asynchronous
from tests.rewrites.place_rewrites import PLACES
from tests.rewrites.settings_rewrites import SETTINGS
from tests.rewrites.telling import Files, with_files

STANDINS: Files = {
    "standins/recorded.py": (
        "import json\n\n\ndef record(name, *args, **options):\n"
        "    print(json.dumps([name, [list(a.items()) if isinstance(a, dict) else a for a in args], "
        "list(options.items())]))\n"
    ),
    "standins/kafka.py": (
        "from recorded import record\n\n\nclass KafkaProducer:\n    def __init__(self, **options):\n"
        "        record('KafkaProducer', **options)\n\n    def send(self, topic, value):\n"
        "        record('send', topic, value)\n"
    ),
    "standins/confluent_kafka/__init__.py": (
        "from recorded import record\n\n\nclass Producer:\n    def __init__(self, *args, **options):\n"
        "        record('Producer', *args, **options)\n\n    def produce(self, topic, value):\n"
        "        record('produce', topic, value)\n\n    def flush(self):\n        record('flush')\n"
    ),
    "standins/confluent_kafka/aio.py": (
        "from recorded import record\n\n\nclass AIOConsumer:\n    pass\n\n\nclass AIOProducer:\n"
        "    def __init__(self, conf):\n        record('Producer', conf)\n\n"
        "    async def produce(self, topic, value):\n        record('produce', topic, value)\n\n"
        "    async def flush(self):\n        record('flush')\n"
    ),
    "standins/pydantic.py": "class BaseModel:\n    pass\n",
}

PROGRAMS: dict[str, str] = {
    "a dict in a function": """
from confluent_kafka import Producer

TOPIC = "orders"
BASE = {"client.id": "orders", "retries": 3}


def publish(servers: str, count: int = 2) -> None:
    producer = Producer({"bootstrap.servers": servers, **BASE, "acks": "all", "linger.ms": -1})
    for number in range(count):
        producer.produce(TOPIC, str(number))
    producer.flush()


if __name__.startswith("app."):
    publish("kafka:9092")
    Producer(BASE)
""",
    "keywords in a class": """
import kafka
from kafka import KafkaProducer

SERVERS: list[str] = ["a:9092", "b:9092"]


class Publisher:
    retries = 5

    def __init__(self, name):
        self.producer = KafkaProducer(
            bootstrap_servers=SERVERS, client_id=f"{name}-{self.retries}", acks="all", retries=3
        )

    def publish(self, value):
        self.producer.send("orders", value)


publisher = Publisher("orders")
publisher.publish("1")
other = kafka.KafkaProducer(**{"acks": 1, "linger_ms": 2})
""",
    "a class attribute and a returned dict": """
import confluent_kafka


class Settings:
    kafka = {"bootstrap.servers": "kafka:9092", "acks": "all"}


def settings(level):
    return {"bootstrap.servers": "kafka:9092", "acks": level, "retries": 1}


def start(level):
    first = confluent_kafka.Producer(Settings.kafka)
    second = confluent_kafka.Producer(settings(level))
    first.produce("a", "1")
    second.flush()


start("1")
""",
}

TRANSFORMATIONS = {**PLACES, **SETTINGS, "asynchronous": asynchronous}


def recorded(files: Files, folder: Path) -> list[object]:
    """What the program does to the clients, calls with their arguments in order."""
    for path, text in {**STANDINS, **files}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    command = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(folder / 'standins')!r}]; import app.main"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", command], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return [_sorted(json.loads(line)) for line in result.stdout.splitlines()]


def _sorted(row: list[list[object]]) -> object:
    """A call whose settings are in no order, whether given as a mapping or as keywords."""
    name, arguments, options = row
    pairs = [pair for one in arguments if isinstance(one, list) for pair in one]
    plain = [one for one in arguments if not isinstance(one, list)]
    return [name, plain, sorted([*pairs, *options], key=str)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_rewritten_program_does_the_same(program: str, tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/main.py": PROGRAMS[program]}
    expected = recorded(files, tmp_path / "before")
    assert expected
    applied = 0
    for number, transform in enumerate(TRANSFORMATIONS.values()):
        changed = transform(s.parse(files, "app/main.py"))
        if changed is None:
            continue
        applied += 1
        new = with_files(files, changed)
        assert recorded(new, tmp_path / str(number)) == expected, new
    assert applied >= 20
