"""The Kafka clients that Flink makes for its sources and sinks.

What stands behind `properties.` is handed to them; beneath it are the settings of Flink's own
(KafkaSinkBuilder, KafkaSourceBuilder of flink-connector-kafka; FlinkKafkaProducer before 1.14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.model.facts import Alternative, Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Known, Origin

PREFIX = "properties."
_HOUR = 3_600_000
# KafkaSinkBuilder, DEFAULT_KAFKA_TRANSACTION_TIMEOUT
_PRODUCER = Layer(
    "set by Flink for its Kafka sinks", False, {"transaction.timeout.ms": (("0", _HOUR),)}
)
# a producer with a transactional id (FlinkKafkaInternalProducer), whatever it is made of
_EXACTLY_ONCE = Layer(
    "set by Flink with exactly-once", True, {"enable.idempotence": (("0", True),)}
)
# KafkaSinkBuilder's own prefix, until Flink 2.0 refuses to do without one; FlinkKafkaProducer has ids
# that are made of the task's name (TransactionalIdsGenerator)
_WITHOUT_PREFIX = "kafka-sink"
# what the transactional ids begin with (ExactlyOnceKafkaWriter)
_ID_PREFIX = "sink.transactional-id-prefix"
# KafkaSourceBuilder.parseAndSetRequiredProperties: offsets go with the checkpoints
_CONSUMER = Layer(
    "set by Flink for its Kafka sources", False, {"enable.auto.commit": (("0", False),)}
)
# kafka-clients that the connector's releases for Flink 1.16 and later bring (their pom.xml)
_KAFKA = ("3.2.0", "3.4.1", "3.9.2")
_OF_PRODUCERS = ("transaction", "acks", "retries", "enable.idempotence", "max.in.flight")


def clients(fact: ConfigFact) -> Iterator[ConfigFact]:
    """The producer of a sink, where something of it is configured or it has transactions; the
    consumer of a source."""
    if fact.role == "flink-sink":
        yield from _producer(fact)
    elif fact.role == "flink-source":
        block = _inner(fact.block)
        yield _client(fact, "consumer", block, (_CONSUMER,))


def _producer(fact: ConfigFact) -> Iterator[ConfigFact]:
    guarantee = _value(fact.block, "sink.delivery-guarantee") or _value(fact.block, "sink.semantic")
    block = _inner(fact.block)
    if guarantee == "exactly-once":
        ids = tuple(
            replace(one, key="transactional.id", shown=one.shown or one.key)
            for one in fact.block.settings
            if one.key == _ID_PREFIX
        )
        if not ids and "table" not in fact.details and block.open_reason is None:
            ids = (_own_id(fact),)
        settings = (*block.settings, *ids)
        made = _client(
            fact, "producer", replace(block, settings=settings), (_PRODUCER, _EXACTLY_ONCE)
        )
        yield replace(made, details={**made.details, "guarantee": guarantee})
    elif any(one.key.startswith(_OF_PRODUCERS) for one in block.settings):
        yield _client(fact, "producer", block, (_PRODUCER,))


def _own_id(fact: ConfigFact) -> WrittenSetting:
    """The transactional id that Flink makes up, where the program says exactly-once."""
    said = next((one.key_span for one in fact.block.settings if one.key in _SAYS), fact.span)
    origin = Origin("default", _WITHOUT_PREFIX, said, "set by Flink without a prefix")
    alternative = Alternative(Known(_WITHOUT_PREFIX), (), said, (origin,))
    return WrittenSetting("transactional.id", said, (alternative,))


_SAYS = ("sink.delivery-guarantee", "sink.semantic")


def _value(block: Block, key: str) -> str:
    for setting in block.settings:
        if setting.key == key and isinstance(setting.value, Known):
            return str(setting.value.value).strip().lower().replace("_", "-")
    return ""


def _client(fact: ConfigFact, role: str, block: Block, layers: tuple[Layer, ...]) -> ConfigFact:
    return replace(
        fact,
        placement=f"{fact.placement} {role}",
        dialects=("java",),
        role=role,
        block=block,
        versions=_KAFKA,
        layers=layers,
        closed=False,
        details={**fact.details, "framework": "flink"},
    )


def _inner(block: Block) -> Block:
    """The settings behind `properties.` as the client gets them."""
    settings: list[WrittenSetting] = []
    for setting in block.settings:
        if setting.key.startswith(PREFIX):
            key = setting.key.removeprefix(PREFIX)
            settings.append(replace(setting, key=key, shown=setting.shown or setting.key))
    homes = tuple(_home(home) for home in block.homes)
    return Block(tuple(settings), block.open_reason, (), homes)


def _home(home: Home) -> Home:
    named = home.kind == "mapping" or home.style == "flink-option"
    return replace(home, prefix=home.prefix + PREFIX) if named else home
