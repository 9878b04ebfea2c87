"""What builders and applications of stream processors make: as facts, like those of files.

A fact of a program joins what configuration files say of the same job (a checkpoint interval), so it
goes the way of their facts, and what only the program tells (the way to it, topics) is put back then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from oncelint.dialects import table
from oncelint.flow.blocks import span_of
from oncelint.flow.modules import Modules
from oncelint.flow.trace import Making, Site, Trace
from oncelint.flow.values import Lit
from oncelint.frameworks import flink, spark
from oncelint.frameworks.python import beam, builders, pyflink
from oncelint.link.clients import is_test
from oncelint.link.outputs import writes
from oncelint.link.topics import topics_of
from oncelint.model.facts import Block, ConfigFact, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.project import Client, SparkSink, SparkSource
from oncelint.model.values import Known, Span


@dataclass(frozen=True, slots=True)
class Shape:
    """What one of these constructions is: whose settings, in which role, with what beneath them."""

    placement: str
    dialect: str
    role: str
    layers: tuple[Layer, ...] = ()


# faststream/kafka/broker/broker.py: whatever aiokafka does, a broker hands on its own defaults.
_FASTSTREAM = (
    Layer("default of FastStream's KafkaBroker", False, {"enable.idempotence": (("0", False),)}),
)
# quixstreams/app.py (_default_producer_extra_config)
_QUIX = (Layer("set by Quix Streams", False, {"enable.idempotence": (("0", True),)}),)

# KafkaSinkBuilder, whose default is not that of a table of SQL (at-least-once, as in Flink 1.14)
_FLINK = (
    Layer(
        "default of the KafkaSink builder", False, {"sink.delivery-guarantee": (("1.15", "none"),)}
    ),
)

# FlinkKafkaProducer(semantic=…), pyflink/datastream/connectors/kafka.py
_FORMER = (
    Layer(
        "default of FlinkKafkaProducer",
        False,
        {"sink.delivery-guarantee": (("0", "at-least-once"),)},
    ),
)

SHAPES: Mapping[str, Shape] = {
    spark.STREAM_SOURCE: Shape("spark readStream", "spark", "spark-source"),
    spark.BATCH_SOURCE: Shape("spark read", "spark", "spark-source"),
    spark.STREAM_SINK: Shape("spark writeStream", "spark", "spark-sink"),
    spark.BATCH_SINK: Shape("spark write", "spark", "spark-sink"),
    spark.SESSION: Shape("spark session", "spark", "spark-session"),
    pyflink.SOURCE: Shape("pyflink KafkaSource", "flink", "flink-source"),
    pyflink.SINK: Shape("pyflink KafkaSink", "flink", "flink-sink", _FLINK),
    pyflink.TABLE: Shape("pyflink table", "flink", "flink-table"),
    pyflink.JOB: Shape("pyflink environment", "flink", "flink-job"),
    beam.READ: Shape("beam ReadFromKafka", "java", "consumer", beam.CONSUMER_LAYERS),
    beam.WRITE: Shape("beam WriteToKafka", "java", "producer", beam.PRODUCER_LAYERS),
    builders.FAUST: Shape("faust", "faust", "streams"),
    builders.QUIX: Shape("quixstreams", "quixstreams", "streams"),
    builders.QUIX_PRODUCER: Shape("quixstreams producer", "librdkafka", "producer", _QUIX),
    builders.FASTSTREAM: Shape("faststream KafkaBroker", "aiokafka", "producer", _FASTSTREAM),
    builders.FASTSTREAM_CONFLUENT: Shape(
        "faststream KafkaBroker", "librdkafka", "producer", _FASTSTREAM
    ),
}
_BROKERS = (builders.FASTSTREAM, builders.FASTSTREAM_CONFLUENT)
# Whose clients are written by their own classes: their keys are judged, the others' are not.
_CLIENTS = ("aiokafka", "librdkafka", "java")


@dataclass(frozen=True, slots=True)
class Built:
    """A fact of a program, with the construction and the way on which it was reached."""

    fact: ConfigFact
    site: Site
    making: Making


def built(trace: Trace, modules: Modules) -> list[Built]:
    """Everything that builders made, once for every way that gives it other settings."""
    found: list[Built] = []
    for site in trace.sites:
        shape = SHAPES.get(site.constructor)
        if shape is None:
            continue
        makings = [one for one in site.makings if one.called] or site.makings
        if not is_test(site.at.path):
            ours = [one for one in makings if not any(is_test(s.span.path) for s in one.path)]
            makings = ours or makings
        if shape.role in _SPARK_TABLES:
            makings = _told(makings)
        details: dict[str, str] = {}
        if site.constructor in builders.HANDLES and site.index in trace.outputs:
            details["writes"] = writes(site, trace, modules)
        for making in _distinct(makings):
            if _counts(site, making, trace):
                fact = _fact(site, making, shape, details)
                found.append(Built(fact, site, making))
    return found


def _told(makings: list[Making]) -> list[Making]:
    """Without those that were told nothing where others were: a chain has its links on every way,
    and on one of so many choices that they are not told apart any more they were not seen."""
    return [one for one in makings if one.block.settings or one.block.open_reason] or makings


def _distinct(makings: Sequence[Making]) -> Iterator[Making]:
    seen: list[object] = []
    for making in makings[:_MAKINGS]:
        settings = [(s.key, s.alternatives) for s in making.block.settings]
        named = [one for one in making.details if one[0] == "table"]
        worth = (settings, making.block.open_reason, named)
        if worth not in seen:
            seen.append(worth)
            yield making


_MAKINGS = 8


def _counts(site: Site, making: Making, trace: Trace) -> bool:
    """Whether something is of interest: a broker that publishes, an application that handles
    streams, a session that is set up."""
    if site.constructor in (*_BROKERS, *builders.HANDLES):
        return site.index in trace.outputs
    if site.constructor == spark.SESSION:
        return bool(making.block.settings) or making.block.open_reason is not None
    return True


def _fact(site: Site, making: Making, shape: Shape, known: Mapping[str, str]) -> ConfigFact:
    details = {**dict(making.details), **known}
    path = site.at.path
    if site.constructor in (beam.READ, beam.WRITE):
        details["client"] = "kafka-clients"  # of its expansion service, not of the project
    role = shape.role
    if shape.dialect == "flink":
        details |= {"job": path, "topics": " ".join(_texts(making))}
    if site.constructor == pyflink.TABLE:
        role = _described(details)
    block = making.block
    if site.constructor in _BROKERS:
        block = _of_client(block, shape.dialect)
    elif shape.role in _SPARK_TABLES:
        block = _of_spark(block)
    return ConfigFact(
        shape.placement,
        (shape.dialect,),
        role,
        block,
        span_of(site.at),
        layers=_FORMER if "class" in details else shape.layers,
        details=details,
    )


def _described(details: dict[str, str]) -> str:
    """The role of a table of the Table API, whose name, where it has none, is that of its topic."""
    use = details.pop("use", "")
    details["table"] = details["table"] or details["topics"].split(";")[0] or "of a descriptor"
    details["topics"] = " ".join(details["topics"].split(";"))
    return f"flink-{use}" if use else flink.TABLE


def tables(made: Sequence[Built]) -> dict[str, dict[str, bool]]:
    """By file, the tables of the Table API by name, and whether Kafka has their records."""
    found: dict[str, dict[str, bool]] = {}
    for one in made:
        if one.fact.role == flink.TABLE:
            named = found.setdefault(one.fact.span.path, {})
            named[one.fact.details["table"]] = is_kafka(one)
    return found


def is_kafka(one: Built) -> bool:
    """Whether something built has to do with Kafka: a table of the Table API need not."""
    if one.site.constructor != pyflink.TABLE:
        return True
    values = [each.value for each in one.fact.block.settings if each.key == "connector"]
    return any(isinstance(each, Known) and each.value in flink.CONNECTORS for each in values)


def _texts(making: Making) -> Iterator[str]:
    for one in making.topics:
        if isinstance(one, Lit) and isinstance(one.value, str):
            yield one.value


def _of_spark(block: Block) -> Block:
    """Spark's options by their own names: their case does not matter (CaseInsensitiveMap)."""
    names = {one.lower(): one for name in _SPARK_TABLES for one in table(name).settings}
    return replace(
        block,
        settings=tuple(
            _renamed(one, names.get(one.key.lower(), one.key)) for one in block.settings
        ),
    )


