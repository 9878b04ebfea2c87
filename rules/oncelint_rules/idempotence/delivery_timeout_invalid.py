"""Timeouts of a producer that its client does not accept together.

## What it does

Reports a producer that does not start because a timeout does not fit the others. Java and
kafka-python want `delivery.timeout.ms` to be at least `linger.ms` + `request.timeout.ms`. librdkafka
wants a `message.timeout.ms` (or its alias `delivery.timeout.ms`) that is set to be above a
`linger.ms` that is set, and, for a transactional producer, not above `transaction.timeout.ms`; a
`socket.timeout.ms` that is set may exceed the latter by 100 at most.

## The failure

After an outage somebody lowers the delivery timeout of the payments producer to ten seconds, so
that callers learn earlier. The request timeout keeps its default of thirty: one request may now
take longer than the record it carries may live. The client refuses the pair at construction, the
rollout stops half way, and until it is undone half of the instances are missing.

## What the fix costs

Nothing: raise the one timeout or lower the other. A record is retried until the delivery timeout,
so a longer one means fewer losses reported to the application.

## When it is silent

When the Java client adjusts the value, as it does when `delivery.timeout.ms` is not set; for
librdkafka's defaults, which it does not hold against each other (300000 beside a
`transaction.timeout.ms` of 60000 is fine); for `message.timeout.ms=0`, which is infinite; in
librdkafka 1.5 to 1.8, which lowers `linger.ms` instead; when a value is not known.

## References

KIP-91 (delivery timeout); `KafkaProducer.configureDeliveryTimeout` of the Java client;
kafka-python `KafkaProducer.__init__`; librdkafka `rd_kafka_conf_finalize` and its issue 3709.
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
    Setting,
    Verdict,
    World,
    across,
    as_text,
    speak,
)
from oncelint_rules.common.producers import PRODUCER_RUNS

DELIVERY = "delivery.timeout.ms"
LINGER = "linger.ms"
REQUEST = "request.timeout.ms"
SOCKET = "socket.timeout.ms"
TRANSACTION = "transaction.timeout.ms"


def _refused(world: World) -> tuple[Contradiction, ...]:
    return tuple(
        c for c in world.contradictions if c.family == "timeouts" and c.outcome == "refuses"
    )


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    blamed = {c.settings for world in producer.worlds for c in _refused(world)}
    for names in sorted(blamed):
        verdict = across(
            producer.worlds,
            lambda world, names=names: names in {c.settings for c in _refused(world)},  # type: ignore[misc]
        )
        yield _hit(producer, names, verdict)


def _hit(producer: Producer, names: tuple[str, ...], verdict: Verdict) -> Hit:
    world = verdict.world
    found = next(c for c in _refused(world) if c.settings == names)
    wrong = world.settings[names[0]]
    others = [world.settings[name] for name in names[1:]]
    span = speak.place(wrong, producer)
    problem, goal = _problem(world, wrong, others)
    return Hit(
        span=span,
        message=(
            f"the producer does not start ({found.error}){verdict.where()}: {wrong.spelled} is"
            f" {as_text(wrong.value)} and {problem}; {goal.title}"
        ),
        confidence=verdict.confidence,
        setting=wrong.spelled,
        related=speak.elsewhere(producer, span, wrong, *others),
        provenance=(*wrong.origins, *(origin for other in others for origin in other.origins)),
        goal=goal,
        subject_key=speak.subject_key(producer, wrong.spelled, *names[1:]),
        causes=(producer.span, span),
    )


def _problem(world: World, wrong: Setting, others: list[Setting]) -> tuple[str, Goal]:
    """What the blamed setting breaks, and the change that mends it (times in milliseconds)."""
    if wrong.name == SOCKET:
        limit = int(speak.number(world, TRANSACTION) or 0) + 100
        text = f"may exceed {_shown(others[0])} by 100 at most"
        return text, Goal(f"lower {wrong.spelled} to {limit}", {}, "safe", starts=True)
    if [other.name for other in others] == [TRANSACTION]:
        limit = int(speak.number(world, TRANSACTION) or 0)
        text = f"must not exceed {_shown(others[0])}"
        return text, Goal(f"lower {wrong.spelled} to {limit}", {}, "safe", starts=True)
    if [other.name for other in others] == [LINGER]:
        text = f"must exceed {_shown(others[0])}"
        return text, Goal(f"remove {wrong.spelled}", {}, "safe", starts=True)
    needed = int((speak.number(world, LINGER) or 0) + (speak.number(world, REQUEST) or 0))
    delivery = world.settings[DELIVERY]
    goal = Goal(f"raise {delivery.spelled} to {needed}", {}, "safe", starts=True)
    if wrong.name == DELIVERY:
        return f"must be at least {' + '.join(map(_shown, others))}", goal
    beside = next(other for other in others if other.name != DELIVERY)
    return f"with {_shown(beside)} it exceeds {_shown(delivery)}", goal


def _shown(setting: Setting) -> str:
    default = "" if setting.set_by == "user" else " by default"
    return f"{setting.spelled} ({as_text(setting.value)}{default})"


RULE = Rule(
    id="delivery-timeout-invalid",
    group="idempotence",
    subject=Producer,
    severity="error",
    check=check,
    summary="timeouts of a producer that keep it from starting",
    supersedes=PRODUCER_RUNS,
    fix="safe",
)
