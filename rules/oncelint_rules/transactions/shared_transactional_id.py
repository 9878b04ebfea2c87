"""Several live producers have one transactional id.

## What it does

Reports a producer with a constant `transactional.id` of which several are alive at once: made in a
loop or comprehension and kept in a pool, made by a function that several threads, tasks or
processes run, made for each request of a server; one constant id in two scripts of a deployment
unit; and one that several replicas of a workload run with: a Deployment whose image is called like
the program, a variable that its manifest gives, a configuration in a ConfigMap that it mounts.

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
loop makes one producer after the other and drops each; when one script only is seen to make it, and
no manifest of the project runs it more than once. How many pods a DaemonSet or a scaler without an
upper bound has is not known.

## References

KIP-98 (fencing of the earlier incarnation); KIP-447 (one producer for all input partitions); Kafka
Streams and Spring for Apache Kafka documentation on transactional ids; confluent-kafka-go issue
492; faust issue 367.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oncelint.model import (
    Computed,
    Hit,
    Known,
    Lifecycle,
    Producer,
    Project,
    Related,
    Rule,
    Setting,
    Span,
    Workload,
    World,
    across,
    speak,
)
from oncelint.model.versions import at_least
from oncelint_rules.common import deployments

SETTING = "transactional.id"
_NUMBERED_SINCE = "2.6.0"
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


@dataclass(frozen=True, slots=True)
class _Replicated:
    """A workload that runs several producers with one id, and where the id stands."""

    setting: Setting
    text: str
    what: str
    kind: str
    at: Span | None


def _replicated(life: Lifecycle, project: Project) -> _Replicated | None:
    """The id where several processes have the same one: written in the program or the configuration
    that they all run with, or in a variable that their manifest gives."""
    producer = life.producer
    setting = _id(life)
    if setting is None:
        setting = _prefix(producer)
    if setting is not None:
        text = _written(setting)
        count = producer.instances
        if count is not None and count > 1:
            name = producer.details.get("workload", "")
            what = f"{count} replicas of {name}" if name else f"{count} processes"
            kind = producer.details.get("workload-kind", "")
            return _Replicated(setting, text, what, kind, None)
        return _of_workloads(deployments.workloads_of(producer, project), setting, text)
    for world in producer.worlds:
        taken = deployments.variable(world, SETTING)
        if taken is None:
            continue
        giving = deployments.giving(producer, project, taken)
        values = {one.environment[taken] for one in giving}
        value = next(iter(values)) if len(values) == 1 else None
        if isinstance(value, Known) and isinstance(value.value, str) and value.value:
            return _of_workloads(giving, world.settings[SETTING], value.value)
    return None


def _prefix(producer: Producer) -> Setting | None:
    """A framework's id that is a constant and a number: each process counts from 0 (Spring's
    `transaction-id-prefix`). Before spring-kafka 2.6, which came with the clients of that number,
    its containers put group, topic and partition behind a prefix that was to be the same."""
    for world in producer.worlds:
        if not at_least(world.versions[-1], _NUMBERED_SINCE):
            continue
        setting = world.setting(SETTING)
        value = setting.value if setting is not None else None
        if isinstance(value, Computed) and not value.kinds and value.template.endswith("{n}"):
            return setting
    return None


def _written(setting: Setting) -> str:
    value = setting.value
    if isinstance(value, Computed):
        return value.template.removesuffix("{n}")
    return str(value.value) if isinstance(value, Known) else ""


def _of_workloads(some: Sequence[Workload], setting: Setting, text: str) -> _Replicated | None:
    for one in some:
        if one.replicas is not None and one.replicas > 1:
            what = f"{one.replicas} replicas of {one.kind} {one.name}"
            return _Replicated(setting, text, what.rstrip(), one.kind, one.span)
    return None


def _replica_hit(life: Lifecycle, found: _Replicated) -> Hit:
    producer, setting = life.producer, found.setting
    span = speak.place(setting, producer)
    related = list(speak.elsewhere(producer, span, setting))
    if found.at is not None:
        related.append(Related(found.at, f"{found.what} run it"))
    pods = found.kind != "compose service"
    name = found.text.rstrip("-._") + "-<pod>"
    if not pods:
        advice = "give each an id of its own that outlives restarts"
    elif deployments.is_stable(found.kind):
        advice = f"put the pod's name behind it, {name}, which outlives restarts"
    else:
        advice = f"run a StatefulSet and put the pod's name behind it, {name}"
    return Hit(
        span=span,
        message=(
            "they fence each other, and each start aborts what the others have open:"
            f" {setting.spelled} is {speak.quoted(found.text)} in {found.what}; {advice}"
        ),
        confidence="medium",
        setting=setting.spelled,
        related=tuple(dict.fromkeys(related)),
        provenance=setting.origins,
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


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
    replicated = _replicated(life, project) if life.live is None else None
    if replicated is not None:
        yield _replica_hit(life, replicated)
        return
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
