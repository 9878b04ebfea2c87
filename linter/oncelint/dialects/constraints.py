"""What each client makes of settings that depend on each other, per version.

Every entry is read off the client: tests/dialects/client_cases.py and tests/java/java_cases.py hold
the probes that provoke it, and tests/dialects/test_effective_agrees.py holds this module to them.
`implied` settings follow from others; `contradictions` are combinations a client refuses, corrects,
or answers by switching the guarantee off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from oncelint.model.project import Contradiction, Outcome
from oncelint.model.values import Computed, Known, Scalar, Unknown, Value, is_given
from oncelint.model.versions import at_least

IDEMPOTENCE = "enable.idempotence"
ACKS = "acks"
RETRIES = "retries"
IN_FLIGHT = "max.in.flight.requests.per.connection"
GAPLESS = "enable.gapless.guarantee"
QUEUING = "queuing.strategy"
TRANSACTIONAL_ID = "transactional.id"
TRANSACTION_TIMEOUT = "transaction.timeout.ms"
TWO_PHASE = "transaction.two.phase.commit.enable"
DELIVERY_TIMEOUT = "delivery.timeout.ms"
LINGER = "linger.ms"
REQUEST_TIMEOUT = "request.timeout.ms"
SOCKET_TIMEOUT = "socket.timeout.ms"
GROUP = "group.id"
AUTO_COMMIT = "enable.auto.commit"
PROTOCOL = "group.protocol"
POLL_INTERVAL = "max.poll.interval.ms"
SESSION_TIMEOUT = "session.timeout.ms"
HEARTBEAT = "heartbeat.interval.ms"
ASSIGNMENT = "partition.assignment.strategy"

ISOLATION = "isolation.level"

MAX_INT = 2147483647

# When each client got the three features (KIP-98), from its changelog: some are older than the
# oldest version of its table. Every key here is a setting that other clients have.
ARRIVALS: dict[str, dict[str, str]] = {
    "librdkafka": {
        IDEMPOTENCE: "1.0.0",
        TRANSACTIONAL_ID: "1.4.0",
        TRANSACTION_TIMEOUT: "1.4.0",
        ISOLATION: "1.2.0",
    },
    "kafka-python": dict.fromkeys(
        (IDEMPOTENCE, TRANSACTIONAL_ID, TRANSACTION_TIMEOUT, ISOLATION), "2.2.0"
    ),
    "aiokafka": dict.fromkeys(
        (IDEMPOTENCE, TRANSACTIONAL_ID, TRANSACTION_TIMEOUT, ISOLATION), "0.5.0"
    ),
    "java": dict.fromkeys(
        (IDEMPOTENCE, TRANSACTIONAL_ID, TRANSACTION_TIMEOUT, ISOLATION), "0.11.0"
    ),
    # quixstreams/app.py of each release
    "quixstreams": {"processing.guarantee": "2.7.0"},
}

# Versions from which a client answers differently; between two of them it behaves alike.
BREAKPOINTS: dict[str, tuple[str, ...]] = {
    "librdkafka": ("1.0.0", "1.2.0", "1.4.0", "1.5.0", "1.9.0", "2.10.0"),
    "kafka-python": ("2.2.0", "3.0.0"),
    "kafka-python-ng": (),
    "aiokafka": (),
    "java": (
        *(
            "0.11.0",
            "2.1.0",
            "2.2.0",
            "3.0.0",
            "3.0.1",
            "3.1.0",
            "3.1.1",
            "3.2.0",
            "4.0.0",
            "4.1.0",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A configuration being worked out: values by canonical name.

    `given` are the settings somebody set (the user, or a framework for its clients): what a client
    does about a contradiction depends on that. `missing` are those the client does not have at
    this version.
    """

    dialect: str
    role: str
    version: str
    values: dict[str, Value]
    given: frozenset[str]
    missing: frozenset[str] = frozenset()

    def known(self, name: str) -> Scalar | tuple[Scalar, ...]:
        value = self.values.get(name)
        return value.value if isinstance(value, Known) else None

    def number(self, name: str) -> float | None:
        value = self.known(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value)

    def is_given(self, name: str) -> bool:
        """Whether somebody set it and the client has it."""
        return name in self.given and name not in self.missing

    def has(self, name: str) -> bool:
        """Whether the client has the setting at this version."""
        return name in self.values and name not in self.missing

    def since(self, version: str) -> bool:
        return at_least(self.version, version)

    def transactional(self) -> bool | None:
        """Whether a transactional id is set; None when that cannot be known."""
        if not self.has(TRANSACTIONAL_ID):
            return False
        return is_given(self.values[TRANSACTIONAL_ID])


