"""A setting switches off the idempotence this client has on by default, and says so only in a log.

## What it does

Reports a producer whose client turns idempotence on by default (the Java client from 3.2, 3.1.1 and
3.0.1, kafka-python from 3.0) and whose `acks`, `retries` or number of requests in flight makes the
client turn it off again. The client starts, logs one line and goes on without. Where a framework
hands its producers such a setting and nobody wrote it (`acks=1` of Spring Cloud Stream's binder and
of SmallRye's connector) it is a warning.

## The failure

A team moves its Java services to clients 3.4 because idempotence is on there, and ticks the item
off. One of them carries `acks=1` from years ago. Its producer logs a line about it at start-up
among two hundred others. In the next broker restart an acknowledgement is lost, the batch is sent
again, and the leader, which was given no sequence numbers, writes it again.

## What the fix costs

Removing the setting gives its default and idempotence with it, unless a framework or another file
has a value of its own beneath: then it has to be set. `acks=all` waits for the in-sync
replicas (a few milliseconds more for each batch inside one data centre); more than five requests
in flight helps throughput only on long lines. Who wants the producer as it is can say so with
`enable.idempotence=false`, and then answers for producer-not-idempotent instead.

## When it is silent

When `enable.idempotence` is set, either way; when the version has it off by default; when the
value is not known; with `acks=0`, which loses records and repeats none (acks-not-all). From Java 4.0 more than five requests in flight stop the producer from
starting: that is idempotence-conflict. When only some of the versions the project allows have the
default, it speaks with low confidence.

## References

KIP-679; KAFKA-13673 (conflicts with the default switch it off with a log line); Kafka upgrade
notes for 3.0.1, 3.1.1, 3.2.0 and 4.0.0; kafka-python `KafkaProducer.__init__`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Producer,
    Project,
    Rule,
    Verdict,
    World,
    across,
    as_text,
    speak,
)
from oncelint_rules.common.producers import (
    ACKS,
    IDEMPOTENCE,
    by_framework,
    correction,
    duplicates,
    wanted,
)


def _disabling(world: World) -> tuple[str, ...]:
    if world.known(ACKS) == 0:
        return ()  # nothing is sent again: the records are lost, which is acks-not-all's story
    return tuple(
        c.settings[0]
        for c in world.contradictions
        if c.family == "idempotence" and c.outcome == "switches-off"
    )


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    blamed = {name for world in producer.worlds for name in _disabling(world)}
    for name in sorted(blamed):
        verdict = across(producer.worlds, lambda world, name=name: name in _disabling(world))  # type: ignore[misc]
        yield _hit(producer, name, verdict)


def _hit(producer: Producer, name: str, verdict: Verdict) -> Hit:
    world = verdict.world
    wrong, idempotence = world.settings[name], world.settings[IDEMPOTENCE]
    span = speak.place(wrong, producer)
    value = wanted(world, name)
    framework = by_framework(wrong)
    told = f"{wrong.spelled} is {as_text(wrong.value)}" + (f" ({framework})" if framework else "")
    return Hit(
        span=span,
        message=(
            f"{duplicates(verdict.worlds)}: {told}, for which"
            f" {speak.library(producer, *verdict.worlds)} turns"
            f" {idempotence.spelled} off with no more than a line in the log"
            f"{verdict.where(versions=not producer.client_versions)};"
            f" {correction(producer, wrong, value, verdict.worlds)}"
        ),
        confidence=verdict.confidence,
        severity="warning" if framework else None,  # nobody contradicts himself
        setting=wrong.spelled,
        related=speak.elsewhere(producer, span, wrong),
        provenance=wrong.origins,
        goal=Goal(f"set {wrong.spelled} to {value}", {IDEMPOTENCE: True}, "safe"),
        subject_key=speak.subject_key(producer, wrong.spelled),
        causes=(producer.span, span),
    )


RULE = Rule(
    id="idempotence-silently-disabled",
    group="idempotence",
    subject=Producer,
    severity="error",
    check=check,
    summary="a setting that switches default idempotence off without an error",
    supersedes=("producer-not-idempotent", "acks-not-all"),
    fix="safe",
)
