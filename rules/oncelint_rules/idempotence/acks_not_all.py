"""Records are acknowledged before they are safe.

## What it does

Reports a producer that *sets* `acks` to 0 or 1. A client whose default is 1 (Java before 3.0,
kafka-python before 3.0, aiokafka) is not reported for the default: switching idempotence on, as
producer-not-idempotent asks, gives `acks=all` with it.

## The failure

An invoice is produced with `acks=1`. The leader writes it and answers; the service marks the
invoice as sent. The leader fails before its followers fetched the record, one of them becomes
leader, and the record is gone: acknowledged, and on no broker. With `acks=0` nothing is answered
at all, so a dropped connection loses what was in it and the producer reports success. Planned
leader moves are enough (KAFKA-20554 reproduces the loss with acks=1 and no crash).

## What the fix costs

The leader answers when all in-sync replicas have the record: a few milliseconds for each batch
inside one data centre, hardly any throughput, since batches overlap. It protects as far as the
topic's `min.insync.replicas` goes. The fix is unsafe in the sense that latency changes.

## When it is silent

When `acks` is not set; when it is all (or -1); when the value is not known. When the same setting
keeps the producer from starting or switches its idempotence off, idempotence-conflict or
idempotence-silently-disabled speaks instead (not of `acks=0`). When the value is written elsewhere
than its key (the default of a parameter or of a settings class, a constant), only repeats the
client's own default of 1, and producer-not-idempotent names it already. Beside an explicit `enable.idempotence=false` it
speaks: that is no conflict, and records are lost all the same.

## References

Kafka documentation, producer configuration, `acks`; KIP-679; KAFKA-20554; librdkafka
CONFIGURATION.md, `request.required.acks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oncelint.model import Goal, Hit, Known, Producer, Project, Rule, World, across, speak
from oncelint.model.values import Scalar
from oncelint_rules.common.producers import ACKS, IDEMPOTENCE


def _is(world: World, value: int) -> bool | None:
    setting = world.setting(ACKS)
    if setting is None or setting.set_by != "user":
        return False
    if not isinstance(setting.value, Known):
        return None
    return setting.value.value == value and not isinstance(setting.value.value, bool)


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    for value, consequence in (
        (0, "records are lost without an error when a request fails, for nothing is acknowledged"),
        (1, "an acknowledged record is lost when its leader fails before it was replicated"),
    ):
        verdict = across(producer.worlds, lambda world, value=value: _is(world, value))  # type: ignore[misc]
        if not verdict:
            continue
        if value == 1 and all(_repeats_default(world) for world in verdict.worlds):
            continue
        setting = verdict.world.settings[ACKS]
        span = speak.place(setting, producer)
        safe = speak.value(producer, ACKS, "all")
        yield Hit(
            span=span,
            message=(
                f"{consequence}: {setting.spelled} is"
                f" {speak.value(producer, ACKS, str(value))}{verdict.where()}"
                f"{_idempotence_too(verdict.worlds)};"
                f" set {setting.spelled} to {safe}"
            ),
            confidence=verdict.confidence,
            setting=setting.spelled,
            related=speak.elsewhere(producer, span, setting),
            provenance=setting.origins,
            goal=_goal(f"set {setting.spelled} to {safe}", value, verdict.worlds),
            subject_key=speak.subject_key(producer, setting.spelled),
            causes=(producer.span, span),
        )


# Collectors that have no option for it.
_WITHOUT_IDEMPOTENCE = ("logstash", "redpanda-connect-sarama")


def _goal(title: str, value: int, worlds: Sequence[World]) -> Goal:
    """Whoever waits for an answer sends again without one: without acknowledgements that did not
    matter, and with them it takes idempotence."""
    settings: dict[str, Scalar] = {ACKS: "all"}
    seen = all(world.open_reason is None for world in worlds)
    if value == 0 and seen and not all(w.dialect in _WITHOUT_IDEMPOTENCE for w in worlds):
        settings[IDEMPOTENCE] = True
    cost = "each record then waits for all in-sync replicas"
    return Goal(title, settings, "unsafe", cost)


def _repeats_default(world: World) -> bool:
    """Whether the value is no choice of its own and producer-not-idempotent speaks of it.

    A value away from its key that is the client's default anyway; the defaults are those of the
    Java client before 3.0, kafka-python before 3.0 and aiokafka (KIP-679; `DEFAULT_CONFIG` of
    kafka/producer/kafka.py; `AIOKafkaProducer.__init__`).
    """
    setting = world.settings[ACKS]
    key, value = setting.key_span, setting.value_span
    if (
        key is None
        or value is None
        or (key.path == value.path and key.end.line == value.start.line)
    ):
        return False
    newest = world.versions[-1] if world.versions else ""
    by_default = world.dialect in ("aiokafka", "kafka-python-ng") or (
        world.dialect in ("java", "kafka-python") and newest.startswith(("0.", "1.", "2."))
    )
    return by_default and world.known(IDEMPOTENCE) is False


def _idempotence_too(worlds: Sequence[World]) -> str:
    """That the client switches its idempotence off for this acks, if it does so in every world."""
    if not all(map(_switches_off, worlds)):
        return ""
    return f", which switches {worlds[-1].settings[IDEMPOTENCE].spelled} off as well"


def _switches_off(world: World) -> bool:
    return any(
        one.outcome == "switches-off" and one.settings[0] == ACKS for one in world.contradictions
    )


RULE = Rule(
    id="acks-not-all",
    group="idempotence",
    subject=Producer,
    severity="warning",
    check=check,
    summary="records acknowledged before they are replicated",
    fix="unsafe",
)