_SPARK_TABLES = ("spark-source", "spark-sink")


def _of_client(block: Block, dialect: str) -> Block:
    """Those of a broker's keywords that are settings of the producer it makes, under its names."""
    info = table(dialect)
    dotted = {name.replace(".", "_"): name for name in info.by_spelling}
    kept = []
    for one in block.settings:
        name = one.key if info.find(one.key) is not None else dotted.get(one.key)
        known = info.find(name) if name is not None else None
        if name is not None and known is not None and "producer" in known.roles:
            kept.append(_renamed(one, name))
    return replace(block, settings=tuple(kept))


def _renamed(setting: WrittenSetting, name: str) -> WrittenSetting:
    return setting if name == setting.key else replace(setting, key=name, shown=setting.key)


def complete(clients: Iterable[Client], made: Sequence[Built], trace: Trace) -> list[Client]:
    """The clients of facts, with what only the program tells of those that are built in it."""
    by_place: dict[tuple[Span, str], list[Built]] = {}
    for one in made:
        by_place.setdefault((one.fact.span, one.fact.role), []).append(one)
    sources: dict[int, Span] = {one.site.index: one.fact.span for one in made}
    return [
        _completed(client, by_place.get((client.span, client.role), ()), sources, trace)
        for client in clients
    ]


def _completed(
    client: Client, candidates: Sequence[Built], sources: Mapping[int, Span], trace: Trace
) -> Client:
    same = [one for one in candidates if one.fact.block == client.block] or candidates
    if not same:
        return client
    one = same[0]
    given = (*one.making.topics, *trace.outputs.get(one.site.index, ()))
    topics = tuple(topic for value in given for topic in topics_of(value, client.span))
    client = replace(
        client,
        construct=one.site.constructor.rpartition(".")[2],
        path=one.making.path,
        topics=tuple({(t.name, t.pattern): t for t in topics}.values()),
        topics_complete=bool(topics) and all(topic.name is not None for topic in topics),
    )
    if client.dialect not in _CLIENTS:
        client = replace(client, keys=(), value_problems=(), alias_clashes=())
    streaming = "Stream" in one.site.constructor
    if isinstance(client, SparkSource):
        return replace(client, streaming=streaming)
    if isinstance(client, SparkSink):
        drawn = client.details.get("sources", "")
        known = tuple(sources[int(n)] for n in drawn.split() if n.isdigit() and int(n) in sources)
        return replace(
            client,
            streaming=streaming,
            format=client.details.get("format", ""),
            sources=None if drawn == "unknown" else known,
        )
    return client


__all__ = ["Built", "built", "complete", "is_kafka", "tables"]
