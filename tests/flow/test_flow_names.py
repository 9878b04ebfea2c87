"""A client is known by where it is imported from, never by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, run, seen, told

RECOGNISED: dict[str, tuple[str, str, str]] = {
    "from the package": (
        "from confluent_kafka import Producer\nProducer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "through the package": (
        "import confluent_kafka\nconfluent_kafka.Producer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "through an alias of the package": (
        "import confluent_kafka as ck\nck.Producer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "by another name": (
        "from confluent_kafka import Producer as P\nP({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "by a name of the module's own": (
        "import confluent_kafka\nWriter = confluent_kafka.Producer\nWriter({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "imported in the function": (
        "def f():\n    from confluent_kafka import Producer\n    return Producer({'acks': '1'})\n\n\nf()",
        "producer",
        "confluent-kafka",
    ),
    "imported if it is there": (
        "try:\n    from confluent_kafka import Producer\nexcept ImportError:\n    Producer = None\n"
        "Producer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "SerializingProducer": (
        "from confluent_kafka import SerializingProducer\nSerializingProducer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "DeserializingConsumer": (
        "from confluent_kafka import DeserializingConsumer\nDeserializingConsumer({'group.id': 'g'})",
        "consumer",
        "confluent-kafka",
    ),
    "SerializingProducer by its module": (
        "from confluent_kafka.serializing_producer import SerializingProducer\n"
        "SerializingProducer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "AIOProducer": (
        "from confluent_kafka.aio import AIOProducer\nAIOProducer({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
    "AIOConsumer of the experimental place": (
        "from confluent_kafka.experimental.aio import AIOConsumer\nAIOConsumer({'group.id': 'g'})",
        "consumer",
        "confluent-kafka",
    ),
    "KafkaProducer of kafka": (
        "from kafka import KafkaProducer\nKafkaProducer(acks=1)",
        "producer",
        "kafka-python",
    ),
    "KafkaConsumer of kafka": (
        "import kafka\nkafka.KafkaConsumer('orders', group_id='g')",
        "consumer",
        "kafka-python",
    ),
    "KafkaProducer of kafka's own module": (
        "from kafka.producer import KafkaProducer\nKafkaProducer(acks=1)",
        "producer",
        "kafka-python",
    ),
    "AIOKafkaProducer": (
        "from aiokafka import AIOKafkaProducer\nAIOKafkaProducer(acks=1)",
        "producer",
        "aiokafka",
    ),
    "AIOKafkaConsumer": (
        "import aiokafka\naiokafka.AIOKafkaConsumer('orders', group_id='g')",
        "consumer",
        "aiokafka",
    ),
    "in a with statement": (
        "from kafka import KafkaProducer\nwith KafkaProducer(acks=1) as p:\n    p.send('t', b'1')",
        "producer",
        "kafka-python",
    ),
    "in an attribute": (
        "from kafka import KafkaProducer\n\n\nclass A:\n    def __init__(self):\n"
        "        self.p = KafkaProducer(acks=1)\n\n\nA()",
        "producer",
        "kafka-python",
    ),
    "importlib with a literal is left alone or known": (
        "import confluent_kafka\nmake = getattr(confluent_kafka, 'Producer')\nmake({'acks': '1'})",
        "producer",
        "confluent-kafka",
    ),
}


@pytest.mark.parametrize(("source", "role", "client"), cases(RECOGNISED))
def test_a_client_is_recognised(tmp_path: Path, source: str, role: str, client: str) -> None:
    found = seen(tmp_path, source + "\n")
    assert (found.role, found.client) == (role, client)
    if role == "producer":
        assert told(found, "acks") == {"1"}
    else:
        assert {"g"} == told(found, "group.id")


NOT_A_CLIENT: dict[str, str] = {
    "a house-made class": (
        "# kafka\nclass KafkaProducer:\n    def __init__(self, **conf):\n        self.conf = conf\n\n\n"
        "KafkaProducer(acks=0)"
    ),
    "a house-made class beside the import of the real package": (
        "import kafka\n\n\nclass KafkaProducer:\n    def __init__(self, **conf):\n        pass\n\n\n"
        "KafkaProducer(acks=0)"
    ),
    "a house-made class that shadows the real one": (
        "from kafka import KafkaProducer\n\n\nclass KafkaProducer:  # noqa: F811\n"
        "    def __init__(self, **conf):\n        pass\n\n\nKafkaProducer(acks=0)"
    ),
    "a function of that name": (
        "# confluent_kafka\ndef Producer(conf):\n    return conf\n\n\nProducer({'acks': '0'})"
    ),
    "aiokafka has no KafkaProducer": "import aiokafka\naiokafka.KafkaProducer(acks=0)",
    "aiokafka has no KafkaProducer to import": (
        "from aiokafka import KafkaProducer\nKafkaProducer(acks=0)"
    ),
    "arroyo's": (
        "from arroyo.backends.kafka import KafkaProducer\n"
        "KafkaProducer({'bootstrap.servers': 'b', 'acks': '0'})"
    ),
    "another library's": "from kafka_tools import KafkaProducer\nKafkaProducer(acks=0)",
    "a test double": (
        "# kafka\nfrom unittest.mock import MagicMock\n\nKafkaProducer = MagicMock()\n"
        "KafkaProducer(acks=0)"
    ),
    "an admin client": "from kafka import KafkaAdminClient\nKafkaAdminClient(client_id='a')",
    "an annotation": (
        "from kafka import KafkaProducer\n\n\ndef send(producer: KafkaProducer) -> KafkaProducer:\n"
        "    return producer"
    ),
    "an isinstance test": (
        "from kafka import KafkaProducer\n\n\ndef is_one(x):\n    return isinstance(x, KafkaProducer)"
    ),
    "text": '# kafka\nHELP = "KafkaProducer(acks=0)"\nprint(HELP)',
}


@pytest.mark.parametrize("source", cases(NOT_A_CLIENT))
def test_what_only_looks_like_a_client_is_none(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, source + "\n")
    assert report.subjects == ()
    assert report.findings == ()


HOUSE_PACKAGE = {
    "kafka/__init__.py": "from .producer import KafkaProducer\n",
    "kafka/producer.py": (
        "import socket\n\n\nclass KafkaProducer:\n    def __init__(self, **conf):\n"
        "        self.conf = conf\n"
    ),
}


def test_a_project_s_own_package_called_kafka(tmp_path: Path) -> None:
    files = {
        **HOUSE_PACKAGE,
        "app/main.py": "from kafka import KafkaProducer\n\nKafkaProducer(acks=0)\n",
    }
    assert run(tmp_path, files=files).subjects == ()


def test_a_project_s_own_folder_called_kafka_without_an_init(tmp_path: Path) -> None:
    files = {
        "services/kafka/writer.py": (
            'from confluent_kafka import Producer\n\n\ndef make():\n    return Producer({"acks": "1"})\n'
        ),
        "services/main.py": "from kafka.writer import make\n\nmake()\n",
    }
    client = seen(tmp_path, files=files)
    assert (client.client, told(client, "acks")) == ("confluent-kafka", {"1"})


def test_a_folder_called_kafka_that_lacks_the_name_leaves_the_library_its_own(
    tmp_path: Path,
) -> None:
    files = {
        "deploy/kafka/topics.py": "TOPICS = ['orders']\n",
        "deploy/main.py": "from kafka import KafkaProducer\n\nKafkaProducer(acks=1)\n",
    }
    client = seen(tmp_path, files=files)
    assert (client.client, told(client, "acks")) == ("kafka-python", {"1"})


def test_the_client_library_s_own_examples_mean_the_library(tmp_path: Path) -> None:
    files = {
        "kafka/__init__.py": "from kafka.producer import KafkaProducer\n",
        "kafka/producer/__init__.py": "from kafka.producer.kafka import KafkaProducer\n",
        "kafka/producer/kafka.py": "class KafkaProducer:\n    def __init__(self, **configs):\n        pass\n",
        "example.py": "from kafka import KafkaProducer\n\nKafkaProducer(acks=1)\n",
    }
    client = seen(tmp_path, files=files)
    assert (client.span.path, told(client, "acks")) == ("example.py", {"1"})


def test_arroyo_s_consumer_pops_its_own_keys_and_is_no_client(tmp_path: Path) -> None:
    source = """
        from arroyo.backends.kafka import KafkaConsumer
        from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration

        KafkaConsumer(build_kafka_consumer_configuration({}, group_id="g", auto_offset_reset="latest"))
        """
    assert run(tmp_path, source).subjects == ()
