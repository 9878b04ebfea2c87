"""What is said of written values, held to the installed clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import aiokafka
import confluent_kafka
import kafka
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, KafkaException, Producer
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaConfigurationError

from oncelint.link.configuration.admissible import value_problems
from oncelint.model.facts import Alternative, Block, WrittenSetting
from oncelint.model.project import ValueProblem
from oncelint.model.values import Known, Position, Span, Unknown, Value


def block(key: str, value: Value) -> Block:
    span = Span("app.py", Position(1, 1), Position(1, 9))
    return Block((WrittenSetting(key, span, (Alternative(value, (), span),)),))


def problem(
    dialect: str, version: str, role: str, key: str, value: Any, *, python: bool = True
) -> ValueProblem | None:
    raw = Known(tuple(value) if isinstance(value, list) else value)
    found = value_problems(block(key, raw), {dialect: (version,)}, role, python=python)
    return found[0] if found else None


LIBRDKAFKA_VALUES: list[tuple[str, str, Any]] = [
    *(("producer", "linger.ms", v) for v in (5, 5.5, "5", "5.5", "5 ms", "1e2", "1e9", -1, "abc")),
    *(("producer", "retries", v) for v in ("010", "0x10", " 7", "+7", "7.9", "1_000", "-1", "x")),
    *(("producer", "acks", v) for v in ("all", "ALL", -1, 0, 1, "1", "1001", "most", True)),
    *(("producer", "enable.idempotence", v) for v in (True, False, 1, 0, 2, "t", "TRUE", "yes")),
    *(("producer", "compression.type", v) for v in ("gzip", "GZIP", "gzip ", "brotli", "none")),
    *(("producer", "delivery.report.only.error", v) for v in (True, "true", False)),
    *(("consumer", "auto.offset.reset", v) for v in ("earliest", "END", "none", "0", "beginning")),
    *(("consumer", "isolation.level", v) for v in ("READ_COMMITTED", "read-committed", "1")),
    *(("consumer", "debug", v) for v in ("all", "cgrp, topic", "cgrp,bogus")),
    *(("consumer", "security.protocol", v) for v in ("plaintext", "PLAINTEXT", "PLAINTEXTL")),
    *(("consumer", "ssl.endpoint.identification.algorithm", v) for v in ("none", "off")),
    *(("consumer", "session.timeout.ms", v) for v in (6000, "6000", 0, "3600001")),
]


@pytest.mark.parametrize(("role", "key", "value"), LIBRDKAFKA_VALUES)
def test_librdkafka(role: str, key: str, value: Any) -> None:
    config = {"bootstrap.servers": "localhost:1", key: value}
    try:
        if role == "consumer":
            Consumer({"group.id": "probe", **config}).close()
        else:
            Producer(config)
        refused = False
    except (KafkaException, TypeError):
        refused = True
    found = problem("librdkafka", confluent_kafka.__version__, role, key, value)
    assert (found is not None and found.refused is not None) == refused, found


def outcome(make: Callable[..., Any], config: Mapping[str, Any], close: bool) -> str | None:
    try:
        client = make(**config)
    except (ValueError, TypeError, AssertionError, KafkaConfigurationError) as error:
        return type(error).__name__
    if close:
        client.close()
    return None


KAFKA_PYTHON_VALUES: list[tuple[str, str, Any]] = [
    *(("producer", "compression_type", v) for v in ("gzip", "GZIP", "none", "zip", None)),
    *(("consumer", "isolation_level", v) for v in ("read_committed", "READ-COMMITTED", 1, "x")),
    *(("consumer", "max_poll_records", v) for v in (1, 500)),
    *(("consumer", "auto_offset_reset", v) for v in ("earliest", "EARLIEST", "none")),
]


@pytest.mark.parametrize(("role", "key", "value"), KAFKA_PYTHON_VALUES)
def test_kafka_python(role: str, key: str, value: Any) -> None:
    config = {"bootstrap_servers": "localhost:1", "api_version": (2, 6), key: value}
    make = KafkaConsumer if role == "consumer" else KafkaProducer
    raised = outcome(make, config, True)
    found = problem("kafka-python", kafka.__version__, role, key, value)
    assert (found.refused if found else None) == raised


AIOKAFKA_VALUES: list[tuple[str, str, Any]] = [
    *(("producer", "acks", v) for v in (0, 1, -1, "all", "ALL", "1", 2)),
    *(("producer", "compression_type", v) for v in ("gzip", "GZIP", "none", None)),
    *(("producer", "security_protocol", v) for v in ("PLAINTEXT", "plaintext")),
    *(("consumer", "security_protocol", v) for v in ("PLAINTEXT", "ssl")),
    *(("consumer", "max_poll_records", v) for v in (1, 0, "5", None)),
    *(("consumer", "auto_offset_reset", v) for v in ("latest", "EARLIEST", "none")),
]


@pytest.mark.parametrize(("role", "key", "value"), AIOKAFKA_VALUES)
def test_aiokafka(role: str, key: str, value: Any) -> None:
    async def construct() -> str | None:
        make = AIOKafkaConsumer if role == "consumer" else AIOKafkaProducer
        return outcome(make, {"bootstrap_servers": "localhost:1", key: value}, False)

    raised = asyncio.run(construct())
    found = problem("aiokafka", aiokafka.__version__, role, key, value)
    assert (found.refused if found else None) == raised


@pytest.mark.parametrize("text", ["false", "False", "0", "no"])
def test_a_text_is_true_to_python(text: str) -> None:
    for dialect, version in (("kafka-python", "2.0.2"), ("aiokafka", "0.10.0")):
        found = problem(dialect, version, "consumer", "enable_auto_commit", text)
        assert found is not None
        assert found.refused is None
        assert "switches it on" in found.effect
    assert problem("librdkafka", "2.3.0", "consumer", "enable.auto.commit", "false") is None


def test_what_is_dropped_is_told() -> None:
    found = problem("librdkafka", "2.3.0", "consumer", "fetch.message.max.bytes", "1024*512")
    assert found is not None
    assert found.refused is None
    assert "1024 and drops" in found.effect
    lists = problem("librdkafka", "2.3.0", "producer", "bootstrap.servers", ["a:9092", "b:9092"])
    assert lists is not None
    assert lists.text == "a list"
    assert str(["a:9092", "b:9092"])[:9] in lists.effect


def test_secrets_are_not_shown() -> None:
    for key in ("sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret"):
        found = problem("librdkafka", "2.3.0", "producer", key, ["hunter", "2"])
        assert found is not None
        assert "hunter" not in f"{found.text} {found.expected} {found.effect}"


@pytest.mark.parametrize(
    "value",
    ["${ACKS}", "${acks:all}", "<acks>", "@acks@", "$ACKS", "__ACKS__", "{{ acks }}", "%(acks)s"],
)
def test_placeholders_are_not_judged(value: str) -> None:
    assert problem("java", "3.9.2", "producer", "acks", value, python=False) is None
    assert problem("librdkafka", "2.3.0", "producer", "acks", value) is None


def test_unknown_values_are_not_judged() -> None:
    written = block("acks", Unknown("environment variable ACKS"))
    assert value_problems(written, {"java": ("3.9.2",)}, "producer") == ()


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        # as KafkaConsumer 3.9 and 4.4 answered; ConfigDef.parseType
        ("enable.auto.commit", " FALSE ", False),
        ("enable.auto.commit", "yes", True),
        ("max.poll.records", " 5 ", False),
        ("max.poll.records", "+5", False),
        ("max.poll.records", "5.0", True),
        ("max.poll.records", "", True),
        ("max.poll.records", "0", True),
        ("max.poll.records", "99999999999", True),
        ("isolation.level", "READ_COMMITTED", True),
        ("isolation.level", " read_committed ", False),
        ("auto.offset.reset", "smallest", True),
        ("security.protocol", "plaintext", False),
        ("security.protocol", "sasl", True),
        ("reconnect.backoff.ms", "0x10", True),
        ("client.dns.lookup", "default", True),
        ("fetch.min.bytes", True, True),
        ("max.poll.records", 5, False),
        ("enable.auto.commit", False, False),
    ],
)
def test_java(key: str, value: Any, refused: bool) -> None:
    found = problem("java", "3.9.2", "consumer", key, value, python=False)
    assert (found is not None and found.refused == "ConfigException") == refused


def test_a_value_of_some_versions_is_fine() -> None:
    old = block("client.dns.lookup", Known("default"))
    assert value_problems(old, {"java": ("2.8.2", "3.9.2")}, "consumer") == ()
    assert value_problems(old, {"java": ("2.8.2",)}, "consumer") == ()
