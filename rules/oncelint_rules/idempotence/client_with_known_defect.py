"""The pinned client version breaks a guarantee it is asked for, or has no code for it.

## What it does

Reports, at the pin, a client version with a published defect in the very guarantee the project
asks it for, and one that is asked for idempotence, transactions or read_committed and knows
nothing of them (kafka-python before 2.2, every kafka-python-ng, confluent-kafka before 1.4 for
transactions). The table names changelog entries and issues, and only defects that lose, repeat or
wrongly deliver records, leave a transaction's failure unsaid, or stop the reader for good.

## The failure

A reader of the ledger topic sets `isolation.level=read_committed` and pins confluent-kafka 1.5.0. The
writer compresses its batches, finds a balance too low and aborts. The consumer filters aborted
batches, but not compressed ones: both bookings arrive. Everybody's configuration is right; the
Java console consumer with the same setting shows neither.

## What the fix costs

Raising a version, with what its changelog asks for. The message names the first version without
the defect. kafka-python-ng was a fork for the time in which kafka-python had no releases; it
imports under the same name, and kafka-python 2.2 or newer takes its place.

## When it is silent

When the project's files say nothing of the version, or allow a version without the defect; when
the client is not asked for the guarantee. Where no folder above the client names its library and the
version is taken from elsewhere in the project, where all files agree, it speaks with low confidence. A consumer that has read_committed only by its client's
default is judged when it reads what a transactional producer of the project writes. A consumer
whose version has no isolation level and that does not ask for one is consumer-reads-uncommitted.

## References

librdkafka CHANGELOG (1.5.2, 1.5.3, 1.7.0, 1.8.2, 1.9.0) and issues 3020 and 3575; aiokafka
changelog 0.8.0 and issue 781; kafka-python changelog 2.2.0 and 2.2.15 and pull request 2660.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Client,
    Confidence,
    Consumer,
    Defect,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    Setting,
    TransactionalPair,
    World,
    speak,
)
from oncelint_rules.common.producers import PRODUCER_RUNS

NO_CODE = "no-code"
ID = "client-with-known-defect"


def check(client: Client, project: Project) -> Iterator[Hit]:
    pair = _pair(client, project)
    for defect in client.defects:
        if defect.setting is not None or client.role == "producer":
            yield _hit(client, defect, None)
        elif pair is not None:
            yield _hit(client, defect, pair)


def _pair(client: Client, project: Project) -> TransactionalPair | None:
    """The transactional producer this consumer reads from, if there is one."""
    if not isinstance(client, Consumer):
        return None
    pairs = [pair for pair in project.pairs if pair.consumer.span == client.span]
    return next((pair for pair in pairs if pair.topic is not None), pairs[0] if pairs else None)


def _hit(client: Client, defect: Defect, pair: TransactionalPair | None) -> Hit:
    world = client.worlds[-1]
    library = speak.library(client, *client.worlds)
    setting = next((s for s in world.settings.values() if s.spelled == defect.setting), None)
    confidence: Confidence = "high" if defect.certain else "low"
    if pair is not None and pair.topic is None:
        confidence = "low"
    message = f"{defect.text} ({defect.source})"
    if defect.id != NO_CODE:
        asked = _asks(client, setting) if setting is not None else ""
        message = f"{defect.text}: a defect of {library} ({defect.source}){asked}"
    advice = _advice(world, defect.fixed_in)
    causes = [defect.span]
    if defect.id == NO_CODE:
        causes.append(client.span)
        if setting is not None and setting.key_span is not None:
            causes.append(setting.key_span)
    related = list(speak.elsewhere(client, defect.span, setting))
    if pair is not None:
        related.append(Related(pair.producer.span, "the transactional producer"))
    return Hit(
        span=defect.span,
        message=f"{message}; {advice}" if advice else message,
        confidence=confidence,
        setting=defect.setting,
        related=tuple(related),
        goal=Goal(advice or "raise the client's version", reason="an upgrade is yours to plan"),
        causes=tuple(causes),
        subject_key=speak.subject_key(client, defect.id, defect.setting or ""),
    )


_GUARANTEES: dict[str, str] = {
    "enable.idempotence": "idempotence",
    "transactional.id": "transactions",
    "isolation.level": "read_committed",
}


def _asks(client: Client, setting: Setting) -> str:
    """Who asks for the guarantee and where, for a pin that lies elsewhere."""
    place = client.span
    guarantee = _GUARANTEES.get(setting.name, setting.spelled)
    return f", and {speak.who(client)} at {place.path}:{place.start.line} asks for {guarantee}"


def _advice(world: World, fixed_in: str | None) -> str:
    if fixed_in is None:
        return ""
    if " " in fixed_in:
        return f"use {fixed_in} or newer"
    return f"raise {world.client} to {fixed_in} or newer"


RULE = Rule(
    id=ID,
    group="idempotence",
    subject=Client,
    severity="warning",
    check=check,
    summary="a client version that breaks or lacks a guarantee it is asked for",
    supersedes=(
        "unknown-key",
        "key-of-another-client",
        *(name for name in PRODUCER_RUNS if name != ID),
    ),
    fix="none",
)
