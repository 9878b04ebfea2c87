"""Projects whose fix a real client has to accept, as data.

Each case is a small project as a user writes it, with one rule's finding in it. It is fixed anew for
each release of its client, named exactly by the project, and `trials.py` has the client itself take
the configurations before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

CONFLUENT = "confluent-kafka"
KAFKA_PYTHON = "kafka-python"
KAFKA_PYTHON_NG = "kafka-python-ng"
AIOKAFKA = "aiokafka"
JAVA = "kafka-clients"
STREAMS = "kafka-streams"
CONNECT = "connect-runtime"

ANY = ">=0"
NONE = "<0"
"""Where a fix is only shown, since what is meant is the user's to say."""


@dataclass(frozen=True, slots=True)
class FixCase:
    """One rule's fix in one project.

    Attributes:
        rule: the rule's id.
        about: what stands in the configuration, in a few words.
        client: the distribution or artifact of the client.
        versions: the releases at which the rule has a fix to write, as a PEP 440 specifier; at the
            others it must have none.
        path: the file with the configuration.
        text: what is in it.
        requirement: the releases that the project allows, as a specifier; None for each one exactly.
        tried: the releases at which the case is tried, where others cannot start the project at all.
    """

    rule: str
    about: str
    client: str
    versions: str
    path: str
    text: str
    requirement: str | None = None
    tried: str = ""

    @property
    def id(self) -> str:
        """Names the client, the rule and the configuration, for test reports."""
        return f"{self.client}, {self.rule}: {self.about}"

    def holds_for(self, version: str) -> bool:
        """Whether the rule has a fix to write at this release."""
        return SpecifierSet(self.versions).contains(version, prereleases=True)

    def is_tried(self, version: str) -> bool:
        """Whether the project is meant for this release at all."""
        wanted = SpecifierSet(self.requirement or "") & SpecifierSet(self.tried)
        return wanted.contains(version, prereleases=True)

    def files(self, version: str) -> dict[str, str]:
        """The project's files by path, with the release named as its ecosystem does."""
        if self.path.endswith(".py"):
            wanted = self.requirement if self.requirement is not None else f"=={version}"
            return {"requirements.txt": f"{self.client}{wanted}\n", self.path: self.text}
        return {"pom.xml": _pom(self.client, version), self.path: self.text}


def _pom(artifact: str, version: str) -> str:
    return f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId>
  <artifactId>orders</artifactId>
  <version>1.0</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


def _listed(open_: str, close: str, entries: tuple[str, ...]) -> str:
    """Two entries stand in one line, more have one each."""
    if len(entries) <= 2:
        return open_ + ", ".join(entries) + close
    return open_ + "\n" + "".join(f"    {entry},\n" for entry in entries) + close


# confluent-kafka ------------------------------------------------------------------------------


def _dict(*entries: str) -> str:
    return _listed("{", "}", ('"bootstrap.servers": "kafka:9092"', *entries))


def confluent_producer(*entries: str) -> str:
    return f"""from confluent_kafka import Producer

CONFIG = {_dict(*entries)}
producer = Producer(CONFIG)


def send(order: bytes) -> None:
    producer.produce("orders", order)
    producer.flush()
"""


def _confluent_transaction(*entries: str) -> str:
    return f"""from confluent_kafka import Producer

producer = Producer({_dict('"transactional.id": "orders-1"', *entries)})
producer.init_transactions()


def send(order: bytes) -> None:
    producer.begin_transaction()
    producer.produce("orders", order)
    producer.commit_transaction()
"""


def _confluent_consumer(*entries: str) -> str:
    return f"""from confluent_kafka import Consumer

consumer = Consumer({_dict('"group.id": "billing"', *entries)})
consumer.subscribe(["orders"])
while True:
    message = consumer.poll(1.0)
    if message is not None:
        print(message.value())
"""


def _confluent_loop(producer: tuple[str, ...], consumer: tuple[str, ...]) -> str:
    return f"""from confluent_kafka import Consumer, Producer

consumer = Consumer({_dict('"group.id": "billing"', *consumer)})
producer = Producer({_dict('"transactional.id": "billing-1"', *producer)})
consumer.subscribe(["orders"])
producer.init_transactions()
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    producer.begin_transaction()
    producer.produce("invoices", message.value())
    offsets = consumer.position(consumer.assignment())
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
    producer.commit_transaction()
"""


def _confluent_pair(*consumer: str) -> str:
    return f"""from confluent_kafka import Consumer, Producer


def write(orders: list[bytes]) -> None:
    producer = Producer({_dict('"transactional.id": "orders-1"')})
    producer.init_transactions()
    producer.begin_transaction()
    for order in orders:
        producer.produce("orders", order)
    producer.commit_transaction()


def read() -> None:
    consumer = Consumer({_dict('"group.id": "billing"', *consumer)})
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is not None:
            print(message.value())
"""


SOUND = ">=1.9"
"""Releases of confluent-kafka whose idempotence has no published defect; before, a fix that switches
it on is only shown."""

READS_COMMITTED = ">=1.7"
"""Releases of confluent-kafka whose read_committed has none."""


