"""Placement of the Python stream frameworks: their consumers, and how each delivers records.

A framework makes its consumer itself; what the program says of it stands in the call that
subscribes, or in the application's. The facts are read off the packages named with each shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oncelint.model.project import SetBy
from oncelint.model.values import Known, Scalar, Unknown, Value

# The placement of a consumer that a framework makes. Its settings are the framework's own keywords,
# so that rules about a client's settings have nothing to say of it.
FRAMEWORK = "framework"

Given = Mapping[str, Value]
Fact = tuple[Value, SetBy]


@dataclass(frozen=True, slots=True)
class StreamShape:
    """One way a framework takes records.

    `client` is its distribution; `facts` gives the effective settings, by their Kafka names, from
    the keywords that were given. `positional` names the arguments without keywords that are no
    topics.
    """

    client: str
    facts: Callable[[Given], dict[str, Fact]]
    positional: tuple[str, ...] = ()


def _given(given: Given, name: str, default: Scalar) -> Fact:
    value = given.get(name)
    return (Known(default), "default") if value is None else (value, "user")


def _lock(value: Scalar) -> Fact:
    return Known(value), "lock"


def _is(value: Value | None, *texts: str) -> bool | None:
    """Whether a value is one of some texts; None where that is not known."""
    if value is None:
        return False
    return value.value in texts if isinstance(value, Known) else None


def _chosen(verdict: bool | None, yes: Scalar, no: Scalar, reason: str) -> Fact:
    if verdict is None:
        return Unknown(reason, present=True), "implied"
    return Known(yes if verdict else no), "implied"


def _faust(given: Given) -> dict[str, Fact]:
    # faust/transport/drivers/aiokafka.py (_create_worker_consumer): group_id=conf.id,
    # enable_auto_commit=False, read_committed for exactly_once alone; faust/types/settings:
    # consumer_auto_offset_reset "earliest"
    exactly = _is(given.get("processing_guarantee"), "exactly_once")
    level = _chosen(exactly, "read_committed", "read_uncommitted", "the processing guarantee")
    return {
        "group.id": (given.get("id", Unknown("the application's id", present=True)), "implied"),
        "enable.auto.commit": _lock(False),
        "isolation.level": level,
        "auto.offset.reset": _given(given, "consumer_auto_offset_reset", "earliest"),
        "processing.guarantee": _given(given, "processing_guarantee", "at_least_once"),
    }


def _faststream(given: Given) -> dict[str, Fact]:
    # faststream/kafka/subscriber/config.py and confluent/subscriber/config.py: enable_auto_commit
    # is whether the ack policy is ACK_FIRST, which it is unless one is given
    policy = given.get("ack_policy")
    first = True if policy is None else _is(policy, "ack_first")
    older = given.get("auto_commit")  # before 0.6
    commit = _chosen(first, True, False, "the ack policy")
    if policy is None and older is not None:
        commit = (older, "user")
    return {
        "group.id": _given(given, "group_id", None),
        "enable.auto.commit": commit,
        "isolation.level": _given(given, "isolation_level", "read_uncommitted"),
        "auto.offset.reset": _given(given, "auto_offset_reset", "latest"),
        "ack.policy": _given(given, "ack_policy", "ack_first"),
    }


def _quixstreams(given: Given) -> dict[str, Fact]:
    # quixstreams/app.py: the application commits by itself, after a checkpoint; isolation is left
    # to librdkafka, which reads what is committed
    return {
        "group.id": _given(given, "consumer_group", "quixstreams-default"),
        "enable.auto.commit": _lock(False),
        "isolation.level": (Known("read_committed"), "default"),
        "auto.offset.reset": _given(given, "auto_offset_reset", "latest"),
        "processing.guarantee": _given(given, "processing_guarantee", "at-least-once"),
    }


def _quixstreams_consumer(given: Given) -> dict[str, Fact]:
    # quixstreams/app.py (get_consumer) and kafka/consumer.py: offsets are stored by hand alone
    return {
        "group.id": _given(given, "consumer_group", "quixstreams-default"),
        "enable.auto.commit": _given(given, "auto_commit_enable", True),
        "enable.auto.offset.store": _lock(False),
        "isolation.level": (Known("read_committed"), "default"),
        "auto.offset.reset": _given(given, "auto_offset_reset", "latest"),
    }


def _bytewax(given: Given) -> dict[str, Fact]:
    # bytewax/connectors/kafka/__init__.py (KafkaSource.build_part): positions are kept in the
    # recovery store; without one a run begins at the starting offset
    return {
        "group.id": _lock("BYTEWAX_IGNORED"),
        "enable.auto.commit": _lock(False),
        "isolation.level": (Known("read_committed"), "default"),
    }


def _arroyo(given: Given) -> dict[str, Fact]:
    # arroyo/backends/kafka/configuration.py (build_kafka_consumer_configuration) and consumer.py:
    # commits are the strategies'; auto commit stores offsets only once a message was processed
    return {
        "group.id": (given.get("group_id", given.get("group.id", Unknown("the group"))), "user"),
        "enable.auto.commit": _lock(False),
        "enable.auto.offset.store": _lock(False),
        "isolation.level": (Known("read_committed"), "default"),
        "auto.offset.reset": _given(given, "auto_offset_reset", "error"),
    }


def _kstreams(given: Given) -> dict[str, Fact]:
    # kstreams/streams.py: keywords go on to aiokafka's consumer, with its defaults
    return {
        "group.id": _given(given, "group_id", None),
        "enable.auto.commit": _given(given, "enable_auto_commit", True),
        "isolation.level": _given(given, "isolation_level", "read_uncommitted"),
        "auto.offset.reset": _given(given, "auto_offset_reset", "latest"),
    }


def _spark(given: Given) -> dict[str, Fact]:
    # sql/core, MicroBatchExecution: a batch's offsets are written to the checkpoint before it is
    # handed over, and to the commit log when it is done; the Kafka consumer commits nothing
    # (KafkaSourceProvider.kafkaParamsForExecutors)
    return {
        "group.id": _lock(None),
        "enable.auto.commit": _lock(False),
        "isolation.level": (Unknown("the source's kafka.isolation.level"), "implied"),
    }


STREAMS: dict[str, StreamShape] = {
    "pyspark.DataStreamWriter.foreachBatch": StreamShape("pyspark", _spark),
    "pyspark.DataStreamWriter.foreach": StreamShape("pyspark", _spark),
    "faust.App.agent": StreamShape("faust-streaming", _faust),
    "faust.App.stream": StreamShape("faust-streaming", _faust),
    "faststream.kafka.subscriber": StreamShape("faststream", _faststream),
    "faststream.confluent.subscriber": StreamShape("faststream", _faststream),
    "quixstreams.Application.dataframe": StreamShape("quixstreams", _quixstreams),
    "quixstreams.Application.get_consumer": StreamShape("quixstreams", _quixstreams_consumer),
    "bytewax.input": StreamShape("bytewax", _bytewax),
    "arroyo.StreamProcessor": StreamShape("sentry-arroyo", _arroyo),
    "kstreams.stream": StreamShape("kstreams", _kstreams),
}

# Spark's source of a stream, and what calls functions with batches or rows of one.
STREAM_SOURCE = "pyspark.DataStreamReader"
BATCH_FUNCTIONS = frozenset(name for name in STREAMS if name.startswith("pyspark."))

# Methods of a stream that give it in another shape (faust/streams.py, kstreams/streams.py).
VIEWS: frozenset[str] = frozenset(
    {"take", "take_events", "take_with_timestamp", "noack_take", "events", "items", "noack"}
    | {"enumerate", "through", "echo", "group_by", "filter"}
)

PACKAGES: frozenset[str] = frozenset(name.partition(".")[0] for name in STREAMS)
"""The packages they are imported from."""
