"""Connect workers: their own settings, and those of the clients they make for connectors.

A worker is distributed or standalone (`connect-distributed.properties`, `connect-standalone.properties`).
What stands behind `producer.`, `consumer.` and `admin.` goes to the clients of the tasks; its own
clients, which keep offsets, configurations and statuses, read the unprefixed keys (WorkerConfig,
KafkaOffsetBackingStore).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from oncelint.formats.tree import Document
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.frameworks.blocks import block_of, keys_of, mappings, span_of
from oncelint.frameworks.connect.layers import client_layers
from oncelint.frameworks.needles import CONNECTOR_CLASS, WORKER_KEYS
from oncelint.frameworks.spelling import spell
from oncelint.model.facts import Block, ConfigFact, Home, WrittenSetting
from oncelint.model.values import Known, Span
from oncelint.text import Text

_CLIENTS = ("producer", "consumer", "admin")
_EXACTLY_ONCE = "exactly.once.source.support"
UNKNOWN_SUPPORT = f"{_EXACTLY_ONCE} decides what its producers are, and is not known"


def is_worker(keys: set[str]) -> bool:
    """Whether a mapping's keys are a worker's: it stores offsets and converts keys."""
    stores = any(key in keys for key in WORKER_KEYS)
    return stores and "key.converter" in keys and CONNECTOR_CLASS not in keys


def found(document: Document, text: Text) -> Iterator[ConfigFact]:
    """Workers under their settings' own names, in any format."""
    for root in document.roots:
        for _, mapping in mappings(root):
            if is_worker(keys_of(mapping)):
                yield from of_mapping(mapping, text)


def of_mapping(mapping: MappingNode, text: Text) -> Iterator[ConfigFact]:
    yield from worker_facts(block_of(mapping, text), span_of(mapping, text), "connect worker")


def place(span: Span) -> str:
    """A place as a name: what details of facts tell a worker by."""
    return f"{span.path}:{span.start.line}:{span.start.column}"


def worker_facts(
    block: Block,
    span: Span,
    placement: str,
    *,
    versions: tuple[str, ...] = (),
    instances: int | None = 1,
    details: Mapping[str, str] | None = None,
) -> Iterator[ConfigFact]:
    """A worker's own configuration, and one for each sort of client that it sets something for.

    `block` holds all settings of the worker by the worker's own keys, those of its clients behind
    their prefixes. `placement` is the worker's; its clients' is that and their role. Of `details`
    "cluster" is the Connect cluster's name and "mode" `standalone` or `distributed`, where the place
    tells them.
    """
    given = {**(details or {}), "framework": "connect"}
    given.setdefault("mode", _mode(block))
    group = _known(block, "group.id")
    if group is not None:
        given.setdefault("group", group)
    yield ConfigFact(
        placement,
        ("java",),
        "connect-worker",
        block,
        span,
        versions=versions,
        instances=instances,
        details=given,
    )
    given["worker"] = place(span)
    support = None if given["mode"] == "standalone" else supports_exactly_once(block)
    for role in _CLIENTS:
        # `producer.override.` is a connector's prefix, and nothing in a worker
        inner = behind(block, role + ".", besides=f"{role}.override.")
        if not inner.settings:
            continue
        known = role != "producer" or support is not None or given["mode"] == "standalone"
        if not known:
            inner = replace(inner, open_reason=inner.open_reason or UNKNOWN_SUPPORT)
        yield ConfigFact(
            f"{placement} {role}",
            ("java",),
            role,
            inner,
            inner.settings[0].key_span,
            versions=versions,
            layers=client_layers(role, exactly_once=bool(support)),
            instances=instances,
            details=given,
        )


def behind(block: Block, prefix: str, *, besides: str | None = None) -> Block:
    """The settings of a block behind a prefix, without it and shown as they are written; those
    behind the longer prefix `besides` are left out."""
    settings = tuple(
        replace(one, key=one.key[len(prefix) :], shown=one.shown or one.key)
        for one in block.settings
        if one.key.startswith(prefix) and not (besides is not None and one.key.startswith(besides))
    )
    written = {one.shown for one in settings}
    return Block(
        settings,
        block.open_reason,
        tuple(one for one in block.duplicates if one.key in written),
        tuple(_home(home, prefix) for home in block.homes),
    )


def _home(home: Home, prefix: str) -> Home:
    return replace(home, prefix=spell(home, prefix, None)[0])


def supports_exactly_once(block: Block) -> bool | None:
    """Whether a distributed worker writes what source tasks produce in transactions (KIP-618); None
    when that cannot be known."""
    setting = _setting(block, _EXACTLY_ONCE)
    if setting is None:
        return False if block.open_reason is None else None
    values = {
        str(one.value.value).strip().lower() if isinstance(one.value, Known) else None
        for one in setting.alternatives
    }
    if None in values:
        return None
    enabled = "enabled" in values
    return None if enabled and len(values) > 1 else enabled


def _mode(block: Block) -> str:
    """A standalone worker keeps its offsets in a file, a distributed one in a topic."""
    if _setting(block, "offset.storage.topic") or _setting(block, "config.storage.topic"):
        return "distributed"
    return "standalone" if _setting(block, "offset.storage.file.filename") else ""


def _setting(block: Block, key: str) -> WrittenSetting | None:
    return next((one for one in block.settings if one.key == key), None)


def _known(block: Block, key: str) -> str | None:
    setting = _setting(block, key)
    value = setting.value if setting is not None else None
    return str(value.value) if isinstance(value, Known) and value.value else None