def confluent_cases() -> Iterator[FixCase]:
    """confluent-kafka, whose idempotence is off unless it is set."""

    def case(
        rule: str,
        about: str,
        text: str,
        versions: str = ANY,
        requirement: str | None = None,
        tried: str = "",
    ) -> FixCase:
        return FixCase(rule, about, CONFLUENT, versions, "app.py", text, requirement, tried)

    conflicts = {
        "acks=1": ('"acks": 1',),
        "acks=0": ('"acks": "0"',),
        "acks=1 under its alias": ('"request.required.acks": 1',),
        "retries=0": ('"retries": 0',),
        "retries=0 under its alias": ('"message.send.max.retries": 0',),
        "in-flight 10": ('"max.in.flight": 10',),
        "in-flight 10 in full": ('"max.in.flight.requests.per.connection": "10"',),
        "queuing.strategy=lifo": ('"queuing.strategy": "lifo"',),
        "acks=1, retries=0, in-flight 10": ('"acks": 1', '"retries": 0', '"max.in.flight": 10'),
        "acks=1, retries=0, lifo": ('"acks": 1', '"retries": 0', '"queuing.strategy": "lifo"'),
    }
    on, off = '"enable.idempotence": True', '"enable.idempotence": False'

    rule = "producer-not-idempotent"
    yield case(rule, "nothing set", confluent_producer(), SOUND)
    yield case(rule, "nothing set, 1.9 or newer", confluent_producer(), SOUND, SOUND)
    yield case(rule, "nothing set, any release", confluent_producer(), ANY, "")
    yield case(rule, "switched off", confluent_producer(off), SOUND)
    text = confluent_producer('"enable.idempotence": "false"')
    yield case(rule, "switched off in text", text, SOUND)
    for about, entries in conflicts.items():
        if about != "acks=0":  # without acknowledgements nothing is sent again
            yield case(rule, about, confluent_producer(*entries), SOUND)
    yield case(rule, "switched off, acks=1", confluent_producer(off, '"acks": 1'), SOUND)
    linger = ('"linger.ms": 50', '"acks": "1"', '"compression.type": "lz4"')
    yield case(rule, "acks=1 among others", confluent_producer(*linger), SOUND)

    rule = "idempotence-conflict"
    for about, entries in conflicts.items():
        yield case(rule, f"idempotence on, {about}", confluent_producer(on, *entries))
        text = _confluent_transaction(*entries)
        yield case(rule, f"transactional id, {about}", text, ">=1.4")
    many = conflicts["acks=1, retries=0, in-flight 10"]
    yield case(rule, "any release from 1.9", confluent_producer(on, *many), ">=1.9", ">=1.9")
    gapless = '"enable.gapless.guarantee": True'
    yield case(rule, "gapless without idempotence", confluent_producer(gapless), SOUND)
    yield case(rule, "gapless, idempotence off", confluent_producer(gapless, off), SOUND)
    yield case(rule, "gapless, acks=1", confluent_producer(gapless, '"acks": 1'), SOUND)
    text = confluent_producer(on, '"acks": 1', '"message.timeout.ms": 5', '"linger.ms": 50')
    yield case(rule, "acks=1, timeouts that clash as well", text)

    rule = "transactional-without-idempotence"
    # Before 1.7 another defect of transactions is there already, so that the fix adds none.
    sound = ">=1.4,!=1.7.*,!=1.8.*"
    yield case(rule, "switched off", _confluent_transaction(off), sound)
    several = _confluent_transaction(off, '"acks": 1', '"retries": 0')
    yield case(rule, "switched off, acks=1, retries=0", several, sound)

    rule = "delivery-timeout-invalid"
    held = "<1.5,!=1.9.0", ">=1.9"
    for versions in held:
        which = "until 1.4" if versions.startswith("<") else "from 1.9"
        short = confluent_producer(on, '"message.timeout.ms": 1000', '"linger.ms": 1000')
        yield case(rule, f"not above linger.ms, {which}", short, versions, versions)
    short = confluent_producer(on, '"linger.ms": "60000"', '"delivery.timeout.ms": "30000"')
    yield case(rule, "below linger.ms under its alias", short, ">=1.9", ">=1.9")
    long_ = _confluent_transaction('"message.timeout.ms": 120000')
    yield case(rule, "above the transaction's timeout", long_, ">=1.4")
    alias = _confluent_transaction('"delivery.timeout.ms": 30000', '"transaction.timeout.ms": 9000')
    yield case(rule, "alias above the transaction's timeout", alias, ">=1.4")
    socket = _confluent_transaction('"socket.timeout.ms": 70000')
    yield case(rule, "socket timeout above the transaction's", socket, ">=1.5")
    patient = confluent_producer(on, '"linger.ms": 400000', '"message.timeout.ms": 400000')
    yield case(rule, "a linger above the default", patient, NONE, tried=">=1.9")
    both = ('"message.timeout.ms": 90000', '"linger.ms": 80000', '"socket.timeout.ms": 90000')
    yield case(rule, "three timeouts at once", _confluent_transaction(*both), ">=1.5,<1.9")

    rule = "acks-not-all"
    yield case(rule, "acks=1", confluent_producer('"acks": 1'))
    text = confluent_producer('"acks": "0"', '"linger.ms": 5')
    yield case(rule, "acks=0 in text", text, SOUND)
    yield case(rule, "acks=1 under its alias", confluent_producer('"request.required.acks": 1'))

    rule = "consumer-reads-uncommitted"
    level = '"isolation.level": "read_uncommitted"'
    yield case(rule, "read_uncommitted set", _confluent_pair(level), READS_COMMITTED)

    rule = "auto-commit-in-transaction"
    loop = _confluent_loop((), ())
    yield case(rule, "by default", loop, tried=">=1.4")
    commits = ('"enable.auto.commit": "true"', '"auto.offset.reset": "earliest"')
    yield case(rule, "set in text", _confluent_loop((), commits), tried=">=1.4")

    rule = "transaction-timeout-exceeds-broker"
    half_an_hour = _confluent_transaction('"transaction.timeout.ms": 1800000')
    yield case(rule, "half an hour", half_an_hour, ">=1.4")
    with_delivery = ('"transaction.timeout.ms": 1800000', '"message.timeout.ms": 1200000')
    text = _confluent_transaction(*with_delivery)
    yield case(rule, "half an hour, delivery within", text, ">=1.4")

    rule = "unknown-key"
    slip = confluent_producer('"enable.idempotance": True')
    yield case(rule, "enable.idempotance", slip, SOUND)
    slip = confluent_producer('"enable.idempotance": True', '"acks": "1"', '"retries": 0')
    yield case(rule, "enable.idempotance, acks=1, retries=0", slip, SOUND)
    slip = confluent_producer(on, '"retires": 0', '"max.in.flght": 10')
    yield case(rule, "retires=0 and max.in.flght=10, idempotence on", slip)
    slip = _confluent_consumer('"auto.ofset.reset": "earliest"')
    yield case(rule, "auto.ofset.reset", slip)
    slip = _confluent_consumer('"isolation.levl": "read_committed"')
    yield case(rule, "isolation.levl", slip, READS_COMMITTED, tried=">=1.2")
    slip = _confluent_transaction('"transaction.timeout": 30000', '"delivry.timeout.ms": 60000')
    yield case(rule, "two timeouts that clash when corrected", slip, tried=">=1.4")

    rule = "key-of-another-role"
    stray = confluent_producer(on, '"isolation.level": "read_committed"')
    yield case(rule, "isolation.level on a producer", stray, NONE, tried=">=1.2")
    yield case(rule, "acks on a consumer", _confluent_consumer('"acks": "all"'), NONE)

    rule = "key-of-another-client"
    foreign = _confluent_consumer('"max.poll.records": 100')
    yield case(rule, "max.poll.records on a consumer", foreign, "<2.15")
    serializer = '"key.serializer": "org.apache.kafka.common.serialization.StringSerializer"'
    yield case(rule, "key.serializer on a producer", confluent_producer(on, serializer))
    text = """from confluent_kafka import Producer

producer = Producer({"bootstrap_servers": "kafka:9092", "enable_idempotence": True})


def send(order: bytes) -> None:
    producer.produce("orders", order)
"""
    yield case(rule, "spelled as kafka-python does", text, SOUND)
    foreign = _confluent_consumer('"fetch.max.wait.ms": 100')
    yield case(rule, "fetch.max.wait.ms on a consumer", foreign)

    rule = "duplicate-key"
    twice = confluent_producer(on, '"acks": 1', '"acks": "all"')
    yield case(rule, "acks twice", twice)
    twice = confluent_producer(on, '"acks": 1', '"request.required.acks": "all"')
    yield case(rule, "acks beside its alias", twice)
    twice = confluent_producer(on, '"retries": 0', '"message.send.max.retries": 5')
    yield case(rule, "retries beside its alias", twice)

    rule = "deprecated-key"
    idle = confluent_producer(on, '"socket.blocking.max.ms": 10')
    yield case(rule, "socket.blocking.max.ms", idle)
    idle = confluent_producer(on, '"reconnect.backoff.jitter.ms": 500')
    yield case(rule, "reconnect.backoff.jitter.ms", idle)

    rule = "invalid-value"
    text = _confluent_consumer('"max.poll.interval.ms": 6000', '"session.timeout.ms": 10000')
    yield case(rule, "poll interval below session timeout", text)
    text = _confluent_consumer('"max.poll.interval.ms": 5000')
    yield case(rule, "poll interval below the default session timeout", text)
    text = _confluent_consumer('"group.protocol": "consumer"', '"session.timeout.ms": 10000')
    yield case(rule, "session timeout under KIP-848", text, ">=2.10")
    timeouts = ('"session.timeout.ms": 10000', '"heartbeat.interval.ms": 3000')
    text = _confluent_consumer('"group.protocol": "consumer"', *timeouts)
    yield case(rule, "session timeout and heartbeat under KIP-848", text, ">=2.10")
    text = _confluent_consumer(
        '"group.protocol": "consumer"', '"partition.assignment.strategy": "cooperative-sticky"'
    )
    yield case(rule, "assignment strategy under KIP-848", text, ">=2.10")