def implied(draft: Draft) -> Iterator[tuple[str, Value, str]]:
    """Settings whose value follows from others: name, value, and why, in a few words."""
    if draft.role == "consumer":
        yield from _implied_for_consumer(draft)
    elif draft.role == "producer":
        yield from _implied_for_producer(draft)


def _implied_for_producer(draft: Draft) -> Iterator[tuple[str, Value, str]]:
    if draft.has(IDEMPOTENCE):
        idempotent, why = _idempotence(draft)
        if why:
            yield IDEMPOTENCE, idempotent, why
        if isinstance(idempotent, Known) and idempotent.value is True:
            yield from _asked_for_by_idempotence(draft)
    if draft.dialect == "java" and draft.has(DELIVERY_TIMEOUT):
        needed = _needed_for_delivery(draft)
        current = draft.number(DELIVERY_TIMEOUT)
        if (
            needed
            and current is not None
            and current < needed
            and not draft.is_given(DELIVERY_TIMEOUT)
        ):
            value = min(int(needed), MAX_INT)
            yield DELIVERY_TIMEOUT, Known(value), "linger.ms + request.timeout.ms"


def _idempotence(draft: Draft) -> tuple[Value, str]:
    """The effective enable.idempotence, and why it is not simply what stands there."""
    stands = draft.values[IDEMPOTENCE]
    transactional = draft.transactional()
    if draft.dialect == "aiokafka" and _has_text_id(draft):
        # any transactional id but None switches it on, whatever else is set
        return Known(True), "a transactional id switches it on"
    if draft.is_given(IDEMPOTENCE):
        return stands, ""
    on = isinstance(stands, Known) and stands.value is True
    if draft.dialect == "java":
        on = on and not _announced_only(draft.version)
    if transactional is None:
        if on:
            return stands, ""
        return (
            Unknown("whether a transactional id is set is not known"),
            "a transactional id would switch it on",
        )
    if transactional:
        return Known(True), "a transactional id switches it on"
    if draft.dialect == "java" and _announced_only(draft.version):
        return Known(False), "off unless set in this release, KAFKA-13598"
    if not on:
        return stands, ""
    verdict, blame = _switched_off(draft)
    if verdict is None:
        return Unknown(f"{blame} is not known"), f"{blame} may switch it off"
    return (Known(False), f"switched off by {blame}") if verdict else (stands, "")


def _has_text_id(draft: Draft) -> bool:
    """Whether aiokafka takes the transactional id for one: an empty text is not None to it."""
    value = draft.values.get(TRANSACTIONAL_ID)
    if isinstance(value, Known):
        return value.value is not None
    return isinstance(value, Computed)


def _asked_for_by_idempotence(draft: Draft) -> Iterator[tuple[str, Value, str]]:
    why = "idempotence asks for it"
    if not draft.is_given(ACKS):
        yield ACKS, Known("all"), why
    bound, current = in_flight_bound(draft), draft.number(IN_FLIGHT)
    limited = draft.has(IN_FLIGHT) and not draft.is_given(IN_FLIGHT)
    if limited and bound is not None and current is not None and current > bound:
        yield IN_FLIGHT, Known(bound), why
    if draft.has(RETRIES) and not draft.is_given(RETRIES) and draft.number(RETRIES) == 0:
        yield RETRIES, Known(MAX_INT), why


def _implied_for_consumer(draft: Draft) -> Iterator[tuple[str, Value, str]]:
    """Without a group id nothing is committed; librdkafka does not consume without one."""
    if draft.dialect == "librdkafka" or not draft.has(AUTO_COMMIT):
        return
    if draft.dialect == "java" and draft.is_given(AUTO_COMMIT):
        return  # refused, see contradictions
    group = draft.values.get(GROUP)
    if isinstance(group, Known) and group.value is None:
        yield AUTO_COMMIT, Known(False), "without a group id nothing is committed"


def _announced_only(version: str) -> bool:
    """Java releases that announce idempotence by default and leave it off (KAFKA-13598)."""
    return any(at_least(version, one) and at_least(one, version) for one in ("3.0.0", "3.1.0"))


def in_flight_bound(draft: Draft) -> int | None:
    """How many requests in flight an idempotent producer of this client may have."""
    if draft.dialect == "redpanda-connect" or (
        draft.dialect == "kafka-python" and not draft.since("3.0.0")
    ):
        return 1
    return None if draft.dialect == "aiokafka" else 5


