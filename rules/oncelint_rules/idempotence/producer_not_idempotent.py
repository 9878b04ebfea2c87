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
names them, and since `acks=all` changes latency the fix is unsafe. Where one of them can be set
from outside, or is not known, the message says so and no fix is written: a producer that starts
today may not start with it. The same goes for an `api_version` from before 0.11.

Idempotence covers the retries of one producer session. It does not cover a restart between
output and offset commit (transactions do), nor records the application sends twice itself.

## When it is silent

When the configuration cannot be seen whole and the setting may be in the unseen part; when a
transactional id switches idempotence on; at a construction that passes on what its callers give,
when it speaks where one of them chose so; when every version the project allows defaults it to
true (Java from 3.2, and 3.0.1 and 3.1.1; kafka-python from 3.0). When only some of the allowed
versions are affected it speaks with low confidence, which is not shown by default. Test code is
not judged, nor a producer whose name is given to another one before it sends anything.

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

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
    speak,
)
from oncelint.model.finding import CONFIDENCES, Safety
from oncelint_rules.common.producers import IDEMPOTENCE, Obstacle, duplicates, hidden, in_the_way

# The first release with an idempotent producer, from each client's changelog.
_ARRIVED: dict[str, str] = {
    "librdkafka": "confluent-kafka 1.0",
    "kafka-python": "kafka-python 2.2",
    "kafka-python-ng": "kafka-python 2.2",
    "aiokafka": "aiokafka 0.5",
    "java": "kafka-clients 0.11",
}
# What a layer of frameworks/connect.py calls itself.
_CONNECT = "set by Kafka Connect for its producers"
# The one release whose workers let the client's own default through (KAFKA-13759).
_LET_THROUGH = "3.0.1"
# What is said of the releases that announce the new default without having it.
_ANNOUNCED = "off unless set in this release, KAFKA-13598"


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
        return True if world.dialect in _ARRIVED else None
    return setting.value.value is False if isinstance(setting.value, Known) else None


def _on_connect(producer: Producer) -> bool:
    return any(layer.origin == _CONNECT for layer in producer.layers)


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    hit = _hit(producer)
    if hit is None:
        return
    if hit.span == producer.span and _told_elsewhere(producer, hit, project):
        hit = replace(hit, silent=True)
    yield hit


def _told_elsewhere(producer: Producer, hit: Hit, project: Project) -> bool:
    """Whether another way to the same construction shows the place where somebody chose so."""
    for other in project.producers:
        if other is producer or other.span != producer.span:
            continue
        told = _hit(other)
        if (
            told is not None
            and told.span != other.span
            and CONFIDENCES.index(told.confidence) >= CONFIDENCES.index(hit.confidence)
        ):
            return True
    return False


def _hit(producer: Producer) -> Hit | None:
    verdict = across(producer.worlds, _off)
    if not verdict:
        return None
    able = [world for world in verdict.worlds if not _lacks(world)]
    if not able:
        return _without_the_feature(producer, verdict)
    return _switched_off(producer, verdict, able)


