"""Placement: MirrorMaker 2 as `connect-mirror-maker.sh` takes it (KIP-382).

One file for several clusters: what begins with a cluster's alias is that cluster's, and what begins
with a flow (`eu->us.`) its connectors'. For each cluster that is replicated to there is a Connect worker
with its producers, which a flow may override, and for each that is replicated from a consumer
(MirrorMakerConfig.workerConfig and connectorBaseConfig, MirrorConnectorConfig.sourceConsumerConfig).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Document, Mapping, Scalar
from oncelint.frameworks.blocks import block_of, keys_of, layered
from oncelint.frameworks.connect.layers import client_layers
from oncelint.frameworks.connect.worker import (
    UNKNOWN_SUPPORT,
    behind,
    supports_exactly_once,
    worker_facts,
)
from oncelint.frameworks.needles import BOOTSTRAP
from oncelint.model.facts import Block, ConfigFact, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.text import Text

_FLOW = re.compile(r"(?P<source>[^.>]+)->(?P<target>[^.>]+)\.enabled")
# MirrorConnectorConfig.sourceConsumerConfig: the first is put over what the user sets
_CONSUMER = (
    Layer("set by MirrorMaker", True, {"enable.auto.commit": (("0", False),)}),
    Layer("set by MirrorMaker", False, {"auto.offset.reset": (("0", "earliest"),)}),
)
# What of a cluster's own no producer of its worker reads. What stands without a cluster's name is
# handed to none of them (MirrorMakerConfig.workerConfig).
_NOT_THE_WORKERS = ("consumer.", "admin.", "client.")


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        if isinstance(root, Mapping):
            yield from _facts(root, text)


def _facts(root: Mapping, text: Text) -> Iterator[ConfigFact]:
    written = root.get("clusters")
    if not isinstance(written, Scalar):
        return
    aliases = [alias for alias in re.split(r"\s*,\s*", written.text.strip()) if alias]
    keys = keys_of(root)
    if not aliases or not any(f"{alias}.{BOOTSTRAP}" in keys for alias in aliases):
        return
    flows = list(_flows(root, aliases))
    for target in dict.fromkeys(target for _, target in flows):
        yield from _worker(root, target, text)
    for source, target in flows:
        yield from _overriding(root, source, target, text)
    for source in dict.fromkeys(source for source, _ in flows):
        targets = [target for one, target in flows if one == source]
        yield from _consumers(root, source, targets, text)


def _flows(root: Mapping, aliases: list[str]) -> Iterator[tuple[str, str]]:
    """The clusters that are replicated from and to; a flow has to be enabled (KIP-382)."""
    for entry in root.entries:
        flow = _FLOW.fullmatch(entry.key.text)
        if flow is None or not isinstance(entry.value, Scalar):
            continue
        if entry.value.text.strip().lower() == "true" and {*flow.groups()} <= {*aliases}:
            yield flow["source"], flow["target"]


def _worker(root: Mapping, alias: str, text: Text) -> Iterator[ConfigFact]:
    """The worker of a cluster that is replicated to, with its producers; no sink runs on it."""
    block = _worker_block(root, alias, text)
    if block.settings:
        details = {"mode": "distributed", "cluster": f"mirrormaker {alias}"}
        span = block.settings[-1].key_span
        for fact in worker_facts(block, span, "mirrormaker", details=details):
            if fact.role != "consumer":
                yield replace(fact, name=alias)


def _worker_block(root: Mapping, alias: str, text: Text) -> Block:
    own = _behind(root, f"{alias}.", text)
    return replace(own, settings=tuple(_of_a_worker(own)))


def _overriding(root: Mapping, source: str, target: str, text: Text) -> Iterator[ConfigFact]:
    """The producer of a flow that overrides what its worker's are (KIP-458)."""
    override = _behind(root, f"{source}->{target}.producer.override.", text)
    if not override.settings:
        return
    worker = _worker_block(root, target, text)
    exactly_once = supports_exactly_once(worker)
    block = layered(behind(worker, "producer.", besides="producer.override."), override)
    if exactly_once is None:
        block = replace(block, open_reason=block.open_reason or UNKNOWN_SUPPORT)
    yield ConfigFact(
        "mirrormaker producer",
        ("java",),
        "producer",
        block,
        override.settings[0].key_span,
        name=f"{source}->{target}",
        layers=client_layers("producer", exactly_once=bool(exactly_once)),
        details={"framework": "connect", "cluster": f"mirrormaker {target}"},
    )


def _of_a_worker(block: Block) -> Iterator[WrittenSetting]:
    return (one for one in block.settings if not one.key.startswith(_NOT_THE_WORKERS))


def _consumers(root: Mapping, source: str, targets: list[str], text: Text) -> Iterator[ConfigFact]:
    """The consumers of a cluster: one for the flows that set nothing themselves, and those that do."""
    own = _behind(root, f"{source}.consumer.", text)
    plain = True
    for target in targets:
        flow = f"{source}->{target}."
        beneath = _behind(root, f"{flow}consumer.", text)
        above = _behind(root, f"{flow}source.consumer.", text)
        if beneath.settings or above.settings:
            yield _consumer(layered(beneath, own, above), f"{source}->{target}", source)
        elif plain and own.settings:
            plain = False
            yield _consumer(own, source, source)


def _consumer(block: Block, name: str, source: str) -> ConfigFact:
    return ConfigFact(
        "mirrormaker consumer",
        ("java",),
        "consumer",
        block,
        block.settings[-1].key_span,
        name=name,
        layers=_CONSUMER,
        details={"framework": "connect", "cluster": f"mirrormaker {source}"},
    )


def _behind(root: Mapping, prefix: str, text: Text) -> Block:
    """The settings behind a prefix, by their own names."""
    return block_of(root, text, keep=lambda entry: entry.key.text.startswith(prefix), strip=prefix)
