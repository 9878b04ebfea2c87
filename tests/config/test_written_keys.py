"""The status of written keys, held to the installed clients and to the tables themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from oncelint.dialects import every_spelling, names, table
from oncelint.link.configuration.keys import alias_clashes, judge_keys
from oncelint.link.configuration.spelling import distance, nearest, slip
from oncelint.model.facts import Alternative, Block, WrittenSetting
from oncelint.model.project import KeyUse
from oncelint.model.values import Known, Position, Span

LIBRDKAFKA = {"librdkafka": table("librdkafka").versions[-1:]}
JAVA = {"java": ("3.9.2",)}


def block(config: Mapping[str, Any], start: int = 1) -> Block:
    """The settings as if each stood in a line of its own."""
    return Block(
        tuple(
            WrittenSetting(
                key,
                Span("app.py", Position(line, 1), Position(line, 1 + len(key))),
                (Alternative(Known(value)),),
            )
            for line, (key, value) in enumerate(config.items(), start)
        )
    )


def judge(
    keys: Iterable[str],
    versions: Mapping[str, tuple[str, ...]],
    role: str,
    *,
    closed: bool = True,
    shared: bool = False,
    construct: str = "",
) -> dict[str, KeyUse]:
    written = block(dict.fromkeys(keys, "x"))
    uses = judge_keys(written, versions, role, closed=closed, shared=shared, construct=construct)
    return {use.key: use for use in uses}


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def construct(role: str, config: Mapping[str, Any]) -> list[str]:
    """Construct the installed client and return what it logged."""
    heard = Heard()
    logger = logging.getLogger(f"probe-{id(heard)}")
    logger.propagate = False
    logger.addHandler(heard)
    base = {"bootstrap.servers": "localhost:1"}
    if role == "consumer":
        consumer = Consumer({**base, "group.id": "probe", **config}, logger=logger)
        consumer.poll(0.2)
        consumer.close()
    else:
        Producer({**base, **config}, logger=logger).poll(0.2)
    return heard.messages


def plain_settings() -> dict[str, Any]:
    """Every setting of the newest librdkafka that has a default, in its preferred spelling."""
    unusable = ("ssl.ca.certificate.stores", "builtin.features", "test.mock.num.brokers")
    found = {}
    for name, info in table("librdkafka").settings.items():
        default = info.default(table("librdkafka").newest)
        usable = default is not None and default != "" and info.type not in ("callable", "any")
        if usable and name not in unusable:
            found[info.spellings[0]] = default
    return found


@pytest.mark.parametrize("role", ["producer", "consumer"])
def test_librdkafka_ignores_exactly_what_is_said(role: str) -> None:
    settings = plain_settings()
    told = {
        key
        for message in construct(role, settings)
        if "will be ignored" in message
        for key in settings
        if f" {key} is a " in message
        or any(
            f" {other} is a " in message for other in table("librdkafka").by_spelling[key].spellings
        )
    }
    uses = judge(settings, LIBRDKAFKA, role, construct=role.capitalize())
    assert {key for key, use in uses.items() if use.status == "other-role"} == told
    assert not [key for key, use in uses.items() if use.refused]
    assert len(told) > 5


@pytest.mark.parametrize("role", ["producer", "consumer"])
@pytest.mark.parametrize(
    "key",
    [
        *("on_delivery", "on_commit", "key.serializer", "value.deserializer", "error_cb"),
        *("topic.acks", "topic.bogus", "buffer.memory", "bootstrap_servers", "logger"),
        *("max.in.flight", "request.required.acks", "enable.idempotance", "sasl.jaas.config"),
        "schema.registry.url",
    ],
)
def test_librdkafka_refuses_exactly_what_is_said(role: str, key: str) -> None:
    value: Any = 1 if key in ("topic.acks", "max.in.flight", "request.required.acks") else print
    if key == "logger":
        value = logging.getLogger("given")
    try:
        if key == "logger":
            kind = Producer if role == "producer" else Consumer
            kind({"bootstrap.servers": "localhost:1", "group.id": "probe", key: value})
        else:
            construct(role, {key: value})
        refused = False
    except KafkaException as error:
        refused = "No such configuration property" in str(error) or "JAAS" in str(error)
    use = judge([key], LIBRDKAFKA, role, construct=role.capitalize())[key]
    assert (use.refused is not None) == refused, use


def test_no_real_key_is_a_slip_of_another() -> None:
    """Files of one component often hold keys of another one."""
    for own, other in permutations(names(), 2):
        real = list(table(own).by_spelling)
        for key in table(other).by_spelling:
            assert key in every_spelling()
            if key not in real and (found := slip(key, real, ())):
                # such a pair exists (ssl.provider, ssl.providers), so keys.py asks for it first
                assert found in every_spelling()
    for component in names():
        if not component.startswith("java-"):
            continue
        role = component.removeprefix("java-")
        if role == "topic":
            continue
        uses = judge(every_spelling(), JAVA, role, closed=False, shared=True)
        wrong = {k: u for k, u in uses.items() if u.status == "unknown" and not u.detail}
        assert not wrong


@pytest.mark.parametrize(
    "key",
    [
        *("schema.registry.url", "specific.avro.reader", "basic.auth.user.info", "topic.name"),
        *("group.name", "groups.id", "client.name", "batch.sizes", "max.records", "topics"),
        *("retry.max", "log.level", "consumer.threads", "isolation.levels", "metric.reporter"),
        *("group_id", "bootstrap-servers", "application.name", "config.provider"),
        *("ssl.keystore.path", "poll.timeout.ms"),
    ],
)
def test_an_applications_own_keys_are_no_slips(key: str) -> None:
    for role in ("producer", "consumer", "streams", "broker", "connect-worker"):
        uses = judge([key], JAVA, role, closed=False)
        assert [use.status for use in uses.values() if use.status != "known"] == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("isolation.levle", "isolation.level"),
        ("enable.auto.comit", "enable.auto.commit"),
        ("bootstrap.server", "bootstrap.servers"),
        ("auto.offsetreset", "auto.offset.reset"),
        ("Group.Id", "group.id"),
        ("max.poll.record", "max.poll.records"),
        ("sesion.timeout.ms", "session.timeout.ms"),
    ],
)
def test_slips_in_an_open_world(key: str, meant: str) -> None:
    use = judge([key], JAVA, "consumer", closed=False)[key]
    assert (use.status, use.nearest, use.refused) == ("unknown", meant, None)
    beside = judge([key, meant], JAVA, "consumer", closed=False)
    assert key not in beside, "the real key stands beside it"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("enableIdempotence", "enable.idempotence"),
        ("idempotence.enable", "enable.idempotence"),
        ("transactionalid", "transactional.id"),
        ("linger_ms", "linger.ms"),
        ("compresion.type", "compression.type"),
        ("my.own.key", None),
    ],
)
def test_nearest_in_a_closed_world(key: str, meant: str | None) -> None:
    assert nearest(key, list(table("librdkafka").by_spelling)) == meant


def test_distance_counts_an_exchange_once() -> None:
    assert distance("levle", "level") == 1
    assert distance("idempotance", "idempotence") == 1
    assert distance("", "abc") == 3


def test_versions_decide() -> None:
    old, new = {"librdkafka": ("2.14.2",)}, {"librdkafka": ("2.15.0",)}
    both = {"librdkafka": ("2.14.2", "2.15.0")}
    key = "max.poll.records"
    assert judge([key], old, "consumer")[key].status == "other-client"
    assert judge([key], new, "consumer")[key].status == "known"
    assert judge([key], both, "consumer")[key].certain is False
    # a minor release of Kafka that the table holds another patch of
    arrived = {"java": ("3.8.0",)}
    assert judge(["group.protocol"], arrived, "consumer", closed=False)["group.protocol"].certain
    # what is older or newer than the tables may know other keys
    for version in ("0.11.0", "99.0"):
        unsure = judge(["bogus"], {"librdkafka": (version,)}, "producer")["bogus"]
        assert (unsure.status, unsure.certain) == ("unknown", False)


def test_the_wrapper_takes_the_registrys_keys() -> None:
    key = "schema.registry.url"
    assert judge([key], LIBRDKAFKA, "producer", construct="AvroProducer")[key].status == "known"
    assert judge([key], LIBRDKAFKA, "producer", construct="Producer")[key].refused


def test_a_key_must_be_wrong_for_each_possible_client() -> None:
    either = {"java": ("3.9.2",), "librdkafka": ("2.3.0",)}
    uses = judge(["max.poll.records", "sasl.username"], either, "consumer", closed=False)
    assert {use.status for use in uses.values()} == {"known"}


@pytest.mark.parametrize(
    ("config", "winner"),
    [
        ({"acks": 1, "request.required.acks": "all"}, "request.required.acks"),
        ({"request.required.acks": "all", "acks": 1}, "acks"),
        ({"acks": "all", "request.required.acks": -1}, None),
        ({"acks": "all", "linger.ms": 5}, None),
    ],
)
def test_alias_clashes(config: dict[str, Any], winner: str | None) -> None:
    clashes = alias_clashes(block(config), LIBRDKAFKA, "producer")
    assert [clash.winner for clash in clashes] == ([winner] if winner else [])


def test_an_override_from_elsewhere_is_no_clash() -> None:
    base, over = block({"acks": 1, "linger.ms": 5}), block({"request.required.acks": "all"}, 40)
    layered = Block((*base.settings, *over.settings))
    assert alias_clashes(layered, LIBRDKAFKA, "producer") == ()
