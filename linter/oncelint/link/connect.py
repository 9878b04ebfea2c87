"""Connectors with the workers they run on, by what `frameworks.connect.joins` found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from oncelint.frameworks.connect.joins import SEPARATOR
from oncelint.frameworks.connect.worker import place
from oncelint.model.project import Client, Connector, ConnectWorker, TopicUse
from oncelint.model.values import Known


def with_workers(clients: Sequence[Client]) -> list[Client]:
    """The clients, of which connectors know their workers and topics, and workers their sort."""
    workers = {
        place(one.span): replace(one, distributed=_MODES.get(one.details.get("mode", "")))
        for one in clients
        if isinstance(one, ConnectWorker)
    }
    joined: list[Client] = []
    for one in clients:
        if isinstance(one, ConnectWorker):
            joined.append(replace(one, distributed=_MODES.get(one.details.get("mode", ""))))
        elif isinstance(one, Connector):
            named = one.details.get("workers", "").split(SEPARATOR)
            mine = tuple(workers[name] for name in named if name in workers)
            topics = tuple(_topics(one))
            joined.append(replace(one, workers=mine, topics=topics))
        else:
            joined.append(one)
    return joined


_MODES = {"distributed": True, "standalone": False}


def _topics(connector: Connector) -> Iterator[TopicUse]:
    """The topics that a sink reads (SinkConnectorConfig): a list of names, or a pattern that has to
    match a whole name."""
    for setting in connector.block.settings:
        value = setting.value
        if setting.key not in ("topics", "topics.regex") or value is None:
            continue
        span = setting.alternatives[0].span or setting.key_span
        if not isinstance(value, Known) or not isinstance(value.value, str):
            yield TopicUse(None, span)
        elif setting.key == "topics.regex":
            yield TopicUse(f"(?:{value.value.strip()})$", span, pattern=True)
        else:
            names = (name.strip() for name in value.value.split(","))
            yield from (TopicUse(name, span) for name in names if name)
