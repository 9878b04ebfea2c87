"""Placement: the resources of Strimzi's operator.

`Kafka`, `KafkaNodePool`, `KafkaConnect`, `KafkaConnector`, `KafkaMirrorMaker2`, `KafkaTopic` and
`KafkaBridge` of the group kafka.strimzi.io. What the operator refuses is what the FORBIDDEN_PREFIXES
and FORBIDDEN_PREFIX_EXCEPTIONS of each resource's Spec class name (io.strimzi.api.kafka.model): it
takes such keys out with a warning, and sets them itself. For brokers its one default is
min.insync.replicas=1 (KafkaConfiguration), which is Kafka's own; the replication factors of the
internal topics are Kafka's where nothing is written. A worker always runs distributed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Mapping, Scalar, Sequence
from oncelint.frameworks.blocks import span_of
from oncelint.frameworks.connect.worker import worker_facts
from oncelint.frameworks.kubernetes.resources import (
    Refused,
    Resource,
    at,
    fields_of,
    given,
    items,
    joined,
    number,
    opened,
    settings_in,
    string,
)
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.values import Span
from oncelint.model.versions import at_least
from oncelint.text import Text

GROUP = "kafka.strimzi.io"
CLUSTER = "strimzi.io/cluster"
_POOLS = "strimzi.io/node-pools"
_CONNECTOR_RESOURCES = "strimzi.io/use-connector-resources"
# The operators that have the v1 resources (0.49 and newer) run Kafka from this release on
# (Strimzi's CHANGELOG, 0.48: support for 3.9 removed).
_V1_SINCE = "4.0.0"

_TLS = ("ssl.endpoint.identification.algorithm", "ssl.cipher.suites", "ssl.protocol")
_TLS_EXCEPTIONS = (*_TLS, "ssl.enabled.protocols")
_BROKER = Refused(
    (
        *("listeners", "advertised.", "broker.", "listener.", "host.name", "port"),
        *("inter.broker.listener.name", "sasl.", "ssl.", "security.", "password.", "log.dir"),
        *("zookeeper.connect", "zookeeper.set.acl", "zookeeper.ssl", "zookeeper.clientcnxnsocket"),
        *("authorizer.", "super.user", "cruise.control.metrics.topic"),
        *("cruise.control.metrics.reporter.bootstrap.servers", "node.id", "process.roles"),
        *("controller.", "metadata.log.dir", "zookeeper.metadata.migration.enable"),
    ),
    (
        *("zookeeper.connection.timeout.ms", "sasl.server.max.receive.size"),
        *("ssl.cipher.suites", "ssl.protocol", "ssl.enabled.protocols"),
        *("ssl.secure.random.implementation", "cruise.control.metrics.topic."),
        *("broker.session.timeout.ms", "broker.heartbeat.interval.ms"),
        *("controller.socket.timeout.ms", "controller.quorum.election."),
        "controller.quorum.fetch.timeout.ms",
    ),
)
# The group and the topics stand in fields of their own from v1 on; in the older resources they
# are settings like others.
_WORKER = Refused(
    (
        *("ssl.", "sasl.", "security.", "listeners", "plugin.path", "rest.", "bootstrap.servers"),
        *("consumer.interceptor.classes", "producer.interceptor.classes"),
    ),
    _TLS_EXCEPTIONS,
)
_WORKER_V1 = replace(
    _WORKER,
    prefixes=(
        *("group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"),
        *_WORKER.prefixes,
    ),
)
_CONNECTOR = Refused(keys=("name", "connector.class", "tasks.max", "connector.plugin.version"))
_BRIDGE_PRODUCER = Refused(("ssl.", "bootstrap.servers", "sasl.", "security."), _TLS_EXCEPTIONS)
_BRIDGE_CONSUMER = replace(_BRIDGE_PRODUCER, prefixes=(*_BRIDGE_PRODUCER.prefixes, "group.id"))
_ANY = Refused()

_WORKER_FIELDS = {
    "groupId": "group.id",
    "configStorageTopic": "config.storage.topic",
    "offsetStorageTopic": "offset.storage.topic",
    "statusStorageTopic": "status.storage.topic",
    "bootstrapServers": "bootstrap.servers",
}


def facts(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """The configurations of one resource of the group."""
    kind = resource.kind
    if kind == "Kafka":
        yield from _kafka(resource, text)
    elif kind == "KafkaNodePool":
        yield _node_pool(resource)
    elif kind == "KafkaConnect":
        yield from _connect(resource, text)
    elif kind == "KafkaConnector":
        yield from _connector(resource, text)
    elif kind == "KafkaMirrorMaker2":
        yield from _mirror_maker(resource, text)
    elif kind == "KafkaTopic":
        yield _topic(resource, text)
    elif kind == "KafkaBridge":
        yield from _bridge(resource, text)


def _details(resource: Resource, cluster: str, **more: str) -> dict[str, str]:
    found = {"resource": f"{resource.kind} {resource.full_name}", "operator": "strimzi"}
    if given(cluster):
        found["cluster"] = f"{resource.namespace}/{cluster}"
    found.update({key: value for key, value in more.items() if value})
    return found


def _part(resource: Resource, required: str) -> str | None:
    """Why a resource is only a part of one: it lacks what the schema requires."""
    if resource.spec.get(required) is not None:
        return None
    return f"a part of a {resource.kind}, without its {required}"


def _versions(resource: Resource, spec: Mapping) -> tuple[str, ...]:
    """The release of Kafka that a resource asks for, or those that its API came with."""
    version = string(spec.get("version"))
    if version[:1].isdigit():
        return (version,)
    if resource.version != "v1" or version:
        return ()
    return _v1_versions()


def _v1_versions() -> tuple[str, ...]:
    from oncelint.dialects import table  # where a resource is found

    return tuple(one for one in table("java-broker").versions if at_least(one, _V1_SINCE))


def _at(node: Mapping | None, resource: Resource, text: Text) -> Span:
    return resource.span if node is None or not node.entries else span_of(node, text)


def _heading(fields: Mapping, config: Mapping | None, resource: Resource, text: Text) -> Span:
    """The place of a block as a whole: the word above its keys."""
    for entry in fields.entries:
        if config is not None and entry.value is config:
            return text.span(entry.key.start, entry.key.end)
    return resource.span


# Brokers --------------------------------------------------------------------------------------


def _kafka(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    spec = at(resource.spec, "kafka")
    if spec is None:
        return
    config = at(spec, "config")
    missing = spec.get("listeners") is None
    part = "a part of a Kafka resource, without its listeners" if missing else None
    # from 0.46 on brokers run in node pools only; before that an annotation says so
    pooled = resource.annotations.get(_POOLS) == "enabled"
    replicas = spec.get("replicas")
    more = {"pools": "enabled"} if pooled or (replicas is None and part is None) else {}
    if part is not None:
        more["part"] = part
    yield ConfigFact(
        "strimzi Kafka",
        ("java",),
        "broker",
        opened(settings_in(config, text, _BROKER), part),
        _at(config, resource, text),
        name=resource.name,
        versions=_versions(resource, spec),
        instances=None if more.get("pools") else number(replicas),
        details=_details(resource, resource.name, **more),
    )


def _node_pool(resource: Resource) -> ConfigFact:
    """A pool's nodes run with the configuration of their Kafka resource, which may be elsewhere."""
    roles = resource.spec.get("roles")
    named = [string(item) for item in roles.items] if isinstance(roles, Sequence) else []
    part = _part(resource, "storage") if not named else None
    return ConfigFact(
        "strimzi KafkaNodePool",
        ("java",),
        "broker",
        Block((), "its settings stand in the Kafka resource"),
        resource.span,
        name=resource.name,
        instances=number(resource.spec.get("replicas")),
        details=_details(
            resource,
            resource.labels.get(CLUSTER, ""),
            pool=resource.name,
            roles=",".join(sorted(named)),
            part=part or "",
        ),
    )