# kafka-python and aiokafka --------------------------------------------------------------------


def _call(name: str, *entries: str, first: tuple[str, ...] = ()) -> str:
    return _listed(f"{name}(", ")", (*first, 'bootstrap_servers="kafka:9092"', *entries))


def python_producer(*entries: str) -> str:
    return f"""from kafka import KafkaProducer

producer = {_call("KafkaProducer", *entries)}


def send(order: bytes) -> None:
    producer.send("orders", order)
"""


def _python_spread(*entries: str) -> str:
    return f"""from kafka import KafkaProducer

SETTINGS = {_listed("{", "}", ('"bootstrap_servers": ["kafka:9092"]', *entries))}

producer = KafkaProducer(**SETTINGS)


def send(order: bytes) -> None:
    producer.send("orders", order)
"""


def _python_transaction(*entries: str) -> str:
    return f"""from kafka import KafkaProducer

producer = {_call("KafkaProducer", 'transactional_id="orders-1"', *entries)}
producer.init_transactions()


def send(order: bytes) -> None:
    producer.begin_transaction()
    producer.send("orders", order)
    producer.commit_transaction()
"""


def _python_consumer(*entries: str) -> str:
    call = _call("KafkaConsumer", 'group_id="billing"', *entries, first=('"orders"',))
    return f"""from kafka import KafkaConsumer

consumer = {call}
for message in consumer:
    print(message.value)
"""


