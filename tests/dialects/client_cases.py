"""What the Python client libraries do with configurations that decide exactly-once, as data.

Each case is one observable fact about a client: a configuration in the client's own spelling and what the
client makes of it. `test_client_facts.py` holds every case to the real libraries; whatever models the
clients (the linter's constraints) can be held to the same cases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import SpecifierSet

CONSTRUCT = "construct"
CREATE = "create through Python"
"""Like CONSTRUCT, for what the Python layer does and a bare librdkafka does not."""
START = "start"
SEND_OUTSIDE = "send outside a transaction"
COMMIT_WITHOUT_OFFSETS = "commit without offsets"
OFFSETS_BY_GROUP_ID = "offsets with a group id"
OFFSETS_BY_METADATA = "offsets with group metadata"
SEND = "send a record"
"""By a producer that is not transactional; librdkafka holds a topic's settings together only then."""
TRANSACTION = "whole transaction"
"""A record and offsets, sent as this client wants them, and committed."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The client takes the configuration.

    Attributes:
        effective: canonical setting name to the value in force afterwards, where the client shows it.
        warns: a fragment of a warning that the client logs, or None when it is not asked about.
        silent_about: words that no warning may contain, because the client changes a setting unasked.
    """

    effective: Mapping[str, Any] = field(default_factory=dict)
    warns: str | None = None
    silent_about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raises:
    """The client refuses, with an exception of this type whose text contains `message`."""

    exception: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One probe of one client.

    Attributes:
        row: the fact this belongs to, in a few words; one row usually has cases for several clients.
        dialect: the name of the client's dialect table.
        versions: the versions it holds for, as a PEP 440 specifier of the dialect's distribution.
        role: producer or consumer.
        config: the settings in the client's own spelling, in the order in which they are written.
        outcome: what the client does.
        action: what is done beyond constructing the client.
    """

    row: str
    dialect: str
    versions: str
    role: str
    config: Mapping[str, Any]
    outcome: Accepted | Raises
    action: str = CONSTRUCT

    def holds_for(self, version: str) -> bool:
        """Whether the case speaks about this version."""
        return SpecifierSet(self.versions).contains(version, prereleases=True)

    @property
    def id(self) -> str:
        """Names the row, the client and the configuration, for test reports."""
        config = " ".join(f"{key}={value!r}" for key, value in self.config.items()) or "nothing set"
        action = "" if self.action == CONSTRUCT else f" then {self.action}"
        return f"{self.row}: {self.dialect}{self.versions} {self.role} {config}{action}"


LIBRDKAFKA = "librdkafka"
KAFKA_PYTHON = "kafka-python"
KAFKA_PYTHON_NG = "kafka-python-ng"
AIOKAFKA = "aiokafka"

INVALID = "_INVALID_ARG"
"""The name of librdkafka's error code, in the text of confluent-kafka's KafkaException."""

IDEMPOTENT = {"enable_idempotence": True}
IN_FLIGHT = "max_in_flight_requests_per_connection"


def librdkafka_cases() -> Iterator[Case]:
    """confluent-kafka, by what its librdkafka says."""

    def case(
        row: str,
        config: Mapping[str, Any],
        outcome: Accepted | Raises,
        versions: str = ">=1.0",
        role: str = "producer",
        action: str = CONSTRUCT,
    ) -> Case:
        return Case(row, LIBRDKAFKA, versions, role, config, outcome, action)

    def refused(about: str) -> Raises:
        return Raises("KafkaException", about)

    on = {"enable.idempotence": True}
    transactional = {"transactional.id": "t"}
    conflict = "idempotence conflict"
    yield case(conflict, {**on, "acks": 1}, refused("`acks` must be set to `all`"))
    yield case(conflict, {**on, "acks": 0}, refused("`acks` must be set to `all`"))
    yield case(conflict, {**on, "retries": 0}, refused("`retries` must be set >= 1"))
    yield case(conflict, {**on, "max.in.flight": 6}, refused("`max.in.flight` must be set <= 5"))
    yield case(conflict, {**on, "queuing.strategy": "lifo"}, refused("`queuing.strategy`"))
    yield case(conflict, {**on, "acks": "all", "retries": 1, "max.in.flight": 5}, Accepted())
    yield case(conflict, on, Accepted())
    yield case("gapless guarantee", {"enable.gapless.guarantee": True}, refused("idempotence"))

    row = "transactional id with idempotence off"
    off = {"enable.idempotence": False}
    yield case(
        row, {**transactional, **off}, refused("requires `enable.idempotence=true`"), ">=1.4"
    )
    yield case(row, transactional, Accepted(), ">=1.4")
    yield case("transactional id, acks=1", {**transactional, "acks": 1}, refused("`acks`"), ">=1.4")

    row = "empty transactional id"
    yield case(row, {"transactional.id": ""}, Accepted(), ">=1.4")
    yield case(row, {"transactional.id": "", **off}, Accepted(), ">=1.4")

    row = "message timeout against transaction timeout"
    above = refused("`message.timeout.ms` must be set <= `transaction.timeout.ms`")
    yield case(row, {**transactional, "message.timeout.ms": 60001}, above, ">=1.4")
    yield case(row, {**transactional, "delivery.timeout.ms": 300000}, above, ">=1.4")
    yield case(row, {**transactional, "message.timeout.ms": 60000}, Accepted(), ">=1.4")
    yield case(row, {**transactional, "message.timeout.ms": 0}, Accepted(), ">=1.4")
    short = {**transactional, "transaction.timeout.ms": 1000}
    yield case(row, short, Accepted(), ">=1.4")
    yield case(row, {**short, "delivery.timeout.ms": 1001}, above, ">=1.4")

    row = "message timeout against linger"
    linger = refused("`message.timeout.ms` must be greater than `linger.ms`")
    equal = {"message.timeout.ms": 1000, "linger.ms": 1000}
    for versions, outcome in (
        (">=1.0,<1.5", linger),
        (">=1.5,<1.9", Accepted()),
        (">=1.9", linger),
    ):
        yield case(row, equal, outcome, versions)
        yield case(row, {"linger.ms": 2000, "delivery.timeout.ms": 1000}, outcome, versions)
    yield case(row, {"message.timeout.ms": 1000, "linger.ms": 999}, Accepted())
    yield case(row, {"message.timeout.ms": 1}, Accepted())
    # 0 is infinite, which 1.0 and 1.1 had not thought of.
    yield case(row, {"message.timeout.ms": 0, "linger.ms": 1000}, linger, "<1.2")
    yield case(row, {"message.timeout.ms": 0, "linger.ms": 1000}, Accepted(), ">=1.2")
    # The default of message.timeout.ms, 300000, is not held against a linger that is set.
    yield case(row, {"linger.ms": 400000}, Accepted())

    row = "socket timeout against transaction timeout"
    socket = refused("`socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100")
    yield case(row, {**transactional, "socket.timeout.ms": 60101}, socket, ">=1.5")
    yield case(row, {**transactional, "socket.timeout.ms": 60101}, Accepted(), ">=1.4,<1.5")
    yield case(row, {**transactional, "socket.timeout.ms": 60100}, Accepted(), ">=1.4")

    row = "poll interval against session timeout"
    poll = refused("`max.poll.interval.ms`must be >= `session.timeout.ms`")
    yield case(row, {"max.poll.interval.ms": 1000}, poll, role="consumer")
    equal = {"max.poll.interval.ms": 1000, "session.timeout.ms": 1000}
    yield case(row, equal, Accepted(), role="consumer")

    row = "alias beside its property, the later counts"
    yield case(row, {**on, "acks": 1, "request.required.acks": "all"}, Accepted())
    yield case(row, {**on, "request.required.acks": "all", "acks": 1}, refused("`acks`"))
    yield case(row, {**on, "retries": 0, "message.send.max.retries": 5}, Accepted())
    yield case(row, {**on, "message.send.max.retries": 5, "retries": 0}, refused("`retries`"))

    row = "key of another role"
    # Before 1.6 such a key is ignored without a word.
    for versions, told in (("<1.6", False), (">=1.6", True)):

        def ignored(key: str, owner: str, told: bool = told) -> Accepted:
            text = f"{key} is a {owner} property and will be ignored"
            return Accepted(warns=text) if told else Accepted(silent_about=(key,))

        of_consumer = ignored("session.timeout.ms", "consumer")
        yield case(row, {"session.timeout.ms": 6000}, of_consumer, versions)
        of_producer = ignored("enable.idempotence", "producer")
        yield case(row, on, of_producer, versions, role="consumer")
        of_producer = ignored("acks", "producer")
        yield case(row, {"acks": 1}, of_producer, versions, role="consumer")
    of_consumer = Accepted(warns="isolation.level is a consumer property and will be ignored")
    yield case(row, {"isolation.level": "read_committed"}, of_consumer, ">=1.6")

    row = "deprecated key"
    yield case(row, {"socket.blocking.max.ms": 1}, Accepted(warns="is deprecated"), ">=1.4")

    row = "unknown key"
    yield case(row, {"bogus": 1}, refused("No such configuration property"))
    yield case(row, {"bogus": 1}, refused("No such configuration property"), role="consumer")
    yield case(row, {"enable_idempotence": True}, refused("No such configuration property"))
    yield case(row, {"fetch.max.wait.ms": 1}, refused("No such"), role="consumer")
    yield case(row, {"key.serializer": "x"}, refused("No such configuration property"))

    row = "isolation level misspelt"
    yield case(row, {"isolation.level": "bogus"}, refused("Invalid value"), ">=1.2", "consumer")
    yield case(row, {"isolation.level": "READ_COMMITTED"}, Accepted(), ">=1.2", "consumer")

    row = "prefix for topic properties"
    yield case(row, {"topic.acks": 1}, Accepted())
    yield case(row, {**on, "topic.acks": 1}, refused("`acks`"))

    row = "value in another case"
    yield case(row, {"acks": "ALL", "compression.type": "GZIP"}, Accepted())
    for true in ("TRUE", "T", "1"):
        # acks=1 is refused, so each of these did switch idempotence on.
        yield case(row, {"enable.idempotence": true, "acks": 1}, refused("`acks`"))
    for other in ("yes", "on", " true"):
        yield case(row, {"enable.idempotence": other}, refused("Expected bool value"))
    yield case(row, {"ENABLE.IDEMPOTENCE": True}, refused("No such configuration property"))
    yield case(row, {"auto.offset.reset": "EARLIEST"}, Accepted(), role="consumer")
    yield case(row, {"auto.offset.reset": "none"}, refused("Invalid value"), role="consumer")

    row = "value of another type"
    # The one producer key that the Python layer reads itself: text is no boolean to it.
    not_bool = Raises("TypeError", "bool")
    yield case(row, {"delivery.report.only.error": "true"}, not_bool, ">=1.4", action=CREATE)
    yield case(row, {"delivery.report.only.error": True}, Accepted())
    yield case(row, {"linger.ms": "abc"}, refused("Invalid value"))
    yield case(row, {"linger.ms": ""}, refused("cannot be set to empty value"))
    # Whatever follows a number is dropped without a word.
    dropped = Accepted(silent_about=("linger", "timeout"))
    yield case(row, {"linger.ms": "5 ms", "message.timeout.ms": "1e6"}, linger, ">=1.9")
    yield case(row, {"linger.ms": "5 ms", "message.timeout.ms": "6.5"}, dropped)
    yield case(row, {"retries": -1}, refused("outside allowed range"))
    yield case(row, {"acks": "most"}, refused("Invalid value"))

    row = "setting not there yet"
    yield case(row, {"isolation.level": "read_committed"}, refused("No such"), "<1.2", "consumer")
    yield case(row, transactional, refused("No such configuration property"), "<1.4")

    row = "offsets sent to the transaction"
    not_metadata = Raises("TypeError")
    yield case(
        row, {"transactional.id": "by-id"}, not_metadata, ">=1.4", action=OFFSETS_BY_GROUP_ID
    )
    metadata = {"transactional.id": "by-metadata"}
    yield case(row, metadata, Accepted(), ">=1.4", action=OFFSETS_BY_METADATA)
    yield case(
        "produce outside a transaction",
        {"transactional.id": "outside"},
        refused("_STATE"),
        ">=1.4",
        action=SEND_OUTSIDE,
    )
    yield case(
        "transaction committed without offsets",
        {"transactional.id": "no-offsets"},
        Accepted(),
        ">=1.4",
        action=COMMIT_WITHOUT_OFFSETS,
    )


def kafka_python_cases() -> Iterator[Case]:
    """kafka-python, and kafka-python-ng, which imports under the same name."""
    old, middle, new = "<2.2", ">=2.2,<3", ">=3"

    def case(
        row: str,
        versions: str,
        config: Mapping[str, Any],
        outcome: Accepted | Raises,
        role: str = "producer",
        action: str = CONSTRUCT,
    ) -> Case:
        return Case(row, KAFKA_PYTHON, versions, role, config, outcome, action)

    refused = Raises("KafkaConfigurationError")
    off: dict[str, Any] = {"enable.idempotence": False}

    row = "defaults in force"
    plain = {"acks": 1, "retries": 0, "max.in.flight.requests.per.connection": 5}
    yield case(row, old, {}, Accepted(plain))
    yield Case(row, KAFKA_PYTHON_NG, "", "producer", {}, Accepted(plain))
    yield case(row, middle, {}, Accepted({**plain, **off, "retries": "inf"}))
    strong = {
        "enable.idempotence": True,
        "acks": -1,
        "retries": "inf",
        "max.in.flight.requests.per.connection": 5,
    }
    yield case(row, new, {}, Accepted(strong))
    committing = {"enable.auto.commit": True, "isolation.level": "read_uncommitted"}
    yield case(row, ">=2.2", {"group_id": "g"}, Accepted(committing), "consumer")
    yield case(row, "", {"group_id": "g"}, Accepted({"enable.auto.commit": True}), "consumer")

    row = "auto commit without a group"
    groupless = Accepted({"enable.auto.commit": False}, warns="disabling auto-commit")
    yield case(row, "", {}, groupless, "consumer")
    yield Case(row, KAFKA_PYTHON_NG, "", "consumer", {}, groupless)

    row = "idempotence asked for"
    one_by_one = {**strong, "max.in.flight.requests.per.connection": 1}
    yield case(row, middle, IDEMPOTENT, Accepted(one_by_one))
    yield case(row, new, IDEMPOTENT, Accepted(strong))
    yield case(row, ">=2.2", {**IDEMPOTENT, "acks": "all"}, Accepted({"acks": -1}))
    unheard = Raises("AssertionError", "Unrecognized configs")
    yield case(row, old, IDEMPOTENT, unheard)
    yield Case(row, KAFKA_PYTHON_NG, "", "producer", IDEMPOTENT, unheard)

    row = "idempotence conflict"
    for config in ({"acks": 1}, {"acks": 0}, {"retries": 0}, {IN_FLIGHT: 6}):
        yield case(row, ">=2.2", {**IDEMPOTENT, **config}, refused)
    must_be_one = Raises("KafkaConfigurationError", "to 1")
    yield case(row, middle, {**IDEMPOTENT, IN_FLIGHT: 5}, must_be_one)
    yield case(row, middle, {**IDEMPOTENT, IN_FLIGHT: 1}, Accepted())
    yield case(row, new, {**IDEMPOTENT, IN_FLIGHT: 5}, Accepted(strong))
    # The text "1" is no number to either series.
    yield case(row, ">=2.2", {**IDEMPOTENT, "acks": "1"}, refused)

    row = "conflict with idempotence by default"
    for config in ({"acks": 1}, {"retries": 0}, {IN_FLIGHT: 6}):
        yield case(row, middle, config, Accepted(off))
        disabled = Accepted(off, warns="Idempotence will be disabled")
        yield case(row, new, config, disabled)

    row = "transactional id with idempotence off"
    contradiction = {"transactional_id": "t", "enable_idempotence": False}
    yield case(row, ">=2.2", contradiction, Raises("KafkaConfigurationError", "transactional_id"))
    yield case(row, middle, {"transactional_id": "t"}, Accepted(one_by_one))
    yield case(row, new, {"transactional_id": "t"}, Accepted(strong))
    yield case("transactional id, acks=1", ">=2.2", {"transactional_id": "t", "acks": 1}, refused)
    yield case(
        "transactional id, retries=0", ">=2.2", {"transactional_id": "t", "retries": 0}, refused
    )

    row = "empty transactional id"
    yield case(row, middle, {"transactional_id": ""}, Accepted(off))
    yield case(row, new, {"transactional_id": ""}, Accepted(strong))

    row = "delivery timeout against linger and request timeout"
    short = Raises("KafkaConfigurationError", "delivery_timeout_ms")
    yield case(row, ">=2.2", {"delivery_timeout_ms": 30000, "linger_ms": 1}, short)
    yield case(row, ">=2.2", {"linger_ms": 100000}, short)
    yield case(row, ">=2.2", {"delivery_timeout_ms": 30000}, Accepted())

    row = "key of another role"
    as_assertion, as_value = unheard, Raises("ValueError", "Unrecognized configs")
    yield case(row, "<3", {"isolation_level": "read_committed"}, as_assertion)
    yield case(row, new, {"isolation_level": "read_committed"}, as_value)
    unrecognised = Raises("KafkaConfigurationError", "Unrecognized configs")
    yield case(row, "", {"acks": 1}, unrecognised, "consumer")

    row = "unknown key"
    yield case(row, "<3", {"bogus": 1}, as_assertion)
    yield case(row, new, {"bogus": 1}, as_value)
    yield case(row, "", {"bogus": 1}, unrecognised, "consumer")
    yield Case(row, KAFKA_PYTHON_NG, "", "producer", {"bogus": 1}, as_assertion)
    yield Case(row, KAFKA_PYTHON_NG, "", "consumer", {"bogus": 1}, unrecognised)

    row = "deprecated key"
    yield case(row, ">=2.1.5,<3", {"buffer_memory": 1}, Accepted())
    yield case(row, new, {"buffer_memory": 1}, as_value)

    row = "isolation level misspelt"
    level = Raises("KafkaConfigurationError", "isolation_level")
    yield case(row, ">=2.2", {"isolation_level": "bogus"}, level, "consumer")
    yield case(row, middle, {"isolation_level": "READ_COMMITTED"}, level, "consumer")
    committed = Accepted({"isolation.level": "read_committed"})
    yield case(row, new, {"isolation_level": "READ_COMMITTED"}, committed, "consumer")
    yield case(row, ">=2.2", {"isolation_level": "read_committed"}, committed, "consumer")

    row = "value in another case"
    codec = Raises("ValueError", "Not supported codec")
    yield case(row, "", {"compression_type": "GZIP"}, codec)
    silent = Accepted(silent_about=("offset_reset",))
    yield case(row, "", {"auto_offset_reset": "EARLIEST"}, silent, "consumer")

    # "ALL" is not "all": one more way to lose the default idempotence.
    shouted = Accepted(off, warns="Idempotence will be disabled")
    yield case(row, new, {"acks": "ALL"}, shouted)
    yield case(row, ">=2.2", {**IDEMPOTENT, "acks": "ALL"}, refused)

    # Any text is true to Python, "false" too.
    row = "text where a boolean is meant"
    yield case(
        row, ">=2.2", {"enable_idempotence": "false"}, Accepted({"enable.idempotence": True})
    )
    commits = Accepted({"enable.auto.commit": True})
    textual = {"group_id": "g", "enable_auto_commit": "false"}
    yield case(row, "", textual, commits, "consumer")
    yield Case(row, KAFKA_PYTHON_NG, "", "consumer", textual, commits)

    # Anything else counts as none: a consumer without a committed offset raises at its first poll.
    reset = Accepted(warns="Unrecognized offset_reset_strategy, using NONE")
    yield case("offset reset misspelt", "", {"auto_offset_reset": "bogus"}, reset, "consumer")

    row = "setting not there yet"
    yield case(row, old, {"transactional_id": "t"}, unheard)
    yield case(row, old, {"isolation_level": "read_committed"}, unrecognised, "consumer")
    yield Case(row, KAFKA_PYTHON_NG, "", "producer", {"transactional_id": "t"}, unheard)
    level_ng = {"isolation_level": "read_committed"}
    yield Case(row, KAFKA_PYTHON_NG, "", "consumer", level_ng, unrecognised)

    row = "offsets sent to the transaction"
    by_id = {"transactional_id": "by-id"}
    yield case(row, ">=2.2", by_id, Accepted(), action=OFFSETS_BY_GROUP_ID)
    metadata = {"transactional_id": "by-metadata"}
    missing = Raises("AttributeError", "group_metadata")
    yield case(row, middle, metadata, missing, action=OFFSETS_BY_METADATA)
    yield case(row, new, metadata, Accepted(), action=OFFSETS_BY_METADATA)
    outside = Raises("IllegalStateError")
    yield case(
        "produce outside a transaction",
        ">=2.2",
        {"transactional_id": "outside"},
        outside,
        action=SEND_OUTSIDE,
    )
    yield case(
        "transaction committed without offsets",
        ">=2.2",
        {"transactional_id": "no-offsets"},
        Accepted(),
        action=COMMIT_WITHOUT_OFFSETS,
    )


def aiokafka_cases() -> Iterator[Case]:
    """aiokafka; its constructor takes keywords only, so an unknown key is Python's own TypeError."""

    def case(
        row: str,
        config: Mapping[str, Any],
        outcome: Accepted | Raises,
        role: str = "producer",
        action: str = CONSTRUCT,
    ) -> Case:
        return Case(row, AIOKAFKA, ">=0.8", role, config, outcome, action)

    weak = {"enable.idempotence": False, "acks": 1}
    strong = {"enable.idempotence": True, "acks": -1}
    uncommitted = {"isolation.level": "read_uncommitted"}
    unexpected = Raises("TypeError", "unexpected keyword argument")

    yield case("defaults in force", {}, Accepted(weak))
    yield case("defaults in force", {}, Accepted(uncommitted), "consumer", START)
    yield case("idempotence asked for", IDEMPOTENT, Accepted(strong))

    row = "idempotence conflict"
    yield case(row, {**IDEMPOTENT, "acks": 1}, Raises("ValueError", "acks=1 not supported"))
    yield case(row, {**IDEMPOTENT, "acks": 0}, Raises("ValueError", "acks=0 not supported"))
    yield case(row, {**IDEMPOTENT, "retries": 0}, unexpected)
    yield case(row, {**IDEMPOTENT, IN_FLIGHT: 6}, unexpected)
    yield case(row, {**IDEMPOTENT, "acks": "all"}, Accepted(strong))

    row = "transactional id with idempotence off"
    contradiction = {"transactional_id": "t", "enable_idempotence": False}
    yield case(row, contradiction, Accepted(strong, silent_about=("idempotence", "transaction")))
    yield case(
        "transactional id, acks=1", {"transactional_id": "t", "acks": 1}, Raises("ValueError")
    )

    # An empty text is not None: the producer is idempotent, and not transactional.
    yield case("empty transactional id", {"transactional_id": ""}, Accepted(strong))

    row = "key of another role"
    yield case(row, {"isolation_level": "read_committed"}, unexpected)
    yield case(row, {"acks": 1}, unexpected, "consumer")
    yield case("unknown key", {"bogus": 1}, unexpected)
    yield case("unknown key", {"bogus": 1}, unexpected, "consumer")

    row = "isolation level misspelt"
    for level in ("bogus", "READ_COMMITTED"):
        config = {"isolation_level": level}
        # The constructor keeps whatever it is given; the fetcher looks at it when the consumer starts.
        yield case(row, config, Accepted({"isolation.level": level}), "consumer")
        yield case(
            row, config, Raises("ValueError", "Incorrect isolation level"), "consumer", START
        )
    committed = {"isolation_level": "read_committed"}
    effective = {"isolation.level": "read_committed"}
    yield case(row, committed, Accepted(effective), "consumer", START)

    row = "value in another case"
    yield case(row, {"compression_type": "GZIP"}, Raises("ValueError", "compression"))
    yield case(row, {"acks": "ALL"}, Raises("ValueError", "ACKS"))
    yield case(row, {"acks": "1"}, Raises("ValueError", "ACKS"))

    silent = Accepted(silent_about=("auto_offset_reset",))
    yield case(row, {"auto_offset_reset": "EARLIEST"}, silent, "consumer", START)
    row = "offset reset misspelt"
    reset = Accepted(warns="config, using NONE")
    yield case(row, {"auto_offset_reset": "bogus"}, reset, "consumer", START)

    # Any text is true to Python, "false" too.
    row = "text where a boolean is meant"
    yield case(row, {"enable_idempotence": "false"}, Accepted(strong))
    textual = {"group_id": "g", "enable_auto_commit": "false"}
    yield case(row, textual, Accepted({"enable.auto.commit": True}), "consumer", START)
    committing = {**uncommitted, "enable.auto.commit": True}
    yield case("defaults in force", {"group_id": "g"}, Accepted(committing), "consumer", START)
    groupless = {"enable.auto.commit": False}
    yield case("auto commit without a group", {}, Accepted(groupless), "consumer", START)

    row = "offsets sent to the transaction"
    yield case(row, {"transactional_id": "by-id"}, Accepted(), action=OFFSETS_BY_GROUP_ID)
    metadata = {"transactional_id": "by-metadata"}
    yield case(row, metadata, Raises("ValueError"), action=OFFSETS_BY_METADATA)
    yield case(
        "produce outside a transaction",
        {"transactional_id": "outside"},
        Raises("IllegalOperation"),
        action=SEND_OUTSIDE,
    )
    yield case(
        "transaction committed without offsets",
        {"transactional_id": "no-offsets"},
        Accepted(),
        action=COMMIT_WITHOUT_OFFSETS,
    )


