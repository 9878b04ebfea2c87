"""What the planner offers: title, safety and reason, by what stands in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from oncelint import api
from oncelint.model.fixes import Fix
from oncelint.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """One project: its files; the rule whose first finding's fix is looked at; what it must be."""

    files: dict[str, str]
    rule: str
    safety: str
    title: str
    reason: str | None = None
    users: tuple[str, ...] = ()


_CONFLUENT = "confluent-kafka==2.15.0\n"
_HEAD = "import os\nfrom confluent_kafka import Consumer, Producer\n"


def _confluent(body: str, requirement: str = _CONFLUENT) -> dict[str, str]:
    return {"requirements.txt": requirement, "app.py": _HEAD + body}


_SEND = 'producer.produce("orders", b"1")\n'
_IN_FLIGHT = ", which makes max.in.flight.requests.per.connection 5"

CASES: dict[str, Case] = {
    "nothing beside it": Case(
        _confluent('producer = Producer({"bootstrap.servers": "kafka:9092"})\n' + _SEND),
        "producer-not-idempotent",
        "safe",
        "set enable.idempotence to true" + _IN_FLIGHT,
    ),
    "a choice that is in the way": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "kafka:9092", "acks": 1, "retries": 0})\n'
            + _SEND
        ),
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true and acks to all and remove retries" + _IN_FLIGHT,
        "it undoes the choice of acks and retries",
    ),
    "a value from a constant": Case(
        _confluent(
            "IDEMPOTENT = False\n"
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotence": IDEMPOTENT})\n'
            + _SEND
        ),
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true" + _IN_FLIGHT,
        "the value is written in app.py:3:14, away from its key",
    ),
    "the default of an environment variable": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "acks": os.environ.get("ACKS", "1")})\n'
            + _SEND
        ),
        "acks-not-all",
        "unsafe",
        "set acks to all",
        "each record then waits for all in-sync replicas",
    ),
    "two producers of one dict": Case(
        _confluent(
            'CONF = {"bootstrap.servers": "kafka:9092"}\n'
            "producer = Producer(CONF)\naudit = Producer(CONF)\n"
            + _SEND
            + 'audit.produce("audit", b"1")\n'
        ),
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true" + _IN_FLIGHT,
        "it changes another client as well",
        ("app.py:5:9",),
    ),
    "a dict that a consumer has as well": Case(
        _confluent(
            'CONF = {"bootstrap.servers": "kafka:9092", "group.id": "billing"}\n'
            "producer = Producer(CONF)\nconsumer = Consumer(CONF)\n"
            + _SEND
            + 'consumer.subscribe(["orders"])\nconsumer.poll(1.0)\n'
        ),
        "producer-not-idempotent",
        "safe",
        "set enable.idempotence to true" + _IN_FLIGHT,
    ),
    "versions without the setting": Case(
        {
            "requirements.txt": "kafka-python>=2.0,<2.3\n",
            "app.py": "from kafka import KafkaProducer\n"
            'producer = KafkaProducer(bootstrap_servers="kafka:9092")\n'
            'producer.send("orders", b"1")\n',
        },
        "producer-not-idempotent",
        "display",
        "set enable_idempotence to true, which takes kafka-python 2.2 or newer",
        "kafka-python 2.0.0, which the project allows, has no such setting",
    ),
    "no such setting at all": Case(
        {
            "requirements.txt": "kafka-python==2.0.2\n",
            "app.py": "from kafka import KafkaProducer\n"
            'producer = KafkaProducer(bootstrap_servers="kafka:9092")\n'
            'producer.send("orders", b"1")\n',
        },
        "producer-not-idempotent",
        "display",
        "upgrade to kafka-python 2.2 or newer",
        "an upgrade is yours to plan",
    ),
    "a bound of one": Case(
        {
            "requirements.txt": "kafka-python==2.2.3\n",
            "app.py": "from kafka import KafkaProducer\n"
            "producer = KafkaProducer(bootstrap_servers='k:9092',"
            " max_in_flight_requests_per_connection=3)\n"
            "producer.send('orders', b'1')\n",
        },
        "producer-not-idempotent",
        "unsafe",
        "set enable_idempotence to true and max_in_flight_requests_per_connection to 1,"
        " which makes acks all",
        "it undoes the choice of max_in_flight_requests_per_connection",
    ),
    "silently switched off": Case(
        {
            "requirements.txt": "kafka-python==3.0.1\n",
            "app.py": "from kafka import KafkaProducer\n"
            "producer = KafkaProducer(bootstrap_servers='k:9092', acks=1)\n"
            "producer.send('orders', b'1')\n",
        },
        "idempotence-silently-disabled",
        "safe",
        "set acks to all, which makes enable_idempotence true",
    ),
    "two reasons not to start": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotence": True,'
            ' "acks": 1, "message.timeout.ms": 5, "linger.ms": 50})\n' + _SEND
        ),
        "idempotence-conflict",
        "safe",
        "set acks to all and remove message.timeout.ms",
    ),
    "a misspelt key": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotance": True,'
            ' "acks": "1"})\n' + _SEND
        ),
        "unknown-key",
        "safe",
        "set acks to all and rename enable.idempotance to enable.idempotence" + _IN_FLIGHT,
    ),
    "a key that stands there already": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotance": True,'
            ' "enable.idempotence": False})\n' + _SEND
        ),
        "unknown-key",
        "display",
        "rename enable.idempotance to enable.idempotence",
        "enable.idempotence is set as well",
    ),
    "a value that is computed": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotence": True,'
            ' "max.in.flight": int(os.environ.get("FLIGHT", "9"))})\n' + _SEND
        ),
        "idempotence-conflict",
        "unsafe",
        "set max.in.flight to 5",
        "the finding is not certain",
    ),
    "a mapping with an alias": Case(
        {
            "requirements.txt": _CONFLUENT,
            "conf.yaml": "orders: &orders\n  bootstrap.servers: kafka:9092\n  linger.ms: 5\n"
            "audit: *orders\n",
            "app.py": "import yaml\nfrom confluent_kafka import Producer\n"
            'with open("conf.yaml") as file:\n    conf = yaml.safe_load(file)\n'
            'producer = Producer(conf["orders"])\n' + _SEND,
        },
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true" + _IN_FLIGHT,
        "the mapping has an anchor, and an alias names it elsewhere",
    ),
    "text that is merged in": Case(
        {
            "requirements.txt": _CONFLUENT,
            "conf.yaml": "base: &base\n  bootstrap.servers: kafka:9092\n  acks: 1\n"
            "orders:\n  <<: *base\n  linger.ms: 5\n",
            "app.py": "import yaml\nfrom confluent_kafka import Producer\n"
            'with open("conf.yaml") as file:\n    conf = yaml.safe_load(file)\n'
            'producer = Producer(conf["orders"])\n' + _SEND,
        },
        "acks-not-all",
        "unsafe",
        "set acks to all",
        "each record then waits for all in-sync replicas",
    ),
    "an argument that another caller hands over": Case(
        {
            "requirements.txt": "aiokafka==0.12.0\n",
            "bus.py": "import aiokafka\n\n\nclass Bus(aiokafka.AIOKafkaProducer):\n"
            "    def __init__(self, **settings):\n        super().__init__(**settings)\n",
            "app.py": "from bus import Bus\n\n"
            'safe = Bus(bootstrap_servers="k:9092", enable_idempotence=True)\n'
            'plain = Bus(bootstrap_servers="k:9092", linger_ms=5)\n',
        },
        "producer-not-idempotent",
        "display",
        "set enable_idempotence to true",
        "another caller of the same construction sets it itself",
    ),
    "a Connect worker's producer": Case(
        {
            "connect-distributed.properties": "bootstrap.servers=kafka:9092\n"
            "group.id=connect\noffset.storage.topic=o\nkey.converter=a.B\n"
            "producer.linger.ms=5\n"
        },
        "producer-not-idempotent",
        "unsafe",
        "set producer.enable.idempotence to true, which makes retries 2147483647",
        "the finding is not certain",
    ),
}


def _first(case: Case, folder: Path) -> Fix:
    for name, text in case.files.items():
        (folder / name).write_text(text)
    settings = Settings(min_confidence="low")
    report = api.check([str(folder)], settings=settings, root=folder, plan_fixes=True)
    found = [one for one in report.findings if one.rule == case.rule]
    assert found, [(one.rule, one.message) for one in report.findings]
    (fix,) = found[0].fixes
    return fix


@pytest.mark.parametrize("name", CASES)
def test_plan(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    fix = _first(case, tmp_path)
    assert (fix.safety, fix.title, fix.reason) == (case.safety, case.title, case.reason)
    assert tuple(str(span) for span in fix.users) == case.users
    assert bool(fix.edits) == (case.safety != "display")