def _switched_off(draft: Draft) -> tuple[bool | None, str]:
    """Whether acks, retries or in-flight requests switch off idempotence that is on by default."""
    unknown = ""
    for name, wrong in _wrongs(draft):
        if not draft.is_given(name) or _throws_by_default(draft, name):
            continue
        value = draft.values.get(name)
        if not isinstance(value, Known):
            unknown = unknown or name
        elif wrong(value.value):
            return True, name
    return (None, unknown) if unknown else (False, "")


def _throws_by_default(draft: Draft, name: str) -> bool:
    """Java 4 does not start with more than five requests in flight, default or not, and Redpanda
    Connect with nothing that its default does not go with."""
    if draft.dialect == "redpanda-connect":
        return True
    return name == IN_FLIGHT and draft.dialect == "java" and draft.since("4.0.0")


_Wrong = Callable[["Scalar | tuple[Scalar, ...]"], bool]


def _wrongs(draft: Draft) -> list[tuple[str, _Wrong]]:
    """The settings idempotence depends on, with a test for the values it cannot live with."""
    bound = in_flight_bound(draft)

    def above(value: Scalar | tuple[Scalar, ...]) -> bool:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return bound is not None and number and float(value) > bound  # type: ignore[arg-type]

    # kafka-python takes any text for acks; to the others it is no value at all, refused for that
    text_counts = draft.dialect == "kafka-python"
    return [
        (ACKS, lambda value: value != "all" and (text_counts or isinstance(value, int))),
        (RETRIES, lambda value: value == 0 and not isinstance(value, bool)),
        (IN_FLIGHT, above),
    ]


_ERRORS: dict[str, str] = {
    "librdkafka": "KafkaException: _INVALID_ARG",
    "kafka-python": "KafkaConfigurationError",
    "kafka-python-ng": "AssertionError",
    "aiokafka": "ValueError",
    "java": "ConfigException",
    "telegraf": "sarama: ConfigurationError",
    "redpanda-connect": "the configuration is refused",
}
_SOURCES: dict[str, str] = {
    "librdkafka": "librdkafka src/rdkafka_conf.c, rd_kafka_conf_finalize",
    "kafka-python": "kafka/producer/kafka.py, KafkaProducer.__init__",
    "kafka-python-ng": "kafka/producer/kafka.py, KafkaProducer.__init__",
    "aiokafka": "aiokafka/producer/producer.py, AIOKafkaProducer.__init__",
    "java": "ProducerConfig.postProcessParsedConfig, KafkaProducer.configureDeliveryTimeout",
    "telegraf": "sarama config.go, Config.Validate",
    "redpanda-connect": "internal/impl/kafka/franz_writer.go, FranzProducerOptsFromConfig",
}


def contradictions(draft: Draft) -> Iterator[Contradiction]:
    """What this client does not accept together, from the values after `implied`.

    Families: `missing` (the client has no such setting at this version), `idempotence`,
    `gapless`, `transactional-off`, `transactions`, `timeouts`, `group`.
    """
    yield from _missing(draft)
    if draft.role == "producer":
        yield from _producer(draft)
        yield from _timeouts(draft)
    elif draft.role == "consumer":
        yield from _consumer(draft)


def _found(
    draft: Draft, family: str, outcome: Outcome, *names: str, error: str | None = None
) -> Contradiction:
    return Contradiction(
        family,
        outcome,
        names,
        error or _ERRORS.get(draft.dialect, "an error"),
        _SOURCES.get(draft.dialect, ""),
    )


def _missing(draft: Draft) -> Iterator[Contradiction]:
    for name in sorted(draft.missing & draft.given):
        if draft.dialect == "java":
            yield _found(draft, "missing", "ignores", name)
            continue
        if draft.dialect == "librdkafka":
            error = "KafkaException: No such configuration property"
        elif draft.dialect == "aiokafka":
            error = "TypeError: unexpected keyword argument"
        elif draft.role == "consumer":
            error = "KafkaConfigurationError: Unrecognized configs"
        else:
            kind = "AssertionError" if not draft.since("3.0.0") else "ValueError"
            error = f"{kind}: Unrecognized configs"
        yield _found(draft, "missing", "refuses", name, error=error)


