"""Several live producers have one transactional id.

## What it does

Reports a producer with a constant `transactional.id` of which several are alive at once: made in a
loop or comprehension and kept in a pool, made by a function that several threads, tasks or
processes run, made for each request of a server; and one constant id in two scripts of a deployment
unit.

## The failure

Four workers are started with `transactional.id=orders`. Each calls init_transactions(), and each
call tells the broker that a new incarnation of "orders" has come: it aborts the open transaction of
the one before and raises the epoch. Worker 1 is in the middle of a batch; its next commit fails
with ProducerFenced (InvalidProducerEpoch). Restarted, it fences worker 4. One of them works at a
time, and what the others had open is aborted and begun again.

## What the fix costs

A name for each instance that outlives restarts: the pod's ordinal in a StatefulSet, the consumer's
`group.instance.id`, a worker's number; for clients that send no group metadata with the offsets
(aiokafka, kafka-python 2) one for each input partition. Jobs of their own get prefixes of their
own.

## When it is silent

When the id holds anything that differs (a loop's variable, an argument, the environment); when a
loop makes one producer after the other and drops each; when one script only is seen to make it.
Replicas of a deployment cannot be seen in Python code.

## References

KIP-98 (fencing of the earlier incarnation); KIP-447 (one producer for all input partitions); Kafka
Streams and Spring for Apache Kafka documentation on transactional ids; confluent-kafka-go issue
492; faust issue 367.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Hit,
    Known,
    Lifecycle,
    Project,
    Related,
    Rule,
    Setting,
    World,
    across,
    speak,
)

SETTING = "transactional.id"
_LIVE = {
    "pool": "several producers with it are made and kept",
    "threads": "several threads or tasks make a producer with it each",
    "requests": "every request makes a producer with it, and requests overlap",
}


def _constant(world: World) -> bool | None:
    setting = world.setting(SETTING)
    if setting is None or setting.set_by != "user":
        return False
    if isinstance(setting.value, Known):
        return isinstance(setting.value.value, str) and bool(setting.value.value)
    return None


def _id(life: Lifecycle) -> Setting | None:
    """The transactional id where it is the same constant in every world."""
    verdict = across(life.producer.worlds, _constant)
    if not verdict or verdict.fails or verdict.unknown:
        return None
    values = {world.known(SETTING) for world in verdict.worlds}
    return verdict.world.settings[SETTING] if len(values) == 1 else None


def _rival(life: Lifecycle, project: Project, value: object) -> Lifecycle | None:
    """Another producer with the id that another script of the deployment unit makes."""
    if not life.jobs:
        return None
    for other in project.lifecycles:
        if other.producer.in_tests or not other.jobs or set(other.jobs) & set(life.jobs):
            continue
        setting = _id(other)
        if setting is None or not isinstance(setting.value, Known):
            continue
        if setting.value.value != value or other.producer.unit != life.producer.unit:
            continue
        if life.lasting or other.lasting:
            return other
    return None


def _advice(life: Lifecycle, text: str) -> str:
    """What to call them: the concrete name depends on what the client sends with its offsets."""
    producer = life.producer
    if life.live == "requests":
        return "make one producer for each worker process at its start, under the worker's own id"
    if producer.sends_offsets and not producer.group_metadata:
        number = "the input partition's number, since no group metadata goes with the offsets"
    else:
        number = "a worker's number, a StatefulSet's ordinal or group.instance.id"
    return f"give each an id of its own that outlives restarts, {text}-<n> with {number}"


def check(life: Lifecycle, project: Project) -> Iterator[Hit]:
    producer = life.producer
    setting = _id(life)
    if setting is None or not isinstance(setting.value, Known):
        return
    text = str(setting.value.value)
    span = speak.place(setting, producer)
    related = list(speak.elsewhere(producer, span, setting))
    rival = None
    if life.live is not None:
        what = _LIVE[life.live]
        if life.live_span is not None and life.live_span != producer.span:
            related.append(Related(life.live_span, "several of them"))
    elif len(life.jobs) > 1 and life.lasting:
        what = f"{life.jobs[0]} and {life.jobs[1]} both make a producer with it"
    else:
        rival = _rival(life, project, setting.value.value)
        if rival is None:
            return
        what = f"{life.jobs[0]} and {rival.jobs[0]} both make a producer with it"
        related.append(Related(rival.producer.span, "the other producer"))
    if life.live is None:
        opening = "they fence each other, and each start aborts what the other has open"
        shared, advice = "in two jobs", "give each job an id of its own"
    else:
        opening = "they fence each other, and each new one aborts what the others have open"
        shared, advice = "everywhere", _advice(life, text)
    yield Hit(
        span=span,
        message=(
            f"{opening}: {setting.spelled} is {speak.quoted(text)} {shared}, and {what}; {advice}"
        ),
        confidence="high" if life.live is not None else "medium",
        setting=setting.spelled,
        related=tuple(dict.fromkeys(related)),
        provenance=setting.origins,
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


RULE = Rule(
    id="shared-transactional-id",
    group="transactions",
    subject=Lifecycle,
    severity="error",
    check=check,
    summary="one transactional id for several live producers",
    supersedes=("producer-recreated-per-record",),
)
