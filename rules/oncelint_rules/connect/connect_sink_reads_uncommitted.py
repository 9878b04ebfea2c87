"""A sink connector writes records of transactions that may yet be aborted.

## What it does

Reports a sink connector whose consumer reads at read_uncommitted (by the connector's
`consumer.override.isolation.level`, its worker's `consumer.isolation.level`, or Kafka's default)
while a transactional producer of the project, or a source connector with exactly-once support,
writes a topic it reads.

## The failure

A payment service writes a debit and a credit in one transaction and aborts it. The JDBC sink that
copies the topic into the warehouse has read both already: its consumer was never told to wait for
the end of a transaction. The warehouse books a transfer that did not happen, and no later record
takes it back. With `exactly.once.source.support` the same goes for a source: after a crash its
uncommitted batch is aborted and produced again, and such a sink writes both.

## What the fix costs

One setting: `consumer.override.isolation.level` of the connector where its worker is known to allow
overrides (`connector.client.config.override.policy`, All by default from 3.0), else
`consumer.isolation.level` of the worker, for all of its sinks. A read_committed consumer waits for open transactions to end: latency grows by up to the
producer's commit interval, and by `transaction.timeout.ms` after a producer died. The fix is safe in a
connector, and unsafe in a worker.

## When it is silent

When the connector's worker is not part of the project and the connector does not say itself; when the
level is filled in at start; when nobody in the project is known to write the sink's topics in
transactions, by name or by a source's `topic.prefix`; when the connector is managed (Confluent
Cloud reads committed records).

## References

KIP-98 (isolation.level), KIP-618 (exactly-once support for source connectors), KIP-458
(`consumer.override.`); Kafka documentation, "Exactly-once source support".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from oncelint.model import (
    Client,
    Confidence,
    Connector,
    ConnectWorker,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    Setting,
    Span,
    World,
    across,
    as_text,
    speak,
    weakest,
)
from oncelint.model.values import Scalar
from oncelint_rules.common.connectors import spot, value
from oncelint_rules.common.workers import is_source, off, permits, spelled, supports, sure

_OVERRIDE = "consumer.override.isolation.level"
_OF_WORKER = "consumer.isolation.level"
_LEVEL = "isolation.level"


@dataclass(frozen=True, slots=True)
class _Level:
    """Where a sink's consumer reads uncommitted records by: `setting` of `owner` (None where nobody
    sets it), and what would change it."""

    setting: Setting | None
    owner: Client
    confidence: Confidence
    name: str
    told: str
    goal: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who writes a topic in transactions: the place, its name, and how sure that is."""

    topic: str
    span: Span
    who: str
    confidence: Confidence


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    if is_source(connector) is not False or not connector.topics:
        return
    level = _level(connector)
    writer = next(_writers(connector, project), None) if level is not None else None
    if level is None or writer is None:
        return
    span = speak.place(level.setting, level.owner)
    if level.setting is None or level.setting.key_span is None:
        span = spot(None, connector, connector.worlds[-1])
    advice = f"set {level.name} to read_committed"
    read = connector.topics[0].span
    related = [Related(writer.span, writer.who)]
    if level.owner is not connector:
        related.append(Related(connector.span, "the connector"))
    related.append(Related(read, f"reads {writer.topic} here"))
    related.extend(Related(worker.span, "its worker") for worker in connector.workers[:1])
    yield Hit(
        span=span,
        message=(
            f"this sink writes records of aborted transactions: {level.told}, and topic"
            f" {writer.topic} is written in transactions; {advice}"
        ),
        confidence=weakest(level.confidence, writer.confidence),
        setting=level.name,
        related=tuple(one for one in dict.fromkeys(related) if one.span != span),
        provenance=level.setting.origins if level.setting is not None else (),
        goal=_goal(level, connector, advice),
        subject_key=speak.subject_key(connector, _LEVEL, writer.topic),
    )


def _level(connector: Connector) -> _Level | None:
    """What makes the sink's consumer read uncommitted records; None when nothing is known to."""
    verdict = across(connector.worlds, lambda world: _uncommitted(world, _OVERRIDE))
    if verdict:
        setting = verdict.world.settings[_OVERRIDE]
        told = f"{setting.spelled} is {as_text(setting.value)}"
        name = setting.spelled
        return _Level(setting, connector, verdict.confidence, name, told, _wants(_OVERRIDE))
    if verdict.unknown or _given(connector) or not connector.workers:
        return None
    found = [_of_worker(worker, connector) for worker in connector.workers]
    return found[0] if all(found) else None


def _given(connector: Connector) -> bool:
    return any(world.setting(_OVERRIDE) is not None for world in connector.worlds)


