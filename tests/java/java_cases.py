"""What Kafka's Java clients do with configurations that decide exactly-once, as data.

`test_java_facts.py` holds every case to the released classes of each version in `VERSIONS`; whatever
models the clients (the linter's constraints) can be held to the same cases.

Roles beyond producer and consumer: `streams` names the settings of the clients inside as
`producer.enable.idempotence` and `main.consumer.isolation.level`; the `connect-*` roles prefix each setting
with `worker.` or `connector.`, by the file it is set in, and answer with the client that the worker makes for
the connector. Raised exceptions are named by the innermost cause: a client wraps some in a KafkaException.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.dialects.client_cases import Accepted, Case, Raises

CLIENT_VERSIONS = (
    "2.0.1", "2.1.1", "2.8.2", "3.0.0", "3.0.1", "3.1.0", "3.1.1", "3.2.0", "3.3.2", "3.4.1", "3.5.2",
    "3.6.2", "3.7.2", "3.9.2", "4.0.2", "4.1.2", "4.4.0",
)  # fmt: skip
STREAMS_VERSIONS = (
    "2.0.1", "2.4.1", "2.6.3", "2.8.2", "3.0.0", "3.0.1", "3.1.0", "3.3.2", "3.9.2", "4.0.2", "4.3.1",
)  # fmt: skip
CONNECT_VERSIONS = (
    "2.8.2", "3.0.0", "3.0.1", "3.0.2", "3.1.0", "3.1.1", "3.2.0", "3.3.2", "3.9.2", "4.0.2", "4.3.1",
)  # fmt: skip
VERSIONS: Mapping[str, tuple[str, ...]] = {
    "producer": CLIENT_VERSIONS,
    "consumer": CLIENT_VERSIONS,
    "streams": STREAMS_VERSIONS,
    "connect-source": CONNECT_VERSIONS,
    "connect-exactly-once-source": CONNECT_VERSIONS,
    "connect-sink": CONNECT_VERSIONS,
}
"""Role to the releases its cases are measured at."""

ANY = ">=2.0"
ON_BY_DEFAULT = ">=3.0.1,!=3.1.0"
"""Releases whose producer is idempotent unless told otherwise (KAFKA-13598)."""
OFF_BY_DEFAULT = ("<3.0.1", "==3.1.0")
"""The others; 3.0.0 and 3.1.0 declare the default but do not follow it."""

ACKS = "acks"
IDEMPOTENCE = "enable.idempotence"
IN_FLIGHT = "max.in.flight.requests.per.connection"
ISOLATION = "isolation.level"
MAX_INT = 2147483647


def config_exception(about: str) -> Raises:
    """A refusal whose message names the setting (or what else it is about)."""
    return Raises("ConfigException", about)


def producer_cases() -> Iterator[Case]:
    """`KafkaProducer`: defaults, idempotence and its conflicts, transactions, timeouts, foreign keys."""

    def case(
        row: str, config: Mapping[str, str], outcome: Accepted | Raises, versions: str = ANY
    ) -> Case:
        return Case(row, "java-producer", versions, "producer", config, outcome)

    def turned(idempotent: bool, **others: Any) -> Accepted:
        return Accepted({IDEMPOTENCE: idempotent, **others})

    row = "defaults"
    yield case(row, {}, Accepted({ACKS: "1", "retries": 0, IN_FLIGHT: 5}), "<2.1")
    yield case(row, {}, Accepted({ACKS: "1", "retries": MAX_INT, IN_FLIGHT: 5}), ">=2.1,<3.0")
    yield case(row, {}, Accepted({ACKS: "all", "retries": MAX_INT, IN_FLIGHT: 5}), ">=3.0")
    timeouts = {"delivery.timeout.ms": 120000, "request.timeout.ms": 30000}
    yield case(row, {}, Accepted(timeouts), ">=2.1")
    yield case(row, {}, Accepted({"transaction.timeout.ms": 60000, "transactional.id": None}))
    yield case(row, {}, Accepted({"linger.ms": 0}), "<4.0")
    yield case(row, {}, Accepted({"linger.ms": 5}), ">=4.0")

    row = "idempotence by default"
    yield case(row, {}, turned(True), ON_BY_DEFAULT)
    for versions in OFF_BY_DEFAULT:
        yield case(row, {}, turned(False), versions)

    row = "idempotence set"
    on, off = {IDEMPOTENCE: "true"}, {IDEMPOTENCE: "false"}
    yield case(row, on, Accepted({IDEMPOTENCE: True, ACKS: "all", "retries": MAX_INT}))
    yield case(row, {IDEMPOTENCE: " TRUE "}, turned(True))
    yield case(row, {IDEMPOTENCE: "yes"}, config_exception(IDEMPOTENCE))
    yield case(row, off, turned(False))
    yield case(row, off, Accepted({ACKS: "all"}), ">=3.0")

    row = "idempotence conflict"
    yield case(row, {**on, ACKS: "1"}, config_exception(ACKS))
    yield case(row, {**on, ACKS: "0"}, config_exception(ACKS))
    yield case(row, {**on, "retries": "0"}, config_exception("retries"))
    yield case(row, {**on, IN_FLIGHT: "6"}, config_exception(IN_FLIGHT))
    agreeing = {**on, ACKS: "-1", "retries": "1", IN_FLIGHT: "5"}
    yield case(row, agreeing, Accepted({IDEMPOTENCE: True, ACKS: "all", "retries": 1}))

    row = "idempotence by default, conflict"
    yield case(row, {ACKS: "1"}, Accepted({IDEMPOTENCE: False, ACKS: "1"}, ACKS), ON_BY_DEFAULT)
    yield case(row, {ACKS: "0"}, Accepted({IDEMPOTENCE: False, ACKS: "0"}, ACKS), ON_BY_DEFAULT)
    no_retry = Accepted({IDEMPOTENCE: False, "retries": 0}, "retries")
    yield case(row, {"retries": "0"}, no_retry, ON_BY_DEFAULT)
    six = Accepted({IDEMPOTENCE: False, IN_FLIGHT: 6}, IN_FLIGHT)
    yield case(row, {IN_FLIGHT: "6"}, six, ">=3.0.1,!=3.1.0,<4.0")
    yield case(row, {IN_FLIGHT: "6"}, config_exception(IN_FLIGHT), ">=4.0")
    yield case(row, {IN_FLIGHT: "6", **off}, turned(False))
    yield case(row, {ACKS: "-1"}, Accepted({IDEMPOTENCE: True, ACKS: "all"}), ON_BY_DEFAULT)
    yield case(row, {"retries": "3"}, turned(True, retries=3), ON_BY_DEFAULT)
    for versions in OFF_BY_DEFAULT:
        yield case(row, {ACKS: "1"}, turned(False, acks="1"), versions)
        yield case(row, {"retries": "0"}, turned(False, retries=0), versions)
        yield case(row, {IN_FLIGHT: "6"}, turned(False), versions)

    row = "acks in another case"
    yield case(row, {ACKS: "ALL"}, config_exception(ACKS))

    row = "transactional id"
    transactional = {"transactional.id": "orders-0"}
    taken = {IDEMPOTENCE: True, ACKS: "all", "transactional.id": "orders-0"}
    yield case(row, transactional, Accepted(taken))
    yield case(row, {"transactional.id": ""}, config_exception("transactional.id"))
    yield case(row, {**transactional, **off}, config_exception("transactional.id"))
    # Where idempotence is only a default, the conflict first turns it off and then fails for that.
    for key, value in ((ACKS, "1"), ("retries", "0")):
        conflict = {**transactional, key: value}
        yield case(row, conflict, config_exception("transactional.id"), ON_BY_DEFAULT)
        for versions in OFF_BY_DEFAULT:
            yield case(row, conflict, config_exception(key), versions)
        yield case(row, {**conflict, **on}, config_exception(key))
    too_many = {**transactional, IN_FLIGHT: "6"}
    yield case(row, too_many, config_exception("transactional.id"), ">=3.0.1,!=3.1.0,<4.0")
    yield case(row, too_many, config_exception(IN_FLIGHT), ">=4.0")
    for versions in OFF_BY_DEFAULT:
        yield case(row, too_many, config_exception(IN_FLIGHT), versions)

    row = "transaction timeout"
    longer = {**transactional, "delivery.timeout.ms": "120000", "transaction.timeout.ms": "10000"}
    yield case(row, longer, Accepted({"transaction.timeout.ms": 10000}))
    zero = {**transactional, "transaction.timeout.ms": "0"}
    yield case(row, zero, Accepted({"transaction.timeout.ms": 0}))
    yield case(row, {"transaction.timeout.ms": "900000"}, Accepted())
    two_phase = {**transactional, "transaction.two.phase.commit.enable": "true"}
    yield case(row, two_phase, Accepted({"transaction.two.phase.commit.enable": True}), ">=4.1")
    both = {**two_phase, "transaction.timeout.ms": "10000"}
    yield case(row, both, config_exception("transaction.timeout.ms"), ">=4.1")

    row = "delivery timeout"
    delivery = "delivery.timeout.ms"
    refused = config_exception(delivery)
    yield case(row, {delivery: "10000"}, refused, ">=2.1")
    yield case(row, {delivery: "120000", "request.timeout.ms": "200000"}, refused, ">=2.1")
    exact = {delivery: "30000", "linger.ms": "0"}
    yield case(row, exact, Accepted({delivery: 30000}), ">=2.1")
    slow = {"request.timeout.ms": "200000"}
    yield case(row, slow, Accepted({delivery: 200000}, delivery), ">=2.1,<4.0")
    yield case(row, slow, Accepted({delivery: 200005}, delivery), ">=4.0")
    lingering = {"linger.ms": "150000"}
    yield case(row, lingering, Accepted({delivery: 180000}, delivery), ">=2.1")
    yield case(row, {delivery: "10000"}, Accepted({"(unknown)": [delivery]}, delivery), "<2.1")

    row = "unknown key"
    for key in ("enable.idempotency", "enable_idempotence", "request.required.acks", ISOLATION):
        yield case(row, {key: "1"}, Accepted({"(unknown)": [key]}, key))
        yield case(row, {key: "1"}, Accepted(warns="WARN"), "<3.5")
        yield case(row, {key: "1"}, Accepted(warns="INFO"), ">=3.5")


def consumer_cases() -> Iterator[Case]:
    """`KafkaConsumer`: defaults, isolation, auto commit and groups, foreign keys."""

    def case(
        row: str, config: Mapping[str, str], outcome: Accepted | Raises, versions: str = ANY
    ) -> Case:
        return Case(row, "java-consumer", versions, "consumer", config, outcome)

    group = {"group.id": "orders"}
    commit = "enable.auto.commit"
    reset = "auto.offset.reset"

    row = "defaults"
    usual = {ISOLATION: "read_uncommitted", commit: True, reset: "latest"}
    yield case(row, group, Accepted(usual))
    yield case(row, group, Accepted({"session.timeout.ms": 10000}), "<3.0")
    yield case(row, group, Accepted({"session.timeout.ms": 45000}), ">=3.0")

    row = "isolation level"
    committed = {**group, ISOLATION: "read_committed"}
    yield case(row, committed, Accepted({ISOLATION: "read_committed"}))
    for value in ("READ_COMMITTED", "committed", ""):
        yield case(row, {**group, ISOLATION: value}, config_exception(ISOLATION))

    row = "auto commit"
    yield case(row, {**group, commit: "false"}, Accepted({commit: False}))
    yield case(row, {commit: "true"}, Accepted(), "<2.2")
    yield case(row, {commit: "true"}, Raises("InvalidConfigurationException", commit), ">=2.2")
    yield case(row, {}, Accepted())
    # Before 3.7 the consumer keeps what was parsed and decides without showing it.
    yield case(row, {}, Accepted({commit: False}), ">=3.7")
    yield case(row, {"group.id": ""}, Raises("InvalidGroupIdException", "group.id"), ">=4.0")
    yield case(row, {"group.id": ""}, Accepted(), "<4.0")

    row = "offset reset"
    yield case(row, {**group, reset: "EARLIEST"}, config_exception(reset))
    yield case(row, {**group, reset: "smallest"}, config_exception(reset))
    ago = {**group, reset: "by_duration:PT1H"}
    yield case(row, ago, config_exception(reset), "<4.0")
    yield case(row, ago, Accepted({reset: "by_duration:PT1H"}), ">=4.0")

    row = "group timeouts"
    beats = {**group, "heartbeat.interval.ms": "20000", "session.timeout.ms": "10000"}
    yield case(row, beats, Raises("IllegalArgumentException", "session timeout"))
    polls = {**group, "max.poll.interval.ms": "5000", "session.timeout.ms": "10000"}
    yield case(row, polls, Accepted())

    row = "consumer group protocol"
    protocol = {**group, "group.protocol": "consumer"}
    yield case(row, protocol, Accepted({commit: True}), ">=3.7")
    for key, value in (
        ("session.timeout.ms", "10000"),
        ("heartbeat.interval.ms", "3000"),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor"),
    ):
        yield case(row, {**protocol, key: value}, config_exception(key), ">=4.0")
        yield case(row, {**protocol, key: value}, Accepted(), ">=3.7,<4.0")

    row = "unknown key"
    for key in ("isolation.levels", "isolation_level", IDEMPOTENCE, ACKS):
        yield case(row, {**group, key: "1"}, Accepted({"(unknown)": [key]}, key))


def streams_cases() -> Iterator[Case]:
    """`StreamsConfig` and the clients that it configures."""

    def case(
        row: str, config: Mapping[str, str], outcome: Accepted | Raises, versions: str = ANY
    ) -> Case:
        return Case(row, "java-streams", versions, "streams", config, outcome)

    guarantee = "processing.guarantee"
    idempotent, isolation = f"producer.{IDEMPOTENCE}", f"main.consumer.{ISOLATION}"
    transaction_timeout = "producer.transaction.timeout.ms"
    misfit = config_exception(guarantee)

    row = "guarantee by version"
    yield case(row, {}, Accepted({guarantee: "at_least_once", "commit.interval.ms": 30000}))
    exactly = {
        idempotent: True,
        isolation: "read_committed",
        "producer.acks": "all",
        "main.consumer.enable.auto.commit": False,
        "main.consumer.auto.offset.reset": "earliest",
        "commit.interval.ms": 100,
    }
    for value, takes, before, after in (
        ("exactly_once", ">=2.0,<4.0", None, ">=4.0"),
        ("exactly_once_beta", ">=2.6,<4.0", "<2.6", ">=4.0"),
        ("exactly_once_v2", ">=3.0", "<3.0", None),
    ):
        yield case(row, {guarantee: value}, Accepted(exactly), takes)
        for versions in (before, after):
            if versions is not None:
                yield case(row, {guarantee: value}, misfit, versions)
    for value in ("EXACTLY_ONCE_V2", "exactly-once"):
        yield case(row, {guarantee: value}, misfit)
    eos = {guarantee: "exactly_once"}
    yield case(row, eos, Accepted({transaction_timeout: 60000}), "<2.6")
    yield case(row, eos, Accepted({transaction_timeout: 10000}), ">=2.6,<4.0")
    yield case(row, eos, Accepted({"producer.delivery.timeout.ms": MAX_INT}), ">=2.1,<4.0")

    overruled = "will be ignored"
    v2 = {guarantee: "exactly_once_v2"}
    for setting, since, until in ((eos, ">=2.0", ",<4.0"), (v2, ">=3.0", "")):
        versions = since + until
        row = "guarantee against the settings of its clients"
        off = {**setting, idempotent: "false"}
        yield case(row, off, Accepted({idempotent: True}, overruled), versions)
        uncommitted = {**setting, f"consumer.{ISOLATION}": "read_uncommitted"}
        yield case(row, uncommitted, Accepted({isolation: "read_committed"}, overruled), versions)
        # The narrower prefix is laid over the guarantee's own settings, without a word.
        main = {**setting, isolation: "read_uncommitted"}
        silent = Accepted({isolation: "read_uncommitted"}, None, (overruled,))
        yield case(row, main, silent, versions)
        yield case(row, {**setting, "producer.acks": "1"}, config_exception(ACKS), versions)
        yield case(row, {**setting, ACKS: "1"}, config_exception(ACKS), versions)
        retries = {**setting, "producer.retries": "0"}
        yield case(row, retries, config_exception("retries"), versions)
        flights = {**setting, f"producer.{IN_FLIGHT}": "6"}
        checked = f"{max(since, '>=2.1')}{until}"
        yield case(row, flights, config_exception(IN_FLIGHT), checked)

    row = "commit interval against transaction timeout"
    rare = {"commit.interval.ms": "30000"}
    yield case(row, {**v2, **rare}, Raises("IllegalArgumentException", "commit interval"), ">=3.0")
    yield case(row, {**eos, **rare}, Accepted(), "<3.0")
    yield case(row, {**v2, **rare, transaction_timeout: "60000"}, Accepted(), ">=3.0")

    row = "at least once"
    yield case(row, {}, Accepted({idempotent: True}), ON_BY_DEFAULT)
    for versions in OFF_BY_DEFAULT:
        yield case(row, {}, Accepted({idempotent: False}), versions)
    yield case(row, {}, Accepted({isolation: "read_uncommitted"}))
    automatic = {"consumer.enable.auto.commit": "true"}
    yield case(row, automatic, Accepted({"main.consumer.enable.auto.commit": False}))
    yield case(row, {"producer.acks": "1"}, Accepted({idempotent: False, "producer.acks": "1"}))


def connect_cases() -> Iterator[Case]:
    """The clients that a Connect worker makes for its connectors."""

    def case(
        row: str,
        role: str,
        config: Mapping[str, str],
        outcome: Accepted | Raises,
        versions: str = ">=2.8",
    ) -> Case:
        return Case(row, "java-connect-worker", versions, f"connect-{role}", config, outcome)

    worker = f"worker.producer.{IDEMPOTENCE}"
    connector = f"connector.producer.override.{IDEMPOTENCE}"

    row = "producer of a source"
    # Only 3.0.1 lets the client's own default through (KAFKA-13759).
    yield case(row, "source", {}, Accepted({IDEMPOTENCE: False}), ">=2.8,!=3.0.1")
    yield case(row, "source", {}, Accepted({IDEMPOTENCE: True}), "==3.0.1")
    made = {ACKS: "all", "retries": MAX_INT, IN_FLIGHT: 1, "delivery.timeout.ms": MAX_INT}
    yield case(row, "source", {}, Accepted(made))
    yield case(row, "source", {worker: "true"}, Accepted({IDEMPOTENCE: True, IN_FLIGHT: 1}))
    yield case(row, "source", {connector: "true"}, Accepted({IDEMPOTENCE: True}))
    contrary = {worker: "true", connector: "false"}
    yield case(row, "source", contrary, Accepted({IDEMPOTENCE: False}))
    bare = {f"worker.{IDEMPOTENCE}": "true"}
    yield case(row, "source", bare, Accepted({IDEMPOTENCE: False}), ">=2.8,!=3.0.1")
    acks = {"worker.producer.acks": "1"}
    yield case(row, "source", acks, Accepted({ACKS: "1", IDEMPOTENCE: False}))
    identified = {"worker.producer.transactional.id": "mine"}
    yield case(row, "source", identified, Accepted({IDEMPOTENCE: True}), ">=2.8,<=3.0.1")
    refused = config_exception("transactional.id")
    yield case(row, "source", identified, refused, ">=3.1.1")

    row = "exactly-once source"
    supported = {"worker.exactly.once.source.support": "enabled"}
    fixed = Accepted({IDEMPOTENCE: True, "transactional.id": "workers-connector-0", ACKS: "all"})
    yield case(row, "exactly-once-source", supported, fixed, ">=3.3")
    shouted = {"worker.exactly.once.source.support": "ENABLED"}
    yield case(row, "exactly-once-source", shouted, fixed, ">=3.3")
    for key, value in (
        (worker, "false"),
        (connector, "false"),
        ("connector.producer.override.transactional.id", "mine"),
    ):
        yield case(row, "exactly-once-source", {**supported, key: value}, fixed, ">=3.3")
    for key, value in (
        ("worker.exactly.once.source.support", "true"),
        ("connector.exactly.once.support", "enabled"),
        ("connector.transaction.boundary", "record"),
    ):
        about = config_exception(key.split(".", 1)[1])
        yield case(row, "source", {key: value}, about, ">=3.3")
        yield case(row, "source", {key: value}, Accepted(), ">=2.8,<3.2")

    row = "consumer of a sink"
    level = "consumer.isolation.level"
    usual = {
        ISOLATION: "read_uncommitted",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }
    yield case(row, "sink", {}, Accepted(usual))
    strict = Accepted({ISOLATION: "read_committed"})
    yield case(row, "sink", {f"worker.{level}": "read_committed"}, strict)
    override = {"connector.consumer.override.isolation.level": "read_committed"}
    yield case(row, "sink", override, strict)
    unread = {"worker.isolation.level": "read_committed"}
    yield case(row, "sink", unread, Accepted({ISOLATION: "read_uncommitted"}))

    row = "error tolerance"
    yield case(row, "sink", {"connector.errors.tolerance": "all"}, Accepted())
    shouted = {"connector.errors.tolerance": "ALL"}
    yield case(row, "sink", shouted, config_exception("errors.tolerance"))


CASES = (*producer_cases(), *consumer_cases(), *streams_cases(), *connect_cases())