def _python_loop(*consumer: str) -> str:
    call = _call("KafkaConsumer", 'group_id="billing"', *consumer, first=('"orders"',))
    return f"""from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition

consumer = {call}
producer = {_call("KafkaProducer", 'transactional_id="billing-1"')}
producer.init_transactions()
for message in consumer:
    producer.begin_transaction()
    producer.send("invoices", message.value)
    partition = TopicPartition(message.topic, message.partition)
    offsets = {{partition: OffsetAndMetadata(message.offset + 1, "", -1)}}
    producer.send_offsets_to_transaction(offsets, "billing")
    producer.commit_transaction()
"""


def _python_pair(*consumer: str) -> str:
    call = _call("KafkaConsumer", 'group_id="billing"', *consumer, first=('"orders"',))
    return f"""from kafka import KafkaConsumer, KafkaProducer

producer = {_call("KafkaProducer", 'transactional_id="orders-1"')}
consumer = {call}


def write(orders: list[bytes]) -> None:
    producer.init_transactions()
    producer.begin_transaction()
    for order in orders:
        producer.send("orders", order)
    producer.commit_transaction()


def read() -> None:
    for message in consumer:
        print(message.value)
"""


IN_FLIGHT = "max_in_flight_requests_per_connection"


def kafka_python_cases() -> Iterator[FixCase]:
    """kafka-python: without the features before 2.2, idempotent by default from 3.0."""
    middle, new, able = ">=2.2,<3", ">=3", ">=2.2"

    def case(
        rule: str,
        about: str,
        text: str,
        versions: str,
        requirement: str | None = None,
        tried: str = "",
    ) -> FixCase:
        return FixCase(rule, about, KAFKA_PYTHON, versions, "app.py", text, requirement, tried)

    conflicts = {
        "acks=1": ("acks=1",),
        "acks=0": ("acks=0",),
        "retries=0": ("retries=0",),
        "in-flight 10": (f"{IN_FLIGHT}=10",),
        "acks=1, retries=0, in-flight 10": ("acks=1", "retries=0", f"{IN_FLIGHT}=10"),
    }
    on, off = "enable_idempotence=True", "enable_idempotence=False"

    rule = "producer-not-idempotent"
    yield case(rule, "nothing set", python_producer(), middle)
    yield case(rule, "nothing set, 2.2 or 2.3", python_producer(), middle, ">=2.2,<3")
    yield case(rule, "switched off", python_producer(off), able)
    yield case(rule, "switched off, 2.2 or newer", python_producer(off), able, ">=2.2")
    spread = ('"enable_idempotence": False', '"acks": 1')
    yield case(rule, "switched off in a spread dict, acks=1", _python_spread(*spread), able)
    for about, entries in conflicts.items():
        if about == "acks=0":  # without acknowledgements nothing is sent again
            continue
        yield case(rule, about, python_producer(*entries), middle)
        yield case(rule, f"switched off, {about}", python_producer(off, *entries), able)
    yield case(rule, "in-flight 5", python_producer(f"{IN_FLIGHT}=5"), middle)
    text = python_producer(off, f"{IN_FLIGHT}=5", "retries=3")
    yield case(rule, "switched off, in-flight 5, 2.2 or newer", text, able, ">=2.2")

    rule = "idempotence-conflict"
    for about, entries in conflicts.items():
        yield case(rule, f"idempotence on, {about}", python_producer(on, *entries), able)
        text = _python_transaction(*entries)
        yield case(rule, f"transactional id, {about}", text, able)
    text = python_producer(on, f"{IN_FLIGHT}=5")
    yield case(rule, "idempotence on, in-flight 5", text, middle)
    yield case(rule, "idempotence on, acks='1'", python_producer(on, 'acks="1"'), able)
    text = python_producer(on, "acks=1", "delivery_timeout_ms=10000")
    yield case(rule, "idempotence on, acks=1, a short delivery timeout", text, able)
    many = conflicts["acks=1, retries=0, in-flight 10"]
    yield case(rule, "2.2 or newer", python_producer(on, *many), able, ">=2.2")

    rule = "idempotence-silently-disabled"
    for about, entries in conflicts.items():
        if about != "acks=0":
            yield case(rule, about, python_producer(*entries), new)
    yield case(rule, "acks=1, any 3.x", python_producer("acks=1"), new, ">=3,<4")
    text = _python_spread('"acks": 1', '"linger_ms": 5', '"retries": 0')
    yield case(rule, "acks=1, retries=0 in a spread dict", text, new)

    rule = "transactional-without-idempotence"
    yield case(rule, "switched off", _python_transaction(off), able)
    several = _python_transaction(off, "acks=1", f"{IN_FLIGHT}=8")
    yield case(rule, "switched off, acks=1, in-flight 8", several, able)

    rule = "delivery-timeout-invalid"
    text = python_producer(on, "delivery_timeout_ms=30000", "linger_ms=1")
    yield case(rule, "below linger and request timeout", text, able)
    text = python_producer(on, "linger_ms=100000")
    yield case(rule, "a linger above the default", text, able)
    text = python_producer(on, "request_timeout_ms=180000")
    yield case(rule, "a request timeout above the default", text, able)
    text = python_producer(on, "delivery_timeout_ms=10000", "request_timeout_ms=15000")
    yield case(rule, "below a request timeout that is set", text, able)

    rule = "acks-not-all"
    yield case(rule, "acks=1", python_producer("acks=1"), "<3")
    yield case(rule, "acks=0", python_producer("acks=0", "retries=5"), able)

    rule = "consumer-reads-uncommitted"
    yield case(rule, "by default", _python_pair(), able)
    level = 'isolation_level="read_uncommitted"'
    yield case(rule, "read_uncommitted set", _python_pair(level), able)

    rule = "auto-commit-in-transaction"
    yield case(rule, "by default", _python_loop(), able, tried=able)
    yield case(rule, "set", _python_loop("enable_auto_commit=True"), able, tried=able)

    rule = "transaction-timeout-exceeds-broker"
    text = _python_transaction("transaction_timeout_ms=1800000")
    yield case(rule, "half an hour", text, able)

    rule = "unknown-key"
    yield case(rule, "enable_idempotance", python_producer("enable_idempotance=True"), ANY)
    text = python_producer("enable_idempotance=True", "acks=1", "retries=0")
    yield case(rule, "enable_idempotance, acks=1, retries=0", text, ANY)
    text = python_producer(on, "ack=1", "delivery_timout_ms=5000")
    yield case(rule, "ack=1 and delivery_timout_ms=5000, idempotence on", text, able)
    text = _python_consumer('isolation_levl="read_committed"')
    yield case(rule, "isolation_levl", text, ANY)
    text = _python_consumer('auto_ofset_reset="earliest"')
    yield case(rule, "auto_ofset_reset", text, ANY)

    rule = "key-of-another-role"
    text = python_producer(on, 'isolation_level="read_committed"')
    yield case(rule, "isolation_level on a producer", text, able)
    yield case(rule, "acks on a consumer", _python_consumer('acks="all"'), ANY)

    rule = "key-of-another-client"
    text = """from kafka import KafkaProducer

SETTINGS = {"bootstrap.servers": "kafka:9092", "enable.idempotence": True}
producer = KafkaProducer(**SETTINGS)


def send(order: bytes) -> None:
    producer.send("orders", order)
"""
    yield case(rule, "spelled with dots", text, able)
    yield case(rule, "max_batch_size of aiokafka", python_producer("max_batch_size=1000"), ANY)

    rule = "duplicate-key"
    twice = _python_spread('"acks": 1', '"linger_ms": 5', '"acks": "all"')
    yield case(rule, "acks twice in a spread dict", twice, ANY)
    twice = _python_spread('"client_id": "a"', '"linger_ms": 5', '"client_id": "b"')
    yield case(rule, "client_id twice in a spread dict", twice, ANY)

    rule = "invalid-value"
    text = _python_consumer("heartbeat_interval_ms=10000", "session_timeout_ms=10000")
    yield case(rule, "heartbeat equal to session timeout", text, able)
    text = _python_consumer("heartbeat_interval_ms=20000", "session_timeout_ms=10000")
    yield case(rule, "heartbeat above session timeout", text, ANY)
    text = _python_consumer("heartbeat_interval_ms=60000")
    yield case(rule, "heartbeat above the default session timeout", text, ANY)


