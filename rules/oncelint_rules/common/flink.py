"""What the rules about Flink's Kafka sinks share: the guarantee, the prefix, the table's name."""

from __future__ import annotations

from oncelint.model import FlinkSink, Known, Setting, World
from oncelint.model.versions import at_least

GUARANTEE, SEMANTIC = "sink.delivery-guarantee", "sink.semantic"
PREFIX = "sink.transactional-id-prefix"
EXACTLY_ONCE, AT_LEAST_ONCE, NONE = "exactly-once", "at-least-once", "none"
FORMER = "FlinkKafkaProducer"
# of the program's builder, from Flink 2.0 (flink-connector-kafka 4.0) on
REQUIRED_SINCE = "2.0"


def in_program(sink: FlinkSink) -> bool:
    """Whether a program builds the sink (KafkaSink), and no table of SQL is it."""
    return not sink.details.get("table")


def setting(world: World) -> Setting | None:
    """The setting that says the guarantee: the former name of a table's counts where it is written
    (KafkaDynamicTableFactory.validateDeprecatedSemantic)."""
    former = world.setting(SEMANTIC)
    if former is not None and former.set_by == "user":
        return former
    found = world.setting(GUARANTEE)
    if found is not None and found.set_by == "user":
        return found
    return found or former


def guarantee(sink: FlinkSink, world: World) -> str | None:
    """The guarantee of a sink; None when it is not known.

    A table's default is at-least-once (KafkaConnectorOptions), a builder's none (KafkaSinkBuilder;
    at-least-once in 1.14), that of FlinkKafkaProducer at-least-once.
    """
    found = setting(world)
    if found is None:
        return None
    if found.set_by != "user" and in_program(sink):
        if world.open_reason is not None:
            return None
        if is_former(sink):
            return AT_LEAST_ONCE
        return NONE if at_least(world.versions[0], "1.15") else None
    if not isinstance(found.value, Known):
        return None
    return str(found.value.value).strip().lower().replace("_", "-")


def connector(sink: FlinkSink, world: World) -> str:
    found = world.setting("connector")
    if found is None or not isinstance(found.value, Known):
        return "kafka" if in_program(sink) else ""
    return str(found.value.value).strip()


def named(sink: FlinkSink) -> str:
    """What the sink is called in a sentence."""
    table = sink.details.get("table")
    return f"the table {table}" if table else f"the {sink.details.get('class', 'KafkaSink')}"


def is_former(sink: FlinkSink) -> bool:
    """Whether it is the class that programs had before KafkaSink."""
    return sink.details.get("class") == FORMER


def called(sink: FlinkSink, setting: Setting) -> str:
    """What says the guarantee of a sink, by the name it has there."""
    if not in_program(sink):
        return setting.spelled
    return "semantic" if is_former(sink) else "the delivery guarantee"


def prefix(sink: FlinkSink, world: World) -> str | None:
    """The transactional id prefix, where somebody wrote it and it is known."""
    found = world.setting(PREFIX)
    if found is None or found.set_by != "user" or not isinstance(found.value, Known):
        return None
    return str(found.value.value)
