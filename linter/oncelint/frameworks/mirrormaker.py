"""Placement: MirrorMaker 2 as `connect-mirror-maker.sh` takes it (KIP-382).

One file for several clusters: what begins with a cluster's alias is that cluster's. For each cluster
that is replicated to there is a Connect worker with its producers, and for each cluster that is
replicated from a consumer (MirrorMakerConfig.workerConfig, MirrorConnectorConfig.sourceConsumerConfig).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Document, Mapping, Scalar
from oncelint.frameworks.blocks import block_of, keys_of
from oncelint.frameworks.connect.worker import worker_facts
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
    sources, targets = _flows(root, aliases)
    for target in targets:
        yield from _worker(root, target, text)
    for source in sources:
        yield from _consumer(root, source, text)


def _flows(root: Mapping, aliases: list[str]) -> tuple[list[str], list[str]]:
    """The clusters that are replicated from and to; a flow has to be enabled (KIP-382)."""
    sources: dict[str, None] = {}
    targets: dict[str, None] = {}
    for entry in root.entries:
        flow = _FLOW.fullmatch(entry.key.text)
        if flow is None or not isinstance(entry.value, Scalar):
            continue
        if entry.value.text.strip().lower() == "true" and {*flow.groups()} <= {*aliases}:
            sources[flow["source"]] = None
            targets[flow["target"]] = None
    return list(sources), list(targets)


def _worker(root: Mapping, alias: str, text: Text) -> Iterator[ConfigFact]:
    """The worker of a cluster that is replicated to, with its producers; no sink runs on it."""
    prefix = f"{alias}."
    own = block_of(root, text, keep=lambda entry: entry.key.text.startswith(prefix), strip=prefix)
    block = replace(own, settings=tuple(_of_a_worker(own)))
    if block.settings:
        details = {"mode": "distributed", "cluster": f"mirrormaker {alias}"}
        span = block.settings[-1].key_span
        for fact in worker_facts(block, span, "mirrormaker", details=details):
            if fact.role != "consumer":
                yield replace(fact, name=alias)


def _of_a_worker(block: Block) -> Iterator[WrittenSetting]:
    return (one for one in block.settings if not one.key.startswith(_NOT_THE_WORKERS))


def _consumer(root: Mapping, alias: str, text: Text) -> Iterator[ConfigFact]:
    """The consumer of a cluster."""
    prefix = f"{alias}.consumer."
    block = block_of(root, text, keep=lambda entry: entry.key.text.startswith(prefix), strip=prefix)
    if block.settings:
        yield ConfigFact(
            "mirrormaker consumer",
            ("java",),
            "consumer",
            block,
            block.settings[-1].key_span,
            name=alias,
            layers=_CONSUMER,
            details={"framework": "connect", "cluster": f"mirrormaker {alias}"},
        )
