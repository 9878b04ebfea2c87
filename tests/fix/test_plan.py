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
        "set enable.idempotence to true and acks to all and remove retries, which makes"
        " retries 2147483647 and max.in.flight.requests.per.connection 5",
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
        "what changes is written in app.py:3:14, away from its key",
    ),
    "the default of an environment variable": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "acks": os.environ.get("ACKS", "1")})\n'
            + _SEND
        ),
        "acks-not-all",
        "unsafe",
        "set acks to all",
        "each record then waits for all in-sync replicas;"
        " acks can still be set otherwise from outside",
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
        "set acks to all and remove message.timeout.ms, which makes delivery.timeout.ms 300000",
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
        "max.in.flight can still be set otherwise from outside",
    ),
    "a number of an environment variable": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotence": False,'
            ' "acks": int(os.environ.get("ACKS", "1"))})\n' + _SEND
        ),
        "producer-not-idempotent",
        "display",
        "set enable.idempotence to true and acks to all"
        " (it is 1 when environment variable ACKS is unset)",
        "acks can be set from outside, and the client does not start with every value of it",
    ),
    "a dict that something else reads": Case(
        _confluent(
            "from confluent_kafka.admin import AdminClient\n"
            'CONF = {"bootstrap.servers": "k:9092"}\nadmin = AdminClient(CONF)\n'
            "producer = Producer(CONF)\n" + _SEND
        ),
        "producer-not-idempotent",
        "safe",
        "set enable.idempotence to true" + _IN_FLIGHT,
    ),
    "a dict that another module reads": Case(
        {
            **_confluent(
                "from conf import CONF\nproducer = Producer({**CONF, 'acks': 1})\n" + _SEND
            ),
            "conf.py": 'CONF = {"bootstrap.servers": "k:9092", "enable.idempotence": False}\n',
            "other.py": "import conf\nprint(sorted(conf.CONF))\n",
        },
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true and acks to all" + _IN_FLIGHT,
        "it undoes the choice of enable.idempotence and acks; it is read at other.py:2 as well",
    ),
    "a member of a class": Case(
        {
            "requirements.txt": "aiokafka==0.12.0\n",
            "app.py": "import enum\nfrom aiokafka import AIOKafkaProducer\n\n\n"
            "class Acks:\n    LEADER = 0\n\n\n"
            'producer = AIOKafkaProducer(bootstrap_servers="k", acks=Acks.LEADER)\n',
        },
        "acks-not-all",
        "unsafe",
        "set acks to all and enable_idempotence to true",
        "each record then waits for all in-sync replicas;"
        " what changes is written in app.py:6:14, away from its key",
    ),
    "brokers from before idempotence": Case(
        {
            "requirements.txt": "kafka-python==2.3.0\n",
            "app.py": "from kafka import KafkaProducer\n"
            'producer = KafkaProducer(bootstrap_servers="k:9092", api_version=(0, 10, 2))\n'
            'producer.send("orders", b"1")\n',
        },
        "producer-not-idempotent",
        "display",
        "set enable_idempotence to true",
        "api_version may say a broker from before 0.11, without idempotence",
    ),
    "topic settings in a dict of their own": Case(
        _confluent(
            'producer = Producer({"bootstrap.servers": "k:9092",'
            ' "default.topic.config": {"acks": 1}})\n' + _SEND
        ),
        "producer-not-idempotent",
        "display",
        "set enable.idempotence to true",
        "default.topic.config may hold settings that exclude it",
    ),
    "a setting that is kept on purpose": Case(
        _confluent(
            'producer = Producer({\n    "bootstrap.servers": "k:9092",\n'
            '    "acks": 1,  # oncelint: ignore[acks-not-all] speed\n})\n' + _SEND
        ),
        "producer-not-idempotent",
        "display",
        "set enable.idempotence to true and acks to all (it is 1)",
        "acks is kept, since acks-not-all is suppressed there",
    ),
    "a constant that serves two settings": Case(
        _confluent(
            'ONE = 1\nproducer = Producer({"bootstrap.servers": "k:9092", "acks": ONE,'
            ' "linger.ms": ONE})\n' + _SEND
        ),
        "acks-not-all",
        "unsafe",
        "set acks to all",
        "each record then waits for all in-sync replicas",
    ),
    "a default section": Case(
        {
            "requirements.txt": _CONFLUENT,
            "kafka.ini": "[DEFAULT]\nacks = 1\n[orders]\nbootstrap.servers = k:9092\n",
            "app.py": "import configparser\nfrom confluent_kafka import Producer\n"
            'parser = configparser.ConfigParser()\nparser.read("kafka.ini")\n'
            'producer = Producer(dict(parser["orders"]))\n' + _SEND,
        },
        "producer-not-idempotent",
        "unsafe",
        "set enable.idempotence to true and acks to all" + _IN_FLIGHT,
        "it undoes the choice of acks",
    ),
    "a statement that guards another one": Case(
        {
            "requirements.txt": "kafka-python==2.3.0\npsycopg2==2.9\n",
            "schema.sql": "CREATE TABLE seen (id text PRIMARY KEY);\n",
            "app.py": "import psycopg2\nfrom kafka import KafkaConsumer\n"
            'connection = psycopg2.connect("dbname=bank")\n'
            'for record in KafkaConsumer("transfers", group_id="bank"):\n'
            "    with connection, connection.cursor() as cursor:\n"
            '        cursor.execute("INSERT INTO seen (id) VALUES (%s)", (record.key,))\n'
            '        cursor.execute("UPDATE accounts SET balance = balance + %s", (record.value,))\n',
        },
        "insert-without-conflict-key",
        "unsafe",
        "add ON CONFLICT (id) DO NOTHING to the INSERT into seen",
        "execute() may be done for a record as well, and a violation that is not raised any more"
        " does not keep it from being done twice",
    ),
    "a function that others call": Case(
        {
            "requirements.txt": "kafka-python==2.3.0\npsycopg2==2.9\n",
            "schema.sql": "CREATE TABLE orders (id text PRIMARY KEY);\n",
            "store.py": "import psycopg2\n\n"
            'connection = psycopg2.connect("dbname=shop")\n\n\n'
            "def save(order):\n    with connection.cursor() as cursor:\n"
            '        cursor.execute("INSERT INTO orders (id) VALUES (%s)", (order,))\n',
            "worker.py": "from kafka import KafkaConsumer\nfrom store import save\n\n"
            'for record in KafkaConsumer("orders", group_id="shop"):\n    save(record.key)\n',
            "api.py": "from store import save\n\n\ndef post(order):\n    save(order)\n",
        },
        "insert-without-conflict-key",
        "unsafe",
        "add ON CONFLICT (id) DO NOTHING to the INSERT into orders",
        "its function is called at api.py:5 as well",
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
        "each record then waits for all in-sync replicas;"
        " the mapping has an anchor, and an alias names it elsewhere",
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
