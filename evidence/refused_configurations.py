"""What the real clients answer to contradictions: refused at construction, corrected, switched off.

Covers idempotence-conflict, transactional-without-idempotence, delivery-timeout-invalid and
idempotence-silently-disabled. Refusals need no broker, but kafka-python wants one to construct a
producer that it accepts. The configuration that kafka-python 3 accepts with idempotence switched
off is then tried for what it costs: a lost answer doubles its records again.
"""

from dataclasses import dataclass
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23
from proxy import AnswerLosingProxy

from broker import Broker

COUNT = 100

Config = dict[str, Any]

CONFLICT = "idempotence-conflict"
TRANSACTIONAL = "transactional-without-idempotence"
TIMEOUT = "delivery-timeout-invalid"
DISABLED = "idempotence-silently-disabled"


@dataclass(frozen=True, slots=True)
class Case:
    """A producer configuration and the class of the error that answers it; None: accepted."""

    rule: str
    client: str
    setting: Config
    error: str | None


def contradictions() -> list[Case]:
    """Return the contradictions of each client in its own spelling."""
    transaction: Config = {"transactional.id": "refused-0"}
    confluent: list[tuple[str, Config]] = [
        (CONFLICT, {"enable.idempotence": True, "acks": 1}),
        (CONFLICT, {"enable.idempotence": True, "retries": 0}),
        (CONFLICT, {"enable.idempotence": True, "max.in.flight": 6}),
        (CONFLICT, {"enable.idempotence": True, "queuing.strategy": "lifo"}),
        (CONFLICT, transaction | {"acks": 1}),
        (TRANSACTIONAL, transaction | {"enable.idempotence": False}),
        (TIMEOUT, {"message.timeout.ms": 500, "linger.ms": 1000}),
        (TIMEOUT, {"delivery.timeout.ms": 500, "linger.ms": 1000}),
        (TIMEOUT, transaction | {"message.timeout.ms": 90000}),
    ]
    accepted_by_confluent: list[tuple[str, Config]] = [
        (CONFLICT, {"enable.idempotence": True, "max.in.flight": 5}),
        (TIMEOUT, {"message.timeout.ms": 1}),  # a linger.ms that is not set does not count
        (TIMEOUT, {"message.timeout.ms": 0, "linger.ms": 1000}),
        (TIMEOUT, transaction),  # the default of 300000 above transaction.timeout.ms
    ]
    transactional: Config = {"transactional_id": "refused-0"}
    idempotent: Config = {"enable_idempotence": True}
    in_flight = "max_in_flight_requests_per_connection"
    timeout: Config = {"delivery_timeout_ms": 1000, "request_timeout_ms": 30000, "linger_ms": 5}
    both_kafka_python: list[tuple[str, Config]] = [
        (CONFLICT, idempotent | {"acks": 1}),
        (CONFLICT, idempotent | {"retries": 0}),
        (CONFLICT, idempotent | {in_flight: 6}),
        (CONFLICT, transactional | {"acks": 1}),
        (TRANSACTIONAL, transactional | {"enable_idempotence": False}),
        (TIMEOUT, timeout),
    ]
    refused = "KafkaConfigurationError"
    return [
        *(Case(rule, CONFLUENT, setting, "KafkaException") for rule, setting in confluent),
        *(Case(rule, CONFLUENT, setting, None) for rule, setting in accepted_by_confluent),
        *(
            Case(rule, client, setting, refused)
            for client in (KAFKA_PYTHON_3, KAFKA_PYTHON_23)
            for rule, setting in both_kafka_python
        ),
        Case(CONFLICT, KAFKA_PYTHON_3, idempotent | {in_flight: 5}, None),
        Case(CONFLICT, KAFKA_PYTHON_23, idempotent | {in_flight: 5}, refused),
        Case(CONFLICT, KAFKA_PYTHON_23, idempotent | {in_flight: 1}, None),
        Case(CONFLICT, AIOKAFKA, idempotent | {"acks": 1}, "ValueError"),
        Case(CONFLICT, AIOKAFKA, idempotent | {"retries": 0}, "TypeError"),
        Case(CONFLICT, AIOKAFKA, idempotent | {in_flight: 6}, "TypeError"),
        Case(CONFLICT, AIOKAFKA, transactional | {"acks": 1}, "ValueError"),
        Case(TRANSACTIONAL, AIOKAFKA, transactional | {"enable_idempotence": False}, None),
        Case(DISABLED, KAFKA_PYTHON_3, {"acks": 1}, None),
        Case(DISABLED, KAFKA_PYTHON_3, {"retries": 0}, None),
        Case(DISABLED, KAFKA_PYTHON_3, {in_flight: 6}, None),
    ]


def ask(report: harness.Report, broker: Broker, case: Case) -> None:
    """Construct the producer and keep its answer."""
    answer = harness.run_peer(
        case.client,
        "construct",
        config={**harness.address_keys(case.client, broker.bootstrap), **case.setting},
    )
    warnings = [line for line in answer["log"] if "idempoten" in line.lower()]
    report.add(
        case.client,
        str(case.setting),
        {"error": case.error},
        about=case.rule,
        error=answer["error"],
        code=answer.get("code"),
        message=answer.get("message"),
        log=warnings,
    )
    if case.rule == DISABLED:
        report.check(f"{case.client} {case.setting}: one warning", len(warnings) == 1)


def duplicate(report: harness.Report, broker: Broker, setting: Config, copies: int) -> None:
    """Lose one answer to kafka-python 3 and count the records."""
    topic = "-".join(["quiet", *setting])
    harness.create_topics(broker.bootstrap, topic)
    with AnswerLosingProxy(broker.proxied_at, broker.proxied_port, lose=1) as proxy:
        sent = harness.run_peer(
            KAFKA_PYTHON_3,
            "produce",
            config={
                **harness.address_keys(KAFKA_PYTHON_3, broker.proxied_bootstrap),
                "linger_ms": 200,
                **setting,
            },
            topic=topic,
            count=COUNT,
        )
    records = len(harness.records_in(broker.bootstrap, topic))
    report.add(
        KAFKA_PYTHON_3,
        f"one lost answer, {setting or 'default'}",
        {"lost_answers": 1, "acknowledged": COUNT, "records": COUNT * copies},
        about=DISABLED,
        lost_answers=proxy.lost,
        acknowledged=sent["acknowledged"],
        records=records,
    )


def story(report: harness.Report) -> None:
    """Ask for every contradiction, then show the cost of the silent one."""
    with Broker() as broker:
        for case in contradictions():
            ask(report, broker, case)
        duplicate(report, broker, {"acks": 1}, copies=2)
        duplicate(report, broker, {"max_in_flight_requests_per_connection": 6}, copies=2)
        duplicate(report, broker, {}, copies=1)


if __name__ == "__main__":
    harness.main("refused-configurations", story)
