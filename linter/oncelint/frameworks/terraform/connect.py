"""Placement: connectors and workers that Terraform creates.

By the providers' pages of each resource: `confluent_connector` (a managed connector, its settings in
`config_nonsensitive` and `config_sensitive`), `aws_mskconnect_connector` with its
`aws_mskconnect_worker_configuration`, `aiven_kafka_connector` with the `kafka_connect` settings of
`aiven_kafka` and `aiven_kafka_connect`, and Mongey's `kafka-connect_connector` for workers of one's
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from oncelint.formats.hosts.hcl import heredoc_region
from oncelint.formats.tree import Document, FormatError, Node, Scalar
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.frameworks.blocks import block_of, keys_of, layered, mappings, span_of
from oncelint.frameworks.connect.connectors import class_of, connector_fact, text_of
from oncelint.frameworks.connect.worker import is_worker, worker_facts
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import Text

# Each resource of a connector, with where its settings stand, the last one uppermost.
_CONNECTORS: Mapping[str, tuple[str, ...]] = {
    "confluent_connector": ("config_sensitive", "config_nonsensitive"),
    "aws_mskconnect_connector": ("connector_configuration",),
    "aiven_kafka_connector": ("config",),
    "kafka-connect_connector": ("config_sensitive", "config"),
}
_MSK_WORKER = "aws_mskconnect_worker_configuration"
_AIVEN = ("aiven_kafka", "aiven_kafka_connect")
_RELEASE = re.compile(r"\d+\.\d+\.(?:\d+|x)")
_REFERENCE = re.compile(
    r"\b(aws_mskconnect_worker_configuration|aiven_kafka(?:_connect)?)\.(\w+)\."
)


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        releases = _releases(root)
        for trail, body in mappings(root):
            if len(trail) != 3 or trail[0] != "resource":
                continue
            _, kind, name = trail
            if kind in _CONNECTORS:
                yield from _connector(kind, body, text)
            elif kind == _MSK_WORKER:
                worker = f"{kind}.{name}"
                yield from _msk_worker(body, worker, releases.get(worker, frozenset()), text)
            elif kind in _AIVEN:
                yield from _aiven_worker(kind, body, f"{kind}.{name}", text)


def _releases(root: Node) -> Mapping[str, frozenset[str]]:
    """The releases of Kafka that MSK Connect runs each worker configuration by: its connectors say."""
    found: dict[str, frozenset[str]] = {}
    for trail, body in mappings(root):
        if trail[:2] == ("resource", "aws_mskconnect_connector") and len(trail) == 3:
            worker = _cluster(trail[1], body)
            release = text_of(body.get("kafkaconnect_version"))
            found[worker] = found.get(worker, frozenset()) | {release}
    return found


def _connector(kind: str, body: MappingNode, text: Text) -> Iterator[ConfigFact]:
    found = [body.get(name) for name in _CONNECTORS[kind]]
    parts = [one for one in found if isinstance(one, MappingNode)]
    class_ = next((c for one in reversed(parts) if (c := class_of(one))), None)
    if class_ is None:
        return
    # that a part of the settings is secret, or comes from elsewhere, leaves the rest as it is
    block = layered(*(block_of(one, text) for one in parts))
    unseen = any(one is not None and not isinstance(one, MappingNode) for one in found)
    if unseen:
        block = replace(block, open_reason="a part of its settings is made elsewhere")
    name = next((n for one in reversed(parts) if (n := text_of(one.get("name")))), "")
    fact = connector_fact(
        block,
        text.span(class_.start, class_.end),
        f"terraform {kind}",
        text_of(class_).strip(),
        connector=name or text_of(body.get("connector_name")) or text_of(body.get("name")),
        cluster=_cluster(kind, body),
    )
    if kind == "confluent_connector":
        fact = replace(fact, details={**fact.details, "managed": "confluent cloud"})
    yield fact


def _cluster(kind: str, body: MappingNode) -> str:
    """What tells the connector's worker: the resource that it refers to."""
    if kind == "aws_mskconnect_connector":
        worker = body.get("worker_configuration")
        node = worker.get("arn") if isinstance(worker, MappingNode) else None
        return _referred(node) or "the default worker configuration of MSK Connect"
    if kind == "aiven_kafka_connector":
        return _referred(body.get("service_name")) or "an Aiven service"
    return ""


def _referred(node: Node | None) -> str:
    found = _REFERENCE.search(text_of(node))
    return f"{found[1]}.{found[2]}" if found else ""


def _msk_worker(
    body: MappingNode, name: str, releases: frozenset[str], text: Text
) -> Iterator[ConfigFact]:
    """A worker of MSK Connect, which sets its brokers, its group and mostly its topics itself."""
    from oncelint.formats import read

    content = body.get("properties_file_content")
    region = heredoc_region(content, text) if isinstance(content, Scalar) else None
    if region is None:
        return
    try:
        document = read("properties", region)
    except FormatError:
        return
    for root in document.roots:
        # one with topics of its own is recognised as any worker's file
        if isinstance(root, MappingNode) and root.entries and not is_worker(keys_of(root)):
            yield from worker_facts(
                block_of(root, region),
                span_of(root, region),
                "msk connect worker",
                versions=_versions(releases),
                details={"cluster": name, "mode": "distributed", "managed": "msk connect"},
            )


def _versions(releases: frozenset[str]) -> tuple[str, ...]:
    """The releases as versions of Kafka: MSK Connect calls a minor release `3.7.x`."""
    from oncelint.dialects import table

    found: list[str] = []
    for release in sorted(releases):
        if not _RELEASE.fullmatch(release):
            return ()
        minor = release.removesuffix("x")
        known = [one for one in table("java-connect-worker").versions if one.startswith(minor)]
        found += known if minor != release else [release]
    return tuple(found)


def _aiven_worker(kind: str, body: MappingNode, name: str, text: Text) -> Iterator[ConfigFact]:
    config = body.get(f"{'kafka' if kind == 'aiven_kafka' else 'kafka_connect'}_user_config")
    if isinstance(config, MappingNode):
        node = config.get("kafka_connect_config" if kind == "aiven_kafka" else "kafka_connect")
        if isinstance(node, MappingNode) and node.entries:
            details = {"cluster": name, "mode": "distributed", "managed": "aiven"}
            block = _dotted(block_of(node, text))
            yield from worker_facts(block, span_of(node, text), "aiven worker", details=details)


def _dotted(block: Block) -> Block:
    """Aiven's names of settings have underscores for dots."""
    return replace(
        block,
        settings=tuple(
            replace(one, key=one.key.replace("_", "."), shown=one.key) for one in block.settings
        ),
        homes=tuple(replace(home, style="snake") for home in block.homes),
    )
