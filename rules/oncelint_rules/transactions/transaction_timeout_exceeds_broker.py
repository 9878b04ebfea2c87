"""A transaction timeout that the broker does not grant.

## What it does

Reports a transactional producer whose effective `transaction.timeout.ms` is above the broker's
`transaction.max.timeout.ms`: that of the project's own broker configuration where there is one,
else Kafka's default of 15 minutes.

## The failure

A nightly import writes a whole file in one transaction, and somebody gives it an hour:
`transaction.timeout.ms=3600000`. On the developer's machine the limit was raised long ago. In
production it is not, and the broker answers the very first request with
INVALID_TRANSACTION_TIMEOUT: `init_transactions()` raises, the import writes nothing, and the
retry of the job does the same until morning.

## What the fix costs

Lowering the timeout to the limit means that a transaction has to end within it. Raising the
broker's limit instead makes read_committed consumers wait that much longer behind a producer that
died. Which of the two is right is for the owner to say: the fix is unsafe.

## When it is silent

When the producer has no transactional id, since the broker does not look at the timeout then; when
either value is not known; when the timeout equals the limit. Where the broker's configuration is
not part of the project the confidence is medium: the cluster may allow more.

## References

KIP-98 (transaction.max.timeout.ms); Kafka `TransactionCoordinator.handleInitProducerId`; Kafka
documentation, broker configuration; librdkafka, Java and aiokafka producer configuration.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Goal,
    Hit,
    Producer,
    Project,
    Related,
    Rule,
    World,
    across,
    speak,
)

SETTING = "transaction.timeout.ms"


def _exceeds(world: World, limit_ms: int) -> bool | None:
    transactional = world.transactional()
    timeout = speak.number(world, SETTING)
    if transactional is False or (timeout is not None and timeout <= limit_ms):
        return False
    return None if transactional is None or timeout is None else True


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    limit = project.broker_limit
    verdict = across(producer.worlds, lambda world: _exceeds(world, limit.value_ms))
    if not verdict:
        return
    setting = verdict.world.settings[SETTING]
    span = speak.place(setting, producer)
    related = list(speak.elsewhere(producer, span, setting))
    confidence: Confidence = verdict.confidence
    if limit.span is not None:
        told = f"the broker's transaction.max.timeout.ms of {limit.value_ms}"
        related.append(Related(limit.span, "the broker's limit"))
    else:
        told = f"{limit.value_ms}, the default of the broker's transaction.max.timeout.ms"
        confidence = "medium" if confidence == "high" else confidence
    yield Hit(
        span=span,
        message=(
            "the broker refuses this producer at its first request (INVALID_TRANSACTION_TIMEOUT):"
            f" {speak.told(setting, verdict.world)}{verdict.where()}, above {told}; lower"
            f" {setting.spelled} or raise the broker's limit"
        ),
        confidence=confidence,
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        goal=Goal(
            f"set {setting.spelled} to {limit.value_ms}",
            {SETTING: limit.value_ms},
            "unsafe",
            "raising the broker's limit is the other way",
        ),
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


RULE = Rule(
    id="transaction-timeout-exceeds-broker",
    group="transactions",
    subject=Producer,
    severity="error",
    check=check,
    summary="a transaction timeout above what the broker allows",
    fix="unsafe",
)