def _without_the_feature(producer: Producer, verdict: Verdict) -> Hit:
    world = verdict.world
    setting = world.setting(IDEMPOTENCE)
    span = speak.key_place(setting, producer)
    where = verdict.where(versions=not producer.client_versions)
    return Hit(
        span=span,
        message=(
            f"{duplicates(verdict.worlds)}: {speak.library(producer, *verdict.worlds)} has no"
            f" idempotent producer{where}; upgrade to {_ARRIVED[world.dialect]} or newer"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled if setting is not None else None,
        related=speak.elsewhere(producer, span, setting),
        goal=Goal(
            f"upgrade to {_ARRIVED[world.dialect]} or newer", reason="an upgrade is yours to plan"
        ),
        subject_key=speak.subject_key(producer, IDEMPOTENCE),
        causes=(producer.span, span),
    )


def _switched_off(producer: Producer, verdict: Verdict, able: Sequence[World]) -> Hit:
    world = able[-1]
    setting = world.settings[IDEMPOTENCE]
    on_connect = _on_connect(producer)
    confidence = verdict.confidence
    spelled = setting.spelled
    told = _told(producer, verdict, able, spelled)
    only_one = all(one.versions == (_LET_THROUGH,) for one in verdict.fails)
    if on_connect and only_one and not verdict.unknown:
        # a worker's file seldom tells its version, and one release is no reason to doubt
        told = _plainly(setting, spelled)
        confidence = "medium" if verdict.fails else confidence
    if producer.details.get("connectors") == "sinks":
        confidence = "low"  # a connector that produces may run there without being seen
    span = speak.place(setting, producer)
    goal = _goal(producer, verdict, able, spelled)
    return Hit(
        span=span,
        message=f"{duplicates(verdict.worlds)}: {told}; {goal.title}",
        confidence=confidence,
        severity="note" if on_connect else None,
        setting=spelled,
        related=speak.elsewhere(producer, span, setting),
        provenance=setting.origins,
        goal=goal,
        subject_key=speak.subject_key(producer, setting.spelled),
        causes=(producer.span, span),
    )


def _goal(producer: Producer, verdict: Verdict, able: Sequence[World], spelled: str) -> Goal:
    """Switching it on, with what has to change beside it in any of the worlds."""
    others = in_the_way(able)
    title = f"set {spelled} to true"
    for other in others:
        if other.certain:
            wanted = speak.value(producer, other.setting.name, other.wanted)
            title += f" and {other.setting.spelled} to {wanted} ({other.reason})"
    doubtful = [
        f"{one.setting.spelled} is {one.wanted} ({one.reason})" for one in others if not one.certain
    ]
    if doubtful:
        title += f", and make sure that {' and '.join(doubtful)}"
    # what a framework hands its producers is nobody's choice
    chosen = [one for one in others if not one.certain or one.setting.set_by == "user"]
    safety: Safety = "unsafe" if chosen or hidden(able) else "safe"
    reason = _doubt(able[-1].settings[IDEMPOTENCE], chosen)
    if len(able) < len(verdict.worlds):
        title += f", which takes {_ARRIVED[able[-1].dialect]} or newer"
        safety, reason = "display", "some of the allowed versions have no such setting"
    return Goal(title, {IDEMPOTENCE: True}, safety, reason)


def _doubt(setting: Setting, others: Sequence[Obstacle]) -> str:
    """Why switching it on is not safe with these beside it."""
    certain = [one.setting.spelled for one in others if one.certain]
    if certain and setting.set_by == "user":
        certain.insert(0, setting.spelled)
    if certain:
        *most, last = certain
        listed = f"{', '.join(most)} and {last}" if most else last
        return f"it undoes the choice of {listed}"
    named = [one.setting.spelled for one in others]
    return f"what {' and '.join(named)} is, is not known" if named else "a part is not seen"


def _told(producer: Producer, verdict: Verdict, able: Sequence[World], spelled: str) -> str:
    """What is the case and where, without the consequence and the advice."""
    setting = able[-1].settings[IDEMPOTENCE]
    if setting.set_by == "user" or _on_connect(producer):
        return _plainly(setting, spelled) + verdict.where()
    versions = not producer.client_versions
    library = speak.library(producer, *verdict.worlds)
    notes = {_note(world) for world in able}
    (note,) = notes if len(notes) == 1 else ("",)
    off = "off" if notes - {"", _ANNOUNCED} or note else "off by default"
    if len(able) < len(verdict.worlds):
        note, off = "", f"missing or {off}"
    where = verdict.where(*filter(None, (note,)), versions=versions)
    return f"{spelled} is {off} in {library}{where}"


def _plainly(setting: Setting, spelled: str) -> str:
    if setting.set_by == "user":
        return f"{spelled} is false"
    return f"Kafka Connect leaves {spelled} off"


def _note(world: World) -> str:
    """Why it is off where it is not simply the default."""
    setting = world.settings[IDEMPOTENCE]
    implied = setting.set_by == "implied" and setting.origins
    return setting.origins[0].note if implied else ""


RULE = Rule(
    id="producer-not-idempotent",
    group="idempotence",
    subject=Producer,
    severity="warning",
    check=check,
    summary="a producer whose retries can write records twice",
    fix="safe",
)
