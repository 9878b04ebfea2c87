"""How a placement spells a client's own key, and its value: what a fix writes there.

A home names its style; a style makes what stands in the file of the home's prefix, the key as the
client knows it, and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from oncelint.model.facts import Home
from oncelint.model.values import Scalar, scalar_text
from oncelint.patches import CannotWrite

Style: TypeAlias = Callable[[str, str, Scalar], tuple[str, Scalar]]


def _plain(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    return prefix + key, value


def _text(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    return prefix + key, scalar_text(value)


def _environment(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    """As the images of Kafka read variables: a dot is `_`, `_` is doubled, `-` is trebled
    (cub/`configure` of cp-docker-images, KafkaDockerWrapper of apache/kafka)."""
    name = "".join(_ESCAPES.get(char, char) for char in key)
    return prefix + name.upper(), scalar_text(value)


def _snake(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    """As Terraform's blocks name their attributes."""
    return prefix + key.replace(".", "_"), value


def _flink_property(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    """As a builder of PyFlink takes a property of the client."""
    return prefix + key.removeprefix("properties."), scalar_text(value)


# What collectors call settings of their client; what is not here has no option.
LOGSTASH: Mapping[str, Mapping[str, str]] = {
    "producer": {
        "acks": "acks",
        "retries": "retries",
    },
    "consumer": {
        "isolation.level": "isolation_level",
        "enable.auto.commit": "enable_auto_commit",
        "group.id": "group_id",
        "auto.offset.reset": "auto_offset_reset",
    },
}
TELEGRAF: Mapping[str, str] = {
    "enable.idempotence": "idempotent_writes",
    "acks": "required_acks",
    "retries": "max_retry",
}
REDPANDA_CONNECT: Mapping[str, str] = {
    "enable.idempotence": "idempotent_write",
    "acks": "acks",
    "max.in.flight.requests.per.connection": "max_in_flight_requests",
    "isolation.level": "transaction_isolation_level",
    "group.id": "consumer_group",
}
# its idempotent_write is refused whatever stands beside it: sarama wants one request in flight
# (Net.MaxOpenRequests), for which the output has no option
REDPANDA_CONNECT_SARAMA: Mapping[str, str] = {"acks": "ack_replicas"}


def _options(names: Mapping[str, str], values: Mapping[tuple[str, Scalar], Scalar]) -> Style:
    """A collector's own options; `values` are the values it calls otherwise."""

    def style(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
        option = names.get(key)
        if option is None:
            raise CannotWrite(f"there is no option for {key}")
        return prefix + option, values.get((key, value), value)

    return style


def _spring(section: str, *, camel: bool = False, binder: bool = False) -> Style:
    """As Spring Boot, or a binder of Spring Cloud Stream, names what it has a name for."""

    def style(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
        from oncelint.frameworks.applications.spring import names  # where a project has such files

        spelled = (names.binder if binder else names.style)(section, camel=camel)
        return spelled(prefix, key, value)

    return style


def _ksqldb_environment(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    """A variable of ksqlDB's server: settings of Streams have `ksql.streams.` before them."""
    full = key if key.startswith("ksql.") else f"ksql.streams.{key}"
    return _environment(prefix, full, value)


_ESCAPES = {".": "_", "_": "__", "-": "___"}


_SPRING = ("producer", "consumer", "streams", "admin")

STYLES: Mapping[str, Style] = {
    "plain": _plain,
    "text": _text,
    "environment": _environment,
    "ksqldb-environment": _ksqldb_environment,
    "snake": _snake,
    "underscores": _snake,
    "spark-option": _text,
    "flink-property": _flink_property,
    "flink-option": _text,
    **{f"spring-{one}": _spring(one) for one in _SPRING},
    **{f"spring-{one}-camel": _spring(one, camel=True) for one in _SPRING},
    **{f"spring-binder-{one}": _spring(one, binder=True) for one in _SPRING},
    **{f"spring-binder-{one}-camel": _spring(one, camel=True, binder=True) for one in _SPRING},
    "logstash output": _options(LOGSTASH["producer"], {}),
    "logstash input": _options(LOGSTASH["consumer"], {}),
    "telegraf": _options(TELEGRAF, {("acks", "all"): -1}),
    "redpanda-connect": _options(
        REDPANDA_CONNECT, {("acks", -1): "all", ("acks", 1): "leader", ("acks", 0): "none"}
    ),
    "redpanda-connect kafka": _options(
        REDPANDA_CONNECT_SARAMA, {("acks", "all"): True, ("acks", -1): True, ("acks", 1): False}
    ),
}

# Styles in which a value that is changed is written otherwise than the client has it.
TRANSLATING = frozenset({"telegraf", "redpanda-connect", "redpanda-connect kafka"})


# The method by which a chain of calls is told a setting.
LINKS: Mapping[str, str] = {
    "spark-option": "option",
    "flink-property": "set_property",
    "flink-option": "option",
}


def spell(home: Home | None, key: str, value: Scalar) -> tuple[str, Scalar]:
    """The key and the value as a home's file has them; without a home the client's own.

    Raises CannotWrite for a key that the placement has no name for.
    """
    if home is None:
        return key, value
    return STYLES[home.style](home.prefix, key, value)


def told(home: Home | None, key: str) -> str:
    """A key as a reader of a home's file knows it: the client's own where the file has no name."""
    try:
        return (home.path if home is not None else "") + spell(home, key, None)[0]
    except CannotWrite:
        return key