def _producer(draft: Draft) -> Iterator[Contradiction]:
    transactional = draft.transactional()
    stated = draft.known(IDEMPOTENCE) if draft.is_given(IDEMPOTENCE) else None
    if draft.dialect == "aiokafka":
        if stated is False and _has_text_id(draft):
            yield _found(draft, "transactional-off", "corrects", IDEMPOTENCE, TRANSACTIONAL_ID)
            stated = None
        transactional = _has_text_id(draft)
    elif stated is False and transactional:
        yield _found(draft, "transactional-off", "refuses", IDEMPOTENCE, TRANSACTIONAL_ID)
    if stated is True:
        yield from _idempotence_conflicts(draft, IDEMPOTENCE)
    elif stated is None and transactional:
        yield from _idempotence_conflicts(draft, TRANSACTIONAL_ID)
    by_default = not draft.is_given(IDEMPOTENCE) and transactional is False
    if by_default:
        yield from _conflicts_with_the_default(draft)
    if (
        draft.dialect == "librdkafka"
        and draft.known(GAPLESS) is True
        and (stated is False or by_default)
    ):
        yield _found(draft, "gapless", "refuses", GAPLESS, IDEMPOTENCE)
    if draft.dialect == "java":
        if draft.is_given(TRANSACTIONAL_ID) and draft.known(TRANSACTIONAL_ID) == "":
            yield _found(draft, "transactions", "refuses", TRANSACTIONAL_ID)
        two_phase = draft.since("4.1.0") and draft.known(TWO_PHASE) is True
        if two_phase and draft.is_given(TRANSACTION_TIMEOUT):
            yield _found(draft, "transactions", "refuses", TRANSACTION_TIMEOUT, TWO_PHASE)


def _idempotence_conflicts(draft: Draft, reason: str) -> Iterator[Contradiction]:
    """What idempotence that was asked for, by itself or by a transactional id, is refused with."""
    for name, wrong in _wrongs(draft):
        value = draft.values.get(name)
        if draft.is_given(name) and isinstance(value, Known) and wrong(value.value):
            yield _found(draft, "idempotence", "refuses", name, reason)
    if draft.dialect == "librdkafka" and draft.known(QUEUING) == "lifo":
        yield _found(draft, "idempotence", "refuses", QUEUING, reason)


def _conflicts_with_the_default(draft: Draft) -> Iterator[Contradiction]:
    on_by_default = (
        draft.dialect == "redpanda-connect"
        or (draft.dialect == "kafka-python" and draft.since("3.0.0"))
        or (draft.dialect == "java" and draft.since("3.0.1") and not _announced_only(draft.version))
    )
    if not on_by_default:
        return
    for name, wrong in _wrongs(draft):
        value = draft.values.get(name)
        if draft.is_given(name) and isinstance(value, Known) and wrong(value.value):
            outcome: Outcome = "refuses" if _throws_by_default(draft, name) else "switches-off"
            yield _found(draft, "idempotence", outcome, name, IDEMPOTENCE)


def _needed_for_delivery(draft: Draft) -> float | None:
    linger, request = draft.number(LINGER), draft.number(REQUEST_TIMEOUT)
    if linger is None or request is None:
        return None
    needed = linger + request
    # KafkaProducer.configureDeliveryTimeout caps the sum
    return min(needed, float(MAX_INT)) if draft.dialect == "java" else needed


def _timeouts(draft: Draft) -> Iterator[Contradiction]:
    if draft.dialect == "librdkafka":
        yield from _librdkafka_timeouts(draft)
        return
    delivery, needed = draft.number(DELIVERY_TIMEOUT), _needed_for_delivery(draft)
    if draft.dialect == "aiokafka" or not draft.has(DELIVERY_TIMEOUT):
        return
    if delivery is None or needed is None or delivery >= needed:
        return
    blamed = next(
        (name for name in (DELIVERY_TIMEOUT, REQUEST_TIMEOUT, LINGER) if draft.is_given(name)),
        DELIVERY_TIMEOUT,
    )
    others = tuple(n for n in (DELIVERY_TIMEOUT, LINGER, REQUEST_TIMEOUT) if n != blamed)
    yield _found(draft, "timeouts", "refuses", blamed, *others)