def kafka_python_ng_cases() -> Iterator[FixCase]:
    """kafka-python-ng, which has none of the three features."""

    def case(rule: str, about: str, text: str) -> FixCase:
        return FixCase(rule, about, KAFKA_PYTHON_NG, ANY, "app.py", text)

    yield case("acks-not-all", "acks=1", python_producer("acks=1"))
    slip = _python_consumer('auto_ofset_reset="earliest"')
    yield case("unknown-key", "auto_ofset_reset", slip)
    yield case("key-of-another-role", "acks on a consumer", _python_consumer('acks="all"'))
    text = _python_consumer("heartbeat_interval_ms=20000", "session_timeout_ms=10000")
    yield case("invalid-value", "heartbeat above session timeout", text)


def async_producer(*entries: str) -> str:
    return f"""import asyncio

from aiokafka import AIOKafkaProducer


async def main(order: bytes) -> None:
    producer = {_call("AIOKafkaProducer", *entries).replace(chr(10), chr(10) + "    ")}
    await producer.start()
    try:
        await producer.send_and_wait("orders", order)
    finally:
        await producer.stop()


asyncio.run(main(b"1"))
"""


def _async_transaction(*entries: str) -> str:
    return f"""from aiokafka import AIOKafkaProducer


async def main(orders: list[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers="kafka:9092",
        transactional_id="orders-1",
{"".join(f"        {entry},{chr(10)}" for entry in entries)}    )
    await producer.start()
    async with producer.transaction():
        for order in orders:
            await producer.send("orders", order)
"""


