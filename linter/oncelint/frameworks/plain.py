"""Placement: client and Streams settings under their own names.

`producer.properties`, a section of an INI file, a mapping of a YAML, JSON or TOML file: what they
have in common is a `bootstrap.servers` among their keys. Whether a plain client file is read by a Java client or by librdkafka only the project can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Document, Mapping, Scalar
from oncelint.frameworks.blocks import block_of, keys_of, mappings, span_of
from oncelint.frameworks.brokers import is_broker
from oncelint.frameworks.connect.worker import is_worker
from oncelint.frameworks.ksqldb import is_server
from oncelint.frameworks.needles import BOOTSTRAP, CONNECTOR_CLASS, MISSPELT_BOOTSTRAP
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

# Keys that only make sense for one role; a stray one is what key-of-another-role reports, so a
# role needs either the file's or section's name or keys of that role alone.
_PRODUCER = frozenset(
    {"acks", "key.serializer", "value.serializer", "enable.idempotence", "transactional.id"}
    | {"linger.ms", "batch.size", "buffer.memory", "compression.type", "delivery.timeout.ms"}
    | {"max.in.flight.requests.per.connection", "partitioner.class", "request.required.acks"}
    | {"transaction.timeout.ms", "max.block.ms", "message.timeout.ms"}
)
_CONSUMER = frozenset(
    {"group.id", "key.deserializer", "value.deserializer", "auto.offset.reset"}
    | {"enable.auto.commit", "isolation.level", "max.poll.records", "fetch.min.bytes"}
    | {"auto.commit.interval.ms", "partition.assignment.strategy", "enable.auto.offset.store"}
)
# Settings of consumers that are pasted into the one file of all clients; alone they tell no role.
_CONSUMER_BESIDES = frozenset(
    {"session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "group.instance.id"}
    | {"fetch.max.bytes", "fetch.max.wait.ms", "max.partition.fetch.bytes", "queued.min.messages"}
)
_STREAMS = frozenset({"application.id"})

_APACHE_CONFIG = frozenset(
    {"producer.properties", "consumer.properties", "server.properties", "broker.properties"}
    | {"controller.properties", "connect-standalone.properties", "connect-distributed.properties"}
    | {"connect-mirror-maker.properties", "zookeeper.properties"}
)


def vendored(text: str, path: str) -> str | None:
    """Why a file is somebody else's example: a copy of one of Kafka's own config/ files (its
    licence head tells), or part of an unpacked connector. None for a file of the project's own."""
    if _PACKAGED_CONNECTOR.search(path):
        return "part of an unpacked connector"
    name = path.rpartition("/")[2]
    if name in _APACHE_CONFIG and "Licensed to the Apache Software Foundation" in text[:1200]:
        if name in _WORKERS and _OF_ONES_OWN.search(text):
            return None
        return "copy of a file of Kafka's own distribution"
    return None


# A worker that reaches another cluster than the distribution's, or is of another group, is one's own.
_WORKERS = frozenset({"connect-distributed.properties", "connect-standalone.properties"})
_OF_ONES_OWN = re.compile(
    r"^(?:bootstrap\.servers=(?!localhost:9092[ \t\r]*$)|group\.id=(?!connect-cluster[ \t\r]*$))",
    re.MULTILINE,
)


# An unpacked connector keeps its vendor's name and its version in its folder's name, and its
# quick start under etc/.
_PACKAGED_CONNECTOR = re.compile(r"(?:^|/)[\w.]+-kafka-connect-[\w-]+?-\d+\.\d[\w.-]*/")


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        for trail, mapping in mappings(root):
            yield from _recognise(mapping, trail, text, path)


def _recognise(
    mapping: Mapping, trail: tuple[str, ...], text: Text, path: str
) -> Iterator[ConfigFact]:
    keys = keys_of(mapping)
    if CONNECTOR_CLASS in keys or is_broker(keys, path) or is_worker(keys):
        return
    if path.endswith(".properties") and is_server(keys, path):
        return
    if not _is_client(keys, path):
        return
    if keys & _STREAMS and not _named_role(trail, path):
        block = block_of(mapping, text)
        span = span_of(mapping, text)
        yield ConfigFact("client properties", ("java",), "streams", block, span)
        return
    servers = _value(mapping, BOOTSTRAP) or _value(mapping, MISSPELT_BOOTSTRAP)
    if not isinstance(servers, Scalar):
        return
    for role in _roles(keys, trail, path):
        block = block_of(mapping, text)
        dialects = _dialects(keys, path)
        if _is_kcat(path):
            block = replace(block, open_reason="what kcat is given on its command line")
        span = span_of(mapping, text)
        yield ConfigFact("client properties", dialects, role, block, span)


def _value(mapping: Mapping, key: str) -> object:
    return mapping.get(key)


def _is_kcat(path: str) -> bool:
    """Whether a file is kcat's own (its README, "Configuration")."""
    return path.rpartition("/")[2] in ("kcat.conf", "kafkacat.conf")


def _dialects(keys: set[str], path: str) -> tuple[str, ...]:
    """A class name as (de)serializer is Java's; librdkafka's own keys are librdkafka's."""
    if _is_kcat(path):
        return ("librdkafka",)
    if keys & {"key.serializer", "value.serializer", "key.deserializer", "value.deserializer"}:
        return ("java",)
    if keys & {"sasl.username", "sasl.mechanisms", "ssl.ca.location", "enable.auto.offset.store"}:
        return ("librdkafka",)
    return ("java", "librdkafka")


def _is_client(keys: set[str], path: str) -> bool:
    """Whether a mapping configures a client: it says where the brokers are."""
    if BOOTSTRAP in keys:
        return True
    own_file = path.endswith(".properties") and _named_role((), path) is not None
    return own_file and MISSPELT_BOOTSTRAP in keys and bool(keys & (_PRODUCER | _CONSUMER))


def _named_role(trail: tuple[str, ...], path: str) -> str | None:
    """The role that the name of the section or file tells."""
    name = (trail[-1] if trail else path.rpartition("/")[2]).lower()
    says_producer, says_consumer = "producer" in name, "consumer" in name
    if says_producer == says_consumer or "stream" in name:
        return None
    return "producer" if says_producer else "consumer"


def _roles(keys: set[str], trail: tuple[str, ...], path: str) -> tuple[str, ...]:
    named = _named_role(trail, path)
    if named is not None:
        return (named,)
    produces, consumes = bool(keys & _PRODUCER), bool(keys & _CONSUMER)
    if produces and (consumes or keys & _CONSUMER_BESIDES):
        return ("shared-producer", "shared-consumer")
    if produces:
        return ("producer",)
    return ("consumer",) if consumes else ()
