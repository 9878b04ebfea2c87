"""Placement: the resources of Confluent for Kubernetes.

`Kafka`, `Connect`, `KsqlDB`, `Connector` and `KafkaTopic` of the group platform.confluent.io. What a
component is given beside the resource's own fields stands in `configOverrides.server`, a list of
`key=value` texts (Confluent for Kubernetes, "Advanced Configuration Options"). What is neither there
nor in a field the operator computes itself, for brokers from their count ("Configure Confluent
Platform for Deployment"): what is absent is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Mapping, Scalar, Sequence
from oncelint.formats.views import assignments
from oncelint.frameworks.blocks import block_of, span_of
from oncelint.frameworks.connect.worker import worker_facts
from oncelint.frameworks.kubernetes.resources import (
    Refused,
    Resource,
    at,
    fields_of,
    given,
    joined,
    number,
    opened,
    settings_in,
    string,
)
from oncelint.model.facts import Block, ConfigFact, Home
from oncelint.text import Text

GROUP = "platform.confluent.io"
_COMPUTED = "what Confluent for Kubernetes computes itself"
_ANY = Refused()
_FIELDS = Refused(keys=("name", "connector.class", "tasks.max"))
_STREAMS = "ksql.streams."


def facts(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """The configurations of one resource of the group."""
    kind = resource.kind
    if kind == "Kafka":
        yield _kafka(resource, text)
    elif kind == "Connect":
        yield from _connect(resource, text)
    elif kind == "KsqlDB":
        yield _ksqldb(resource, text)
    elif kind == "Connector":
        yield _connector(resource, text)
    elif kind == "KafkaTopic":
        yield _topic(resource, text)


def _details(resource: Resource, cluster: str, **more: str) -> dict[str, str]:
    found = {"resource": f"{resource.kind} {resource.full_name}", "operator": "confluent"}
    if given(cluster):
        found["cluster"] = cluster if "/" in cluster else f"{resource.namespace}/{cluster}"
    found.update({key: value for key, value in more.items() if value})
    return found


def _reference(resource: Resource, field: str, default: str = "") -> str:
    """The cluster that a reference names, in the resource's namespace unless it says another."""
    node = at(resource.spec, field)
    name = string(node.get("name")) if node is not None else ""
    namespace = string(node.get("namespace")) if node is not None else ""
    return f"{namespace}/{name}" if namespace and name else name or default


def _versions(resource: Resource) -> tuple[str, ...]:
    """The releases of Kafka in the image that a component runs."""
    image = at(resource.spec, "image")
    if image is None:
        return ()
    from oncelint.frameworks.containers.images import versions_of  # with its tables

    return versions_of(string(image.get("application")))


def _overrides(resource: Resource, text: Text) -> Block:
    """What `configOverrides.server` gives."""
    node = at(resource.spec, "configOverrides")
    server = node.get("server") if node is not None else None
    view = assignments(server, text) if isinstance(server, Sequence) else None
    if view is None:
        return Block((), _COMPUTED)
    home = Home(text.span(view.start, view.end), "mapping", "", "text")
    return replace(block_of(view, text), open_reason=_COMPUTED, homes=(home,))


def _fact(
    resource: Resource, placement: str, role: str, block: Block, cluster: str, **more: str
) -> ConfigFact:
    return ConfigFact(
        placement,
        ("java",),
        role,
        block,
        block.settings[0].key_span if block.settings else resource.span,
        name=resource.name,
        versions=_versions(resource),
        instances=number(resource.spec.get("replicas")),
        details=_details(resource, cluster, **more),
    )


def _kafka(resource: Resource, text: Text) -> ConfigFact:
    block = _overrides(resource, text)
    return _fact(resource, "confluent-for-kubernetes Kafka", "broker", block, resource.name)


def _connect(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    block = _overrides(resource, text)
    for fact in worker_facts(
        block,
        block.settings[0].key_span if block.settings else resource.span,
        "confluent-for-kubernetes Connect",
        versions=_versions(resource),
        instances=number(resource.spec.get("replicas")),
        details=_details(resource, resource.name, mode="distributed"),
    ):
        yield replace(fact, name=resource.name)


def _ksqldb(resource: Resource, text: Text) -> ConfigFact:
    """The server; what it hands to its Streams applications may stand behind `ksql.streams.`."""
    block = _overrides(resource, text)
    settings = tuple(
        replace(one, key=one.key.removeprefix(_STREAMS), shown=one.key)
        if one.key.startswith(_STREAMS)
        else one
        for one in block.settings
    )
    homes = tuple(replace(home, prefix=_STREAMS) for home in block.homes)
    block = replace(block, settings=settings, homes=homes)
    placement = "confluent-for-kubernetes KsqlDB"
    return _fact(resource, placement, "streams", block, "", framework="ksqldb")


def _connector(resource: Resource, text: Text) -> ConfigFact:
    fields = {"class": "connector.class", "taskMax": "tasks.max"}
    configs = at(resource.spec, "configs")
    block = joined(fields_of(resource.spec, text, fields), settings_in(configs, text, _FIELDS))
    class_ = resource.spec.get("class")
    part = None if class_ is not None else "a part of a Connector, without its class"
    return ConfigFact(
        "confluent-for-kubernetes Connector",
        ("java",),
        "connector",
        opened(block, part),
        text.span(class_.start, class_.end) if isinstance(class_, Scalar) else resource.span,
        name=given(string(class_).strip()),
        details=_details(
            resource,
            _reference(resource, "connectClusterRef"),
            connector=string(resource.spec.get("name")) or resource.name,
        ),
    )


def _topic(resource: Resource, text: Text) -> ConfigFact:
    names = {"replicas": "replication.factor", "partitionCount": "partitions"}
    configs: Mapping | None = at(resource.spec, "configs")
    block = joined(fields_of(resource.spec, text, names), settings_in(configs, text, _ANY))
    spec = resource.spec
    return ConfigFact(
        "confluent-for-kubernetes KafkaTopic",
        ("java",),
        "topic",
        block,
        span_of(spec, text) if spec.entries else resource.span,
        name=given(string(spec.get("name")) or resource.name),
        details=_details(resource, _reference(resource, "kafkaClusterRef", "kafka")),
    )