def _async_consumer(*entries: str) -> str:
    call = _call("AIOKafkaConsumer", 'group_id="billing"', *entries, first=('"orders"',))
    return f"""from aiokafka import AIOKafkaConsumer


async def main() -> None:
    consumer = {call.replace(chr(10), chr(10) + "    ")}
    await consumer.start()
    async for message in consumer:
        print(message.value)
"""


def _async_loop(*consumer: str) -> str:
    call = _call("AIOKafkaConsumer", 'group_id="billing"', *consumer, first=('"orders"',))
    return f"""from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


async def main() -> None:
    consumer = {call.replace(chr(10), chr(10) + "    ")}
    producer = AIOKafkaProducer(bootstrap_servers="kafka:9092", transactional_id="billing-1")
    await consumer.start()
    await producer.start()
    async for message in consumer:
        async with producer.transaction():
            await producer.send("invoices", message.value)
            partition = TopicPartition(message.topic, message.partition)
            offsets = {{partition: message.offset + 1}}
            await producer.send_offsets_to_transaction(offsets, "billing")
"""


def _async_pair(*consumer: str) -> str:
    reading = _async_consumer(*consumer).replace("Consumer\n", "Consumer, AIOKafkaProducer\n", 1)
    return f"""{reading}

async def write(orders: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers="kafka:9092", transactional_id="orders-1")
    await producer.start()
    async with producer.transaction():
        for order in orders:
            await producer.send("orders", order)
"""


def aiokafka_cases() -> Iterator[FixCase]:
    """aiokafka, which has no retries and no number of requests in flight to set."""

    def case(
        rule: str, about: str, text: str, versions: str = ANY, requirement: str | None = None
    ) -> FixCase:
        return FixCase(rule, about, AIOKAFKA, versions, "app.py", text, requirement)

    on, off = "enable_idempotence=True", "enable_idempotence=False"

    rule = "producer-not-idempotent"
    yield case(rule, "nothing set", async_producer())
    yield case(rule, "nothing set, any release", async_producer(), ANY, "")
    yield case(rule, "switched off", async_producer(off))
    yield case(rule, "acks=1", async_producer("acks=1"))
    text = async_producer("acks=1", "linger_ms=5", 'compression_type="gzip"')
    yield case(rule, "acks=1 among others", text)
    yield case(rule, "switched off, acks=1", async_producer(off, "acks=1"))

    rule = "idempotence-conflict"
    yield case(rule, "idempotence on, acks=1", async_producer(on, "acks=1"))
    yield case(rule, "idempotence on, acks=0", async_producer(on, "acks=0"))
    yield case(rule, "transactional id, acks=1", _async_transaction("acks=1"))

    rule = "transactional-without-idempotence"
    yield case(rule, "switched off", _async_transaction(off))
    yield case(rule, "switched off, acks=1", _async_transaction(off, "acks=1"))

    rule = "acks-not-all"
    yield case(rule, "acks=1", async_producer("acks=1"))
    yield case(rule, "acks=0", async_producer("acks=0"))

    rule = "consumer-reads-uncommitted"
    yield case(rule, "by default", _async_pair())
    yield case(rule, "read_uncommitted set", _async_pair('isolation_level="read_uncommitted"'))

    rule = "auto-commit-in-transaction"
    yield case(rule, "by default", _async_loop())
    yield case(rule, "set", _async_loop("enable_auto_commit=True"))

    rule = "transaction-timeout-exceeds-broker"
    yield case(rule, "half an hour", _async_transaction("transaction_timeout_ms=1800000"))

    rule = "unknown-key"
    yield case(rule, "enable_idempotance", async_producer("enable_idempotance=True"))
    text = async_producer("enable_idempotance=True", "acks=1", "linger_ms=5")
    yield case(rule, "enable_idempotance, acks=1", text)
    yield case(rule, "ack=1, idempotence on", async_producer(on, "ack=1"))
    yield case(rule, "isolation_levl", _async_consumer('isolation_levl="read_committed"'))

    rule = "key-of-another-role"
    text = async_producer(on, 'isolation_level="read_committed"')
    yield case(rule, "isolation_level on a producer", text)
    yield case(rule, "acks on a consumer", _async_consumer('acks="all"'))

    rule = "key-of-another-client"
    yield case(rule, "retries on a producer", async_producer(on, "retries=5"))
    yield case(rule, "batch_size on a producer", async_producer(on, "batch_size=32768"))


