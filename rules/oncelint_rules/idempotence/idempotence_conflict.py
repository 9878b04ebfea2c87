"""Idempotence is asked for, and another setting of the same producer forbids it.

## What it does

Reports a producer that sets `enable.idempotence` to true or has a transactional id (or, in the
Java client from 4.0, merely keeps the default) while `acks` is not all, `retries` is 0 or more
requests are in flight than idempotence allows. Such a producer does not start; the message names
what its client raises.

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
that switches idempotence off without an error is idempotence-silently-disabled, a transactional
id beside `enable.idempotence=false` is transactional-without-idempotence, and a version without
idempotence is client-with-known-defect.

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
    Rule,
    Verdict,
    World,
    across,
    as_text,
    speak,
)
from oncelint_rules.common.producers import PRODUCER_RUNS, by_framework, correction, wanted

FAMILIES = ("idempotence", "gapless")


def refused(world: World) -> tuple[Contradiction, ...]:
    """The conflicts with idempotence that this client does not start with."""
    return tuple(c for c in world.contradictions if c.family in FAMILIES and c.outcome == "refuses")


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    blamed = {c.settings[0] for world in producer.worlds for c in refused(world)}
    for name in sorted(blamed):
        verdict = across(
            producer.worlds,
            lambda world, name=name: name in {c.settings[0] for c in refused(world)},  # type: ignore[misc]
        )
        yield _hit(producer, name, verdict)


def _hit(producer: Producer, name: str, verdict: Verdict) -> Hit:
    world = verdict.world
    found = next(c for c in refused(world) if c.settings[0] == name)
    wrong, asking = world.settings[name], world.settings.get(found.settings[1])
    span = speak.place(wrong, producer)
    framework = by_framework(wrong)
    own = speak.value(producer, name, as_text(wrong.value))
    told = f"{wrong.spelled} is {own}" + (f" ({framework})" if framework else "")
    if found.family == "gapless":
        needs = f"{told}, which needs idempotence"
        goal = Goal(f"set {found.settings[1]} to true", {}, "safe", starts=True)
        advice = f"set {found.settings[1]} to true or remove {wrong.spelled}"
    else:
        value = speak.value(producer, name, wanted(world, name))
        reason = "idempotence, which is on by default,"
        if asking is not None and asking.set_by == "user":
            reason = asking.spelled
        needs = f"{told} and {reason} needs {value}"
        goal = Goal(f"set {wrong.spelled} to {value}", {}, "safe", starts=True)
        advice = correction(producer, wrong, value, verdict.worlds)
    return Hit(
        span=span,
        message=(
            f"{speak.does_not_start(producer, found.error)}{verdict.where()}: {needs}; {advice}"
        ),
        confidence=verdict.confidence,
        setting=wrong.spelled,
        related=speak.elsewhere(producer, span, wrong, asking),
        provenance=wrong.origins,
        goal=goal,
        subject_key=speak.subject_key(producer, wrong.spelled),
        causes=(producer.span, span),
    )


RULE = Rule(
    id="idempotence-conflict",
    group="idempotence",
    subject=Producer,
    severity="error",
    check=check,
    summary="settings beside idempotence that keep the producer from starting",
    supersedes=PRODUCER_RUNS,
    fix="safe",
)