CASES: tuple[Case, ...] = (*librdkafka_cases(), *kafka_python_cases(), *aiokafka_cases())


@dataclass(frozen=True, slots=True)
class DefaultFact:
    """A default that decides exactly-once, as the dialect table of a client must have it.

    Attributes:
        setting: the canonical name.
        dialect: the name of the client's dialect table.
        versions: the versions it holds for, as a PEP 440 specifier.
        role: producer or consumer.
        default: the JSON value, or NO_SUCH_SETTING.
    """

    setting: str
    dialect: str
    versions: str
    role: str
    default: Any

    @property
    def id(self) -> str:
        """Names setting and client, for test reports."""
        return f"{self.setting}: {self.dialect}{self.versions}"


NO_SUCH_SETTING = "no such setting"


def default_facts() -> Iterator[DefaultFact]:
    """The defaults that decide exactly-once, client by client."""
    columns = {
        "confluent": (LIBRDKAFKA, ">=1.9"),
        "ng": (KAFKA_PYTHON_NG, ""),
        "old": (KAFKA_PYTHON, "<2.2"),
        "middle": (KAFKA_PYTHON, ">=2.2,<3"),
        "new": (KAFKA_PYTHON, ">=3"),
        "aiokafka": (AIOKAFKA, ""),
    }
    none = NO_SUCH_SETTING
    rows: dict[tuple[str, str], tuple[Any, ...]] = {
        ("producer", "enable.idempotence"): (False, none, none, False, True, False),
        ("producer", "acks"): (-1, 1, 1, 1, -1, 1),
        ("producer", "retries"): (2147483647, 0, 0, "inf", "inf", none),
        ("producer", "max.in.flight.requests.per.connection"): (1000000, 5, 5, 5, 5, none),
        ("producer", "transactional.id"): (None, none, none, None, None, None),
        ("producer", "transaction.timeout.ms"): (60000, none, none, 60000, 60000, 60000),
        ("producer", "delivery.timeout.ms"): (300000, none, none, 120000, 120000, none),
        ("consumer", "isolation.level"): (
            "read_committed",
            none,
            none,
            "read_uncommitted",
            "read_uncommitted",
            "read_uncommitted",
        ),
        ("consumer", "enable.auto.commit"): (True,) * 6,
        ("consumer", "auto.offset.reset"): ("largest", *("latest",) * 5),
        ("consumer", "enable.auto.offset.store"): (True, *(none,) * 5),
    }
    for (role, setting), defaults in rows.items():
        for (dialect, versions), default in zip(columns.values(), defaults, strict=True):
            yield DefaultFact(setting, dialect, versions, role, default)
    # librdkafka's early years, and what arrived when.
    yield DefaultFact("retries", LIBRDKAFKA, "<1.6", "producer", 2)
    yield DefaultFact("retries", LIBRDKAFKA, ">=1.6", "producer", 2147483647)
    yield DefaultFact("acks", LIBRDKAFKA, "", "producer", -1)
    yield DefaultFact("enable.idempotence", LIBRDKAFKA, "", "producer", False)
    yield DefaultFact("isolation.level", LIBRDKAFKA, "<1.2", "consumer", none)
    yield DefaultFact("isolation.level", LIBRDKAFKA, ">=1.2", "consumer", "read_committed")
    yield DefaultFact("transactional.id", LIBRDKAFKA, "<1.4", "producer", none)
    yield DefaultFact("transactional.id", LIBRDKAFKA, ">=1.4", "producer", None)


DEFAULTS: tuple[DefaultFact, ...] = tuple(default_facts())