# Java -----------------------------------------------------------------------------------------

_SERIALIZER = "org.apache.kafka.common.serialization.StringSerializer"
_DESERIALIZER = "org.apache.kafka.common.serialization.StringDeserializer"


def producer_file(*lines: str) -> str:
    return "\n".join(
        (
            "# the producer of orders",
            "bootstrap.servers=kafka:9092",
            f"key.serializer={_SERIALIZER}",
            f"value.serializer={_SERIALIZER}",
            *lines,
            "",
        )
    )


def _consumer_file(*lines: str) -> str:
    return "\n".join(
        (
            "bootstrap.servers = kafka:9092",
            "group.id = billing",
            f"key.deserializer = {_DESERIALIZER}",
            f"value.deserializer = {_DESERIALIZER}",
            *lines,
            "",
        )
    )


def _streams_file(*lines: str) -> str:
    return "\n".join(
        (
            "application.id: billing",
            "bootstrap.servers: kafka:9092",
            "processing.guarantee: at_least_once",
            *lines,
            "",
        )
    )


def _worker_file(*lines: str) -> str:
    return "\n".join(
        (
            "bootstrap.servers=kafka:9092",
            "group.id=connect",
            "key.converter=org.apache.kafka.connect.converters.ByteArrayConverter",
            "value.converter=org.apache.kafka.connect.converters.ByteArrayConverter",
            "offset.storage.topic=connect-offsets",
            "config.storage.topic=connect-configs",
            "status.storage.topic=connect-status",
            *lines,
            "",
        )
    )


_ON_BY_DEFAULT = ">=3.0.1,!=3.1.0"


def java_cases() -> Iterator[FixCase]:
    """Kafka's own producer and consumer, configured by files."""

    def producer(rule: str, about: str, versions: str, *lines: str) -> FixCase:
        text = producer_file(*lines)
        return FixCase(rule, about, JAVA, versions, "producer.properties", text)

    def consumer(rule: str, about: str, versions: str, *lines: str) -> FixCase:
        text = _consumer_file(*lines)
        return FixCase(rule, about, JAVA, versions, "consumer.properties", text)

    in_flight = "max.in.flight.requests.per.connection"
    conflicts = {
        "acks=1": ("acks=1",),
        "acks=0": ("acks=0",),
        "retries=0": ("retries=0",),
        "in-flight 10": (f"{in_flight}=10",),
        "acks=1, retries=0, in-flight 10": ("acks=1", "retries=0", f"{in_flight}=10"),
    }
    on, off, transactional = (
        "enable.idempotence=true",
        "enable.idempotence=false",
        "transactional.id=orders-1",
    )
    old = "<3.0.1"

    rule = "producer-not-idempotent"
    yield producer(rule, "nothing set", old)
    yield producer(rule, "switched off", ANY, off)
    for about, lines in conflicts.items():
        if about == "acks=0":  # without acknowledgements nothing is sent again
            continue
        yield producer(rule, about, old, *lines)
        yield producer(rule, f"switched off, {about}", ANY, off, *lines)

    rule = "idempotence-conflict"
    for about, lines in conflicts.items():
        yield producer(rule, f"idempotence on, {about}", ANY, on, *lines)
        yield producer(rule, f"transactional id, {about}", ANY, transactional, *lines)
    yield producer(rule, "in-flight 10", ">=4.0", f"{in_flight}=10")
    yield producer(
        rule, "idempotence on, acks=1, a short delivery timeout", ANY, on, "acks=1",
        "delivery.timeout.ms=10000",
    )  # fmt: skip

    rule = "idempotence-silently-disabled"
    for about, lines in conflicts.items():
        if about == "acks=0":
            continue
        versions = f"{_ON_BY_DEFAULT},<4.0" if "in-flight" in about else _ON_BY_DEFAULT
        yield producer(rule, about, versions, *lines)

    rule = "transactional-without-idempotence"
    yield producer(rule, "switched off", ANY, transactional, off)
    yield producer(rule, "switched off, acks=1", ANY, transactional, off, "acks=1")

    rule = "delivery-timeout-invalid"
    yield producer(rule, "below the default request timeout", ANY, on, "delivery.timeout.ms=10000")
    lines = (on, "delivery.timeout.ms=120000", "request.timeout.ms=200000")
    yield producer(rule, "below a request timeout that is set", ANY, *lines)
    lines = (on, "delivery.timeout.ms=30000", "linger.ms=100")
    yield producer(rule, "below linger and request timeout", ANY, *lines)

    rule = "acks-not-all"
    yield producer(rule, "acks=1", old, "acks=1")
    yield producer(rule, "acks=0", ANY, "acks=0")

    rule = "transaction-timeout-exceeds-broker"
    yield producer(rule, "half an hour", ANY, transactional, "transaction.timeout.ms=1800000")

    rule = "unknown-key"
    yield producer(rule, "enable.idempotance", ANY, "enable.idempotance=true")
    slips = ("enable.idempotance=true", "acks=1", "retries=0")
    yield producer(rule, "enable.idempotance, acks=1, retries=0", ANY, *slips)
    yield producer(rule, "request.required.acks", ANY, on, "request.required.acks=all")
    yield producer(rule, "request.required.acks=1", ANY, on, "request.required.acks=1")
    slip = "delivery.timout.ms=5000"
    yield producer(rule, "delivery.timout.ms, too short", ANY, on, slip)
    yield consumer(rule, "isolation.levl", ANY, "isolation.levl = read_committed")

    rule = "key-of-another-role"
    yield producer(rule, "isolation.level on a producer", NONE, on, "isolation.level=x")
    yield consumer(rule, "acks on a consumer", NONE, "acks = all")

    rule = "key-of-another-client"
    yield producer(rule, "max.in.flight", ANY, on, "max.in.flight=5")
    yield producer(rule, "max.in.flight, too many", ANY, on, "max.in.flight=10", "acks=all")
    yield producer(rule, "message.timeout.ms", ANY, on, "message.timeout.ms=60000")
    yield producer(rule, "message.timeout.ms, too short", ANY, on, "message.timeout.ms=5000")

    rule = "duplicate-key"
    yield producer(rule, "acks twice", ANY, on, "acks=1", "linger.ms=5", "acks=all")
    lines = ("isolation.level = read_uncommitted", "isolation.level = read_committed")
    yield consumer(rule, "isolation.level twice", ANY, *lines)

    rule = "invalid-value"
    lines = ("heartbeat.interval.ms = 20000", "session.timeout.ms = 10000")
    yield consumer(rule, "heartbeat above session timeout", ANY, *lines)
    lines = ("heartbeat.interval.ms = 50000",)
    yield consumer(rule, "heartbeat above the default session timeout", ANY, *lines)
    lines = ("group.protocol = consumer", "session.timeout.ms = 10000")
    yield consumer(rule, "session timeout under KIP-848", ">=4.0", *lines)
    lines = (*lines, "heartbeat.interval.ms = 3000")
    yield consumer(rule, "session timeout and heartbeat under KIP-848", ">=4.0", *lines)


