"""A transactional producer that is told to be without idempotence.

## What it does

Reports a producer that has a transactional id and sets `enable.idempotence` to false. Transactions
are built on the numbering that idempotence adds to every batch, so the two cannot both hold.

## The failure

A billing service switches idempotence off because an old broker refused it. Two years later
somebody adds `transactional.id` to write an invoice and its ledger entry together. At the next
deployment the producer raises before it has sent anything; the rollback takes the transactional
id out again, and the following lost acknowledgement leaves an invoice without its ledger entry.

aiokafka does not raise: it switches idempotence back on and says nothing. There the records are
safe, and the finding is a note: whoever reads the configuration is told something that is not so.

## What the fix costs

Nothing: take the setting out, or set it to true. The fix is safe unless `acks`, `retries` or the
requests in flight forbid idempotence as well.

## When it is silent

When either setting is not known; when idempotence is off only because it is this client's
default, since a transactional id then switches it on.

## References

KIP-98 (a transactional id implies idempotence); librdkafka `rd_kafka_conf_finalize`; kafka-python
`KafkaProducer.__init__`; Java `ProducerConfig.postProcessParsedConfig`; aiokafka
`AIOKafkaProducer.__init__`.
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
    Span,
    World,
    across,
    speak,
)

FAMILY = "transactional-off"
SETTING = "enable.idempotence"
TRANSACTIONAL_ID = "transactional.id"


def _found(world: World, outcome: str) -> Contradiction | None:
    return next(
        (c for c in world.contradictions if c.family == FAMILY and c.outcome == outcome), None
    )


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    for outcome in ("refuses", "corrects"):
        verdict = across(producer.worlds, lambda world: _found(world, outcome) is not None)  # noqa: B023
        contradiction = _found(verdict.world, outcome) if verdict else None
        if contradiction is None:
            continue
        world = verdict.world
        off, given = world.settings[SETTING], world.settings[TRANSACTIONAL_ID]
        span = speak.place(off, producer)
        if outcome == "refuses":
            consequence = f"the producer does not start ({contradiction.error})"
            causes: tuple[Span, ...] = (producer.span, span)
        else:
            consequence = f"{world.client} turns idempotence back on without a word"
            causes = (span,)
        yield Hit(
            span=span,
            message=(
                f"{consequence}{verdict.where()}: {off.spelled} is false beside {given.spelled},"
                f" and transactions need it; remove {off.spelled} or set it to true"
            ),
            confidence=verdict.confidence,
            severity="note" if outcome == "corrects" else None,
            setting=off.spelled,
            related=speak.elsewhere(producer, span, off, given),
            provenance=off.origins,
            # where the client turns it on anyway, what is left to do is to say nothing else
            goal=Goal(f"set {off.spelled} to true", {SETTING: True}, "safe", starts=True)
            if outcome == "refuses"
            else Goal(f"remove {off.spelled}", {SETTING: None}, "safe", starts=True),
            causes=causes,
            subject_key=speak.subject_key(producer, off.spelled),
        )


RULE = Rule(
    id="transactional-without-idempotence",
    group="transactions",
    subject=Producer,
    severity="error",
    check=check,
    summary="a transactional producer that switches idempotence off",
    supersedes=(
        "idempotence-conflict",
        "producer-not-idempotent",
        "acks-not-all",
        "unstable-transactional-id",
        "transaction-timeout-exceeds-broker",
    ),
    fix="safe",
)