def _uncommitted(world: World, name: str) -> bool | None:
    """Whether a level is set to read_uncommitted; None where that is not known."""
    setting = world.setting(name)
    if setting is None:
        return False if world.open_reason is None else None
    if not isinstance(setting.value, Known):
        return None
    return str(setting.value.value).strip() == "read_uncommitted"


def _unset(world: World) -> bool | None:
    if world.setting(_OF_WORKER) is not None:
        return False
    return None if world.open_reason is not None else True


def _of_worker(worker: ConnectWorker, connector: Connector) -> _Level | None:
    verdict = across(worker.worlds, lambda world: _uncommitted(world, _OF_WORKER))
    if verdict:
        setting = verdict.world.settings[_OF_WORKER]
        told = f"{setting.spelled} is {as_text(setting.value)} on its worker"
        confidence = sure(worker, connector, verdict.confidence)
        return _Level(setting, worker, confidence, setting.spelled, told, _wants(_OF_WORKER))
    unset = across(worker.worlds, _unset)
    if not unset or unset.fails:
        return None
    confidence = sure(worker, connector, unset.confidence)
    told = f"{_LEVEL} is read_uncommitted by default"
    if not all(permits(world, _LEVEL) for world in worker.worlds):
        # it may refuse an override, and takes the setting for all of its sinks
        name = spelled(worker, _OF_WORKER)
        return _Level(None, worker, confidence, name, told, _wants(_OF_WORKER))
    name = spelled(connector, _OVERRIDE)
    return _Level(None, connector, confidence, name, told, _wants(_OVERRIDE))


def _wants(name: str) -> Mapping[str, Scalar]:
    return {name: "read_committed"}


def _goal(level: _Level, connector: Connector, title: str) -> Goal:
    if level.owner is connector:
        return Goal(title, level.goal, "safe")
    reason = "every sink of the worker waits for transactions then"
    return Goal(title, level.goal, "unsafe", reason, client=level.owner)


# Who writes in transactions ---------------------------------------------------------------------


def _writers(connector: Connector, project: Project) -> Iterator[_Writer]:
    """Who is known to write a topic of a sink in transactions, the surest first."""
    for producer in project.producers:
        if producer.in_tests:
            continue
        verdict = across(producer.worlds, World.transactional)
        if not verdict:
            continue
        for topic in producer.topics:
            if topic.name is not None and not topic.pattern and _reads(connector, topic.name):
                yield _Writer(
                    topic.name, topic.span, "a transactional producer", verdict.confidence
                )
    for one in project.clients:
        if isinstance(one, Connector) and not one.in_tests and _in_transactions(one):
            yield from _written_by(one, connector)


def _reads(connector: Connector, topic: str) -> bool:
    return any(
        use.name is not None and (_matches(use.name, topic) if use.pattern else use.name == topic)
        for use in connector.topics
    )


def _matches(pattern: str, topic: str) -> bool:
    try:
        return re.match(pattern, topic) is not None
    except re.error:
        return False


def _in_transactions(source: Connector) -> bool:
    """Whether a source surely delivers with Connect's exactly-once support."""
    if is_source(source) is not True or not source.workers:
        return False
    if not across(source.worlds, lambda world: supports(source, world)):
        return False
    for worker in source.workers:
        # a version before 3.3 has no such setting, and is not meant where it is switched on
        verdict = across(worker.worlds, lambda world, worker=worker: off(worker, world))  # type: ignore[misc]
        if verdict or verdict.unknown:
            return False
    return True


_PREFIXES = ("topic.prefix", "database.server.name")
_NAMES = ("topic", "kafka.topic", "kafka.topics")


def _written_by(source: Connector, sink: Connector) -> Iterator[_Writer]:
    world = source.worlds[-1]
    reads = [use.name for use in sink.topics if use.name is not None and not use.pattern]
    renamed = bool(value(world, "transforms"))
    who = "a source connector with exactly-once support"
    for key in _PREFIXES:
        prefix = world.known(key)
        if not isinstance(prefix, str) or not prefix or renamed:
            continue
        yield from (
            _Writer(name, source.span, who, "medium") for name in reads if name.startswith(prefix)
        )
    for key in _NAMES:
        named = world.known(key)
        for name in _listed(named) if not renamed else ():
            if _reads(sink, name):
                yield _Writer(name, source.span, who, "medium")


def _listed(value_: object) -> Sequence[str]:
    return [name.strip() for name in value_.split(",")] if isinstance(value_, str) else []


RULE = Rule(
    id="connect-sink-reads-uncommitted",
    group="connect",
    subject=Connector,
    severity="error",
    check=check,
    summary="a sink connector that writes records of aborted transactions",
    fix="safe",
)