def streams_cases() -> Iterator[FixCase]:
    """Kafka Streams, where keys are wrong."""

    def case(rule: str, about: str, versions: str, *lines: str) -> FixCase:
        text = _streams_file(*lines)
        return FixCase(rule, about, STREAMS, versions, "billing.properties", text)

    yield case("unknown-key", "commit.intervall.ms", ANY, "commit.intervall.ms: 1000")
    yield case("unknown-key", "producer.acsk", ANY, "producer.acsk: all")
    twice = ("commit.interval.ms: 1000", "commit.interval.ms: 2000")
    yield case("duplicate-key", "commit.interval.ms twice", ANY, *twice)


def connect_cases() -> Iterator[FixCase]:
    """The producers and consumers that a Connect worker makes for its connectors."""

    def case(rule: str, about: str, versions: str, *lines: str) -> FixCase:
        text = _worker_file(*lines)
        return FixCase(rule, about, CONNECT, versions, "connect-distributed.properties", text)

    on = "producer.enable.idempotence=true"
    rule = "producer-not-idempotent"
    # Only 3.0.1 leaves its producers the client's own default (KAFKA-13759).
    off_by_default, on_by_default = "!=3.0.1", "==3.0.1"
    flights = "producer.max.in.flight.requests.per.connection=10"
    yield case(rule, "nothing set", off_by_default, "producer.linger.ms=5")
    yield case(rule, "switched off", ANY, "producer.enable.idempotence=false")
    wrongs = {
        "acks=1": "producer.acks=1",
        "retries=0": "producer.retries=0",
        "in-flight 10": flights,
    }
    for about, line in wrongs.items():
        yield case(rule, about, off_by_default, line)
    rule = "idempotence-silently-disabled"
    for about, line in wrongs.items():
        # Without any key the linter would not see a producer in the file any more.
        versions = NONE if about == "retries=0" else on_by_default
        yield case(rule, about, versions, line)
        yield case(rule, f"{about} among others", on_by_default, "producer.linger.ms=5", line)

    rule = "idempotence-conflict"
    yield case(rule, "idempotence on, acks=1", ANY, on, "producer.acks=1")
    yield case(rule, "idempotence on, retries=0", ANY, on, "producer.retries=0")
    yield case(rule, "idempotence on, in-flight 10", ANY, on, flights)

    rule = "acks-not-all"
    yield case(rule, "acks=1", off_by_default, "producer.acks=1")

    rule = "unknown-key"
    yield case(rule, "producer.compresion.type", ANY, on, "producer.compresion.type=lz4")
    yield case(rule, "ofset.flush.interval.ms", ANY, "ofset.flush.interval.ms=1000")
    yield case(rule, "consumer.isolation.levl", ANY, "consumer.isolation.levl=read_committed")

    rule = "duplicate-key"
    yield case(rule, "producer.acks twice", ANY, on, "producer.acks=1", "producer.acks=all")

    rule = "key-of-another-role"
    yield case(rule, "isolation.level of the producers", NONE, on, "producer.isolation.level=x")


CASES: tuple[FixCase, ...] = (
    *confluent_cases(),
    *kafka_python_cases(),
    *kafka_python_ng_cases(),
    *aiokafka_cases(),
    *java_cases(),
    *streams_cases(),
    *connect_cases(),
)
