"""Idempotence is asked for, and another setting of the same producer forbids it.

## What it does

Reports a producer that sets `enable.idempotence` to true or has a transactional id (or, in the
Java client from 4.0, merely keeps the default) while `acks` is not all, `retries` is 0 or more
requests are in flight than idempotence allows. The message says what this client does about it:
most refuse to start.

## The failure

An engineer adds `enable.idempotence=true` to a producer that has carried `acks=1` for years. The
tests use a mock and pass; the service is deployed and its producer raises at construction. In
the incident that follows the quickest change is to take the new line out again, and the next
lost acknowledgement writes its batch twice.

## What the fix costs

Nothing but the setting in question: idempotence needs `acks=all`, retries above zero and at most
five requests in flight (kafka-python 2.2 and 2.3: one; librdkafka also refuses
`queuing.strategy=lifo`). Leaving the setting out gives the right value. The fix is safe.

## When it is silent

With five requests or fewer in flight; with `retries` above zero; where `acks=1` stands beside an
explicit `enable.idempotence=false`, which is a choice; where a value is not known. A conflict
that switches idempotence off without an error is idempotence-silently-disabled.

## References

KIP-98, KIP-679; librdkafka `rd_kafka_conf_finalize`; kafka-python `KafkaProducer.__init__`;
aiokafka `AIOKafkaProducer.__init__`; Java `ProducerConfig.postProcessParsedConfig`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Contradiction,
    Goal,
    Hit,
    Producer,
    Project,
    Related,
    Rule,
    World,
    across,
    as_text,
)

FAMILY = "idempotence"
_WANTED: dict[str, str] = {
    "acks": "all",
    "retries": "more than 0",
    "max.in.flight.requests.per.connection": "5 or fewer",
    "queuing.strategy": "fifo",
}


def conflict(world: World, outcome: str) -> Contradiction | None:
    """The first contradiction about idempotence with this outcome."""
    return next(
        (c for c in world.contradictions if c.family == FAMILY and c.outcome == outcome), None
    )


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    names = {
        c.settings[0]
        for world in producer.worlds
        for c in world.contradictions
        if c.family == FAMILY and c.outcome == "refuses"
    }
    for name in sorted(names):
        verdict = across(
            producer.worlds,
            lambda world, name=name: any(  # type: ignore[misc]
                c.family == FAMILY and c.outcome == "refuses" and c.settings[0] == name
                for c in world.contradictions
            ),
        )
        yield _hit(producer, name, verdict.world, verdict.confidence, verdict.where())


def _hit(producer: Producer, name: str, world: World, confidence: str, where: str) -> Hit:
    found = next(c for c in world.contradictions if c.settings[0] == name)
    wrong = world.settings[name]
    asking = world.settings.get(found.settings[1])
    span = wrong.value_span or wrong.key_span or producer.span
    if wrong.key_span is not None and span.path != producer.span.path:
        span = wrong.key_span
    wanted = _WANTED[name]
    if name == "max.in.flight.requests.per.connection" and world.dialect == "kafka-python":
        if world.versions[-1].startswith("2."):
            wanted = "1"
    reason = "idempotence, which is on by default,"
    related: tuple[Related, ...] = ()
    if asking is not None and asking.set_by == "user" and asking.key_span is not None:
        reason = asking.spelled
        related = (Related(asking.key_span, f"{asking.spelled} is set here"),)
    message = (
        f"the producer does not start ({found.error}){where}: {wrong.spelled} is"
        f" {as_text(wrong.value)} and {reason} needs {wanted}"
    )
    return Hit(
        span=span,
        message=message,
        confidence=confidence,  # type: ignore[arg-type]
        setting=wrong.spelled,
        related=related,
        provenance=wrong.origins,
        goal=Goal(f"remove {wrong.spelled}, or set it to {wanted}", {name: None}, "safe"),
        subject_key=f"{producer.construct}:{wrong.spelled}",
        causes=(producer.span, span),
    )


RULE = Rule(
    id="idempotence-conflict",
    group="idempotence",
    subject=Producer,
    severity="error",
    check=check,
    summary="settings beside idempotence that keep the producer from starting",
    supersedes=("producer-not-idempotent", "acks-not-all"),
    fix="safe",
)
