"""A producer whose retries the broker cannot tell from new records.

## What it does

Reports a producer whose effective `enable.idempotence` is false: because this client's version
defaults it to false, because the version has no such setting, or because it is switched off.

## The failure

A producer sends a batch of three orders. The leader writes them and its answer is lost: the
connection drops, or the broker is being restarted. The client retries the batch, as it should,
and the leader writes it again: six records, three of them duplicates, and no error anywhere. An
idempotent producer numbers its batches (producer id, epoch, sequence); the leader recognises the
second one and answers without writing. With `retries=0` (the default of kafka-python before 2.2)
the client does not send again; then the record is lost, or the application sends it again itself.

## What the fix costs

One setting. Throughput drops by about 3 %. It needs `acks=all`, retries above zero and at most five
requests in flight (kafka-python 2.2 and 2.3: one). Brokers before 2.8 want the
IDEMPOTENT_WRITE permission where access is controlled. The fix is safe where nothing else in the
configuration conflicts with it; where `acks`, `retries` or the requests in flight do, the message
names them, and since `acks=all` changes latency the fix is unsafe.

Idempotence covers the retries of one producer session. It does not cover a restart between
output and offset commit (transactions do), nor records the application sends twice itself.

## When it is silent

When the configuration cannot be seen whole and the setting may be in the unseen part; when a
transactional id switches idempotence on; when every version the project allows defaults it to
true (Java from 3.2, and 3.0.1 and 3.1.1; kafka-python from 3.0). When only some of the allowed
versions are affected it speaks with low confidence, which is not shown by default. Test code is
not judged.

Java 3.0.0 and 3.1.0 announce the new default and, by a bug (KAFKA-13598), leave idempotence off
unless it is set: there it speaks. A version without idempotence (kafka-python before 2.2,
kafka-python-ng, confluent-kafka before 1.0) would not start with the setting: there the message
says which version to go to, and no fix is offered.

On a Kafka Connect worker that sets something for its producers it is a note: Connect switches
idempotence off for them in every version (KAFKA-13759) and keeps one request in flight with
`acks=all`, so duplicates of a retry remain possible, but the larger gap is the source offsets, for
which there is `exactly.once.source.support`.

## References

KIP-98 (idempotent producer), KIP-679 (on by default in the Java client), KIP-360; librdkafka
CONFIGURATION.md; kafka-python, `KafkaProducer`; aiokafka, `AIOKafkaProducer`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Known,
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
from oncelint_rules.producers import IDEMPOTENCE, duplicates, in_the_way, wanted

# The first release with an idempotent producer, from each client's changelog.
_ARRIVED: dict[str, str] = {
    "librdkafka": "confluent-kafka 1.0",
    "kafka-python": "kafka-python 2.2",
    "kafka-python-ng": "kafka-python 2.2",
    "aiokafka": "aiokafka 0.5",
    "java": "kafka-clients 0.11",
}
_CONNECT = "connect worker producer"
# The one release whose workers let the client's own default through (KAFKA-13759).
_LET_THROUGH = "3.0.1"


def _lacks(world: World) -> bool:
    """Whether this version has no such setting."""
    return world.setting(IDEMPOTENCE) is None


def _off(world: World) -> bool | None:
    setting = world.setting(IDEMPOTENCE)
    if world.known("acks") == 0 and world.is_set("acks"):
        return False  # nothing is acknowledged and so nothing is sent again: acks-not-all's story
    if any(c.family == "missing" and c.outcome == "refuses" for c in world.contradictions):
        return False  # it does not start with a setting it does not know
    if setting is None:
        return True
    return setting.value.value is False if isinstance(setting.value, Known) else None


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    verdict = across(producer.worlds, _off)
    if not verdict:
        return
    lacking = [world for world in verdict.worlds if _lacks(world)]
    if len(lacking) == len(verdict.worlds):
        yield _without_the_feature(producer, verdict)
    else:
        world = [world for world in verdict.worlds if not _lacks(world)][-1]
        yield _switched_off(producer, verdict, world, upgrade=bool(lacking))


def _without_the_feature(producer: Producer, verdict: Verdict) -> Hit:
    world = verdict.world
    setting = world.setting(IDEMPOTENCE)
    span = speak.key_place(setting, producer)
    return Hit(
        span=span,
        message=(
            f"{duplicates(world)}: {speak.library(producer, world)} has no idempotent"
            f" producer{verdict.where()}; upgrade to {_ARRIVED[world.dialect]} or newer"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled if setting is not None else None,
        related=speak.elsewhere(producer, span, setting),
        goal=Goal(f"upgrade to {_ARRIVED[world.dialect]} or newer"),
        subject_key=speak.subject_key(producer, IDEMPOTENCE),
        causes=(producer.span, span),
    )


def _switched_off(producer: Producer, verdict: Verdict, world: World, *, upgrade: bool) -> Hit:
    setting = world.settings[IDEMPOTENCE]
    on_connect = producer.placement == _CONNECT
    where, confidence = verdict.where(), verdict.confidence
    only_one = all(one.versions == (_LET_THROUGH,) for one in verdict.fails)
    if on_connect and only_one and not verdict.unknown:
        # a worker's file seldom tells its version, and one release is no reason to doubt
        where, confidence = "", "medium" if verdict.fails else confidence
    spelled = setting.spelled
    if on_connect and setting.set_by != "user":
        spelled = f"producer.{spelled}"
    span = speak.place(setting, producer)
    others = in_the_way(world)
    beside = "".join(
        f" and {other.spelled} to {wanted(world, other.name)} (it is {as_text(other.value)})"
        for other in others
    )
    if upgrade:
        beside += f", which takes {_ARRIVED[world.dialect]} or newer"
    goal = Goal(
        f"set {spelled} to true{beside}",
        {IDEMPOTENCE: True, **{other.name: None for other in others}},
        "display" if upgrade else "unsafe" if others else "safe",
    )
    return Hit(
        span=span,
        message=f"{duplicates(world)}: {_told(producer, setting, world, spelled)}{where}; {goal.title}",
        confidence=confidence,
        severity="note" if on_connect else None,
        setting=spelled,
        related=speak.elsewhere(producer, span, setting),
        provenance=setting.origins,
        goal=goal,
        subject_key=speak.subject_key(producer, setting.spelled),
        causes=(producer.span, span),
    )


def _told(producer: Producer, setting: Setting, world: World, spelled: str) -> str:
    if setting.set_by == "user":
        return f"{spelled} is false"
    if producer.placement == _CONNECT:
        return f"Kafka Connect leaves {spelled} off"
    library = speak.library(producer, world)
    if setting.set_by == "implied" and setting.origins and setting.origins[0].note:
        return f"{spelled} is off in {library} ({setting.origins[0].note})"
    return f"{spelled} is off by default in {library}"


RULE = Rule(
    id="producer-not-idempotent",
    group="idempotence",
    subject=Producer,
    severity="warning",
    check=check,
    summary="a producer whose retries can write records twice",
    fix="safe",
)