def _librdkafka_timeouts(draft: Draft) -> Iterator[Contradiction]:
    """Only timeouts that are set are held against others; a delivery timeout of 0 is infinite."""
    transactional = draft.transactional()
    limit = draft.number(TRANSACTION_TIMEOUT)
    delivery = draft.number(DELIVERY_TIMEOUT) if draft.is_given(DELIVERY_TIMEOUT) else None
    if transactional and delivery and limit is not None and delivery > limit:
        yield _found(draft, "timeouts", "refuses", DELIVERY_TIMEOUT, TRANSACTION_TIMEOUT)
    linger = draft.number(LINGER) if draft.is_given(LINGER) else None
    infinite = delivery == 0 and draft.since("1.2.0")
    # from 1.5 to 1.8 linger.ms was lowered instead (#3709)
    lowered = draft.since("1.5.0") and not draft.since("1.9.0")
    held = delivery is not None and not infinite and not lowered
    if held and delivery is not None and linger is not None and delivery <= linger:
        yield _found(draft, "timeouts", "refuses", DELIVERY_TIMEOUT, LINGER)
    socket = draft.number(SOCKET_TIMEOUT) if draft.is_given(SOCKET_TIMEOUT) else None
    checked = transactional and draft.since("1.5.0")
    if checked and socket and limit is not None and socket > limit + 100:
        yield _found(draft, "timeouts", "refuses", SOCKET_TIMEOUT, TRANSACTION_TIMEOUT)


def _consumer(draft: Draft) -> Iterator[Contradiction]:
    if draft.dialect == "librdkafka":
        yield from _librdkafka_consumer(draft)
    elif draft.dialect == "java":
        yield from _java_consumer(draft)
    elif draft.dialect in ("kafka-python", "kafka-python-ng"):
        yield from _kafka_python_consumer(draft)


# What the broker decides about in a group of KIP-848's protocol.
_BROKERS_OWN = (SESSION_TIMEOUT, HEARTBEAT, ASSIGNMENT)


def _librdkafka_consumer(draft: Draft) -> Iterator[Contradiction]:
    if draft.known(PROTOCOL) == "consumer" and draft.is_given(PROTOCOL):
        for name in (*_BROKERS_OWN, "group.protocol.type"):
            if draft.is_given(name) and draft.since("2.10.0"):
                yield _found(draft, "group", "refuses", name, PROTOCOL)
        return
    poll, session = draft.number(POLL_INTERVAL), draft.number(SESSION_TIMEOUT)
    if poll is not None and session is not None and poll < session:
        pair = (POLL_INTERVAL, SESSION_TIMEOUT)
        yield _found(
            draft, "group", "refuses", *(pair if draft.is_given(POLL_INTERVAL) else pair[::-1])
        )


def _kafka_python_consumer(draft: Draft) -> Iterator[Contradiction]:
    """The coordinator, which only a consumer with a group has, compares its two timeouts."""
    group = draft.values.get(GROUP)
    beat, session = draft.number(HEARTBEAT), draft.number(SESSION_TIMEOUT)
    if not isinstance(group, (Known, Computed)) or beat is None or session is None:
        return
    if isinstance(group, Known) and group.value is None:
        return
    newer = draft.dialect == "kafka-python" and draft.since("2.2.0")
    # kafka/coordinator/heartbeat.py: the two may be equal before 2.2
    if draft.is_given(HEARTBEAT) and (beat > session or (newer and beat == session)):
        error = "KafkaConfigurationError" if newer else "AssertionError"
        yield _found(draft, "group", "refuses", HEARTBEAT, SESSION_TIMEOUT, error=error)


def _java_consumer(draft: Draft) -> Iterator[Contradiction]:
    group = draft.values.get(GROUP)
    groupless = isinstance(group, Known) and group.value is None
    commits = draft.is_given(AUTO_COMMIT) and draft.known(AUTO_COMMIT) is True
    if groupless and commits and draft.since("2.2.0"):
        error = "InvalidConfigurationException"
        yield _found(draft, "group", "refuses", AUTO_COMMIT, GROUP, error=error)
    if draft.known(GROUP) == "" and draft.since("4.0.0"):
        yield _found(draft, "group", "refuses", GROUP, error="InvalidGroupIdException")
    if draft.known(PROTOCOL) == "consumer" and draft.is_given(PROTOCOL):
        for name in _BROKERS_OWN:
            if draft.is_given(name) and draft.since("4.0.0"):
                yield _found(draft, "group", "refuses", name, PROTOCOL)
        return
    beat, session = draft.number(HEARTBEAT), draft.number(SESSION_TIMEOUT)
    if draft.is_given(HEARTBEAT) and beat is not None and session is not None and beat >= session:
        yield _found(
            draft, "group", "refuses", HEARTBEAT, SESSION_TIMEOUT, error="IllegalArgumentException"
        )