def _topic(resource: Resource, text: Text) -> ConfigFact:
    names = {"replicas": "replication.factor", "partitions": "partitions"}
    config = at(resource.spec, "config")
    block = joined(fields_of(resource.spec, text, names), settings_in(config, text, _ANY))
    name = string(resource.spec.get("topicName")) or resource.name
    return ConfigFact(
        "strimzi KafkaTopic",
        ("java",),
        "topic",
        block,
        _at(resource.spec, resource, text),
        name=given(name),
        details=_details(resource, resource.labels.get(CLUSTER, "")),
    )


# Connect --------------------------------------------------------------------------------------


def _connect(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    part = _part(resource, "bootstrapServers")
    config = at(resource.spec, "config")
    yield from _worker(resource, resource.spec, config, text, part)


def _worker(
    resource: Resource, fields: Mapping, config: Mapping | None, text: Text, part: str | None
) -> Iterator[ConfigFact]:
    """A worker with its producers and consumers; `fields` has the group and the topics."""
    refused = _WORKER_V1 if resource.version == "v1" else _WORKER
    placement = f"strimzi {resource.kind}"
    # the operator removes connectors that are not resources ("Exposing the Kafka Connect API")
    alone = resource.annotations.get(_CONNECTOR_RESOURCES) == "true"
    block = joined(fields_of(fields, text, _WORKER_FIELDS), settings_in(config, text, refused))
    for fact in worker_facts(
        opened(block, part),
        _heading(fields, config, resource, text),
        placement,
        versions=_versions(resource, resource.spec),
        instances=number(resource.spec.get("replicas")),
        details=_details(
            resource,
            resource.name,
            mode="distributed",
            part=part or "",
            connectors="resources" if alone else "",
        ),
    ):
        yield replace(fact, name=resource.name)


def _connector(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    config = at(resource.spec, "config")
    yield _connector_fact(
        resource,
        resource.spec,
        string(resource.spec.get("class")),
        resource.labels.get(CLUSTER, ""),
        resource.name,
        settings_in(config, text, _CONNECTOR),
        text,
    )


def _connector_fact(
    resource: Resource,
    spec: Mapping,
    name: str,
    cluster: str,
    called: str,
    config: Block,
    text: Text,
) -> ConfigFact:
    fields = {"class": "connector.class", "tasksMax": "tasks.max"}
    class_ = spec.get("class")
    part = None if name else f"a part of a {resource.kind}, without its class"
    return ConfigFact(
        f"strimzi {resource.kind}",
        ("java",),
        "connector",
        opened(joined(fields_of(spec, text, fields), config), part),
        text.span(class_.start, class_.end) if isinstance(class_, Scalar) else resource.span,
        name=given(name.strip()),
        details=_details(resource, cluster, connector=called, part=part or ""),
    )


_MIRRORS = {
    "sourceConnector": "MirrorSourceConnector",
    "checkpointConnector": "MirrorCheckpointConnector",
    "heartbeatConnector": "MirrorHeartbeatConnector",
}
_MIRROR_PACKAGE = "org.apache.kafka.connect.mirror"


def _mirror_maker(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """The workers have the configuration of the target cluster, the connectors their own
    (KafkaMirrorMaker2Cluster, KafkaMirrorMaker2Connectors)."""
    spec = resource.spec
    target = at(spec, "target")
    alias = string(spec.get("connectCluster"))
    if target is None:
        clusters = items(spec.get("clusters"))
        target = next((one for one in clusters if string(one.get("alias")) == alias), None)
    part = None if target is not None else f"a part of a {resource.kind}, without its clusters"
    fields = target if target is not None else Mapping(0, 0, ())
    yield from _worker(resource, fields, at(fields, "config"), text, part)
    to = alias or string(fields.get("alias"))
    for mirror in items(spec.get("mirrors")):
        source = at(mirror, "source")
        origin = string(mirror.get("sourceCluster")) or (
            string(source.get("alias")) if source is not None else ""
        )
        for field, simple in _MIRRORS.items():
            connector = at(mirror, field)
            config = at(connector, "config") if connector is not None else None
            if connector is None or config is None:
                continue
            called = f"{origin}->{string(mirror.get('targetCluster')) or to}.{simple}"
            block = settings_in(config, text, _CONNECTOR)
            class_ = f"{_MIRROR_PACKAGE}.{simple}"
            fact = _connector_fact(resource, connector, class_, resource.name, called, block, text)
            yield replace(fact, span=_at(config, resource, text))


# The HTTP bridge ------------------------------------------------------------------------------


def _bridge(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """The bridge's producer has what is written; the consumers also have what HTTP requests ask
    for (the bridge's API: enable.auto.commit, isolation.level and others of a new consumer)."""
    part = _part(resource, "bootstrapServers")
    asked = "what the HTTP requests ask for"
    for role, refused, reason in (
        ("producer", _BRIDGE_PRODUCER, part),
        ("consumer", _BRIDGE_CONSUMER, asked),
    ):
        config = at(resource.spec, role, "config")
        if config is None:
            continue
        block = settings_in(config, text, refused)
        yield ConfigFact(
            f"strimzi KafkaBridge {role}",
            ("java",),
            role,
            opened(block, reason),
            _at(config, resource, text),
            name=resource.name,
            versions=_v1_versions() if resource.version == "v1" else (),
            instances=number(resource.spec.get("replicas")),
            details=_details(resource, "", part=part or ""),
        )
